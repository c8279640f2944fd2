"""How far queries are from the data, compared with how far the data are from one another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Coverage:
    """What `SimilarityLookup.coverage` found.

    Attributes
    ----------
    distances : numpy.ndarray, shape (q,)
        The mean distance of every query from its k nearest rows.
    spacing : numpy.ndarray, shape (s,)
        The same of stored rows among the others, ascending; at most 1000 rows, drawn by a fixed seed.
    limit : float
        95 % of the spacing is at most this.
    k_neighbors : int
        k.
    """

    distances: np.ndarray
    spacing: np.ndarray
    limit: float
    k_neighbors: int

    @property
    def outside(self) -> np.ndarray:
        """Whether a query is farther from the data than 95 % of the data from one another, shape (q,)."""
        return self.distances > self.limit

    @property
    def share_outside(self) -> float:
        """The share of queries outside; about 0.05 where queries are like the data."""
        return float(self.outside.mean())

    @property
    def ratio(self) -> np.ndarray:
        """The distances in units of the median spacing, shape (q,); infinity where all data are the same."""
        median = float(np.median(self.spacing))
        if median > 0:
            return self.distances / median
        return np.where(self.distances > 0, np.inf, 1.0)

    def frame(self) -> "pd.DataFrame":
        """Return a table with one row for each query.

        Returns
        -------
        pandas.DataFrame
            Columns ``distance``, ``ratio`` and ``outside``.
        """
        import pandas as pd  # only a person who asks for a table needs it

        return pd.DataFrame({"distance": self.distances, "ratio": self.ratio, "outside": self.outside})

    def __str__(self) -> str:
        return (
            f"{self.share_outside:.0%} of {len(self.distances)} queries are farther from the data than 95 % "
            f"of the data are from one another (mean distance of {self.k_neighbors} neighbours: median "
            f"{np.median(self.distances):.3g} against {np.median(self.spacing):.3g})."
        )
