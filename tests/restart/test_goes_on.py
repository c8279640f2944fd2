"""Joint fits and searches that are stopped again and again, or by Ctrl-C, end as if they had not been."""

import errno
import os
import signal
import warnings

import numpy as np
import pytest
from tests.restart.modes import SIDES, X, Y, timeless
from tests.restart.test_modes import same

from neuralopt import GradientModel, HybridModel, JointOptimizer, SearchModel, Status
from neuralopt.core.errors import InvalidArgument
from neuralopt.datasets import make_pair
from neuralopt.joint import variable_projection
from neuralopt.joint.candidates import learning
from neuralopt.search import run as search_run
from neuralopt.search.ledger import Ledger
from neuralopt.search.net import Net
from neuralopt.search.targets import read_targets
from neuralopt.storage import Checkpoint, Replay, atomic, read_container


class Killed(BaseException):
    """Stands for a kill; nothing is written after it."""


@pytest.fixture
def stop_after(monkeypatch):
    """Return what stops a run after so many writes."""
    write = Checkpoint.write

    def set_up(count):
        done = []

        def writing(self, content, arrays):
            if len(done) < count:
                write(self, content, arrays)
            done.append(1)
            if len(done) >= count:
                raise Killed("killed")

        monkeypatch.setattr(Checkpoint, "write", writing)

    return set_up


def joint(file, resume, rows=12, every=0, **more):
    pair = make_pair("currin", n_sim=90, n_real=max(rows, 1))
    ys = pair.y_sim, pair.y_real[:rows]
    if more.get("task") == "classification":
        ys = tuple(np.where(y > np.median(pair.y_sim), "high", "low") for y in ys)
    model = JointOptimizer(2, 6, more.pop("outputs", 1), seed=1, **more)
    keep = {"checkpoint": file, "checkpoint_every": every, "resume": resume} if file else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(pair.X_sim, ys[0], pair.X_real[:rows], ys[1], epochs=24, **keep)
    answers = model._scores(pair.X_test)
    return {"answers": answers, "said": model.messages_, **timeless(model.history_)}


def search(
    file, resume, kind=SearchModel, call="search", loss="squared_error", more=None, every=0, **options
):
    y = SIDES if loss not in ("squared_error",) else Y[:, 0]
    model = kind(3, [4], 2 if loss == "cross_entropy" else 1, loss=loss, seed=2, **options)
    keep = {"checkpoint": file, "checkpoint_every": every, "resume": resume} if file else {}
    getattr(model, call)(X[:60], y[:60], 8, **(more or {}), **keep)
    return {"params": model.params, "choice": model.choice, **timeless(model.history)}


HELD = {"validation": (X[60:90], SIDES[60:90])}
CLASSES = {"task": "classification", "outputs": 2}
CASES = {
    "joint": (joint, {}),
    "joint by Adam": (joint, {"optimizer": "adam"}),
    "joint, alternating": (joint, {"mode": "alternating", "refit_every": 4}),
    "joint, implicit": (joint, {"mode": "implicit"}),
    "joint, classes": (joint, CLASSES),
    "joint, without real rows": (joint, {"rows": 0}),
    "0-1 loss": (search, {"loss": "01", "activation": "step", "restarts": 2}),
    "random order": (search, {"loss": "01", "activation": "sign", "order": "random"}),
    "validation": (search, {"loss": "f1", "activation": "step", "more": HELD}),
    "levels": (search, {"loss": "cross_entropy", "activation": "step", "levels": [-1, 0, 1]}),
    "tolerance": (search, {"activation": "relu", "tolerance": 1e-3, "restarts": 1}),
    "hybrid": (search, {"kind": HybridModel, "call": "search_and_train", "activation": "tanh"}),
    "gradient": (search, {"kind": GradientModel, "call": "train_model", "activation": "tanh"}),
}


MOST = {"gradient": 3, "joint by Adam": 20, "joint, alternating": 20}  # writes until it is stopped


@pytest.mark.parametrize("case", CASES)
def test_stopped_again_and_again(case, tmp_path, stop_after):
    run, options = CASES[case]
    whole = run(None, False, **options)
    file, random, stops, again = tmp_path / "run.ckpt", np.random.default_rng(len(case)), 0, None
    most = MOST.get(case, 8 if run is search else 99)
    while again is None:
        stop_after(random.integers(1, most))
        try:
            again = run(file, stops > 0, **options)
        except Killed:
            stops += 1
        assert stops < 90
    assert stops >= 1
    assert same(whole, again)


