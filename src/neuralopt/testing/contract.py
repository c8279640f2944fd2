"""The optimizer contract: what every optimizer must keep, as plain functions for any test runner."""

from collections.abc import Callable
from typing import Any

from neuralopt.core.errors import InvalidArgument
from neuralopt.testing import descent, numerics, states

Check = Callable[[Any], None]


def optimizer_checks() -> list[Check]:
    """Return the laws that every optimizer must keep, one function each.

    A check takes an optimizer and raises an `AssertionError` whose text states
    the law and what was found. The laws about the learning rate are asked only
    of optimizers that have one to set.

    Returns
    -------
    list of callable
        Their names are sentences without the subject.

    See Also
    --------
    check_optimizer : Run all of them, without a test runner.

    Examples
    --------
    In a test file, for an optimizer of one's own::

        import pytest
        from neuralopt.testing import optimizer_checks

        @pytest.mark.parametrize("check", optimizer_checks(), ids=lambda check: check.__name__)
        def test_contract(check):
            check(MyOptimizer(learning_rate=0.1))

    >>> for check in optimizer_checks():
    ...     print(check.__name__)
    descends_a_quadratic
    descends_rosenbrock
    descends_a_network
    rests_at_zero_gradient
    sweeps_by_vmap
    obeys_a_schedule
    agrees_across_namespaces
    keeps_float32
    keeps_bfloat16
    never_compiles_twice
    keeps_its_state_stable
    tells_its_learning_rate
    resumes_exactly
    leaves_its_arguments_alone
    refuses_bad_input
    """
    return [
        descent.descends_a_quadratic,
        descent.descends_rosenbrock,
        descent.descends_a_network,
        descent.rests_at_zero_gradient,
        descent.sweeps_by_vmap,
        numerics.obeys_a_schedule,
        numerics.agrees_across_namespaces,
        numerics.keeps_float32,
        numerics.keeps_bfloat16,
        states.never_compiles_twice,
        states.keeps_its_state_stable,
        states.tells_its_learning_rate,
        states.resumes_exactly,
        states.leaves_its_arguments_alone,
        states.refuses_bad_input,
    ]


def check_optimizer(optimizer: Any) -> None:
    """Run every check of the contract and report all that fail at once.

    Parameters
    ----------
    optimizer : Transform
        An optimizer with a learning rate that suits parameters of size 1, 0.01 to 0.1 say.

    Raises
    ------
    AssertionError
        With every law that is broken.
    InvalidArgument
        For what is no optimizer, such as its class.

    Examples
    --------
    >>> from neuralopt.optimizers import GD
    >>> check_optimizer(GD(0.1))
    """
    if isinstance(optimizer, type) or not all(
        callable(getattr(optimizer, n, None)) for n in ("init", "update")
    ):
        raise InvalidArgument(
            f"check_optimizer takes an optimizer, which has init and update, got {optimizer!r}. "
            "Likely cause: the class itself, or a name. Make it first: check_optimizer(MyOptimizer(0.1))."
        )
    broken = []
    for check in optimizer_checks():
        try:
            check(optimizer)
        except AssertionError as error:
            broken.append(f"  - {check.__name__}: {error}")
        except Exception as error:  # a crash breaks the law as well as a false answer does
            law = (check.__doc__ or check.__name__).partition("\n")[0].rstrip(".")
            law = law[:1].lower() + law[1:]
            broken.append(f"  - {check.__name__}: it must {law}; it raised {type(error).__name__}: {error}")
    if broken:
        laws = "1 law" if len(broken) == 1 else f"{len(broken)} laws"
        raise AssertionError(f"{optimizer!r} breaks {laws}:\n" + "\n".join(broken))
