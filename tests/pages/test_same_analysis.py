"""An analysis that the app's button starts holds the same bytes as one by the command line."""

import pytest

from core.__main__ import run
from core.jobs.state import DONE, FAILED, jobs
from core.store.analyses import open_analysis
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.jobs.test_jobs import until
from tests.made import made_records, write_jsonl

pytestmark = pytest.mark.slow


def test_the_content_hash_of_the_apps_job_is_that_of_the_command_line(tmp_path, tiny, open_app):
    file = write_jsonl(tmp_path / "d.jsonl", made_records(14))
    clicked, typed = (Workspace(tmp_path / name) for name in ("clicked", "typed"))
    for workspace in (clicked, typed):
        import_dataset(workspace, file, name="d")
    app = open_app(clicked, "Analyse", dataset="d")
    app.text_input(key="analyse_model").set_value(str(tiny["model"]))
    app.text_input(key="analyse_sae").set_value(str(tiny["sae"]))
    app.button(key="start").click().run()
    pair = ["--model", str(tiny["model"]), "--sae", str(tiny["sae"])]
    assert run(["--workspace", str(typed.root), "analyse", "d", *pair, "--no-pilot"]) == 0
    ended = until(lambda: [job for job in jobs(clicked) if job.progress.state in (DONE, FAILED)], seconds=300)
    assert [job.progress.state for job in ended] == [DONE], ended[0].progress.note
    mine, theirs = (open_analysis(workspace, "d") for workspace in (clicked, typed))
    assert mine.content_hash == theirs.content_hash == mine.recompute_hash()
