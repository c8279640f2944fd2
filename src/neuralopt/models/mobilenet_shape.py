"""The sizes of a MobileNetV3: what its stages, blocks and ends look like, and what they cost."""

import dataclasses
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.core.scalars import check_count
from neuralopt.models.depthwise import output_length

STAGE_WIDTHS = (24, 40, 80, 112, 160)
_SQUEEZED = (False, True, False, True, True)
_H_SWISH = (False, False, True, True, True)
_STEM, _HEAD, _FEATURE = 16, 960, 1280
_STRIDED = (1, 5, 3, 2, 0)  # stages, of which 0 is the stem, that halve the image, in this order of need


@dataclasses.dataclass(frozen=True)
class Block:
    """An inverted residual block: widen, filter each channel, squeeze and excite, narrow.

    Attributes
    ----------
    stage, place : int
        From 1: the stage, and the place of the block in it.
    inputs, middle, outputs : int
        Channels.
    kernel, expansion, stride : int
    squeezed : int
        Units of squeeze and excite; 0 is none.
    h_swish : bool
        The activation; otherwise relu.
    residual : bool
        Whether the input is added.
    before, after : (int, int)
        Height and width.
    """

    stage: int
    place: int
    inputs: int
    middle: int
    outputs: int
    kernel: int
    expansion: int
    stride: int
    squeezed: int
    h_swish: bool
    residual: bool
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def parameters(self) -> int:
        """Weights, with scale and shift of the three normalisations, and the biases of squeeze-excite."""
        weights = self.inputs * self.middle + self.kernel**2 * self.middle + self.middle * self.outputs
        gate = 2 * self.middle * self.squeezed + self.squeezed + self.middle if self.squeezed else 0
        return weights + gate + 2 * (2 * self.middle + self.outputs)

    @property
    def multiply_adds(self) -> int:
        """For one image; normalisation, activations and the product with the gate are not counted."""
        before, after = self.before[0] * self.before[1], self.after[0] * self.after[1]
        filtered = after * self.middle * (self.kernel**2 + self.outputs)
        return before * self.inputs * self.middle + filtered + 2 * self.middle * self.squeezed

    @property
    def label(self) -> str:
        """The block in a few words."""
        gate = ", squeeze-excite" if self.squeezed else ""
        name = "h-swish" if self.h_swish else "relu"
        return f"kernel {self.kernel}, expansion {self.expansion}, {self.outputs} channels, {name}{gate}"


@dataclasses.dataclass(frozen=True)
class MobileNetShape:
    """The sizes of a MobileNetV3.

    Parameters
    ----------
    image : (int, int)
        Height and width of the images, 4 or more.
    channels : int
        Of the images.
    outputs : int
        Classes or targets.
    stages : tuple of tuple of (int, int)
        Kernel and expansion of every block of every stage.
    width : float > 0, default 1.0
        Multiplies all channels; they are rounded to multiples of four.

    Notes
    -----
    Images of 224 x 224 are halved five times, by the stem and by stages 1, 2, 3 and 5; smaller ones less
    often, so that at least 2 x 2 pixels are left. The stem leaves its halving out first, then stages 2, 3, 5.
    """

    image: tuple[int, int]
    channels: int
    outputs: int
    stages: tuple[tuple[tuple[int, int], ...], ...]
    width: float = 1.0

    def __post_init__(self) -> None:
        stages = tuple(tuple((int(k), int(e)) for k, e in blocks) for blocks in self.stages)
        object.__setattr__(self, "stages", stages)
        object.__setattr__(
            self, "image", tuple(check_count("every side of the images", side, low=4) for side in self.image)
        )
        check_count("channels", self.channels)
        check_count("outputs", self.outputs)
        if not 1 <= len(stages) <= len(STAGE_WIDTHS) or not all(stages):
            raise InvalidArgument(
                f"stages must be 1 to {len(STAGE_WIDTHS)} of one block or more each, got {self.stages!r}."
            )
        if not 0 < self.width < 100:
            raise InvalidArgument(f"width must be above 0 and below 100, got {self.width!r}.")

    def scaled(self, channels: int) -> int:
        """Return a number of channels times the width, a multiple of four."""
        return max(4, 4 * int(channels * self.width / 4 + 0.5))

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides of the stem and of the first block of each stage."""
        side, halvings = min(self.image), 0
        least = 8 if side >= 16 else 4
        while side >= least and halvings < len(_STRIDED):
            side, halvings = side // 2, halvings + 1
        chosen = [place for place in _STRIDED if place <= len(self.stages)][:halvings]
        return tuple(2 if place in chosen else 1 for place in range(len(self.stages) + 1))

    @property
    def stem(self) -> int:
        """Channels of the stem and of the first, separable block."""
        return self.scaled(_STEM)

    @property
    def after_stem(self) -> tuple[int, int]:
        """Height and width behind the stem."""
        height, width = (output_length(side, self.strides[0]) for side in self.image)
        return height, width

    @property
    def head(self) -> int:
        """Channels of the last convolution."""
        return self.scaled(_HEAD)

    @property
    def feature(self) -> int:
        """Units before the classifier."""
        return self.scaled(_FEATURE)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All inverted residual blocks in their order."""
        found: list[Block] = []
        inputs, side = self.stem, self.after_stem
        for s, blocks in enumerate(self.stages):
            outputs = self.scaled(STAGE_WIDTHS[s])
            for place, (kernel, expansion) in enumerate(blocks):
                stride = self.strides[s + 1] if place == 0 else 1
                height, width = (output_length(length, stride) for length in side)
                middle = expansion * inputs
                found.append(
                    Block(
                        stage=s + 1,
                        place=place + 1,
                        inputs=inputs,
                        middle=middle,
                        outputs=outputs,
                        kernel=kernel,
                        expansion=expansion,
                        stride=stride,
                        squeezed=squeezed(middle) if _SQUEEZED[s] else 0,
                        h_swish=_H_SWISH[s],
                        residual=stride == 1 and inputs == outputs,
                        before=side,
                        after=(height, width),
                    )
                )
                inputs, side = outputs, (height, width)
        return tuple(found)

    @property
    def parameters(self) -> int:
        """All trained numbers."""
        c, last = self.stem, self.blocks[-1].outputs
        stem = 9 * self.channels * c + 2 * c
        first = 9 * c + c * c + 4 * c
        head = last * self.head + 2 * self.head
        ends = (self.head + 1) * self.feature + (self.feature + 1) * self.outputs
        return stem + first + sum(block.parameters for block in self.blocks) + head + ends

    @property
    def multiply_adds(self) -> int:
        """For one image; normalisation, activations and products with gates are not counted."""
        c, last = self.stem, self.blocks[-1]
        pixels = self.after_stem[0] * self.after_stem[1]
        stem = pixels * 9 * self.channels * c
        first = pixels * (9 * c + c * c)
        head = last.after[0] * last.after[1] * last.outputs * self.head
        ends = self.head * self.feature + self.feature * self.outputs
        return stem + first + sum(block.multiply_adds for block in self.blocks) + head + ends

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make it again, as plain values."""
        return {
            "image": list(self.image),
            "channels": self.channels,
            "outputs": self.outputs,
            "stages": [[list(pair) for pair in blocks] for blocks in self.stages],
            "width": self.width,
        }


def squeezed(middle: int) -> int:
    """Return the units of squeeze and excite over so many channels: a quarter."""
    return max(1, middle // 4)
