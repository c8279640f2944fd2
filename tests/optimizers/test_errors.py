"""What optimizers refuse, and in which words."""

import re

import jax
import numpy as np
import pytest

from neuralopt import optimizers, transforms
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument


def refuses(text):
    return pytest.raises(InvalidArgument, match=re.escape(text))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: optimizers.Adam(-1.0), "Adam: learning_rate must satisfy 0 <= learning_rate, got -1.0."),
        (
            lambda: optimizers.SGD(float("nan")),
            "SGD: learning_rate must satisfy 0 <= learning_rate, got nan.",
        ),
        (lambda: optimizers.GD(float("inf")), "GD: learning_rate must satisfy 0 <= learning_rate, got inf."),
        (lambda: optimizers.GD("0.1"), "GD: learning_rate must be a number or a schedule, got '0.1'."),
        (lambda: optimizers.GD(True), "GD: learning_rate must be a number or a schedule, got True."),
        (lambda: optimizers.Adam(b1=1.0), "Adam: b1 must satisfy 0 <= b1 < 1, got 1.0."),
        (lambda: optimizers.AdamW(b2=1.5), "AdamW: b2 must satisfy 0 <= b2 < 1, got 1.5."),
        (lambda: optimizers.NAdamW(eps=-1e-8), "NAdamW: eps must satisfy 0 < eps, got -1e-08."),
        (
            lambda: optimizers.AdamW(weight_decay=-0.1),
            "AdamW: weight_decay must satisfy 0 <= weight_decay, got -0.1.",
        ),
        (
            lambda: optimizers.RMSprop(momentum=1.0),
            "RMSprop: momentum must satisfy 0 <= momentum < 1, got 1.0.",
        ),
        (
            lambda: optimizers.RMSprop(centered="yes"),
            "RMSprop: centered must be one of False, True, got 'yes'.",
        ),
        (
            lambda: optimizers.AdaGrad(np.array([0.1, -0.2])),
            "AdaGrad: learning_rate must satisfy 0 <= learning_rate, got -0.2.",
        ),
        (
            lambda: optimizers.SGD(nesterov=True),
            "SGD: nesterov=True needs momentum, got momentum=None. Give momentum=0.9, say.",
        ),
        (
            lambda: optimizers.NAdamW(convention="optex"),
            "NAdamW: convention must be one of 'algoperf', 'optax', got 'optex'. Did you mean 'optax'?",
        ),
        (
            lambda: optimizers.AdamW(mask="matrixes"),
            "a mask must be one of 'matrices', 'all' or a function of (name, array), got 'matrixes'. "
            "Did you mean 'matrices'?",
        ),
        (
            lambda: optimizers.with_learning_rate(optimizers.from_optax(_ready()), 0.1),
            "OptaxTransformation is already made and keeps its own learning rate, got learning_rate=0.1 "
            "beside it. Make it from a factory: from_optax(optax.adam, learning_rate=...).",
        ),
    ],
)
def test_hyperparameters(make, text):
    with refuses(text):
        make()


_WITH_EPS = {name: cls for name, cls in optimizers.registered().items() if hasattr(cls(), "eps")}


@pytest.mark.parametrize("name", _WITH_EPS)
def test_eps_0_would_be_0_over_0(name):
    with refuses(": eps must satisfy 0 < eps, got 0.0. With"):
        _WITH_EPS[name](eps=0.0)


def _ready():
    import optax

    return optax.adam(1e-3)


def test_all_problems_are_told_at_once():
    with refuses("2 problems:\n  - Adam: learning_rate must satisfy") as caught:
        optimizers.Adam(-1.0, b1=2.0)
    assert "  - Adam: b1 must satisfy 0 <= b1 < 1, got 2.0." in str(caught.value)


@pytest.mark.parametrize("opt", [cls() for cls in optimizers.registered().values()], ids=repr)
class TestTrees:
    def test_an_empty_tree(self, opt):
        with refuses("params must hold at least one array, got an empty tree: {}."):
            opt.init({})

    def test_whole_numbers(self, opt):
        with refuses(
            "params: every leaf must be of floats (float16, bfloat16, float32, float64), leaf 'layer/W' has "
            "dtype int64. Likely cause: integer literals. Convert that leaf: leaf.astype(float)."
        ):
            opt.init({"layer": {"W": np.arange(3)}})

    def test_what_is_not_an_array(self, opt):
        with refuses("params: every leaf must be an array of floats, leaf '0' is a float."):
            opt.init([1.0])

    def test_a_missing_gradient(self, opt):
        params = {"W": np.ones((2, 2)), "b": np.ones(2)}
        with refuses("params and grads must have the same structure; missing in grads: 'b'."):
            opt.update({"W": params["W"]}, opt.init(params), params)

    def test_an_extra_gradient(self, opt):
        params = {"W": np.ones((2, 2))}
        with refuses("params and grads must have the same structure; not in params: 'extra'."):
            opt.update({**params, "extra": np.ones(2)}, opt.init(params), params)

    def test_another_container(self, opt):
        params = (np.ones(2), np.ones(2))
        with refuses("params and grads must have the same structure; PyTreeDef([*, *]) against"):
            opt.update(list(params), opt.init(params), params)

    def test_another_shape(self, opt):
        params = {"W": np.ones((2, 2))}
        with refuses(
            "params and grads must have the same shapes; leaf 'W' has (2, 2) in params and (4,) in grads."
        ):
            opt.update({"W": np.ones(4)}, opt.init(params), params)


