"""The nearest of many rows: exactness, speed beside scikit-learn and faiss, and memory of a mapped file."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import DEFAULTS, Run, Target, check, figure, interleave, main, number, spread, table

TITLE = "Similarity lookup: exact nearest rows"
SETTINGS = DEFAULTS
TARGETS = (
    Target("queries per second, 100k x 64, faiss", "faiss", ">=", 1000, "1/s"),
    Target("queries per second, 100k x 64, NumPy", "numpy", ">=", 400, "1/s"),
    Target("extra resident memory, 1M x 64 in a mapped file", "resident", "<=", 150, "MB"),
    Target("queries whose ids differ from brute force", "wrong", "<=", 0, ""),
    Target("mixed operations that differ from the oracle", "mixed", "<=", 0, ""),
)
_K, _WIDTH, _ROWS = 5, 64, 100_000


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. The clock is around whole searches, all indexes built."""
    speeds = _speeds(rounds=2 if quick else 7, queries=200 if quick else 1000)
    wrong = {name: _wrong(name, 20 if quick else 100) for name in ("plain", "duplicates", "offset 1e4")}
    operations = 2000 if quick else 100_000
    mixed, checked, seconds = _mixed(operations)
    memory = _mapped(100_000 if quick else 1_000_000)
    rows = [[name, spread(speeds[name], "1/s")] for name in speeds]
    return {
        "figures": {
            "faiss": speeds["neuralopt, faiss Flat and proof"],
            "numpy": speeds["neuralopt, NumPy"],
            "resident": figure([memory["extra"]]),
            "wrong": figure([sum(wrong.values())]),
            "mixed": figure([mixed]),
        },
        "checks": [
            check(
                "ids equal brute force in float64",
                not any(wrong.values()),
                ", ".join(f"{name}: {count} differ" for name, count in wrong.items())
                + f", {_ROWS} x {_WIDTH}",
            ),
            check("the mapped search is right", memory["right"], "20 of its queries against brute force"),
        ],
        "tables": [
            table(f"Queries per second, {_ROWS} x {_WIDTH} normal rows, k = {_K}", ["what", "speed"], rows),
            table(
                "A mapped file",
                ["rows", "file", "opened", "1000 queries", "extra resident memory, opening included"],
                [
                    [
                        str(memory["rows"]),
                        f"{number(memory['file'])} MB",
                        f"{number(memory['open'])} s",
                        f"{number(memory['search'])} s",
                        f"{number(memory['extra'])} MB",
                    ]
                ],
            ),
        ],
        "notes": [
            f"{operations} mixed add, remove, update and query operations on about 2000 rows of 8 columns "
            f"took {number(seconds)} s, the oracle's time included; {checked} queries were compared.",
            "The rows of scikit-learn and faiss alone are what they return: float64 by scikit-learn, float32 "
            "distances by faiss. neuralopt ranks in float64 and proves the result in both rows.",
            "Resident memory is the peak that the system counts for a fresh process, less what it had before "
            "opening the file.",
        ],
    }


def _speeds(rounds: int, queries: int) -> dict[str, Any]:
    import faiss
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    from neuralopt import SimilarityLookup

    X, Q = _rows(_ROWS), _rows(queries, seed=1)
    X32, Q32 = X.astype(np.float32), Q.astype(np.float32)
    flat, brute = faiss.IndexFlatL2(_WIDTH), NearestNeighbors(n_neighbors=_K, algorithm="brute").fit(X)
    flat.add(X32)
    ours, with_faiss = (SimilarityLookup(_K, backend=b).fit(X) for b in ("exact", "faiss"))
    searches = {
        "neuralopt, NumPy": lambda: ours.find_similar(Q),
        "neuralopt, faiss Flat and proof": lambda: with_faiss.find_similar(Q),
        "scikit-learn, brute": lambda: brute.kneighbors(Q),
        "faiss Flat alone": lambda: flat.search(Q32, _K),
    }

    def timed(search: Any) -> Any:
        def run(_: int) -> Run:
            begin = time.perf_counter()
            search()
            return Run(time.perf_counter() - begin, queries, None)

        return run

    runs = interleave({name: timed(search) for name, search in searches.items()}, rounds)
    return {name: figure([r.steps / r.seconds for r in found]) for name, found in runs.items()}


