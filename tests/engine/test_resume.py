"""A run that goes on from a checkpoint is the run that was never interrupted, bit for bit."""

import errno
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from neuralopt import MLP, Callback, EarlyStopping, Status, optimizers, schedules, train, transforms
from neuralopt.core.errors import InvalidArgument, StorageError
from neuralopt.engine.checkpoint import LoopCheckpoint
from neuralopt.storage import Checkpoint, atomic, write_container

SCHEDULED = transforms.chain(
    transforms.ClipByGlobalNorm(1.0), optimizers.AdamW(schedules.WarmupCosine(0.05, 8, 40))
)


class StopAfter(Callback):
    """End a run after so many epochs, in a chunk of its own length."""

    def __init__(self, epochs, every=1):
        self.epochs, self.every = epochs, every

    def on_chunk(self, report):
        return report.epoch >= self.epochs


CASES = {
    "jax": {"optimizer": "nadamw"},
    "schedule": {"optimizer": SCHEDULED},
    "float64": {"optimizer": "adam", "dtype": "float64"},
    "numpy": {"optimizer": SCHEDULED, "backend": "numpy"},
    "stream": {"optimizer": "adamw", "device_memory": 0},
    "full batch": {"optimizer": "gd"},
}


@pytest.mark.parametrize("stopped", [1, 4])
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_is_the_uninterrupted_one(case, stopped, net, regression, held_out, check, tmp_path):
    patience = EarlyStopping(patience=3)
    arguments = {"epochs": 10, "batch_size": None if case == "full batch" else 16, **CASES[case]}
    arguments["validation"] = held_out

    whole = train(net, regression, callbacks=[patience], **arguments)
    file = tmp_path / "run.ckpt"
    first = train(net, regression, callbacks=[patience, StopAfter(stopped)], checkpoint=file, **arguments)
    assert first.status is Status.STOPPED
    assert first.epochs == stopped
    again = train(net, regression, callbacks=[patience], checkpoint=file, resume=True, **arguments)
    check.same(whole, again)
    finished = train(net, regression, callbacks=[patience], checkpoint=file, resume=True, **arguments)
    check.same(whole, finished)  # nothing left to do


def test_more_epochs_by_resuming_are_one_longer_run(net, regression, check, tmp_path):
    file = tmp_path / "run.ckpt"
    whole = train(net, regression, epochs=7)
    assert train(net, regression, epochs=3, checkpoint=file).status is Status.MAX_EPOCHS
    check.same(whole, train(net, regression, epochs=7, checkpoint=file, resume=True))


def test_resume_without_a_file_starts_anew(net, regression, check, tmp_path):
    check.same(
        train(net, regression, epochs=3),
        train(net, regression, epochs=3, checkpoint=tmp_path / "new" / "run.ckpt", resume=True),
    )


PROGRAM = """
    import numpy as np, os, signal, sys
    from neuralopt import MLP, Callback, EarlyStopping, train
    class Kill(Callback):
        every = 2
        def on_chunk(self, report):
            if report.epoch == 6:
                os.kill(os.getpid(), signal.{signal})
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3)); y = X[:, :2] * X[:, 1:]
    result = train(MLP((3, 6, 2)), (X, y), epochs={epochs}, batch_size=16, checkpoint=sys.argv[1],
                   checkpoint_every=0, callbacks=[Kill(), EarlyStopping(patience=50)])
    print(result.status.name, result.epochs, len(result.params))
"""


