"""The engine on two Ray nodes of this machine: local = resumed = with a killed worker = with a lost node, by content hash."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.store.analyses import PARTIAL, all_analyses
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_records, write_jsonl
from tests.tiny import tiny_sae
from tests.two_nodes import ROOT, needs_ray, two_nodes

pytestmark = [pytest.mark.slow, pytest.mark.ray, needs_ray]
SAMPLES = 8_000  # of at most 48 tokens: some seconds for two workers of the tiny model
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("d") / "d.jsonl", made_records(SAMPLES))


@pytest.fixture
def new_workspace(tmp_path_factory, file):
    """Makes workspaces with the same data set."""

    def make() -> Workspace:
        workspace = Workspace(tmp_path_factory.mktemp("w") / "workspace")
        import_dataset(workspace, file, name="d")
        return workspace

    return make


@pytest.fixture
def analyse(tiny):
    """Starts `analyse` with the tiny model: in one process, or on the nodes."""

    def start(workspace: Workspace, nodes=None, *more: str) -> subprocess.Popen:
        words = ["analyse", "d", "--model", str(tiny["model"]), "--sae", str(tiny["sae"]), "--no-pilot"]
        words += ["--engine", "ray", "--address", nodes.address] if nodes else []
        return command(workspace, *words, *more, nodes=nodes)

    return start


def command(workspace: Workspace, *words: str, nodes=None) -> subprocess.Popen:
    line = [sys.executable, "-m", "core", "--workspace", str(workspace.root), *words]
    environment = nodes.environment if nodes else None
    return subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen, code: int = 0) -> str:
    out, error = process.communicate(timeout=1200)
    assert process.returncode == code, error
    assert "Traceback" not in error
    return out + error


def content_hash(workspace: Workspace) -> str:
    return json.loads(ended(command(workspace, "--json", "analyses", "show", "d", "--hash")))["content_hash"]


def parts(workspace: Workspace) -> list[Path]:
    return sorted(workspace.analyses.glob(f"*{PARTIAL}/parts/*.json"))


def wait_for_parts(workspace: Workspace, count: int, process: subprocess.Popen, seconds: float = 900) -> None:
    """Until so many parts are written; the process must live until then."""
    since = time.monotonic()
    while len(parts(workspace)) < count:
        if process.poll() is not None or time.monotonic() - since > seconds:
            process.kill()
            pytest.fail(f"{count} parts were not written in time: {process.communicate()}")
        time.sleep(0.02)


def test_through_a_killed_worker_a_stopped_driver_and_a_lost_node_it_is_the_same_analysis(new_workspace, analyse):
    workspace, alone = new_workspace(), new_workspace()
    with two_nodes(PROCESSORS) as nodes:
        first = analyse(workspace, nodes)
        wait_for_parts(workspace, 1, first)
        os.kill(nodes.workers()[0], signal.SIGKILL)
        written = {path: path.stat().st_mtime_ns for path in parts(workspace)}
        wait_for_parts(workspace, len(written) + 2, first)
        first.send_signal(signal.SIGTERM)
        assert first.wait(900) == 3, "cancelled"
        kept = len(parts(workspace))
        assert {path: path.stat().st_mtime_ns for path in written} == written, "what was read is not read again"
        second = analyse(workspace, nodes)
        wait_for_parts(workspace, kept + 1, second)
        os.kill(nodes.raylets[1], signal.SIGKILL)
        assert "a machine of the cluster was lost" in ended(second)
    ended(analyse(alone))
    assert content_hash(workspace) == content_hash(alone)


def test_a_pool_read_by_several_saes_is_what_one_process_makes(tmp_path, tiny):
    other = tiny_sae(tmp_path / "standard", kind="standard")
    words = ["--model", str(tiny["model"]), "--sae", str(tiny["sae"]), "--sae", str(other), "--no-pilot"]
    made = [Workspace(tmp_path / name) for name in ("ray", "local")]
    for workspace in made:
        for name, samples in (("d", 300), ("e", 200)):
            import_dataset(workspace, write_jsonl(tmp_path / f"{name}.jsonl", made_records(samples)), name=name)
        ended(command(workspace, "datasets", "pool", "p", "d", "e"))
    with two_nodes(PROCESSORS) as nodes:
        cluster = ["--engine", "ray", "--address", nodes.address]
        said = ended(command(made[0], "analyse", "p", *words, *cluster, nodes=nodes))
        assert "2 SAEs take a pass each on a Ray cluster, one after the other" in said and "nanobind" not in said
    ended(command(made[1], "analyse", "p", *words))
    hashes = [{each.id: each.content_hash for each in all_analyses(workspace)[0]} for workspace in made]
    assert hashes[0] == hashes[1] and len(hashes[0]) == 6, "two SAEs; the pool and its two members"


def test_a_cluster_without_a_gpu_and_one_that_is_not_there_are_told(new_workspace, analyse):
    workspace = new_workspace()
    with two_nodes(1) as nodes:
        said = ended(analyse(workspace, nodes, "--device", "cuda"), 2)
        assert "The Ray cluster has no GPU; use --device cpu" in said
    said = ended(analyse(workspace, nodes), 2)
    assert f"The Ray cluster {nodes.address} cannot be joined" in said
