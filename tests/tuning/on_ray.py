"""Run in a process of its own: studies on Ray, with workers that are killed; the last one never ends."""

import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

from tests.distributed.sockets import addresses, family, named
from tests.tuning.objectives import SPACE, endless, lingering, mortal, quadratic, undying

import neuralopt
from neuralopt.core.errors import NeuraloptError
from neuralopt.distributed import RayCluster
from neuralopt.distributed.ray_session import ray_session
from neuralopt.storage import dumps
from neuralopt.tuning import ASHA

PLAIN = {"method": "sobol", "early_stopping_patience": None}
told = {"heard": [], "said": {}, "family": []}


def run(name, objective, **given):
    """Run a study on Ray, and tell its events and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        result = neuralopt.tune(objective, SPACE, backend=RayCluster(), **{"workers": 2, **PLAIN, **given})
    told[name] = json.loads(dumps(result.study.events))
    told["said"][name] = [str(w.message) for w in caught]
    return result


def deadly(trial):
    """Kills its worker in trial 1, every time; this function is sent by value."""
    if trial.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]


def listen(study):
    """Look where all processes listen, in the middle of a study."""
    if len(study.events) == 100:
        # Ray's two agents wait a minute for an answer from what has ended, then they end, too
        told["family"] = [pid for pid in family(os.getpid()) if "Agent" not in named(pid)]
        told["heard"] = [address for pid in family(os.getpid()) for address in addresses(pid)]


def actors():
    """Return the processes that evaluate trials."""
    return [pid for pid in family(os.getpid()) if "TrialActor" in named(pid)]


def interrupt(study):
    """Do what Ctrl-C does at a terminal, in the middle of a study and of two trials."""
    if len(study.events) >= 40 and len(study.trials.running) == 2 and "actors" not in told:
        told["actors"] = [len(actors())]
        os.killpg(0, signal.SIGINT)


def refused(objective, **given):
    """Return the text of the error."""
    try:
        neuralopt.tune(objective, SPACE, backend=RayCluster(), **{"workers": 2, **PLAIN, **given})
    except NeuraloptError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with ray_session(2, 1):  # one for all studies: starting it takes seconds
        run("one worker", quadratic, workers=1, method="bayesian", pruner=ASHA(), max_trials=10)
        run("killed", mortal, max_trials=32, observe=listen)
        run("poison", deadly, workers=1, max_trials=3, max_retries=1)
        found = run("interrupted", lingering, max_trials=12, output=folder / "study", observe=interrupt)
        told["interrupted"] = [found.interrupted, len(found.study.trials.running)]
        limit = time.monotonic() + 10
        while actors() and time.monotonic() < limit:
            time.sleep(0.05)
        told["actors"].append(len(actors()))
        lock = threading.Lock()
        told["refused"] = [
            refused(lambda trial: lock, output=folder / "none"),
            refused(undying, workers=3, output=folder / "none"),
        ]
        print(json.dumps(told), flush=True)
        run("never told", endless)