@pytest.mark.parametrize("case", ["joint", "levels", "hybrid", "gradient"])
def test_a_disk_that_is_full_at_the_end_does_not_cost_the_result(case, tmp_path, monkeypatch):
    run, options = CASES[case]
    whole = run(None, False, **options)

    def full(handle, data):
        if bytes(data) != atomic._PROBE:  # which asks whether the place can be written to
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic, "write_all", full)
    with pytest.warns(RuntimeWarning, match=r"run\.ckpt.*no space left.*What was found is returned"):
        found = run(tmp_path / "run.ckpt", False, every=1e9, **options)
    assert same(whole, found)


def ctrl_c(monkeypatch, module, name, call):
    """Press Ctrl-C in the n-th call of a function; return the calls."""
    real, calls = getattr(module, name), []

    def pressed(*given, **named):
        calls.append(1)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return real(*given, **named)

    monkeypatch.setattr(module, name, pressed)
    return calls


@pytest.mark.parametrize("case", ["joint", "joint by Adam", "joint, alternating", "joint, candidates"])
def test_ctrl_c_keeps_a_joint_fit(case, tmp_path, monkeypatch):
    options = CASES["joint" if case == "joint, candidates" else case][1]
    place = (variable_projection, "solved", 3 if case == "joint by Adam" else 9)
    if case == "joint, alternating":
        from neuralopt.joint import alternating

        place = (alternating, "refit", 3)
    elif case == "joint, candidates":
        place = (learning, "minimise", 4)
    with monkeypatch.context() as patch:
        calls = ctrl_c(patch, *place[:2], 0)
        whole = joint(None, False, **options)
        made = len(calls)
    file = tmp_path / "run.ckpt"
    with monkeypatch.context() as patch:
        ctrl_c(patch, *place)
        with pytest.raises(KeyboardInterrupt):
            joint(file, False, every=1e9, **options)
    with monkeypatch.context() as patch:
        calls = ctrl_c(patch, *place[:2], 0)
        assert same(whole, joint(file, True, **options))
        assert len(calls) <= made - place[2] + 2  # what was done is not done again


@pytest.mark.parametrize("case", ["0-1 loss", "validation", "hybrid"])
def test_ctrl_c_keeps_a_search(case, tmp_path, monkeypatch):
    run, options = CASES[case]
    whole, file = run(None, False, **options), tmp_path / "run.ckpt"
    with monkeypatch.context() as patch:
        ctrl_c(patch, search_run.Ledger, "end_sweep", 4)
        cut = run(file, False, every=1e9, **options)
    assert len(cut["loss"]) < len(whole["loss"])
    assert same(whole, run(file, True, **options))


def test_a_search_goes_on_in_the_same_model(tmp_path, monkeypatch):
    file, whole = tmp_path / "run.ckpt", search(None, False, activation="step")
    model = SearchModel(3, [4], 1, activation="step", seed=2)
    with monkeypatch.context() as patch:
        ctrl_c(patch, search_run.Ledger, "end_sweep", 3)
        model.search(X[:60], Y[:60, 0], 8, checkpoint=file)
    assert model.status is Status.INTERRUPTED
    model.search(X[:60], Y[:60, 0], 8, checkpoint=file, resume=True)
    assert same(whole["params"], model.params)
    model.search(X[:60], Y[:60, 0], 12, checkpoint=file, resume=True)  # more sweeps are one longer search
    longer = SearchModel(3, [4], 1, activation="step", seed=2)
    longer.search(X[:60], Y[:60, 0], 12)
    assert same(longer.params, model.params)
    model.start_from(longer.params)
    with pytest.raises(InvalidArgument, match="belongs to another run: its begin is"):
        model.search(X[:60], Y[:60, 0], 12, checkpoint=file, resume=True)


def test_of_a_budget_the_rest_is_left(tmp_path):
    file = tmp_path / "run.ckpt"

    def go(budget_s, resume):
        model = SearchModel(3, [4], 1, activation="step", seed=2)
        model.search(
            X, Y[:, 0], 10_000, budget_s=budget_s, checkpoint=file, checkpoint_every=0, resume=resume
        )
        assert model.status is Status.BUDGET
        return model.history

    first = go(0.3, False)
    spent = read_container(file, kind="checkpoint", version=1).header["seconds"]
    assert 0.3 <= spent < 5
    assert len(go(0.3, True)["loss"]) == len(first["loss"])
    longer = go(spent + 0.2, True)
    assert len(longer["loss"]) > len(first["loss"])
    assert longer["loss"][-1] <= first["loss"][-1]


