"""What all transforms that wrap an optimizer have in common."""

from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.namespace import namespace
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
    def searches(self) -> bool:
        """Whether the wrapped optimizer asks for the loss at other parameters."""
        return self.optimizer.searches

    @property
    def guards(self) -> bool:
        """Whether the wrapped optimizer may skip a step."""
        return self.optimizer.guards

    @property
    def averages(self) -> bool:
        """Whether the wrapped optimizer is evaluated at averaged parameters."""
        return self.optimizer.averages

    def evaluation_params(self, params: Any, state: Any) -> Any:
        """Return where the wrapped optimizer is evaluated; see `Transform.evaluation_params`."""
        return self.optimizer.evaluation_params(params, state.inner)

    def skipped(self, state: Any) -> Any:
        """Return how many steps the wrapped optimizer skipped; see `Transform.skipped`."""
        return self.optimizer.skipped(state.inner)

    def diverged(self, state: Any) -> Any:
        """Return whether the wrapped optimizer has; see `Transform.diverged`."""
        return self.optimizer.diverged(state.inner)


def check_wrapped(wrapper: Any, *, changes_updates: bool = False) -> None:
    """Raise unless a wrapper's ``optimizer`` is one that it can wrap.

    Parameters
    ----------
    wrapper : Wrapper
        Already holding its fields.
    changes_updates : bool, default False
        Whether the parameters move otherwise than the wrapped optimizer says; one that averages
        them must not be wrapped then.

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
    if changes_updates and inner.averages:
        outer, name = type(wrapper).__name__, type(inner).__name__
        swaps = (
            isinstance(inner, Wrapper) and type(inner) is not type(wrapper) and not inner.optimizer.averages
        )
        cure = (
            f"Wrap the other way round: {outer} inside, {name} outside."
            if swaps
            else f"Leave out one of the two: {name} is evaluated at an average of its own."
        )
        raise InvalidArgument(
            f"{outer} changes the updates of {name}, which would then average other parameters than those "
            f"that are trained. {cure}"
        )


def choose(condition: Any, ours: Any, theirs: Any) -> Any:
    """Return one of two trees of the same shapes and dtypes, by a bool array of shape ``()``."""
    return tree.map(lambda a, b: namespace(a, b, condition).where(condition, a, b), ours, theirs)


def move_or_stay(condition: Any, updates: Any) -> Any:
    """Return the updates where a condition holds, else updates that change no bit of any parameter."""
    # minus zero: -0.0 + 0.0 is 0.0, but x + -0.0 is x for every x
    still = tree.map(lambda u: namespace(u).full_like(u, -0.0), updates)
    return choose(condition, updates, still)
