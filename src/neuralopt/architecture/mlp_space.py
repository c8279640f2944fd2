"""Multi-layer perceptrons: how deep, how wide each layer, which activation."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from neuralopt.architecture.space import Counts, Decision, Genes, Space
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.namespace import namespace
from neuralopt.core.scalars import check_count
from neuralopt.models import ACTIVATIONS, MLP
from neuralopt.models.activations import check_activation


@dataclasses.dataclass(frozen=True)
class MLPSpace(Space):
    """Multi-layer perceptrons of several depths, widths and activations.

    Every hidden layer has a width of its own; all hidden layers of a network have one activation.

    Parameters
    ----------
    inputs, outputs : int >= 1
        Columns of the data; classes or targets.
    depths : sequence of int >= 1, default (1, 2, 3)
        Numbers of hidden layers.
    widths : sequence of int >= 1, default (8, 16, 32, 64)
        Units that a hidden layer may have.
    activations : sequence of str, default ("relu", "tanh", "gelu")
        Names among `ACTIVATIONS` that let a gradient pass.

    Examples
    --------
    >>> space = MLPSpace(inputs=4, outputs=3)
    >>> space.size  # (4 + 4² + 4³) · 3
    252
    >>> space.describe((0, 1, 1, 2, 0))
    'MLP 4-16-32-3, 2 hidden layers, relu'
    """

    inputs: int
    outputs: int
    depths: Sequence[int] = (1, 2, 3)
    widths: Sequence[int] = (8, 16, 32, 64)
    activations: Sequence[str] = ("relu", "tanh", "gelu")

    name: ClassVar[str] = "mlp"
    title: ClassVar[str] = "multi-layer perceptrons"
    learning_rate: ClassVar[float] = 3e-3

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))
        for name in ("depths", "widths", "activations"):
            held = tuple(getattr(self, name))
            if not held or len(set(held)) < len(held):
                raise InvalidArgument(f"{name} needs one value or more, none of them twice, got {held!r}.")
            object.__setattr__(self, name, held)
        for value in (*self.depths, *self.widths):
            check_count("every depth and width", value)
        for activation in self.activations:
            check_activation(activation)
            if not ACTIVATIONS[activation].differentiable:
                raise InvalidArgument(
                    f"activation {activation!r} lets no gradient pass, and candidates are trained by "
                    "gradient. Leave it out, or train such a network by SearchModel."
                )

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Activation, depth, then the width of each layer; see `Space.decisions`."""
        widths = tuple(Decision(f"width {k + 1}", tuple(self.widths)) for k in range(max(self.depths)))
        return (
            Decision("activation", tuple(self.activations)),
            Decision("depth", tuple(self.depths)),
            *widths,
        )

    @property
    def size(self) -> int:
        """Activations times the sum over depths of widths to that power; see `Space.size`."""
        return len(self.activations) * sum(len(self.widths) ** depth for depth in self.depths)

    def active(self, genes: Genes) -> tuple[bool, ...]:
        """Say that layers beyond the depth have no width; see `Space.active`."""
        depth = self.depths[genes[1]]
        return (True, True, *(k < depth for k in range(max(self.depths))))

    def hidden(self, genes: Genes) -> tuple[int, ...]:
        """Return the widths of a network's hidden layers."""
        return tuple(self.widths[g] for g in genes[2 : 2 + self.depths[genes[1]]])

    def sizes(self, genes: Genes) -> tuple[int, ...]:
        """Return the units of every layer of a network."""
        return (self.inputs, *self.hidden(genes), self.outputs)

    def counts(self, genes: Genes) -> Counts:
        """Return the weights as multiply-adds, with the biases as parameters; see `Space.counts`."""
        sizes = self.sizes(genes)
        weights = sum(n * m for n, m in itertools.pairwise(sizes))
        return Counts(weights + sum(sizes[1:]), weights)

    def describe(self, genes: Genes) -> str:
        """Return widths and activation; see `Space.describe`."""
        depth = self.depths[genes[1]]
        return (
            f"MLP {'-'.join(map(str, self.sizes(genes)))}, {depth} hidden layer{'s' * (depth > 1)}, "
            f"{self.activations[genes[0]]}"
        )

    def layers(self, genes: Genes) -> list[dict[str, Any]]:
        """Return a row for every layer; see `Space.layers`."""
        sizes = self.sizes(genes)
        rows: list[dict[str, Any]] = [{"kind": "input", "label": f"{sizes[0]} inputs", "units": sizes[0]}]
        for n, m in itertools.pairwise(sizes[:-1]):
            rows.append(
                {
                    "kind": "dense",
                    "label": f"{m} units, {self.activations[genes[0]]}",
                    "units": m,
                    "parameters": (n + 1) * m,
                    "multiply_adds": n * m,
                }
            )
        n, m = sizes[-2:]
        last = {"kind": "output", "label": f"{m} outputs", "units": m}
        return [*rows, last | {"parameters": (n + 1) * m, "multiply_adds": n * m}]

    def network(self, genes: Genes) -> MLP:
        """Return the network as a value; see `Space.network`."""
        return MLP(self.sizes(genes), self.activations[genes[0]])

    def prepare(self, X: np.ndarray) -> np.ndarray:
        """Return rows of all values; images are laid out as rows; see `Space.prepare`."""
        flat = X.reshape(len(X), -1)
        if flat.shape[1] != self.inputs:
            raise DataError(
                f"inputs must have {self.inputs} values in a row, got shape {X.shape}. "
                "Likely cause: validation rows of another table than the training rows."
            )
        return flat

    def masks(self, genes: Genes) -> dict[str, np.ndarray]:
        """Return units (D, W), layers that are there (D,), the activation as one-hot; see `Space.masks`."""
        deepest, widest = max(self.depths), max(self.widths)
        units = np.zeros((deepest, widest))
        hidden = self.hidden(genes)
        for k, width in enumerate(hidden):
            units[k, :width] = 1
        there = (np.arange(deepest) < len(hidden)).astype(float)
        return {"units": units, "there": there, "activation": np.eye(len(self.activations))[genes[0]]}

    def draw(self, genes: Genes, random: np.random.Generator) -> tuple[Any, Any]:
        """Return what `MLP.init` draws for the true widths, in the largest shapes; see `Space.draw`."""
        sizes, deepest = self.sizes(genes), max(self.depths)
        rectified = self.activations[genes[0]] in ("relu", "gelu")
        # layers beyond the depth are there in shape only; the output layer's true fan-in is the last width
        fans = [*itertools.pairwise(sizes[:-1])]
        fans += [(1, 1)] * (deepest - len(fans)) + [(sizes[-2], sizes[-1])]
        params = []
        for k, ((n, m), shape) in enumerate(zip(fans, self._shapes(), strict=True)):
            limit = np.sqrt(6 / n) if rectified and k < deepest else np.sqrt(6 / (n + m))
            params.append((random.uniform(-limit, limit, shape), np.zeros(shape[1])))
        return params, ()

    def _shapes(self) -> list[tuple[int, int]]:
        widest = max(self.widths)
        inner = [(widest, widest)] * (max(self.depths) - 1)
        return [(self.inputs, widest), *inner, (widest, self.outputs)]

    def used(self, genes: Genes) -> tuple[Any, Any]:
        """Return the rows and columns within the true widths; see `Space.used`."""
        hidden = self.hidden(genes)
        closed = (0,) * (max(self.depths) - len(hidden))
        into = (self.inputs, *hidden, *closed)[: max(self.depths)] + (hidden[-1],)
        out = (*hidden, *closed, self.outputs)
        params = []
        for (rows, columns), n, m in zip(self._shapes(), into, out, strict=True):
            unit = np.arange(columns) < m
            params.append(((np.arange(rows) < n)[:, None] & unit[None, :], unit))
        return params, ()

    def forward(self, params: Any, statistics: Any, masks: Any, X: Any, train: bool) -> tuple[Any, Any]:
        """Run the largest network; a layer beyond the depth hands on its input; see `Space.forward`."""
        xp = namespace(X)
        a = X
        for k, (W, b) in enumerate(params[:-1]):
            z = a @ W + b[None, :]
            out = _chosen(xp, [ACTIVATIONS[name].apply(z) for name in self.activations], masks["activation"])
            out = out * masks["units"][k][None, :]
            a = xp.where(masks["there"][k] > 0, out, a) if k else out
        W, b = params[-1]
        return a @ W + b[None, :], statistics

    def sliced(self, params: Any, statistics: Any, genes: Genes) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the parameters of an `MLP`; see `Space.sliced`."""
        sizes = self.sizes(genes)
        own = [*params[: len(sizes) - 2], params[-1]]
        return [
            (np.asarray(W)[:n, :m], np.asarray(b)[:m])
            for (W, b), n, m in zip(own, sizes[:-1], sizes[1:], strict=True)
        ]

    @property
    def settings(self) -> dict[str, Any]:
        """See `Space.settings`."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}


def _chosen(xp: Any, values: list[Any], one_hot: Any) -> Any:
    """Return the value that a one-hot array points to; others may be anything, even not finite."""
    found = values[0]
    for k, value in enumerate(values[1:], start=1):
        found = xp.where(one_hot[k] > 0, value, found)
    return found
