"""An architecture of a space, as people look at it: words, a table, a diagram, its cost."""

import dataclasses
from typing import TYPE_CHECKING, Any

from neuralopt.architecture.space import Genes, Space
from neuralopt.core.diagram import boxes

if TYPE_CHECKING:
    import pandas


@dataclasses.dataclass(frozen=True)
class Architecture:
    """One network of a search space.

    Parameters
    ----------
    space : Space
        Where it comes from.
    genes : tuple of int
        One index into the choices of each decision.

    Examples
    --------
    >>> from neuralopt.architecture import MLPSpace
    >>> print(Architecture(MLPSpace(4, 3), (0, 0, 1, 0, 0)).diagram())
    4 inputs
      │
    [ 16 units, relu ]
      │
    3 outputs
    """

    space: Space
    genes: Genes

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return self.space.counts(self.genes).parameters

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds for one row."""
        return self.space.counts(self.genes).multiply_adds

    def describe(self) -> str:
        """Return it in words, with what it costs."""
        counts = self.space.counts(self.genes)
        return (
            f"{self.space.describe(self.genes)}; {counts.parameters:,} parameters, "
            f"{counts.multiply_adds:,} multiply-adds"
        )

    def frame(self) -> "pandas.DataFrame":
        """Return one row for each layer or block.

        Returns
        -------
        pandas.DataFrame
            Kind, label, and what the space says of its layers.
        """
        import pandas

        return pandas.DataFrame(self.space.layers(self.genes))

    def network(self) -> Any:
        """Return the network at its true size, an `MLP` or a flax module, ready for `train`."""
        return self.space.network(self.genes)

    def diagram(self) -> str:
        """Return a drawing in characters, input first."""
        rows = self.space.layers(self.genes)
        ends = ("input", "output")
        return "\n  │\n".join(r["label"] if r["kind"] in ends else f"[ {r['label']} ]" for r in rows)

    def svg(self) -> str:
        """Return the same drawing as SVG: one box for each layer, input at the top."""
        labels = [row["label"] for row in self.space.layers(self.genes)]
        return boxes(labels, "Diagram of the architecture")

    def __str__(self) -> str:
        return self.describe()