def _rows(n: int, seed: int = 0, width: int = _WIDTH) -> Any:
    import numpy as np

    return np.random.default_rng(seed).normal(size=(n, width))


def _wrong(kind: str, queries: int) -> int:
    import numpy as np

    from neuralopt import SimilarityLookup

    X, Q = _rows(_ROWS), _rows(queries, seed=1)
    if kind == "duplicates":
        X[_ROWS // 2 :] = X[np.random.default_rng(2).integers(0, 1000, _ROWS - _ROWS // 2)]
        Q = X[:queries] + 0.01 * Q
    if kind == "offset 1e4":
        X, Q = X + 1e4, Q + 1e4
    wrong = np.zeros(queries, bool)
    for backend in ("exact", "faiss"):
        found, _ = SimilarityLookup(_K, backend=backend).fit(X).find_similar(Q)
        for i, q in enumerate(Q):
            wrong[i] |= (found[i] != _nearest(X, np.arange(_ROWS), q)).any()
    return int(wrong.sum())


def _nearest(X: Any, ids: Any, q: Any) -> Any:
    import numpy as np

    apart = np.sqrt(((X - q) ** 2).sum(axis=1))
    return ids[np.lexsort((ids, apart))[:_K]]


def _mixed(operations: int) -> tuple[int, int, float]:
    """Return how many queries differ from a dict of rows, how many there were, and the seconds."""
    import numpy as np

    from neuralopt import SimilarityLookup

    random = np.random.default_rng(3)
    X = random.integers(0, 4, size=(2000, 8)).astype(float)  # a lattice: ties everywhere
    lookup = SimilarityLookup(_K, backend="exact").fit(X)
    rows, ids, wrong, queries = list(X), list(range(len(X))), 0, 0
    begin = time.perf_counter()
    for _ in range(operations):
        act, row, place = (
            random.integers(4),
            random.integers(0, 4, 8).astype(float),
            random.integers(len(ids)),
        )
        if act == 0 or len(ids) < 1000:
            lookup.add([row])
            rows.append(row)
            ids.append(int(lookup._fitted().rows.next_id) - 1)
        elif act == 1:
            lookup.remove([ids[place]])
            rows[place], ids[place] = rows[-1], ids[-1]
            rows.pop()
            ids.pop()
        elif act == 2:
            lookup.update([row], ids=[ids[place]])
            rows[place] = row
        else:
            found, _ = lookup.find_similar([row])
            queries += 1
            wrong += bool((found[0] != _nearest(np.array(rows), np.array(ids), row)).any())
    return wrong, queries, time.perf_counter() - begin


def _mapped(rows: int) -> dict[str, Any]:
    """Write a lookup, open and search it in a fresh process, and return what that process says."""
    import numpy as np

    from neuralopt import SimilarityLookup

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lookup")
        X = _rows(rows).astype(np.float32)
        SimilarityLookup(_K, backend="exact").fit(X).save(path)
        command = [sys.executable, __file__, "--search", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        said = json.loads(done.stdout)
        Q = _rows(20, seed=1)
        right = all((_nearest(X, np.arange(rows), q) == ids).all() for q, ids in zip(Q, said.pop("ids")))
        return {**said, "rows": rows, "file": path.stat().st_size / 1e6, "right": right}


def _search(path: str) -> None:
    """Open and search a mapped file; print the seconds and the resident memory as JSON."""
    import numpy as np

    from neuralopt import SimilarityLookup

    Q = _rows(1000, seed=1)
    SimilarityLookup(_K, backend="exact").fit(Q).find_similar(Q)  # loads all that a search needs
    before, begin = _status("VmRSS"), time.perf_counter()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
    lookup = SimilarityLookup.open(path)
    opened = time.perf_counter()
    ids, _ = lookup.find_similar(Q)
    searched = time.perf_counter()
    said = {
        "open": opened - begin,
        "search": searched - opened,
        "extra": _status("VmHWM") - before,
        "ids": np.asarray(ids[:20]).tolist(),
    }
    print(json.dumps(said))


def _status(name: str) -> float:
    """Return a figure of this process in MB, as Linux counts it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    if "--search" in sys.argv:
        _search(sys.argv[-1])
    else:
        main(measure)
