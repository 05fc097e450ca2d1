"""kill -9 at random moments of a real analysis: each resumes to the same content hash."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.store.analyses import PARTIAL
from core.store.import_dataset import import_dataset
from core.workspace import BUNDLED_MODEL, DEMO_FILE, Workspace

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = 120
KILLS = int(os.environ.get("GAMUT_KILLS", "2"))

pytestmark = [pytest.mark.slow, pytest.mark.model]


def analyse(workspace: Workspace) -> subprocess.Popen:
    words = [sys.executable, "-m", "core", "--workspace", str(workspace.root), "analyse", "d", "--part-seconds", "0.1"]
    words += ["--no-pilot"]  # the kills are to fall into the pass and the finaliser
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def new_workspace(folder: Path) -> Workspace:
    file = folder / "d.jsonl"
    with DEMO_FILE.open(encoding="utf-8") as demo:
        file.write_text("".join(line for line, _ in zip(demo, range(SAMPLES), strict=False)), encoding="utf-8")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, file, name="d")
    return workspace


def content_hash(workspace: Workspace) -> str:
    words = [
        sys.executable,
        "-m",
        "core",
        "--workspace",
        str(workspace.root),
        "--json",
        "analyses",
        "show",
        "d",
        "--hash",
    ]
    return json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout)["content_hash"]


def parts(workspace: Workspace) -> int:
    """The parts that are saved by now."""
    return len(list(workspace.analyses.glob(f"*{PARTIAL}/parts/*.json")))


def parts_of_a_whole_run(workspace: Workspace) -> int:
    process, most = analyse(workspace), 0
    while process.poll() is None:
        most = max(most, parts(workspace))
        time.sleep(0.005)
    assert process.returncode == 0, process.stderr.read()
    return most


def kill_at(process: subprocess.Popen, workspace: Workspace, moment: float, most: int, jitter: float) -> str | None:
    """Kill when a share of the parts is saved (at the end: when the database is begun) or `jitter` seconds later.

    Returns what had been saved by then, None if the run had ended. Counted by work done, not by the clock: the speed of a
    busy machine changes from run to run.
    """
    wanted = int(moment * (most + 1))
    while process.poll() is None and not (
        parts(workspace) >= wanted if wanted < most else list(workspace.analyses.glob("*/*.duckdb.tmp"))
    ):
        time.sleep(0.002)
    time.sleep(jitter)
    if process.poll() is not None:
        return None
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = "database begun, " if list(workspace.analyses.glob("*/*.duckdb.tmp")) else ""
    return f"{written}{parts(workspace)} parts"


def test_killed_at_random_moments_it_resumes_to_the_same_hash(tmp_path):
    if not (BUNDLED_MODEL / "model.safetensors").exists():
        pytest.skip("the bundled model is not here")
    (tmp_path / "whole").mkdir()
    whole = new_workspace(tmp_path / "whole")
    most, expected = parts_of_a_whole_run(whole), content_hash(whole)
    assert most > 3
    rng = random.Random(20)
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        workspace = new_workspace(folder)
        saved = None
        while saved is None:  # it ended within the jitter: draw another moment
            shutil.rmtree(workspace.analyses, ignore_errors=True)
            moment = (number + rng.random()) / KILLS  # the last ones fall into the finaliser
            saved = kill_at(analyse(workspace), workspace, moment, most, rng.random() * 0.3)
        assert analyse(workspace).wait() == 0
        assert content_hash(workspace) == expected, f"kill {number} at {moment:.2f} of the run, {saved}"
        print(f"kill {number + 1}: at {moment:.2f} of {most} parts, {saved} saved, same hash")
