"""`label` on the command line: as a job, once, and stopped."""

import json

from core.__main__ import run
from core.jobs.state import CANCELLED, DONE, jobs
from core.scores.labels.make import offline_there
from core.store.analyses import open_analysis
from core.workspace import Workspace


def said(capsys) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_label_is_a_job_and_does_nothing_the_second_time(made: Workspace, capsys):
    assert run(["--workspace", str(made.root), "--json", "label", "made"]) == 0
    analysis = open_analysis(made, "made")
    assert said(capsys)["analysis"] == analysis.id and offline_there(analysis)
    (job,) = jobs(made)
    assert job.progress.state == DONE and job.spec.command == ["label", "make", analysis.id]
    assert run(["--workspace", str(made.root), "label", "made"]) == 0
    assert len(jobs(made)) == 1 and "were there already" in capsys.readouterr().out


def test_a_job_that_is_cancelled_while_it_waits_makes_nothing(made: Workspace, capsys):
    analysis = open_analysis(made, "made")
    folder = made.jobs / "20260101-000000-abcdef"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(
        json.dumps(
            {
                "id": folder.name,
                "title": "t",
                "command": ["label", "make", analysis.id],
                "created": "2026-01-01T00:00:00+00:00",
            }
        )
    )
    (folder / "cancel").touch()
    assert run(["--workspace", str(made.root), "label", "made", "--job", folder.name]) == 3
    assert jobs(made)[0].progress.state == CANCELLED and not offline_there(analysis)


def test_an_unknown_analysis_is_one_sentence(made: Workspace, capsys):
    assert run(["--workspace", str(made.root), "label", "nothing"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