def _wrapped(adam):
    yield adam
    yield optimizers.AdamW(0.1)
    yield optimizers.Lookahead(adam)
    yield optimizers.Muon()
    for wrap in (transforms.EMA, transforms.DecoupledDecay, transforms.FiniteGuard, transforms.Accumulate):
        yield wrap(adam)
    yield transforms.Cautious(adam)
    yield transforms.chain(transforms.ClipByValue(1.0), adam)
    yield transforms.partition(adam, rest=("all", adam))


@pytest.mark.parametrize("opt", list(_wrapped(optimizers.Adam(0.1))), ids=lambda opt: type(opt).__name__)
def test_a_state_that_does_not_belong(opt):
    params, other = {"W": np.ones((3, 2))}, {"W": np.ones((1, 2))}
    name = type(opt).__name__
    updates, _ = opt.update(params, opt.init(params), params)
    assert tree.structure(updates) == tree.structure(params)
    for given in (None, optimizers.SGD(0.1, momentum=0.9).init(params), (), opt):
        with pytest.raises(
            InvalidArgument, match=rf"{name.lower()}: update takes (?s:.*), got .*Begin by(?i:)"
        ):
            _lower(lambda given=given: opt.update(params, given, params))
    for wrong in (opt.init(other), opt.init({**params, "b": np.ones(2)})):
        with pytest.raises(
            InvalidArgument, match=r"update takes the state that init or the last update of \w+ gave"
        ):
            opt.update(params, wrong, params)


def _lower(call):
    """Call, with the name in front of an error in lower case: that of a partition is its function's."""
    try:
        call()
    except InvalidArgument as error:
        head, colon, rest = str(error).partition(":")
        raise InvalidArgument(head.lower() + colon + rest) from None


def test_what_does_not_fit_in_a_state_is_named():
    params, opt = {"W": np.ones((3, 2))}, optimizers.Adam(0.1)
    for given, text in (
        (None, "got None. Likely cause: a state of another optimizer or of other parameters. Begin by"),
        (optimizers.AMSGrad().init(params), "got AMSGradState in place of AdamState."),
        (opt.init({"V": np.ones((3, 2))}), "got one without 'mu/W'."),
        (opt.init({"W": np.ones((1, 2))}), "got one whose 'mu/W' has shape (1, 2) in place of (3, 2)."),
    ):
        with refuses(text):
            opt.update(params, given, params)
        with refuses(text):
            jax.jit(opt.update)(params, given, params)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: optimizers.get("adma"), "unknown optimizer 'adma'. Did you mean 'adam'? Known: gd, sgd,"),
        (
            lambda: optimizers.get("adam", learnng_rate=0.1),
            "Adam has no hyperparameter 'learnng_rate'. Did you mean 'learning_rate'? It has: learning_rate,",
        ),
        (
            lambda: optimizers.get(optimizers.GD(0.5), learning_rate=0.1),
            "learning_rate given beside an optimizer that is already made: GD(learning_rate=0.5).",
        ),
        (lambda: optimizers.get(3), "optimizer must be a name or an optimizer, got 3 of type int."),
        (lambda: optimizers.get(_clip()), "ClipByValue transforms gradients and does not train by itself."),
        (lambda: optimizers.register(optimizers.GD), "an optimizer named 'gd' is already registered"),
        (
            lambda: optimizers.get("optax.adabelif", learning_rate=0.1),
            "optax has no optimizer 'adabelif'. Did you mean 'adabelief'? It has:",
        ),
    ],
)
def test_registry(call, text):
    with refuses(text):
        call()


def _clip():
    from neuralopt.transforms import ClipByValue

    return ClipByValue(1.0)


def test_names_are_found_in_any_case_and_none_means_the_default():
    assert optimizers.get("AdamW", learning_rate=None, b1=0.8) == optimizers.AdamW(b1=0.8)
    opt = optimizers.GD(0.5)
    assert optimizers.get(opt) is opt
