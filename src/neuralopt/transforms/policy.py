"""Which parameters decay, by how much and why: one table for any optimizer."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import value_at
from neuralopt.core.validation import check_params
from neuralopt.transforms.base import Transform
from neuralopt.transforms.masks import selected
from neuralopt.transforms.partition import Partition

if TYPE_CHECKING:
    import pandas


class DecayRow(NamedTuple):
    """What one decay does to one parameter."""

    parameter: str  # name, its path in the tree
    shape: tuple[int, ...]
    decay: float | tuple[float, ...]  # the factor in force; several when it is swept, NaN when it is unknown
    kind: str  # "decoupled", "L2" or "unknown"
    by: str  # class that decays; "" for none
    why: str


@dataclasses.dataclass(frozen=True)
class DecayPolicy:
    """Every parameter of a network with its weight decay; made by `decay_policy`.

    Attributes
    ----------
    rows : tuple of DecayRow
        One for every parameter and every decay that the optimizer holds.
    """

    rows: tuple[DecayRow, ...]

    def frame(self) -> "pandas.DataFrame":
        """Return the table as a pandas frame, its columns the fields of `DecayRow`."""
        import pandas

        return pandas.DataFrame(list(self.rows), columns=list(DecayRow._fields))

    def __str__(self) -> str:
        lines = [DecayRow._fields]
        lines += [
            (r.parameter, "x".join(map(str, r.shape)) or "()", _number(r.decay), r.kind, r.by, r.why)
            for r in self.rows
        ]
        widths = [max(len(line[k]) for line in lines) for k in range(len(DecayRow._fields))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    __repr__ = __str__


def decay_policy(optimizer: Transform, params: Any, *, step: int = 0) -> DecayPolicy:
    """Return the table of which parameters decay, by how much and why.

    Parameters
    ----------
    optimizer : Transform
        However deep its decay is wrapped: every part with a field ``weight_decay`` is found, with
        its ``mask`` if it has one.
    params : tree
        The parameters it will train.
    step : int >= 0, default 0
        Where a scheduled decay is asked.

    Returns
    -------
    DecayPolicy
        Prints as a table; ``frame()`` gives it to pandas.

    Raises
    ------
    InvalidArgument
        For what is no optimizer of neuralopt.

    Notes
    -----
    The factor is that of the penalty; decoupled decay multiplies it by the learning rate as well.
    Optimizers that are computed elsewhere, such as those of optax, may decay by rules of their own:
    the table says that it cannot tell.

    Examples
    --------
    >>> import numpy as np
    >>> from neuralopt.optimizers import AdamW
    >>> decay_policy(AdamW(weight_decay=0.1), {"W": np.ones((3, 2)), "b": np.ones(2)})
    parameter  shape  decay  kind       by     why
    W          3x2    0.1    decoupled  AdamW  matrix
    b          2      0      decoupled  AdamW  bias or norm scale: excluded
    """
    if not isinstance(optimizer, Transform):
        raise InvalidArgument(
            f"decay_policy takes an optimizer or transform of neuralopt, got {optimizer!r} "
            f"of type {type(optimizer).__name__}."
        )
    check_params(params)
    named = dict(zip(tree.names(params), tree.leaves(params), strict=True))
    tables = [
        _rows(part, owned, params, named, step) for part, owned in _decays(optimizer, set(named), params)
    ]
    rows = {name: [row for table in tables for row in table if row.parameter == name] for name in named}
    none = {name: DecayRow(name, p.shape, 0.0, "none", "", "no weight decay") for name, p in named.items()}
    return DecayPolicy(tuple(row for name in named for row in rows[name] or [none[name]]))


def _decays(part: Any, owned: set[str], params: Any) -> Iterator[tuple[Any, set[str]]]:
    """Yield every part that decays or may decay, outermost first, with the names it has a say in."""
    if isinstance(part, tuple | list):
        for inner in part:
            yield from _decays(inner, owned, params)
    elif isinstance(part, Partition):
        for optimizer, names in part.owned(params):
            yield from _decays(optimizer, owned & names, params)
    elif isinstance(part, Transform):
        if part.decay_kind == "unknown" or hasattr(part, "weight_decay"):
            yield part, owned
        if dataclasses.is_dataclass(part):
            for field in dataclasses.fields(part):
                yield from _decays(getattr(part, field.name), owned, params)


def _rows(part: Any, owned: set[str], params: Any, named: dict[str, Any], step: int) -> list[DecayRow]:
    by, kind = type(part).__name__, part.decay_kind
    if kind == "unknown":
        why = "decays, if at all, by rules of its own"
        return [DecayRow(name, named[name].shape, float("nan"), kind, by, why) for name in owned]
    decay = part.weight_decay
    factor = _as_number(value_at(decay, step) if callable(decay) else decay)
    mask = part.decay_mask
    uses = zip(named, tree.leaves(selected(mask, params)), strict=True)
    return [
        DecayRow(name, named[name].shape, factor if use else 0.0, kind, by, _why(mask, use, factor))
        for name, use in uses
        if name in owned
    ]


def _why(mask: Any, use: bool, factor: Any) -> str:
    if not use:
        return "bias or norm scale: excluded" if mask == "matrices" else "mask: excluded"
    if factor == 0.0:
        return "weight_decay is 0"
    return {"matrices": "matrix", "all": "all"}.get(mask, "mask") if isinstance(mask, str) else "mask"


def _as_number(value: Any) -> Any:
    array = np.asarray(value, np.float64)
    return float(array) if array.ndim == 0 else tuple(array.ravel().tolist())


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else " ".join(f"{v:g}" for v in value)
