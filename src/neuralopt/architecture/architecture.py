"""An architecture of a space, as people look at it: words, a table, a diagram, its cost."""

import dataclasses
from html import escape
from typing import TYPE_CHECKING, Any

from neuralopt.architecture.space import Genes, Space

if TYPE_CHECKING:
    import pandas

_WIDE, _HIGH, _GAP = 220, 26, 10


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
        rows = self.space.layers(self.genes)
        height = len(rows) * (_HIGH + _GAP) + _GAP
        parts = []
        for k, row in enumerate(rows):
            top, middle = _GAP + k * (_HIGH + _GAP), _WIDE / 2 + _GAP
            if k:
                parts.append(f'<path d="M{middle:g} {top - _GAP}v{_GAP}" stroke="currentColor" fill="none"/>')
            parts.append(
                f'<rect x="{_GAP}" y="{top}" width="{_WIDE}" height="{_HIGH}" rx="4" fill="none" '
                'stroke="currentColor"/>'
                f'<text x="{middle:g}" y="{top + _HIGH * 0.66:g}" text-anchor="middle" font-size="12" '
                f'fill="currentColor">{escape(row["label"])}</text>'
            )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE + 2 * _GAP} {height}" '
            f'width="{_WIDE + 2 * _GAP}" height="{height}" role="img" aria-label="Diagram of the best '
            f'architecture">{"".join(parts)}</svg>'
        )

    def __str__(self) -> str:
        return self.describe()
