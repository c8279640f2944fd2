"""MobileNetV3: how deep each stage, how large each kernel, how wide each block."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from neuralopt.architecture import mobilenet_weights
from neuralopt.architecture.space import Counts, Decision, Genes, Space
from neuralopt.core.errors import DataError, InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.models import MobileNetShape
from neuralopt.models.mobilenet_shape import STAGE_WIDTHS


@dataclasses.dataclass(frozen=True)
class MobileNetV3Space(Space):
    """MobileNetV3 networks of several kernels, expansions and depths; needs flax.

    Every block of each stage has a kernel and an expansion of its own. Squeeze-excite and activation of
    a stage, the width and the size of the images are the same for all networks.

    Parameters
    ----------
    image : (int, int)
        Height and width of the images, 4 or more.
    channels, outputs : int >= 1
        Of the images; classes or targets.
    width : float > 0, default 0.25
        Multiplies all channels.
    kernels : sequence of odd int, default (3, 5, 7)
        Sides that a block's filter may have.
    expansions : sequence of int >= 1, default (3, 4, 6)
        How many times a block may widen its input.
    depths : sequence of int >= 1, default (2, 3, 4)
        Numbers of blocks that a stage may have.
    stages : int, 1 to 5, default 5
        How many stages there are; fewer for small experiments.

    Examples
    --------
    >>> MobileNetV3Space((8, 8), 1, 10).size  # (9² + 9³ + 9⁴)⁵
    21758655492572485851
    """

    image: tuple[int, int]
    channels: int
    outputs: int
    width: float = 0.25
    kernels: Sequence[int] = (3, 5, 7)
    expansions: Sequence[int] = (3, 4, 6)
    depths: Sequence[int] = (2, 3, 4)
    stages: int = 5

    name: ClassVar[str] = "mobilenet_v3"
    title: ClassVar[str] = "MobileNetV3 networks"
    learning_rate: ClassVar[float] = 1e-2  # normalised, it bears and needs a larger one

    def __post_init__(self) -> None:
        for name in ("kernels", "expansions", "depths"):
            held = tuple(check_count(f"each of {name}", value) for value in getattr(self, name))
            if not held or len(set(held)) < len(held):
                raise InvalidArgument(f"{name} needs one value or more, none of them twice, got {held!r}.")
            object.__setattr__(self, name, held)
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise InvalidArgument(
                f"kernels must be odd, got {self.kernels!r}: one lies in the middle of another."
            )
        if not 1 <= check_count("stages", self.stages) <= len(STAGE_WIDTHS):
            raise InvalidArgument(f"stages must be 1 to {len(STAGE_WIDTHS)}, got {self.stages}.")
        object.__setattr__(self, "image", tuple(self.image))
        object.__setattr__(self, "width", float(self.width))
        _ = self.largest  # checks image, channels, outputs and width

    @property
    def deepest(self) -> int:
        """Blocks that a stage of the largest network has."""
        return max(self.depths)

    @property
    def largest(self) -> MobileNetShape:
        """The sizes of the network that holds all others."""
        block = (max(self.kernels), max(self.expansions))
        return self._shape(((block,) * self.deepest,) * self.stages)

    def _shape(self, stages: Any) -> MobileNetShape:
        return MobileNetShape(self.image, self.channels, self.outputs, stages, self.width)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """For every stage its depth, then kernel and expansion of each block; see `Space.decisions`."""
        found = []
        for s in range(1, self.stages + 1):
            found.append(Decision(f"stage {s} depth", tuple(self.depths)))
            for d in range(1, self.deepest + 1):
                found.append(Decision(f"stage {s} block {d} kernel", tuple(self.kernels)))
                found.append(Decision(f"stage {s} block {d} expansion", tuple(self.expansions)))
        return tuple(found)

    @property
    def size(self) -> int:
        """Blocks to the power of the depth, summed over depths, to the power of the stages."""
        blocks = len(self.kernels) * len(self.expansions)
        return sum(blocks**depth for depth in self.depths) ** self.stages

    def _per_stage(self, genes: Genes) -> list[Genes]:
        length = 1 + 2 * self.deepest
        return [genes[k * length : (k + 1) * length] for k in range(self.stages)]

    def active(self, genes: Genes) -> tuple[bool, ...]:
        """Say that blocks beyond a stage's depth have no kernel and no expansion; see `Space.active`."""
        found: list[bool] = []
        for own in self._per_stage(genes):
            depth = self.depths[own[0]]
            found += [True, *(d < depth for d in range(self.deepest) for _ in range(2))]
        return tuple(found)

    def blocks(self, genes: Genes) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Return kernel and expansion of every block of every stage."""
        return tuple(
            tuple(
                (self.kernels[own[1 + 2 * d]], self.expansions[own[2 + 2 * d]])
                for d in range(self.depths[own[0]])
            )
            for own in self._per_stage(genes)
        )

    def shape(self, genes: Genes) -> MobileNetShape:
        """Return the sizes of a network."""
        return self._shape(self.blocks(genes))

    def counts(self, genes: Genes) -> Counts:
        """Return what its shape counts; see `Space.counts`."""
        shape = self.shape(genes)
        return Counts(shape.parameters, shape.multiply_adds)

    def describe(self, genes: Genes) -> str:
        """Return depths, and kernel with expansion of every block; see `Space.describe`."""
        stages = self.blocks(genes)
        text = " | ".join(" ".join(f"{k}x{e}" for k, e in blocks) for blocks in stages)
        depths = "-".join(str(len(blocks)) for blocks in stages)
        return f"MobileNetV3, depths {depths}, kernel x expansion {text}"

    def layers(self, genes: Genes) -> list[dict[str, Any]]:
        """Return a row for every block, with stem and head; see `Space.layers`."""
        shape = self.shape(genes)
        height, width = self.image
        rows: list[dict[str, Any]] = [
            {"kind": "input", "label": f"{height} x {width} x {self.channels} image"},
            {"kind": "stem", "label": f"3 x 3 stem, {shape.stem} channels, h-swish"},
        ]
        for block in shape.blocks:
            row = {"kind": "block", "label": f"{block.stage}.{block.place}: {block.label}"}
            names = ("stage", "kernel", "expansion", "stride", "outputs", "parameters", "multiply_adds")
            rows.append(row | {name: getattr(block, name) for name in names})
        return [
            *rows,
            {"kind": "head", "label": f"{shape.head} channels, mean, {shape.feature} units"},
            {"kind": "output", "label": f"{self.outputs} outputs"},
        ]

    def network(self, genes: Genes) -> Any:
        """Return a flax module; see `Space.network`."""
        from neuralopt.models import MobileNetV3

        return MobileNetV3(self.shape(genes))

    def prepare(self, X: np.ndarray) -> np.ndarray:
        """Return (n, height, width, channels); see `Space.prepare`."""
        shape = (*self.image, self.channels)
        if X.shape[1:] not in (shape, shape[:2]) or (X.ndim == 3 and self.channels > 1):
            raise DataError(
                f"images must have shape (n, {', '.join(map(str, shape))}), got {X.shape}. "
                "Bring all images to one size, and the channels to the last axis."
            )
        return X.reshape(len(X), *shape)

    def masks(self, genes: Genes) -> Any:
        """Return for every block filter, channels, squeeze units and whether it is there."""
        return mobilenet_weights.masks(self, genes)

    def draw(self, genes: Genes, random: np.random.Generator) -> tuple[Any, Any]:
        """Return He's normal numbers for the true fan-ins; see `Space.draw`."""
        return mobilenet_weights.draw(self, genes, random)

    def used(self, genes: Genes) -> tuple[Any, Any]:
        """Return the channels, filters and blocks that a network has; see `Space.used`."""
        return mobilenet_weights.used(self, genes)

    def forward(self, params: Any, statistics: Any, masks: Any, X: Any, train: bool) -> tuple[Any, Any]:
        """Run the largest network; a block beyond the depth hands on its input; see `Space.forward`."""
        from neuralopt.architecture.mobilenet_forward import forward  # brings flax

        return forward(self.largest, params, statistics, masks, X, train)

    def sliced(self, params: Any, statistics: Any, genes: Genes) -> Any:
        """Return the variables of the flax module; see `Space.sliced`."""
        return mobilenet_weights.sliced(self, params, statistics, genes)

    @property
    def settings(self) -> dict[str, Any]:
        """See `Space.settings`."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}
