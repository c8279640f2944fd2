"""Worker processes: the same study as one worker replaying it, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.tuning.objectives import SPACE, quadratic, slow

import neuralopt
from neuralopt.core.errors import InvalidArgument
from neuralopt.tuning import ASHA, BayesianSampler, Space, Study, replay
from neuralopt.tuning.evaluation import FunctionObjective
from neuralopt.tuning.trials import without_times

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("workers", [2, 8])
def test_workers_are_one_worker_replaying_their_order(workers):
    options = {"pruner": ASHA(), "seed": 2}
    result = neuralopt.tune(
        slow, SPACE, workers=workers, max_trials=16, early_stopping_patience=None, **options
    )
    assert result.study.trials.order != sorted(result.study.trials.order)
    study = Study(Space(SPACE), BayesianSampler(), facts=result.study.events[0]["facts"], **options)
    again = replay(result.study.events, FunctionObjective(quadratic, ("minimize",)), study)
    assert without_times(again.events) == without_times(result.study.events)


def test_an_objective_that_cannot_be_sent(tmp_path):
    with pytest.raises(
        InvalidArgument, match="workers=2 needs an objective that can be sent to another process"
    ):
        neuralopt.tune(lambda t: 1.0, SPACE, workers=2, output=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_for(condition, seconds=60):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes by /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_the_study(tmp_path, number):
    note = tmp_path / "pid"
    program = (
        "import neuralopt; from tests.tuning.objectives import SPACE, endless\n"
        "if __name__ == '__main__':\n"
        f"    r = neuralopt.tune(endless, SPACE, workers=2, output={str(tmp_path / 'study')!r})\n"
        "    print(r.interrupted, len(r.study.trials.running))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program, encoding="utf-8")
    paths = os.pathsep.join([str(ROOT), str(Path(neuralopt.__file__).parents[1])])
    env = {**os.environ, "PYTHONPATH": paths, "NEURALOPT_TEST_PID": str(note)}
    study = subprocess.Popen([sys.executable, str(script)], env=env, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: note.exists() and note.read_text(encoding="ascii"))
    worker = int(note.read_text(encoding="ascii"))
    assert alive(worker)
    study.send_signal(number)
    out, _ = study.communicate(timeout=60)
    wait_for(lambda: not alive(worker))
    if number == signal.SIGINT:
        assert out.split() == ["True", "2"]
