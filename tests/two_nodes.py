"""Two Ray nodes on the loopback of this machine, run as `python -m tests.two_nodes FOLDER`: they end with its input.

They know no network but the loopback, no dashboard and no usage statistics, and let in who has the token of the
environment. The first line that it prints tells their address and the pids of both raylets.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from select import select

import pytest

ROOT = Path(__file__).resolve().parents[1]
STORE = 100_000_000
STARTING = 180  # seconds
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token",
         "RAY_worker_niceness": "0"}  # fmt: skip  # else workers wait for whatever else a machine does

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None,
    reason="ray is not installed (requirements-ray.txt); `make test-ray` installs it and runs this",
)


@dataclass(frozen=True)
class TwoNodes:
    """`environment`: of processes that may join; `raylets`: the pids of both nodes."""

    address: str
    environment: dict[str, str]
    raylets: tuple[int, int]

    def workers(self) -> list[int]:
        """The pids of the processes that hold a model or a shard now."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                parent = (
                    int((folder / "stat").read_text().rpartition(")")[2].split()[1]) if folder.name.isdigit() else 0
                )
                if parent in self.raylets and b"Worker" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:  # it ended meanwhile
                continue
        return sorted(found)


@contextmanager
def two_nodes(cpus: int) -> Iterator[TwoNodes]:
    """Start them, each with so many processors to give away, and end them."""
    folder = tempfile.mkdtemp(prefix="gamut-two-")  # short: sockets lie in it
    environment = {**os.environ, **QUIET, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    words = [sys.executable, "-m", "tests.two_nodes", folder, str(cpus)]
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    try:
        begun, _, _ = select([process.stdout], [], [], STARTING)
        said = json.loads(process.stdout.readline() if begun else "{}")
        assert said, f"the nodes did not start within {STARTING} seconds"
        yield TwoNodes(said["address"], environment, tuple(said["raylets"]))
    finally:
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        with suppress(ProcessLookupError):  # what a start that failed has left
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def main(folder: str, cpus: str) -> None:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": int(cpus), "num_gpus": 0, "object_store_memory": STORE, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False, "temp_dir": folder})
    nodes = (cluster.head_node, cluster.add_node(**node))
    raylets = [each.all_processes["raylet"][0].process.pid for each in nodes]
    print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
