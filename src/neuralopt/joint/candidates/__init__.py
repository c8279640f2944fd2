"""Models of the real system, from the simulator alone to the real rows alone, and the choice among them."""

from neuralopt.joint.candidates.fit import fit_candidates
from neuralopt.joint.candidates.selection import Selection, Table

__all__ = ["Selection", "Table", "fit_candidates"]
