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
SAMPLES = 300
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


def wait_for_a_part(workspace: Workspace, process: subprocess.Popen) -> None:
    """Until something is there to be lost: before, there is only the model being loaded."""
    while not list(workspace.analyses.glob(f"*{PARTIAL}/parts/*.json")) and process.poll() is None:
        time.sleep(0.005)


def kill_within(process: subprocess.Popen, workspace: Workspace, moment: float, took: float) -> str | None:
    """Kill at a share of the work done since the first part began; what had been saved by then, None if it had ended."""
    wait_for_a_part(workspace, process)
    time.sleep(moment * took)
    if process.poll() is not None:
        return None
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = "database begun, " if list(workspace.analyses.glob("*/*.duckdb.tmp")) else ""
    return f"{written}{len(list(workspace.analyses.glob('*/parts/*.json')))} parts"


def test_killed_at_random_moments_it_resumes_to_the_same_hash(tmp_path):
    if not (BUNDLED_MODEL / "model.safetensors").exists():
        pytest.skip("the bundled model is not here")
    (tmp_path / "whole").mkdir()
    whole = new_workspace(tmp_path / "whole")
    process = analyse(whole)
    wait_for_a_part(whole, process)
    began = time.monotonic()
    assert process.wait() == 0, process.stderr.read()
    took, expected = time.monotonic() - began, content_hash(whole)
    rng = random.Random(20)
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        workspace = new_workspace(folder)
        moment, saved = rng.random(), None
        while saved is None:  # a machine that got faster meanwhile: this one ended first, kill an earlier moment
            shutil.rmtree(workspace.analyses, ignore_errors=True)
            saved = kill_within(analyse(workspace), workspace, moment, took)
            took *= 1 if saved else 0.8
        assert analyse(workspace).wait() == 0
        assert content_hash(workspace) == expected, f"kill {number} at {moment:.2f} of the run, {saved}"
        print(f"kill {number + 1}: at {moment:.2f} of {took:.1f} s, {saved} saved, same hash")
