"""Analyse: the words a job is started with, watching it, and that looking again does not start it again."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from core.activations.estimate import Estimate
from core.activations.fit_card import Fit, FitCard
from core.activations.pilot_report import Actual, PilotReport, pilot_path, write_actual, write_report
from core.jobs.state import (
    CANCEL,
    CANCELLED,
    FAILED,
    LOCK,
    QUEUED,
    RUNNING,
    JobProgress,
    JobSpec,
    write_progress,
    write_spec,
)
from tests.made import CANARY
from tests.pages.conftest import metrics, said

ROOT = Path(__file__).resolve().parents[2]


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
    app.button(key="start").click().run()
    words = ["made", "--model", "/models/x", "--sae", "bundled", "--max-length", "256"]
    assert started == [["analyse", *words, "--name", "short", "--layout"]]
    app.button(key="pilot").click().run()
    assert started[1:] == [["pilot", *words]]
    app.run()
    assert len(started) == 2, "a rerun started the job again"


def test_several_saes_are_one_command_and_each_shows_its_own_pilot(made, open_app, started):
    write_report(pilot_path(made, "x"), a_report(made))
    app = open_app(made, "Analyse")
    app.text_input(key="analyse_sae").set_value("sae-lens:a/b").run()
    app.button(key="analyse_take").click().run()
    app.text_input(key="analyse_sae").set_value("bundled").run()
    assert app.multiselect(key="analyse_further").value == ["sae-lens:a/b"]
    assert "No pilot of these choices yet" in said(app) and metrics(app)["Explained variance"] == "0.410"
    app.button(key="start").click().run()
    pair = ["--sae", "bundled", "--sae", "sae-lens:a/b"]
    assert started == [["analyse", "made", "--model", "bundled", *pair, "--layout"]]


def test_an_analysis_says_that_memory_ran_out_and_what_it_was_made_with(made, open_app):
    with duckdb.connect(str(next(made.analyses.glob("*/activations.duckdb")))) as connection:
        connection.execute(
            """INSERT INTO meta VALUES ('replanned', '{"batches": 2, "planned": 9, "splits": [[3, 9]]}')"""
        )
        connection.execute("""INSERT INTO meta VALUES ('read_with', '["<b>x"]')""")
    shown = said(open_app(made, "Analyse")).replace("\\", "")
    assert "Replanned: memory ran out, so 2 of its 9 batches were read in pieces." in shown
    assert "Made in one run with" in shown


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


def a_report(workspace, **change) -> PilotReport:
    """What the pilot of a poor pair wrote."""
    fit = Fit("all", 5000, 0.41, 70.0, 68.0, 900, 3.1, 5.2, 9.9, 7.0)
    card = FitCard(
        samples=40, features=4096, whole=fit, dead=1024, l0_own=32.0, massive=100, ordinary_variance=0.3, cut_samples=8,
        cut_tokens=700, all_tokens=7000, groups={"role": [fit], "language": [fit]},
    )  # fmt: skip
    told = Estimate(60, 6100, 75.0, 1.0, 2.0, 60.0, 12.0, 102.0, 900_000_000, 40_000_000, 90_000_000, {"samples": 33.0})
    said = {
        "analysis": "x", "dataset": "made", "model": "bundled", "sae": "bundled", "max_length": None, "dtype": "float32",
        "seed": 0, "samples": 40, "tokens": 5500, "seconds": 6.0, "beside": False, "fit": card, "estimate": told,
    }  # fmt: skip
    return PilotReport(**{**said, **change})


def test_a_pilot_shows_fit_and_cost_before_anything_long_starts(made, open_app):
    write_report(pilot_path(made, "x"), a_report(made))
    app = open_app(made, "Analyse")
    shown = metrics(app)
    assert shown["Explained variance"] == "0.410" and shown["Loss recovered"] == "0.691"
    assert shown["Active features a token"] == "70 (its own: 32)" and shown["Never active"] == "25 %"
    assert shown["Time, estimated"] == "1 min 15 s" and shown["Memory, estimated"] == "900 MB".replace(" ", "\u202f")
    verdict = next(str(warning.value) for warning in app.warning).replace("\\", "")
    assert verdict.startswith("This SAE fits this model poorly") and verdict.count("poorly") == 1
    assert "lose 10 % of all tokens" in verdict


@pytest.mark.parametrize("change", [{"dataset": "other"}, {"sae": "/sae"}, {"max_length": 9}, {"template": "plain"}])
def test_a_pilot_of_other_choices_is_not_shown(made, open_app, change):
    write_report(pilot_path(made, "x"), a_report(made, **change))
    app = open_app(made, "Analyse")
    assert "Explained variance" not in metrics(app) and "No pilot of these choices yet" in said(app)


def test_after_the_run_the_screen_says_how_far_off_the_estimate_was(made, open_app):
    folder = next(made.analyses.glob("*"))
    write_report(folder / "pilot.json", a_report(made))
    write_actual(folder, Actual(60.0, 1, 1_000_000_000, 50_000_000, {}))
    app = open_app(made, "Analyse")
    figures = {metric.label: (metric.value.replace("\u202f", " "), metric.delta) for metric in app.metric}
    assert figures["Time"] == ("1 min 00 s", "+25 % estimated")
    assert figures["Memory"] == ("1 GB", "-10 % estimated") and figures["Disk"] == ("50 MB", "-20 % estimated")


def test_a_damaged_pilot_closes_no_screen(made, open_app):
    (next(made.analyses.glob("*")) / "pilot.json").write_text("{")
    app = open_app(made, "Analyse")
    assert metrics(app)["Samples"] == "60" and "run the pilot again" in said(app).replace("\\", "")


def test_a_log_is_shown_as_it_stands(made, open_app):
    folder = fake_job(made, JobProgress(FAILED, 1, 2, "tokens", "no"))
    (folder / "log.txt").write_text(CANARY)
    app = open_app(made, "Analyse")
    assert CANARY in [code.value for code in app.code]
    assert not any(markdown.allow_html for markdown in app.markdown)


def test_a_waiting_job_says_what_it_waits_for(made, open_app):
    folder = fake_job(made, JobProgress(QUEUED, note="waiting for 3 other jobs"))
    with FileLock(folder / LOCK):
        app = open_app(made, "Analyse")
        assert any("waiting for 3 other jobs" in bar.proto.text for bar in app.get("progress"))


def test_packing_starts_a_job_and_opening_takes_a_path(made, open_app, monkeypatch, tmp_path):
    from core.store.analyses import open_analysis
    from core.store.datasets import Dataset
    from core.store.pack import pack
    from core.workspace import Workspace

    words = []
    monkeypatch.setattr(
        "pages.data.panels.pack_panel.start", lambda workspace, *, title, command: words.append(command)
    )
    app = open_app(made, "Analyse")
    app.checkbox(key="pack_with_data").check()
    app.button(key="pack").click().run()
    (command,) = words
    assert command[:3] == ["analyses", "pack", "0123456789abcdef"] and command[-1] == "--with-data"
    pack(open_analysis(made, "made"), tmp_path / "a.tar.zst", dataset=Dataset(made, "made"))
    laptop = Workspace(tmp_path / "laptop")
    app = open_app(laptop, "Analyse")
    app.text_input(key="open_path").set_value(str(tmp_path / "a.tar.zst"))
    app.button(key="open").click().run()
    assert not app.exception
    assert "Opened made" in said(app) and metrics(app)["Samples"] == "60"
    app.text_input(key="open_path").set_value(str(tmp_path / "a.tar.zst"))
    app.button(key="open").click().run()
    assert "in this workspace already" in said(app).replace("\\", "")


def test_the_screen_brings_no_torch_into_the_dashboard():
    code = (
        "import sys, pages.data.panels.fit_panel, pages.data.panels.pack_panel, pages.shared.job_view; "
        "import core.activations.identity; "
        "print(sorted({'torch', 'transformers', 'sae_lens', 'umap'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_saes_of_the_model_are_found_by_words_and_layer(made, open_app):
    app = open_app(made, "Analyse")
    assert not app.dataframe or "release" not in app.dataframe[0].value.columns, "nothing is listed unasked"
    app.text_input(key="analyse_model").set_value("gpt2").run()
    app.toggle(key="sae_picker").set_value(True).run()
    assert not app.exception
    assert "of the 13 857 public SAEs were trained on this model" in said(app).replace("\\", "")
    app.text_input(key="sae_find").set_value("res-jb resid_pre").run()
    app.selectbox(key="sae_layer").set_value(8).run()
    (shown,) = [frame.value for frame in app.dataframe if "release" in frame.value.columns]
    assert set(shown["layer"]) == {8} and shown["id"][0] == "blocks.8.hook_resid_pre"
    assert shown["Neuronpedia"][0] == "gpt2-small/8-res-jb"
    app.text_input(key="analyse_model").set_value("no-such-model").run()
    assert "is no folder and no model that sae-lens lists SAEs of" in said(app).replace("\\", "")
