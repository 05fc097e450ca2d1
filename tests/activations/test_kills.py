"""kill -9 at random moments of a real analysis: each resumes to the same content hash."""

import multiprocessing
import os
import random
import shutil
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from core.__main__ import run
from core.store.analyses import PARTIAL, open_analysis
from core.store.import_dataset import import_dataset
from core.workspace import BUNDLED_MODEL, DEMO_FILE, Workspace

SAMPLES = 80
KILLS = int(os.environ.get("GAMUT_KILLS", "2"))

pytestmark = [pytest.mark.slow, pytest.mark.model]


# Each run is a process of its own, forked from one that has read torch already: its start is not what is tested.
RUNS = multiprocessing.get_context("forkserver")
RUNS.set_forkserver_preload(["core.__main__", "core.activations.analyse"])


def analyse(workspace: Workspace) -> BaseProcess:
    process = RUNS.Process(target=command_line, args=(str(workspace.root),))
    process.start()
    return process


def command_line(root: str) -> None:
    """The kills are to fall into the pass and the finaliser, so no pilot."""
    sys.exit(run(["--workspace", root, "analyse", "d", "--part-seconds", "0.1", "--no-pilot"]))


def new_workspace(folder: Path) -> Workspace:
    file = folder / "d.jsonl"
    with DEMO_FILE.open(encoding="utf-8") as demo:
        file.write_text("".join(line for line, _ in zip(demo, range(SAMPLES), strict=False)), encoding="utf-8")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, file, name="d")
    return workspace


def content_hash(workspace: Workspace) -> str:
    analysis = open_analysis(workspace, "d")
    assert analysis.recompute_hash() == analysis.content_hash
    return analysis.content_hash


def parts(workspace: Workspace) -> int:
    """The parts that are saved by now."""
    return len(list(workspace.analyses.glob(f"*{PARTIAL}/parts/*.json")))


def parts_of_a_whole_run(workspace: Workspace) -> int:
    process, most = analyse(workspace), 0
    while process.is_alive():
        most = max(most, parts(workspace))
        time.sleep(0.005)
    assert process.exitcode == 0
    return most


def kill_at(process: BaseProcess, workspace: Workspace, moment: float, most: int, jitter: float) -> str | None:
    """Kill when a share of the parts is saved (at the end: when the database is begun) or `jitter` seconds later.

    Returns what had been saved by then, None if the run had ended. Counted by work done, not by the clock: the speed of a
    busy machine changes from run to run.
    """
    wanted = int(moment * (most + 1))
    while process.is_alive() and not (
        parts(workspace) >= wanted if wanted < most else list(workspace.analyses.glob("*/*.duckdb.tmp"))
    ):
        time.sleep(0.002)
    time.sleep(jitter)
    if not process.is_alive():
        return None
    process.kill()
    process.join()
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
        again = analyse(workspace)
        again.join()
        assert again.exitcode == 0
        assert content_hash(workspace) == expected, f"kill {number} at {moment:.2f} of the run, {saved}"
        print(f"kill {number + 1}: at {moment:.2f} of {most} parts, {saved} saved, same hash")
