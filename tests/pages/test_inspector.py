"""The Inspector screen: what is written is read by a worker, whose death is at most a sentence."""

import os
import signal

import pytest

from core.activations.analyse import analyse
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.features import examples_of
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from pages.shared import engine, shade
from tests.jobs.test_jobs import until
from tests.made import CANARY, made_records, write_jsonl
from tests.pages.conftest import said

SECRET = "xyzzy plugh"


@pytest.fixture(scope="module")
def analysed(tiny, tmp_path_factory):
    """A workspace whose analysis `d` has a model at hand; one worker serves all tests."""
    folder = tmp_path_factory.mktemp("inspected")
    workspace = Workspace(folder / "workspace")
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", made_records(20)), name="d")
    identity = identify(
        Dataset(workspace, "d"), model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings()
    )
    quiet = {"progress": lambda *_: None, "stop": lambda: False}
    analyse(workspace, Dataset(workspace, "d"), identity, name="d", **quiet)
    yield workspace
    shade.worker(workspace).stop()


def write(app, **texts):
    for key, text in texts.items():
        app.session_state[key] = text
    app.run()
    assert not app.exception, app.exception
    return app


def table(app) -> dict[str, list]:
    return app.dataframe[0].value.to_dict("list")


def test_without_a_model_the_screen_says_what_is_needed_and_starts_nothing(made, open_app):
    app = open_app(made, "Inspector")
    assert "Reading text needs the model that analysis made was made with" in said(app).replace("\\", "")
    assert shade.worker(made).pid is None


def test_a_text_is_read_and_its_features_stand_beside_the_data_set(analysed, open_app):
    app = open_app(analysed, "Inspector")
    assert "Write or paste a text" in said(app)
    write(app, try_prompt=f"Say {SECRET} {CANARY}", try_response="12 is 12")
    text = said(app).replace("\\", "")
    assert "counted tokens" in text and "Read in " in text and "nothing of it is kept." in text
    rows = table(app)
    assert len(rows["feature"]) > 5 and rows["shaded"][0] == "shaded"
    finite = [share for share in rows["of the most, %"] if share == share]
    assert finite == sorted(finite, reverse=True)
    for file in analysed.root.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), f"the text was kept in {file}"
    assert "xyzzy" not in str(app.query_params)


def test_the_same_text_is_read_once_and_a_new_one_again(analysed, open_app):
    app = write(open_app(analysed, "Inspector", read_as="plain"), try_text="Notes on 12")
    first = table(app)
    took = [caption.value for caption in app.caption if caption.value.startswith("Read in")]
    app.session_state["shaded"] = first["feature"][1]
    app.run()
    assert [caption.value for caption in app.caption if caption.value.startswith("Read in")] == took
    assert table(app)["shaded"][:2] == ["", "shaded"]
    assert table(write(app, try_text="Notes on 13 and more"))["feature"] != first["feature"]


def test_a_killed_worker_does_not_take_the_screen_down(analysed, open_app):
    app = write(open_app(analysed, "Inspector", read_as="plain"), try_text="Notes on 12")
    before = shade.worker(analysed).pid
    os.kill(before, signal.SIGKILL)
    until(lambda: shade.worker(analysed).pid is None)
    write(app, try_text="Notes on 13")
    assert "counted token" in said(app) and not app.error
    assert shade.worker(analysed).pid not in (None, before)


def test_two_sessions_share_one_worker(analysed, open_app):
    apps = [open_app(analysed, "Inspector", read_as="plain") for _ in range(2)]
    write(apps[0], try_text="Notes on 12")
    pid = shade.worker(analysed).pid
    write(apps[1], try_text="Say something about number 5.")
    assert shade.worker(analysed).pid == pid is not None
    assert table(apps[0])["feature"] != table(apps[1])["feature"]


def test_neurons_and_like_samples_are_shown(analysed, open_app):
    app = write(open_app(analysed, "Inspector", text_tab="neurons"), try_prompt="Notes on 12.")
    assert table(app)["layer"] == [0, 1, 2]
    app = write(
        open_app(analysed, "Inspector", text_tab="like", rule="raw"), try_prompt="Say something about number 4."
    )
    assert table(app)["sample"] and max(table(app)["likeness, %"]) <= 100


def test_a_link_with_odd_words_opens_the_screen(analysed, open_app):
    app = open_app(analysed, "Inspector", read_as="x", shaded="99999", text_tab="<b>")
    write(app, try_prompt="Notes on 12.")
    assert "counted token" in said(app)


def opened_pair(workspace: Workspace) -> engine.Opened:
    return engine.Opened(workspace, open_analysis(workspace, "d"), Dataset(workspace, "d"))


def strongest_feature(analysis) -> int:
    return analysis.cursor().execute("SELECT feature_id FROM features ORDER BY samples DESC LIMIT 1").fetchall()[0][0]


def test_any_stored_sample_is_shaded_exactly_by_any_feature(analysed):
    opened = opened_pair(analysed)
    feature = strongest_feature(opened.analysis)
    example = examples_of(opened.analysis, feature)[0]
    found = shade.shade(opened, example.sample_id, feature)
    assert found.exact and found.note == ""
    assert found.values.max() == pytest.approx(example.strength, rel=1e-4)
    assert int(found.values.argmax()) == example.position
    assert len(found.values) == len(opened.analysis.tokens_of(example.sample_id)[0])


def test_without_its_model_a_sample_is_shaded_where_the_analysis_holds_it_and_says_why(analysed, made):
    opened = engine.Opened(made, open_analysis(made, "made"), Dataset(made, "made"))
    feature, sample, strength, place = (
        opened.analysis.cursor()
        .execute("SELECT feature_id, sample_id, max, position FROM activations ORDER BY max DESC LIMIT 1")
        .fetchall()[0]
    )
    found = shade.shade(opened, sample, feature)
    assert not found.exact and found.values[place] == pytest.approx(strength)
    assert found.note.startswith("Only what the analysis stored is shaded") and "needs the model" in found.note
    beside = opened.analysis.cursor().execute(
        "SELECT max, position FROM activations WHERE sample_id = ? AND feature_id = ?", [sample, feature]
    )
    for value, position in beside.fetchall():
        assert found.values[position] == pytest.approx(value)
    assert shade.worker(made).pid is None
