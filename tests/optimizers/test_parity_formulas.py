"""What no installed library has, against its formula written plainly, in float64 or wider."""

import numpy as np
import pytest

from neuralopt import optimizers
from neuralopt.transforms import L2Decay, chain

B1, B2 = 0.9, 0.999


def each(step, coupled=False, number=float):
    """Return a walk of all tensors by ``step(w, g, memory, t, rate, first rate, decay)``."""

    def walk(params, stream, rates, decay):
        after = {}
        for name, start in params.items():
            w, memory = start.astype(number), {}
            for k, g in enumerate(stream[name]):
                g = g.astype(number) + (number(decay) * w if coupled else 0)
                w = step(w, g, memory, k + 1, number(rates[k]), number(rates[0]), number(decay))
            after[name] = w
        return after

    return walk


def adam_moments(g, memory, b1=B1, b2=B2):
    memory["m"] = b1 * memory.get("m", 0) + (1 - b1) * g
    memory["v"] = b2 * memory.get("v", 0) + (1 - b2) * g**2
    return memory["m"], memory["v"]


def adam_of_keras(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    return w - rate * np.sqrt(1 - B2**t) / (1 - B1**t) * m / (np.sqrt(v) + 1e-8)


def amsgrad_of_keras(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    memory["top"] = np.maximum(memory.get("top", 0), v)
    return w - rate * np.sqrt(1 - B2**t) / (1 - B1**t) * m / (np.sqrt(memory["top"]) + 1e-8)


def nadamw_of_algoperf(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    ahead = (B1 * m + (1 - B1) * g) / (1 - B1**t)
    return w - rate * (ahead / (np.sqrt(v / (1 - B2**t)) + 1e-8) + decay * w)


def adabound(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    final = 0.1 * rate / first
    low, high = final * (1 - 1 / (1e-3 * t + 1)), final * (1 + 1 / (1e-3 * t))
    size = rate * np.sqrt(1 - B2**t) / (1 - B1**t)
    return w - np.clip(size / (np.sqrt(v) + 1e-8), low, high) * m


def adabound_of_the_paper(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    low, high = 0.1 - 0.1 / (1e-3 * t + 1), 0.1 + 0.1 / (1e-3 * t)
    return w - np.clip(rate / (np.sqrt(v) + 1e-8), low, high) / np.sqrt(t) * m


def radam(threshold, eps_hat, early):
    def step(w, g, memory, t, rate, first, decay):
        b1, b2, eps = (w.dtype.type(number) for number in (B1, B2, 1e-8))
        m, v = adam_moments(g, memory, b1, b2)
        c1, c2 = 1 - b1**t, 1 - b2**t
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * b2**t / c2
        if length <= threshold:
            return w - rate * m / c1 if early else w
        r = np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
        root = (np.sqrt(v) + eps) / np.sqrt(c2) if eps_hat else np.sqrt(v / c2) + eps
        return w - rate * r * m / c1 / root

    return step


def lars(rate_inside, trust_without_decay):
    def step(w, g, memory, t, rate, first, decay):
        w_norm, g_norm = np.linalg.norm(w), np.linalg.norm(g)
        trust = 0.02 * w_norm / (g_norm + decay * w_norm) if w_norm > 0 and g_norm > 0 else 1.0
        d = (trust if decay > 0 or trust_without_decay else 1.0) * (g + decay * w)
        memory["b"] = B1 * memory.get("b", 0) + (rate * d if rate_inside else d)
        return w - memory["b"] * (1 if rate_inside else rate)

    return step


def lamb_of_keras(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    w = w - rate * decay * w
    r = m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + 1e-6)
    return w - rate * (np.linalg.norm(w) / np.linalg.norm(r) if np.linalg.norm(w) > 0 else 1.0) * r


def lamb_of_timm(w, g, memory, t, rate, first, decay):
    m, v = adam_moments(g, memory)
    r = m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + 1e-6) + decay * w
    adapted = decay > 0 and np.linalg.norm(w) > 0
    return w - rate * (np.linalg.norm(w) / np.linalg.norm(r) if adapted else 1.0) * r


def clipped(walk):
    """Clip the gradients of each step to the global norm 1 first."""

    def clip(params, stream, rates, decay):
        norms = np.sqrt(sum(np.sum(g.reshape(len(g), -1) ** 2, axis=1) for g in stream.values()))
        factor = 1 / np.maximum(norms, 1)
        small = {n: g * factor.reshape(-1, *[1] * (g.ndim - 1)) for n, g in stream.items()}
        return walk(params, small, rates, decay)

    return clip


def lookahead_of_timm(w, g, memory, t, rate, first, decay):
    w = adam_of_torch(w, g, memory, t, rate)
    if t % 5 == 0:
        slow = memory.get("slow", w)
        memory["slow"] = w = slow + 0.5 * (w - slow)
    return w


def adam_of_torch(w, g, memory, t, rate):
    m, v = adam_moments(g, memory)
    return w - rate * m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + 1e-8)


def l2(make):
    return lambda rate, decay: chain(L2Decay(decay, mask="all"), make(rate))


def own(cls, **options):
    return lambda rate, decay: cls(rate, weight_decay=decay, mask="all", **options)


def with_convention(cls, convention):
    return l2(lambda rate: cls(rate, convention=convention))


opt = optimizers
CASES = {
    "adam, keras": (with_convention(opt.Adam, "keras"), each(adam_of_keras, coupled=True)),
    "amsgrad, keras": (with_convention(opt.AMSGrad, "keras"), each(amsgrad_of_keras, coupled=True)),
    "nadamw": (own(opt.NAdamW), each(nadamw_of_algoperf)),
    "adabound": (l2(opt.AdaBound), each(adabound, coupled=True)),
    "adabound, paper": (with_convention(opt.AdaBound, "paper"), each(adabound_of_the_paper, coupled=True)),
    "lars": (own(opt.LARS), each(lars(True, True))),
    "lars, rate outside": (own(opt.LARS, lr_in_momentum=False), each(lars(False, True))),
    "lars, timm": (own(opt.LARS, convention="timm"), each(lars(False, False))),
    "lamb, keras": (own(opt.LAMB, convention="keras"), each(lamb_of_keras)),
    "lamb, timm": (own(opt.LAMB, convention="timm"), clipped(each(lamb_of_timm))),
    "lookahead, timm": (
        l2(lambda rate: opt.Lookahead(opt.Adam(rate), convention="timm")),
        each(lookahead_of_timm, coupled=True),
    ),
}
# the formula of rho_t loses five digits in float64, so its oracle is wider
WIDE = {
    "torch": each(radam(5, True, True), True, np.longdouble),
    "optax": each(radam(5, False, True), True, np.longdouble),
    "paper": each(radam(4, False, True), True, np.longdouble),
    "official": each(radam(5, True, False), True, np.longdouble),
}


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("case", CASES)
def test_equals_its_formula(parity, case, decay, scale):
    ours, walk = CASES[case]
    got = parity.ours(lambda rate: ours(rate, decay), scale)
    assert parity.apart(got, parity.by_formula(walk, decay, scale)) <= 1e-12


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="this machine has nothing wider than float64")
@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("convention", WIDE)
def test_radam_equals_its_formula_in_extended_precision(parity, convention, decay, scale):
    ours = with_convention(opt.RAdam, convention)
    got = parity.ours(lambda rate: ours(rate, decay), scale)
    assert parity.apart(got, parity.by_formula(WIDE[convention], decay, scale)) <= 1e-12