def run(source, *arguments):
    environment = {**os.environ, "NEURALOPT_CACHE": "off"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(source), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def products():
    X = np.random.default_rng(0).normal(size=(50, 3))
    return X, X[:, :2] * X[:, 1:]


def test_after_kill_nine_the_run_goes_on(tmp_path, check):
    file = tmp_path / "run.ckpt"
    done = run(PROGRAM.format(signal="SIGKILL", epochs=12), file)
    assert done.returncode == -signal.SIGKILL
    assert sorted(f.name for f in tmp_path.iterdir()) == ["run.ckpt", "run.ckpt.1"]
    arguments = {"epochs": 12, "batch_size": 16, "callbacks": [EarlyStopping(patience=50)]}
    whole = train(MLP((3, 6, 2)), products(), **arguments)
    again = train(MLP((3, 6, 2)), products(), checkpoint=file, resume=True, **arguments)
    check.same(whole, again)


def test_control_c_keeps_what_was_done(tmp_path):
    done = run(PROGRAM.format(signal="SIGINT", epochs=1000), tmp_path / "run.ckpt")
    assert done.stdout.split() == ["INTERRUPTED", "6", "2"]
    assert done.returncode == 0
    assert done.stderr == ""


OTHERS = {
    "model": {"model": MLP((3, 7, 2))},
    "params": {"params": MLP((3, 6, 2)).init(9)},
    "optimizer": {"optimizer": "sgd"},
    "seed": {"seed": 1, "params": MLP((3, 6, 2)).init(0)},
    "batch_size": {"batch_size": 8},
    "dtype": {"dtype": "float64"},
    "backend": {"backend": "numpy"},
    "early_stopping": {"callbacks": [EarlyStopping(patience=2)]},
    "tolerance": {"tolerance": 0.0},
    "divergence": {"divergence": 10.0},
}


@pytest.mark.parametrize("field", [*OTHERS, "data", "validation"])
def test_the_checkpoint_of_another_run_is_refused(field, net, regression, held_out, tmp_path):
    file = tmp_path / "run.ckpt"
    same = {"model": net, "data": regression, "validation": held_out, "epochs": 2, "batch_size": 16}
    train(**same, checkpoint=file)
    before = file.read_bytes()
    if field in same and field not in ("model", "batch_size"):
        X, y = same[field]
        changed = {field: (X, y + 1e-3)}
    else:
        changed = OTHERS[field]
    with pytest.raises(InvalidArgument) as error:
        train(**{**same, **changed}, checkpoint=file, resume=True)
    assert f"checkpoint {file} belongs to another run: its {field} is " in str(error.value)
    assert "Restore the setting, or give another checkpoint path." in str(error.value)
    assert file.read_bytes() == before


def test_an_existing_checkpoint_is_not_overwritten(net, regression, tmp_path):
    file = tmp_path / "run.ckpt"
    train(net, regression, epochs=1, checkpoint=file)
    with pytest.raises(InvalidArgument, match=r"exists already. Pass resume=True to go on from it, or"):
        train(net, regression, epochs=1, checkpoint=file)


def test_damaged_and_foreign_files_are_refused(net, regression, tmp_path):
    file = tmp_path / "run.ckpt"
    train(net, regression, epochs=1, checkpoint=file)
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        train(net, regression, epochs=2, checkpoint=file, resume=True)
    write_container(file, kind="model", version=1, header={}, arrays={})
    with pytest.raises(StorageError, match="model"):
        train(net, regression, epochs=2, checkpoint=file, resume=True)


def test_a_checkpoint_of_another_structure_is_refused(tmp_path):
    from neuralopt.engine.history import History

    def keeper():
        return LoopCheckpoint(Checkpoint(tmp_path / "c", "train", {}, resume=True))

    keeper().save({"a": np.zeros(2)}, History())
    with pytest.raises(InvalidArgument, match=r"it holds float64\[2\] for a, this run needs float64\[3\]"):
        keeper().load({"a": np.zeros(3)})
    with pytest.raises(InvalidArgument, match=r"it holds nothing for b, this run needs float64\[2\]"):
        keeper().load({"a": np.zeros(2), "b": np.zeros(2)})


def test_an_unwritable_place_is_told_before_any_work(net, regression, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="a part of the folder"):
        train(net, regression, checkpoint=tmp_path / "file" / "run.ckpt")


def test_seconds_between_checkpoints_must_not_be_negative(net, regression, tmp_path):
    with pytest.raises(
        InvalidArgument, match=r"checkpoint_every must be a finite number >= 0 seconds, got -1\."
    ):
        train(net, regression, checkpoint=tmp_path / "c", checkpoint_every=-1)


def test_a_disk_that_is_full_at_the_end_does_not_cost_the_result(
    net, regression, check, tmp_path, monkeypatch
):
    whole = train(net, regression, epochs=3)
    file = tmp_path / "run.ckpt"

    def full(handle, data):
        if bytes(data) != atomic._PROBE:  # which asks whether the place can be written to
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic, "write_all", full)
    with pytest.warns(RuntimeWarning, match="the last checkpoint could not be written: .*no space left"):
        check.same(whole, train(net, regression, epochs=3, checkpoint=file, checkpoint_every=1e9))
    assert not file.exists()
    with pytest.raises(StorageError, match="no space left"):
        train(net, regression, epochs=3, checkpoint=file, checkpoint_every=0)
