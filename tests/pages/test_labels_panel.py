"""Labels on the Features screen: what there are, how far they hold, and more of them by a click and no other way."""

import pytest

from core.jobs.state import jobs
from core.scores.labels.make import make_labels
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.own_labels import set_own_label
from core.workspace import Workspace
from tests.pages.conftest import said


@pytest.fixture
def labelled(made: Workspace) -> Workspace:
    make_labels(open_analysis(made, "made"), Dataset(made, "made"), progress=lambda done, total, note: None)
    return made


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch):
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"GAMUT_LLM_{name}", raising=False)


def expanders(app) -> list[str]:
    return [found.label.replace("\\", "") for found in app.expander]


def test_without_labels_it_offers_to_make_them(made, open_app):
    app = open_app(made, "Features", unit="rows", amount="30", rule="raw")
    assert "Labels: none yet" in expanders(app)
    assert not app.button(key="label_features").disabled and not jobs(made)
    assert app.button(key="fetch_explanations").disabled and app.button(key="import_explanations").disabled


def test_labels_are_told_by_origin_with_their_fidelity(labelled, open_app):
    set_own_label(labelled, "0", 3, "my **own** words")
    app = open_app(labelled, "Features", unit="rows", amount="30", rule="raw")
    assert not app.error
    assert "Labels: 1 your own words, 40 from your data" in expanders(app)
    table = next(frame.value for frame in app.dataframe if "origin" in frame.value)
    assert table["origin"].tolist() == ["your own words", "from your data"]
    assert table["labels"].tolist() == [1, 40] and table["measured"].tolist() == ["on the feature's page", "0"]
    assert all(button.key != "label_features" for button in app.button)


def test_a_language_model_is_asked_only_after_its_cost_was_told_and_never_sees_its_key_on_screen(
    labelled, open_app, monkeypatch
):
    for name, value in {"URL": "http://127.0.0.1:9/v1", "MODEL": "a-model", "KEY": "sk-secret"}.items():
        monkeypatch.setenv(f"GAMUT_LLM_{name}", value)
    app = open_app(labelled, "Features", unit="rows", amount="30", rule="raw")
    app.number_input(key="price_in").set_value(2.0)
    app.number_input(key="ask_most").set_value(10).run()
    told = said(app).replace("\\", "")
    assert "a-model at 127.0.0.1: 10 features in 2 questions" in told and "Excerpts of your data are sent there" in told
    assert app.button(key="ask_model").label == "Ask about 10 features"
    assert "sk-secret" not in told and not jobs(labelled)


def test_own_words_are_saved_from_the_page_of_a_feature_and_come_first(labelled, open_app):
    app = open_app(labelled, "Features", feature="3", feature_tab="explanations", unit="rows", amount="30", rule="raw")
    app.text_area(key="own_3").set_value("<b>numbers</b> in *words*")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.error and not app.exception
    assert "<b>numbers</b> in *words*" in [text.value for text in app.text]
    assert app.subheader[0].value == "\\<b\\>numbers\\<\\/b\\> in \\*words\\*"
