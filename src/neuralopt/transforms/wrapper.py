"""What all transforms that wrap an optimizer have in common."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core.errors import InvalidArgument
from neuralopt.transforms.base import Transform


class WrapperState(NamedTuple):
    """State of a wrapper that remembers nothing of its own but the step."""

    count: Any  # (), int32
    learning_rate: Any  # (), the wrapped optimizer's, in force at the last update
    inner: Any  # the wrapped optimizer's


class Wrapper(Transform):
    """An optimizer around another optimizer; its state names the wrapped one's ``inner``.

    Attributes
    ----------
    optimizer : Transform
        The wrapped optimizer; a field of every subclass.
    """

    stage: ClassVar[str] = "optimizer"

    optimizer: Any

    @property
    def learning_rate(self) -> Any:
        """The wrapped optimizer's learning rate."""
        return self.optimizer.learning_rate

    @property
    def full_batch(self) -> bool:
        """Whether the wrapped optimizer is meant for the whole data at once."""
        return getattr(self.optimizer, "full_batch", False)

    @property
    def averages(self) -> bool:
        """Whether the wrapped optimizer is evaluated at averaged parameters."""
        return self.optimizer.averages

    def evaluation_params(self, params: Any, state: Any) -> Any:
        """Return where the wrapped optimizer is evaluated; see `Transform.evaluation_params`."""
        return self.optimizer.evaluation_params(params, state.inner)


def check_wrapped(wrapper: Any) -> None:
    """Raise unless a wrapper's ``optimizer`` is one.

    Parameters
    ----------
    wrapper : Wrapper
        Already holding its fields.

    Raises
    ------
    InvalidArgument
        With what was given instead.
    """
    inner = wrapper.optimizer
    if not isinstance(inner, Transform) or inner.stage != "optimizer":
        raise InvalidArgument(
            f"{type(wrapper).__name__} wraps an optimizer, got {inner!r}. "
            "An optax transformation enters by neuralopt.optimizers.from_optax."
        )
