"""The modern optimizers against independent implementations, in float64 along the common stream."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from neuralopt import optimizers
from neuralopt.core import tree
from neuralopt.optimizers import eigenbasis
from neuralopt.optimizers.newton_schulz import orthogonalize

RUNS = list(itertools.product([0.0, 0.1], [1.0, 1e-6]))  # decay, scale of the gradients


def slow(step, steps=150.0, b1=0.9, b3=0.9999):
    """The paper's schedule of b3, from the half lives of the two momenta."""
    xp = jnp if isinstance(step, jax.Array) else np
    halves = [np.log(0.5) / np.log(b) for b in (b1, b3)]
    part = (step + 1) / steps
    return xp.where(part < 1, 0.5 ** (1 / ((1 - part) * halves[0] + part * halves[1])), b3)


def adopt(rate, decay, **options):
    """ADOPT with the decoupled decay of the authors' code, which begins with the second step."""
    decays = optax.inject_hyperparams(optax.add_decayed_weights)(lambda k: jnp.where(k > 0, decay, 0.0))
    scaled = optax.contrib.adopt(1.0, **options)
    return optax.chain(scaled, optax.scale(-1.0), decays, optax.scale_by_learning_rate(rate))


CASES = {
    "lion": (
        lambda rate, decay: optimizers.Lion(rate, weight_decay=decay, mask="all"),
        lambda rate, decay: optax.lion(rate, weight_decay=decay),
    ),
    "ademamix": (
        lambda rate, decay: optimizers.AdEMAMix(rate, weight_decay=decay, mask="all"),
        lambda rate, decay: optax.contrib.ademamix(rate, weight_decay=decay),
    ),
    "ademamix, warm-up": (
        lambda rate, decay: optimizers.AdEMAMix(
            rate, weight_decay=decay, mask="all", alpha=8.0, warmup_steps=150
        ),
        lambda rate, decay: optax.contrib.ademamix(
            rate, weight_decay=decay, b3=slow, alpha=lambda k: 8 * jnp.minimum((k + 1) / 150.0, 1)
        ),
    ),
    "adopt": (lambda rate, decay: optimizers.ADOPT(rate, weight_decay=decay, mask="all"), adopt),
    "adopt, not clipped": (
        lambda rate, decay: optimizers.ADOPT(rate, weight_decay=decay, mask="all", clip=False, b2=0.99),
        lambda rate, decay: adopt(rate, decay, use_clipping=False, b2=0.99),
    ),
    "prodigy": (
        lambda rate, decay: optimizers.Prodigy(
            lambda k: 100 * rate(k), weight_decay=decay, mask="all", bias_correction=True, d0=1e-4
        ),
        lambda rate, decay: optax.contrib.prodigy(
            lambda k: 100 * rate(k), weight_decay=decay, estim_lr0=1e-4
        ),
    ),
    "prodigy, safeguarded": (
        lambda rate, decay: optimizers.Prodigy(
            lambda k: 100 * rate(k),
            weight_decay=decay,
            mask="all",
            bias_correction=True,
            safeguard_warmup=True,
            d_coef=2.0,
        ),
        lambda rate, decay: optax.contrib.prodigy(
            lambda k: 100 * rate(k), weight_decay=decay, safeguard_warmup=True, estim_lr_coef=2.0
        ),
    ),
    "schedule-free adamw": (
        lambda rate, decay: optimizers.ScheduleFreeAdamW(rate, b1=0.8, weight_decay=decay, mask="all"),
        lambda rate, decay: optax.contrib.schedule_free(
            optax.adamw(rate, b1=0.0, weight_decay=decay), rate, b1=0.8
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_equals_optax(parity, case):
    ours, theirs = CASES[case]
    for (decay, scale), expected in zip(RUNS, parity.by_optax(theirs, RUNS)):
        got = parity.ours(lambda rate, decay=decay: ours(rate, decay), scale)
        assert parity.apart(got, expected) <= 1e-12, (decay, scale)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_schedule_free_sgd_equals_optax(parity, decay, scale):
    """Its step is proportional to the gradient: the rate makes up for the scale, or nothing but rounding is left."""

    def ours(rate):
        return optimizers.ScheduleFreeSGD(lambda k: rate(k) / scale, weight_decay=decay * scale, mask="all")

    def theirs(rate, decay):
        rate = functools.partial(lambda rate, k: rate(k) / scale, rate)
        return optax.contrib.schedule_free(
            optax.chain(optax.add_decayed_weights(decay), optax.sgd(rate)), rate
        )

    (expected,) = parity.by_optax(theirs, [(decay * scale, scale)])
    assert parity.apart(parity.ours(ours, scale), expected) <= 1e-12


def early(named):
    """Return what is there from the start."""
    return {name: value for name, value in named.items() if name != "late"}


def follow(optimizer, parity, scale=1.0):
    """Return the final parameters and the state on NumPy."""
    params, stream = early(parity.params()), early(parity.stream(scale))
    state = optimizer.init(params)
    for k in range(len(stream["bias"])):
        updates, state = optimizer.update({n: g[k] for n, g in stream.items()}, state, params)
        params = tree.apply_updates(params, updates)
    return params, state


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_prodigy_by_the_formulas_of_the_paper(parity, decay, scale):
    ours = optimizers.Prodigy(
        lambda k: 100 * parity.rate(k), weight_decay=decay, mask="matrices", d0=1e-3, d_coef=0.5
    )
    got, state = follow(ours, parity, scale)
    start, stream = early(parity.params()), early(parity.stream(scale))
    w = dict(start)
    m, v, s = ({n: np.zeros_like(p) for n, p in start.items()} for _ in range(3))
    r, d, b1, b2 = 0.0, 1e-3, 0.9, 0.999
    b3 = np.sqrt(b2)
    for k in range(200):
        a = 100 * float(parity.rate(k)) * d
        g = {n: stream[n][k] for n in w}
        r = b3 * r + d / 1e-3 * a * sum(np.sum(g[n] * (start[n] - w[n])) for n in w)
        for n in w:
            m[n] = b1 * m[n] + (1 - b1) * d * g[n]
            v[n] = b2 * v[n] + (1 - b2) * d**2 * g[n] ** 2
            s[n] = b3 * s[n] + d / 1e-3 * a * g[n]
        d = max(d, 0.5 * r / sum(np.abs(s[n]).sum() for n in w))
        for n in w:
            decays = decay if w[n].ndim >= 2 else 0.0
            w[n] = w[n] - a * (m[n] / (np.sqrt(v[n]) + d * 1e-8) + decays * w[n])
    assert parity.apart(got, w) <= 1e-12
    np.testing.assert_allclose(state.d, d, rtol=1e-12)


def test_prodigy_keeps_its_estimate_while_every_gradient_is_zero():
    opt, params = optimizers.Prodigy(), [np.ones(2)]
    updates, state = opt.update([np.zeros(2)], opt.init(params), params)
    assert float(state.d) == 1e-6
    np.testing.assert_array_equal(updates[0], np.zeros(2))


def test_prodigy_finds_the_distance_to_the_solution_from_far_below():
    """On |w| the gradient is 1 until the solution, and d may not pass the distance of 3."""
    opt, params = optimizers.Prodigy(), [np.array([3.0])]
    state = opt.init(params)
    for _ in range(100):
        updates, state = opt.update([np.sign(params[0])], state, params)
        params = tree.apply_updates(params, updates)
    assert 0.1 < float(state.d) <= 3.0
    assert abs(params[0][0]) < 1.5


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("warmup", [0, 30])
@pytest.mark.parametrize("adam", [False, True])
def test_schedule_free_by_its_three_sequences(parity, adam, warmup, scale):
    """The equations of the paper, with x, y and z all kept."""
    b1, b2, eps = 0.9, 0.999, 1e-8
    cls = optimizers.ScheduleFreeAdamW if adam else optimizers.ScheduleFreeSGD
    gain = 1.0 if adam else scale  # SGD's step is proportional to the gradient; the rate makes up for it
    decay = 0.1 * gain

    def schedule(step):
        return parity.rate(step) / gain

    ours = cls(schedule, b1=b1, weight_decay=decay, warmup_steps=warmup)
    got, state = follow(ours, parity, scale)
    stream = parity.stream(scale)
    want, averages, at_z = {}, {}, {}
    for name, start in early(parity.params()).items():
        x, y, z, v, total, highest = start, start, start, 0.0, 0.0, 0.0
        for k, g in enumerate(stream[name]):
            rate = float(schedule(k)) * (min(1.0, (k + 1) / warmup) if warmup else 1.0)
            highest = max(highest, rate)
            total += highest**2
            v = b2 * v + (1 - b2) * g**2
            move = g / (np.sqrt(v / (1 - b2 ** (k + 1))) + eps) if adam else g
            z = z - rate * (move + (decay * y if start.ndim >= 2 else 0.0))
            x = x + highest**2 / total * (z - x)
            y = (1 - b1) * z + b1 * x
        want[name], averages[name], at_z[name] = y, x, z
    assert parity.apart(got, want) <= 1e-12
    assert parity.apart(ours.evaluation_params(got, state), averages) <= 1e-12
    assert parity.apart(state.z, at_z) <= 1e-12
    assert ours.averages


@pytest.mark.parametrize("cls", [optimizers.ScheduleFreeSGD, optimizers.ScheduleFreeAdamW])
def test_schedule_free_survives_a_rate_of_zero_and_rests_where_it_is(cls):
    opt, params = cls(lambda k: 0.0 * k), {"W": np.ones((2, 2))}
    updates, state = opt.update(params, opt.init(params), params)
    np.testing.assert_array_equal(updates["W"], np.zeros((2, 2)))
    np.testing.assert_allclose(opt.evaluation_params(params, state)["W"], params["W"], rtol=1e-15)


@pytest.mark.parametrize(
    "cls", [optimizers.ScheduleFreeSGD, optimizers.ScheduleFreeAdamW, optimizers.Prodigy]
)
def test_what_is_remembered_of_the_parameters_is_a_copy(cls):
    """A compiled loop gives parameters and state away together; they may not share memory."""
    params = {"W": jnp.ones((2, 2))}
    state = cls().init(params)
    kept = state.z if hasattr(state, "z") else state.start
    assert kept["W"].unsafe_buffer_pointer() != params["W"].unsafe_buffer_pointer()


@pytest.mark.parametrize("b3", [0.999, 0.9999, 0.9999649624060151])
def test_ademamix_forgets_its_warm_up_when_it_is_over(b3):
    """At and after T the schedule gives b3 and alpha themselves, to the last bit, in float32 too (without the rule the last of three is off)."""
    grads, params = [np.asarray([0.5, -2.0], np.float32)], [np.ones(2, np.float32)]
    opt = optimizers.AdEMAMix(b3=b3, warmup_steps=3)
    before = opt.init(params)._replace(count=np.int32(2), mu_slow=[np.ones(2, np.float32)])
    decay = np.float32(b3)
    np.testing.assert_array_equal(
        opt.update(grads, before, params)[1].mu_slow[0], decay + (1 - decay) * grads[0]
    )


def matrices(names):
    """Optax's layout of what Muon takes: the last axis outputs, all others inputs; None for the rest."""
    return lambda params: {
        n: optax.contrib.MuonDimensionNumbers(tuple(range(p.ndim - 1)), p.ndim - 1) if n in names else None
        for n, p in params.items()
    }


@pytest.mark.parametrize("taken", [("matrix", "kernel"), ("kernel",)], ids=" and ".join)
@pytest.mark.parametrize("scale_rule", ["original", "match_rms"])
def test_muon_equals_optax(parity, scale_rule, taken):
    """Without Nesterov, where optax corrects two parts for bias; its one eps, of Adam too, is too small to matter.

    The bound is 1e-11: an iteration multiplies the rounding of small singular values by up to 3.44, five times.
    """
    rms = {"original": None, "match_rms": 0.2}[scale_rule]

    def theirs(rate, decay):
        return optax.contrib.muon(
            rate,
            eps=1e-40,
            weight_decay=decay,
            nesterov=False,
            adam_b2=0.95,
            adam_learning_rate=lambda k: 0.3 * rate(k),
            muon_weight_dimension_numbers=matrices(taken),
            consistent_rms=rms,
            weight_decay_mask=lambda params: jax.tree.map(lambda p: p.ndim >= 2, params),
        )

    runs = [(0.0, 1.0), (0.0, 1e-6), (0.1, 1.0), (0.1, 1e-6)]
    for (decay, scale), expected in zip(runs, parity.by_optax(theirs, runs)):
        ours = functools.partial(
            optimizers.Muon,
            nesterov=False,
            eps=1e-40,
            weight_decay=decay,
            scale=scale_rule,
            adam_factor=0.3,
            adam_eps=1e-40,
            mask=lambda name, leaf: name in taken,
        )
        got = parity.ours(ours, scale)
        if decay:  # optax decays all that is not Muon's, biases too
            expected = {n: expected[n] for n in taken}
        assert parity.apart(got, expected) <= 1e-11, (decay, scale)


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("rule", ["original", "match_rms"])
def test_muon_equals_torch(parity, torch, monkeypatch, rule, nesterov, decay, scale):
    """torch's layout is transposed; it iterates in bfloat16, of which it is kept here. The bound as against optax."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())
    starts, stream = parity.params(), parity.stream(scale)
    names = ["matrix", "kernel"]

    def turned(array):
        return torch.tensor(array.reshape(-1, array.shape[-1]).T.copy())

    params = {n: turned(starts[n]).requires_grad_() for n in names}
    theirs = torch.optim.Muon(
        params.values(),
        weight_decay=decay,
        nesterov=nesterov,
        adjust_lr_fn={"original": "original", "match_rms": "match_rms_adamw"}[rule],
    )
    for k in range(200):
        theirs.param_groups[0]["lr"] = float(parity.rate(k))
        for n, p in params.items():
            p.grad = turned(stream[n][k])
        theirs.step()
    ours = functools.partial(optimizers.Muon, weight_decay=decay, nesterov=nesterov, scale=rule)
    got = parity.ours(ours, scale)
    expected = {n: p.detach().numpy().T.reshape(starts[n].shape) for n, p in params.items()}
    assert parity.apart(got, expected) <= 1e-11


def test_muon_trains_the_rest_by_adamw(parity):
    got = parity.ours(lambda rate: optimizers.Muon(rate, adam_factor=0.5, weight_decay=0.1), 1.0)
    adam = parity.ours(lambda rate: optimizers.AdamW(lambda k: 0.5 * rate(k), b2=0.95, weight_decay=0.1), 1.0)
    for name in ("bias", "still", "late"):
        np.testing.assert_array_equal(got[name], adam[name])


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5)])
def test_newton_schulz_keeps_singular_vectors_and_levels_values(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    u, _, vt = np.linalg.svd(matrix, full_matrices=False)
    rotated = u.T @ orthogonalize(matrix) @ vt.T
    levels = np.diag(rotated)
    np.testing.assert_allclose(rotated, np.diag(levels), atol=1e-12)
    assert (levels > 0.6).all()
    assert (levels < 1.3).all()
    low = orthogonalize(jnp.asarray(matrix, jnp.float32), low_precision=True)
    assert low.dtype == jnp.float32
    np.testing.assert_allclose(low, orthogonalize(matrix), atol=0.1)
    assert np.abs(np.asarray(low) - orthogonalize(matrix)).max() > 1e-4  # it was in fewer digits
    np.testing.assert_array_equal(orthogonalize(np.zeros(shape)), np.zeros(shape))


def soap(parity, decay, scale, frequency, sides, rows_of):
    """Algorithms 3 and 4 of the paper with the authors' first step and sorting, one tensor at a time."""
    b1 = b2 = bs = 0.95
    made, stream = {}, parity.stream(scale)
    for name, w in parity.params().items():
        shape = w.shape
        as_rows = rows_of(w)
        w = w.reshape(as_rows)
        dims = [n if side and len(shape) >= 2 else 0 for n, side in zip(as_rows, sides)]
        stats = [np.zeros((n, n)) for n in dims]
        bases = [np.eye(n) for n in as_rows]
        m = v = np.zeros(as_rows)
        for t, g in enumerate(stream[name]):
            g = g.reshape(as_rows)
            if t > 0:
                rate = float(parity.rate(t, len(stream["bias"]) - len(stream[name])))
                m = b1 * m + (1 - b1) * g
                turned = bases[0].T @ g @ bases[1]
                v = b2 * v + (1 - b2) * turned**2
                n = (bases[0].T @ m @ bases[1]) / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + 1e-8)
                decays = decay if len(shape) >= 2 else 0.0
                w = w - rate * (bases[0] @ n @ bases[1].T + decays * w)
            for axis, outer in enumerate((g @ g.T, g.T @ g)):
                if not dims[axis]:
                    continue
                stats[axis] = bs * stats[axis] + (1 - bs) * outer
                if t == 0:
                    bases[axis] = np.linalg.eigh(stats[axis])[1][:, ::-1]
                elif t % frequency == 0:
                    estimate = np.diag(bases[axis].T @ stats[axis] @ bases[axis])
                    order = np.argsort(estimate)[::-1]
                    v = v[order] if axis == 0 else v[:, order]
                    bases[axis] = np.linalg.qr(stats[axis] @ bases[axis][:, order])[0]
        made[name] = w.reshape(shape)
    return made


def rows_of(w):
    return (w.size // w.shape[-1], w.shape[-1]) if w.ndim >= 2 else (w.size, 1)


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize(("frequency", "longest"), [(10, 10_000), (1, 10_000), (7, 2)])
def test_soap_by_the_algorithms_of_the_paper(parity, monkeypatch, decay, scale, frequency, longest):
    """With at most 2 on a side the rows of both matrices, 3 and 4, keep the identity.

    Without the rule for directions that have had no gradient, which the paper has not.
    """
    monkeypatch.setattr(eigenbasis, "_LEAST", 0.0)
    ours = functools.partial(
        optimizers.SOAP,
        weight_decay=decay,
        precondition_frequency=frequency,
        max_precondition_dim=longest,
    )
    want = soap(parity, decay, scale, frequency, (longest > 2, True), rows_of)
    assert parity.apart(parity.ours(ours, scale), want) <= 1e-11  # QR after QR: 1e-12 and a little


def test_rounding_does_not_choose_the_basis_of_soap_where_no_gradient_has_been():
    """A matrix of 3 x 24 has had one gradient of rank 3, then eleven, at the refreshings of its basis of 24.

    The gradients of two libraries differ by their rounding; so do these two streams.
    """
    rng = np.random.default_rng(0)
    params, stream = {"W": rng.normal(size=(3, 24))}, rng.normal(size=(40, 3, 24))
    stream[:, :, 12:] = 0.0
    stream[20:, :, 12:] = rng.normal(size=(20, 3, 12))
    opt, ends = optimizers.SOAP(0.1), []
    for noise in (0.0, 1e-16):
        now, state = params, opt.init(params)
        for g in stream * (1 + noise * rng.normal(size=stream.shape)):
            updates, state = opt.update({"W": g}, state, now)
            now = tree.apply_updates(now, updates)
        ends.append(now["W"])
    np.testing.assert_allclose(*ends, rtol=1e-8)


def test_soap_has_no_bases_where_it_needs_none(parity):
    params = parity.params()
    state = optimizers.SOAP().init(params)
    by_name = dict(zip(tree.names(params), state.sides))
    assert by_name["bias"] == ((), (), (), ())
    assert [stat.shape for stat in by_name["kernel"]] == [(4, 4), (4, 4), (2, 2), (2, 2)]
    assert optimizers.SOAP(precondition_1d=True).init({"b": np.ones(3)}).sides[0].left.shape == (3, 3)
    assert optimizers.SOAP(max_precondition_dim=3).init({"W": np.ones((4, 3))}).sides[0].left == ()


def test_soap_of_a_vector_turns_with_it_when_asked_to():
    """In the basis of its only gradient a vector has one entry: the step has Adam's length, along it."""
    opt, params = optimizers.SOAP(0.1, precondition_1d=True), [np.zeros(2)]
    state = opt.init(params)
    for _ in range(2):
        updates, state = opt.update([np.array([3.0, 4.0])], state, params)
    np.testing.assert_allclose(updates[0], [-0.06, -0.08], rtol=1e-6)
