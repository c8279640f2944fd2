"""The protocol that transforms and optimizers share."""

import abc
from typing import Any, ClassVar, NamedTuple

from neuralopt.core import tree
from neuralopt.core.namespace import namespace


class Transform(abc.ABC):
    """Something that turns gradients into gradients, or gradients into updates.

    A transform is an immutable value; all that changes is in the state it
    hands out and takes back.

    Attributes
    ----------
    stage : {"gradient", "optimizer", "update"}
        Where it may stand in a `chain`: before the optimizer, as the
        optimizer, or after it.
    averages : bool
        Whether `evaluation_params` gives other parameters than those that are
        trained. Batch-norm statistics are then estimated anew for them.
    guards : bool
        Whether steps may be skipped for a gradient or loss that is not finite;
        a training loop then asks `diverged` whether to go on, and not the loss.
    searches : bool
        Whether `update` asks for the loss at other parameters, by ``value_fn``, as a line search does.
    decay_kind : {"decoupled", "L2", "unknown"}
        What a field named ``weight_decay`` does in this class, for `decay_policy`; ``"unknown"``
        for classes that compute elsewhere and may decay by rules of their own.
    """

    stage: ClassVar[str] = "gradient"
    decay_kind: ClassVar[str] = "decoupled"

    @property
    def decay_mask(self) -> Any:
        """What ``weight_decay`` applies to, for `decay_policy`: the field ``mask``, or all."""
        return getattr(self, "mask", "all")

    @property
    def averages(self) -> bool:
        """Whether the parameters to evaluate are not those that are trained."""
        return False

    def evaluation_params(self, params: Any, state: Any) -> Any:
        """Return the parameters to evaluate and to keep: an average, for methods that form one.

        Parameters
        ----------
        params : tree
            Those that are trained, where gradients are taken.
        state : NamedTuple
            The state that belongs to them.

        Returns
        -------
        tree
            Of the structure and dtypes of ``params``; by default ``params`` themselves.
        """
        return params

    def gradient_params(self, params: Any, state: Any) -> Any:
        """Return the parameters to take the next gradient at: a worker's own, where workers differ.

        Parameters
        ----------
        params : tree
            Those that `update` changes.
        state : NamedTuple
            The state that belongs to them.

        Returns
        -------
        tree
            Of the structure and dtypes of ``params``; by default ``params`` themselves.
        """
        return params

    @property
    def searches(self) -> bool:
        """Whether the loss is asked for at other parameters."""
        return False

    @property
    def guards(self) -> bool:
        """Whether steps may be skipped because a gradient or a loss is not finite."""
        return False

    def skipped(self, state: Any) -> Any:
        """Return how many steps were skipped so far.

        Parameters
        ----------
        state : NamedTuple
            After any update.

        Returns
        -------
        int array of shape (), or 0
            0 without a guard.
        """
        return 0

    def diverged(self, state: Any) -> Any:
        """Return whether so many steps in a row were skipped that there is no point in going on.

        Parameters
        ----------
        state : NamedTuple
            After any update.

        Returns
        -------
        bool array of shape (), or False
            False without a guard.
        """
        return False

    @abc.abstractmethod
    def init(self, params: Any) -> Any:
        """Return the first state for these parameters.

        Parameters
        ----------
        params : tree of float arrays
            NumPy or JAX.

        Returns
        -------
        NamedTuple
            Arrays only; shapes and dtypes never change afterwards.
        """

    @abc.abstractmethod
    def update(
        self, grads: Any, state: Any, params: Any, *, value: Any = None, value_fn: Any = None
    ) -> tuple[Any, Any]:
        """Return the transformed gradients (an optimizer: what to add to the parameters) and the next state.

        Parameters
        ----------
        grads : tree
            Gradients, of the structure of ``params``.
        state : NamedTuple
            From `init` or the update before.
        params : tree
            The parameters that the gradients were taken at.
        value : array, optional
            The loss at ``params``; read by methods that need it.
        value_fn : callable, optional
            The loss as a function of parameters; called by line searches.

        Returns
        -------
        updates : tree
            Of the structure and dtypes of ``params``.
        state : NamedTuple
            The next state.
        """


class CountState(NamedTuple):
    """State of a transform that only counts its updates."""

    count: Any  # (), int32


def zero_count(params: Any) -> Any:
    """Return the int32 zero that a state's ``count`` starts from, in the namespace of the parameters."""
    xp = namespace(*tree.leaves(params))
    return xp.asarray(0, dtype=xp.int32)
