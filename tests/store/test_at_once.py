"""Two dashboards, a command line and a job on one workspace at once: nobody meets a lock, nobody sees half of anything."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from core.__main__ import run
from core.jobs.start import cancel
from core.jobs.state import CANCELLED, DONE, jobs
from core.store.analyses import all_analyses, open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
READER = """
import json, sys
from pathlib import Path
from core.store.analyses import all_analyses
from core.store.datasets import Dataset, dataset_names
from core.jobs.state import jobs
from core.workspace import Workspace
workspace, stop = Workspace(Path(sys.argv[1])), Path(sys.argv[2])
looks, seen = 0, set()
while True:
    last = stop.exists()
    opened, damaged = all_analyses(workspace)
    assert not damaged, damaged
    for analysis in opened:
        assert len(analysis.activations().sample) and analysis.n_samples == 60
        seen.add(analysis.id)
        analysis.close()
    [Dataset(workspace, name).summary for name in dataset_names(workspace)]
    jobs(workspace)
    looks += 1
    if last:
        break
print(json.dumps([looks, len(seen)]))
"""


def test_reading_while_analyses_are_finished_meets_no_lock(made, tmp_path):
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(made.root), str(stop)], cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    dataset = Dataset(made, "made")
    for number in range(5):
        made_analysis(made, dataset, id=f"{number:016x}", seed=number)
        opened, damaged = all_analyses(made)  # the command line, in this process
        assert len(opened) == number + 2 and not damaged
        assert opened[-1].recompute_hash() == opened[-1].content_hash
        time.sleep(0.2)
    stop.touch()
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert reader.returncode == 0, err
        looks, seen = json.loads(out)
        assert looks >= 1 and seen == 6


def test_a_job_cancelled_while_it_writes_the_store_loses_nothing(tmp_path, tiny):
    file = write_jsonl(tmp_path / "d.jsonl", made_records(60))
    pair = ["--model", str(tiny["model"]), "--sae", str(tiny["sae"]), "--no-pilot"]
    whole, cancelled = Workspace(tmp_path / "whole"), Workspace(tmp_path / "cancelled")
    for workspace in (whole, cancelled):
        import_dataset(workspace, file, name="d")
    assert run(["--workspace", str(whole.root), "analyse", "d", *pair]) == 0
    asked = threading.Event()

    def cancel_in_the_finaliser():
        while not asked.is_set():
            for job in jobs(cancelled):
                if job.progress.note == "writing the store" and not job.ended:
                    cancel(job)
                    asked.set()
            time.sleep(0.005)

    watcher = threading.Thread(target=cancel_in_the_finaliser, daemon=True)
    watcher.start()
    code = run(["--workspace", str(cancelled.root), "analyse", "d", *pair])
    asked.set()
    watcher.join()
    assert (code, jobs(cancelled)[0].progress.state) in {(0, DONE), (3, CANCELLED)}
    assert run(["--workspace", str(cancelled.root), "analyse", "d", *pair]) == 0
    finished = open_analysis(cancelled, "d")
    assert finished.recompute_hash() == open_analysis(whole, "d").content_hash
    assert not list(finished.folder.rglob("*.wal"))
