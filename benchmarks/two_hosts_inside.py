"""What `two_hosts.py` runs on the first host: the same training on both hosts and simulated."""

import contextlib
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import neuralopt
from neuralopt.core import tree
from neuralopt.core.errors import InvalidArgument
from neuralopt.distributed import DataParallel, Int8, ParameterServer, RayCluster, ray_gang

random = np.random.default_rng(0)
X = random.normal(size=(512, 10))
DATA = (X, X[:, :1] * X[:, 1:2])
GIVEN: dict[str, Any] = {"epochs": 6, "batch_size": 64, "dtype": "float64"}


class Kill(neuralopt.Callback):
    """Kill the rank of the other host after three epochs."""

    every = 1

    def on_chunk(self, report: Any) -> None:
        """Kill: what is named so, and sees another network."""
        if report.epoch != 3:
            return
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                other = os.readlink(entry / "ns/net") != os.readlink("/proc/self/ns/net")
                if other and b"RankActor" in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)


def run(distribute: Any, *callbacks: Any) -> tuple[Any, float]:
    """Train, and take the time."""
    begin = time.monotonic()
    result = neuralopt.train(
        neuralopt.MLP((10, 64, 1)), DATA, distribute=distribute, callbacks=callbacks, **GIVEN
    )
    return result, time.monotonic() - begin


def apart(one: Any, other: Any) -> float:
    """Return the largest difference of any parameter."""
    return max(
        float(np.abs(a - b).max())
        for a, b in zip(tree.leaves(one.params), tree.leaves(other.params), strict=True)
    )


if __name__ == "__main__":
    address = sys.argv[1]
    if len(sys.argv) > 2:  # with a token that is not the cluster's
        begin = time.monotonic()
        try:
            run(ParameterServer(address=address))
        except InvalidArgument as error:
            print(f"{error} ({time.monotonic() - begin:.0f} s)")
        sys.exit()
    places, place = [], ray_gang.Place

    def noted(*given: Any) -> Any:
        """Make a place, and remember it."""
        places.append(place(*given))
        return places[-1]

    ray_gang.Place = noted
    simulated, _ = run(DataParallel(exchange=Int8()))
    gang, gang_seconds = run(DataParallel(exchange=Int8(), backend=RayCluster(address)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        killed, _ = run(DataParallel(exchange=Int8(), backend=RayCluster(address)), Kill())
    warned = [str(one.message) for one in caught if "started anew" in str(one.message)]
    rounds, server_seconds = run(ParameterServer(mode="sync", exchange=Int8(), address=address))
    loose, _ = run(ParameterServer(exchange=Int8(), address=address))
    too_many = ""
    try:
        run(ParameterServer(workers=3, address=address))
    except InvalidArgument as error:
        too_many = str(error)
    public = Path(os.environ["RAY_AUTH_TOKEN_PATH"] + ".public")
    public.write_text("x")
    public.chmod(0o644)
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(public)
    refused = ""
    try:
        run(ParameterServer(address=address))
    except InvalidArgument as error:
        refused = str(error)
    found = {
        "gang against simulated workers": apart(gang, simulated),
        "bytes on the wire, an epoch": float(np.median(gang.history["bytes_on_wire"])),
        "bytes as computed, an epoch": float(np.median(gang.history["bytes_sent"])),
        "ranks": {str(one.rank): one.own for one in places},
        "seconds": {"gang": gang_seconds, "rounds": server_seconds},
        "loss": {
            name: float(result.history["loss"][-1])
            for name, result in (("simulated", simulated), ("rounds", rounds), ("async", loose))
        },
        "warnings": warned,
        "errors": [too_many, refused],
    }
    found["checks"] = {
        "the gang is simulated workers": found["gang against simulated workers"] < 1e-12,
        "a rank on each host": len(set(found["ranks"].values())) == 2,
        "a killed rank changes no bit": bool(warned) and apart(gang, killed) == 0,
        "the server learned": float(loose.history["loss"][-1]) < float(loose.history["loss"][0]),
        "too many workers are refused": "got workers=3" in too_many,
        "a token for all is refused": "can be read by others" in refused,
    }
    print(json.dumps(found))