@pytest.mark.parametrize(
    ("run", "first", "then", "word"),
    [
        (joint, {}, {"mode": "implicit"}, "mode"),
        (joint, {}, {"rows": 11}, "real_rows"),
        (joint, {}, {"k_neighbors": 4}, "k_neighbors"),
        (search, {"activation": "step"}, {"activation": "sign"}, "mlp"),
        (search, {"activation": "step"}, {"activation": "step", "line": "grid"}, "line"),
        (search, {"activation": "step", "loss": "01"}, {"activation": "step", "loss": "f1"}, "loss"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(run, first, then, word, tmp_path):
    file = tmp_path / "run.ckpt"
    run(file, False, every=1e9, **first)
    with pytest.raises(InvalidArgument) as error:
        run(file, True, **then)
    assert f"checkpoint {file} belongs to another run: its {word} is " in str(error.value)


def test_resume_needs_a_checkpoint():
    for train in (
        JointOptimizer(3).fit,
        SearchModel(3, [4], 1).search,
        HybridModel(3, [4], 1).search_and_train,
        GradientModel(3, [4], 1).train_model,
    ):
        with pytest.raises(InvalidArgument, match=r"resume=True needs a checkpoint to go on from, got"):
            train(X, Y[:, 0], resume=True)


def test_a_replay_computes_what_other_versions_ask_for(tmp_path):
    """The second run asks for other places than the first: what is kept is then of no use."""

    def walk(replay, factor):
        made, x = [], np.ones(2)
        for _ in range(5):
            (step,) = replay.at(x, lambda x=x: (made.append(1), [factor * x])[1])
            x = x + step
        return x, len(made)

    def opened(resume):
        return Replay(Checkpoint(tmp_path / "run.ckpt", "walk", {}, resume=resume))

    with opened(False) as replay:
        first, made = walk(replay, 0.5)
    assert made == 5
    with opened(True) as replay:
        assert walk(replay, 0.5)[1] == 0
        assert np.array_equal(walk(Replay(), 0.5)[0], first)
    with opened(True) as replay:
        replay.at(np.zeros(2), lambda: [np.ones(2)])  # another x than the first
        assert walk(replay, 0.25)[1] == 5


def test_a_replay_that_is_interrupted_while_it_replays_keeps_all(tmp_path):
    def run(resume, cut):
        made = []

        def part(number):
            made.append(number)
            return [number]

        def outer():
            found = [replay(lambda k=k: part(k))[0] for k in (1, 2)]
            if cut == "inside":
                raise KeyboardInterrupt
            return [*found, *replay(lambda: part(3))]

        with Replay(Checkpoint(tmp_path / "run.ckpt", "nested", {}, resume=resume)) as replay:
            first = replay(lambda: part(0))
            if cut == "early":
                raise KeyboardInterrupt
            return [*first, *replay(outer)], made

    for resume, cut in ((False, "inside"), (True, "early")):
        with pytest.raises(KeyboardInterrupt):
            run(resume, cut)
    assert run(True, None) == ([0, 1, 2, 3], [3])
    assert run(True, None) == ([0, 1, 2, 3], [])


def test_a_ledger_is_kept_whole():
    """What the progress shows and how ties are decided too."""
    settings = SearchModel(2, [3], 1, loss="01", activation="step").settings
    rows = X[:9, :2]
    targets = read_targets(SIDES[:9], 9, 1, "01")
    net = Net(settings.mlp, settings.mlp.init(0), rows)
    objective = targets.objective("01", net.outputs)

    def ledger():
        return Ledger(settings, targets, 5, None, None)

    first, second = ledger(), ledger()
    first.keep(net, objective)
    first.begin_sweep()
    first.end_sweep(net, objective, 4)
    second.unpack(*first.packed())
    (one, some), (two, others) = first.packed(), second.packed()
    assert one == two
    assert one["sweeps"] == 1
    assert np.isfinite(one["square"])
    assert same(some, others)


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("neuralopt.storage.replay.MOST", 100)

    def run(resume):
        made = []
        with Replay(Checkpoint(tmp_path / "run.ckpt", "many", {}, every=0, resume=resume)) as replay:
            found = [replay(lambda k=k: (made.append(k), [np.full(4, k)])[1])[0][0] for k in range(9)]
        return found, made

    assert run(False) == (list(range(9)), list(range(9)))
    assert run(True) == (list(range(9)), list(range(3, 9)))  # 32 bytes each
