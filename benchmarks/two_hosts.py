"""Two hosts of one private network, on this machine: network namespaces joined by a cable of the kernel's.

    python benchmarks/two_hosts.py

Needs Linux, root and iproute2. Does what docs/distributed.md says for several machines: a token, a Ray head
on the one, a worker node on the other; trains from the first one with a rank on each, and at a parameter
server, and compares with simulated workers. Ends what it started by process id, and takes the
namespaces away.
"""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOSTS = {"one": "10.77.0.1", "two": "10.77.0.2"}
PORT, LIMIT = 6379, 240
RAY = [sys.executable, "-m", "ray.scripts.scripts"]


def main() -> int:
    """Lay the cable, start Ray, train, tell, clear away; return the exit status."""
    if sys.platform != "linux" or os.geteuid() != 0:
        print("needs Linux and root")
        return 2
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(LIMIT)
    tag = f"nopt{os.getpid()}"
    spaces = {host: f"{tag}-{host}" for host in HOSTS}
    with tempfile.TemporaryDirectory() as folder:
        try:
            _lay_cable(tag, spaces)
            return _try(spaces, Path(folder))
        finally:
            signal.alarm(0)
            _clear_away(spaces)


def _try(spaces: dict[str, str], folder: Path) -> int:
    """Do what the page says, on both hosts."""
    token = write_token(folder / "ray.token")
    own = {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "benchmarks")]),
        "PYTHONWARNINGS": "ignore",
    }
    page = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": token,
        "RAY_USAGE_STATS_ENABLED": "0",
        "NPROC": "1",
    }
    environment = {**os.environ, **own, **page}
    one, two = HOSTS.values()
    for host, arguments in (
        (
            "one",
            [
                "--head",
                f"--node-ip-address={one}",
                f"--port={PORT}",
                "--include-dashboard=false",
            ],
        ),
        ("two", [f"--address={one}:{PORT}", f"--node-ip-address={two}"]),
    ):
        # one machine stands for two: a folder of its own for each, and one CPU
        more = [
            "--num-cpus=1",
            "--object-store-memory=200000000",
            f"--temp-dir={folder / host}",
            "--disable-usage-stats",
        ]
        _in(spaces[host], [*RAY, "start", *arguments, *more], environment, folder)
        print(f"{host}: ray start {' '.join(arguments)}")
    inside = [sys.executable, str(ROOT / "benchmarks" / "two_hosts_inside.py"), f"{one}:{PORT}"]
    begin = time.monotonic()
    heard: dict[str, set[str]] = {host: set() for host in HOSTS}

    def listen() -> None:
        for host, space in spaces.items():
            heard[host] |= _listening(space)

    said = _in(spaces["one"], inside, environment, folder, listen)
    found = json.loads(said.splitlines()[-1])
    other = write_token(folder / "other.token")
    refused = _in(spaces["one"], [*inside, "other"], environment | {"RAY_AUTH_TOKEN_PATH": other}, folder)
    found["errors"].append(refused.splitlines()[-1])
    found["checks"]["another token is refused"] = "no Ray cluster with this token answers" in refused
    found["listening"] = {host: sorted(places) for host, places in heard.items()}
    print(json.dumps(found, indent=2))
    print(f"{time.monotonic() - begin:.0f} s")
    ok = all(found["checks"].values())
    return 0 if ok else 1


def write_token(path: Path) -> str:
    """Write a new secret that only this user can read; return where."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    return str(path)


def _lay_cable(tag: str, spaces: dict[str, str]) -> None:
    """Make two namespaces with an address each, joined by one cable and by nothing else."""
    ends = {host: f"{tag}{host[0]}"[-15:] for host in HOSTS}
    for space in spaces.values():
        _ip("netns", "add", space)
        _ip("-n", space, "link", "set", "lo", "up")
    first, second = ends.values()
    _ip("link", "add", first, "type", "veth", "peer", "name", second)
    for host, space in spaces.items():
        _ip("link", "set", ends[host], "netns", space)
        _ip("-n", space, "addr", "add", f"{HOSTS[host]}/24", "dev", ends[host])
        _ip("-n", space, "link", "set", ends[host], "up")


def _in(
    space: str, command: list[str], environment: dict[str, str], folder: Path, meanwhile: Any = None
) -> str:
    """Run a command on a host, with a name of its own, and return what it wrote."""
    host = space.rpartition("-")[2]
    named = ["unshare", "--uts", "sh", "-c", f'hostname host-{host}; exec "$@"', "sh", *command]
    # what stays in the background must not keep a pipe open
    with (folder / f"{host}.out").open("w+") as out, (folder / f"{host}.err").open("w+") as err:
        inside = ["ip", "netns", "exec", space, *named]
        with subprocess.Popen(
            inside, env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL
        ) as process:
            while process.poll() is None:
                if meanwhile is not None:
                    meanwhile()
                time.sleep(0.1)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command} on {host}: {process.returncode}\n{out.read()}\n{err.read()}")
        return out.read()


def _listening(space: str) -> set[str]:
    """Return where processes of a host listen, and which; ports but Ray's own are drawn, and left out."""
    inside = ["ip", "netns", "exec", space, "ss", "-Hltnp"]
    said = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    found = set()
    for line in said.splitlines():
        host, _, port = line.split()[3].rpartition(":")
        names = "+".join(sorted(set(re.findall(r'"([^"]+)"', line))))
        found.add(f"{host}:{port if int(port) == PORT else '*'} {names}")
    return found


def _clear_away(spaces: dict[str, str]) -> None:
    """End every process of the namespaces, and take them away."""
    for space in spaces.values():
        for _ in range(20):
            done = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True)
            ids = [int(pid) for pid in done.stdout.split()]
            if not ids:
                break
            for pid in ids:
                _kill(pid)
            time.sleep(0.1)
        subprocess.run(["ip", "netns", "delete", space], capture_output=True)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _too_late(*given: Any) -> None:
    raise TimeoutError(f"not done after {LIMIT} seconds")


if __name__ == "__main__":
    sys.exit(main())
