"""Analyse: the words a job is started with, watching it, and that looking again does not start it again."""

import pytest
from filelock import FileLock

from core.jobs.state import CANCEL, CANCELLED, LOCK, RUNNING, JobProgress, JobSpec, write_progress, write_spec
from tests.pages.conftest import metrics, said


@pytest.fixture
def started(monkeypatch):
    """What was started, without starting it."""
    words = []
    monkeypatch.setattr("core.jobs.start.start", lambda workspace, *, title, command: words.append(command))
    return words


def fake_job(workspace, progress: JobProgress, command=("analyse", "made")):
    folder = workspace.jobs / "20260101-000000-abcdef"
    write_spec(folder, JobSpec(folder.name, "Analyse made", list(command), "2026-01-01T00:00:00.000+00:00"))
    write_progress(folder, progress)
    return folder


def test_the_form_starts_the_command_that_a_person_would_type(made, open_app, started):
    app = open_app(made, "Analyse")
    app.text_input(key="analyse_model").set_value("/models/x")
    app.number_input(key="analyse_length").set_value(256)
    app.text_input(key="analyse_name").set_value("short")
    app.button[0].click().run()
    assert started == [
        ["analyse", "made", "--model", "/models/x", "--sae", "bundled", "--name", "short", "--max-length", "256"]
    ]
    app.run()
    assert len(started) == 1, "a rerun started the job again"


def test_a_running_job_is_shown_with_rate_and_time_left_and_can_be_cancelled(made, open_app, started):
    progress = JobProgress(RUNNING, 40_000, 100_000, "tokens", "forward pass", 20.0, 2000.0, 0)
    folder = fake_job(made, progress)
    with FileLock(folder / LOCK):
        app = open_app(made, "Analyse")
        words = "\n".join(bar.proto.text for bar in app.get("progress")) if app.get("progress") else said(app)
        for expected in ("40 000 of 100 000 tokens", "2k tokens", "30 s left"):
            assert expected in words.replace("\u202f", " ").replace("\\", "")
        app.button(key=f"cancel_{folder.name}").click().run()
        assert (folder / CANCEL).exists()
    assert not started


def test_a_cancelled_job_can_go_on(made, open_app, monkeypatch):
    resumed = []
    monkeypatch.setattr("core.jobs.start.start", lambda workspace, *, title, command: resumed.append(command))
    folder = fake_job(made, JobProgress(CANCELLED, 5, 10, "tokens", "cancelled; start it again to go on from here"))
    app = open_app(made, "Analyse")
    app.button(key=f"again_{folder.name}").click().run()
    assert resumed == [["analyse", "made"]]


def test_a_finished_analysis_shows_four_figures_with_units(made, open_app):
    app = open_app(made, "Analyse")
    assert set(metrics(app)) == {"Samples", "Scored tokens", "Live features", "r, length and richness"}
    assert metrics(app)["Samples"] == "60"
    assert metrics(app)["Live features"] == "40 of 40"
