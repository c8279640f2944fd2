"""The contract finds what it is there to find: every law is broken once on purpose."""

import pathlib
import textwrap
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.core.method import hyper, method, switch, value_at
from neuralopt.optimizers import Adam, Optimizer
from neuralopt.testing import check_optimizer, optimizer_checks

CHECKS = {check.__name__: check for check in optimizer_checks()}


class PlainState(NamedTuple):
    count: Any
    learning_rate: Any
    trace: Any


@method
class Faulty(Optimizer):
    """Momentum with one fault that can be switched on."""

    learning_rate: Any = hyper(0.05, low=0)
    fault: Any = switch("")
    learning_rate_range = (1e-3, 0.5)

    def init(self, params):
        if self.fault == "takes anything":
            return PlainState(np.asarray(0), np.asarray(0.0), params)
        count, rate = self._first(params)
        if self.fault == "silent about its rate":
            rate = 0 * rate
        trace = tree.zeros_like(params)
        if self.fault == "sixteen-bit memory":
            trace = tree.map(lambda z, p: z.astype(p.dtype), trace, params)
        return PlainState(count, rate, trace)

    def update(self, grads, state, params, *, value=None, value_fn=None):
        fault = self.fault
        if fault == "takes anything":
            grads = params
            t, rate = state.count + 1, tree.cast(0.1, np.float32, np.ones(1))
        else:
            t, rate = self._begin(grads, state, params)
        given = self.learning_rate if fault == "wide hyperparameters" else rate
        if fault == "deaf to schedules" and callable(self.learning_rate):
            given = 2 * rate

        def leaf(g, b, p):
            rate = value_at(given, state.count)
            if fault != "wide hyperparameters":
                rate = tree.cast(rate, p.dtype, p)
            factor = 0.99 if fault == "sixteen-bit memory" else 0.9
            b = tree.cast(factor, b.dtype, b) * b + g.astype(b.dtype)
            if fault == "sixteen-bit memory":
                b = b.astype(p.dtype)
            step = -rate * b.astype(p.dtype)
            if fault == "ascends":
                step = -step
            if fault == "never rests":
                step = step - rate
            if fault == "NumPy differs" and isinstance(p, np.ndarray):
                step = step * 1.001
            # a number that was typed in is weakly typed, one of a sweep is not
            if fault == "sweeps differ" and not isinstance(p, np.ndarray):
                step = step * (1 + 0.001 * (jnp.asarray(self.learning_rate).aval.weak_type))
            return step if fault == "wide hyperparameters" else step.astype(p.dtype), b

        updates, trace = tree.map_unzip(2, leaf, grads, state.trace, params)
        if fault == "writes":
            for kept in tree.leaves(state.trace):
                if isinstance(kept, np.ndarray):
                    kept += 1
        if fault == "grows":
            trace = tree.map(lambda b: b[None], trace)
        if fault == "remembers outside":
            MEMORY.append(1)
            updates = tree.map(lambda u: u * (1 + len(MEMORY)), updates)
        return updates, PlainState(t, 0 * rate if fault == "silent about its rate" else rate, trace)


MEMORY: list[int] = []

BROKEN = {
    "ascends": "descends_a_quadratic",
    "ascends ": "descends_rosenbrock",
    "ascends  ": "descends_a_network",
    "never rests": "rests_at_zero_gradient",
    "sweeps differ": "sweeps_by_vmap",
    "deaf to schedules": "obeys_a_schedule",
    "NumPy differs": "agrees_across_namespaces",
    "wide hyperparameters": "keeps_float32",
    "sixteen-bit memory": "keeps_bfloat16",
    "grows": "keeps_its_state_stable",
    "remembers outside": "resumes_exactly",
    "silent about its rate": "tells_its_learning_rate",
    "writes": "leaves_its_arguments_alone",
    "takes anything": "refuses_bad_input",
}


@pytest.mark.parametrize(("fault", "check"), BROKEN.items())
def test_each_law_is_enforced(fault, check):
    with pytest.raises(AssertionError):
        CHECKS[check](Faulty(fault=fault.strip()))


def test_the_same_optimizer_without_a_fault_passes():
    check_optimizer(Faulty())


@method
class Retracing(Optimizer):
    """Its state changes dtype after the first step, so that the second compiles again."""

    learning_rate: Any = hyper(0.05, low=0)

    def init(self, params):
        return PlainState(*self._first(params), tree.map(lambda p: p.astype(jnp.bfloat16), params))

    def update(self, grads, state, params, *, value=None, value_fn=None):
        t, rate = self._begin(grads, state, params)
        return tree.map(lambda g: -rate * g, grads), PlainState(t, rate, grads)


def test_a_second_trace_is_found():
    with pytest.raises(AssertionError, match="must compile nothing, and neither must the second step"):
        CHECKS["never_compiles_twice"](Retracing())


def test_all_broken_laws_are_told_at_once():
    with pytest.raises(AssertionError) as caught:
        check_optimizer(Faulty(fault="ascends"))
    text = str(caught.value)
    assert "breaks 3 laws" in text
    assert all(name in text for name in BROKEN.values() if name.startswith("descends"))


def test_a_crash_is_a_broken_law_too():
    class Crashing(Adam):
        def update(self, grads, state, params, *, value=None, value_fn=None):
            raise RuntimeError("no update today")

    with pytest.raises(
        AssertionError, match="it must lower a convex quadratic; it raised RuntimeError: no update today"
    ):
        check_optimizer(Crashing())


def test_what_is_no_optimizer_is_refused_at_once():
    for given in (Adam, "adam", 3):
        with pytest.raises(
            InvalidArgument, match="check_optimizer takes an optimizer, which has init and update"
        ):
            check_optimizer(given)


def test_a_crash_says_which_law_was_checked():
    @method
    class Careless(Adam):
        def init(self, params):
            tree.leaves(params)[0]
            return super().init(params)

    with pytest.raises(AssertionError) as caught:
        check_optimizer(Careless(0.1))
    assert str(caught.value).endswith(
        " breaks 1 law:\n  - refuses_bad_input: init of an empty tree must raise InvalidArgument, a ValueError; "
        "it raised IndexError: list index out of range."
    )


def test_the_recipe_of_the_contributing_page_keeps_the_contract():
    page = pathlib.Path(__file__).parents[2].joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")
    block = page.partition("## Add an optimizer in one file")[2].partition("   - Hyperparameters")[0]
    code = textwrap.dedent(
        "\n".join(line for line in block.splitlines() if line.startswith(" " * 7) or not line)
    )
    made: dict[str, Any] = {}
    exec(code.replace("@register\n", ""), made)  # registered names stay for the whole session
    check_optimizer(made["Signum"](0.01))
