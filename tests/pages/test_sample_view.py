"""The parts of the sample drawer: shading by any of its features, its features in words, its nearest samples."""

import pytest
from streamlit.testing.v1 import AppTest

from core.scores.feature_sets import Activity
from core.scores.nearest import nearest
from core.selection.specification import active_sets
from core.store.analyses import open_analysis
from pages.shared import sample_view
from tests.pages.conftest import said
from tests.pages.test_token_view import sent

SAMPLE = 21


def part_alone(root: str, part: str, sample_id: int, first: int | None):
    """One part of the drawer, as the whole app: what is clicked in a drawer runs alone, which the harness cannot do."""
    from pathlib import Path

    import streamlit as st

    from core.store.analyses import open_analysis
    from core.store.datasets import Dataset
    from core.workspace import Workspace
    from pages.shared.engine import Opened
    from pages.shared.sample_view import draw_part
    from pages.shared.state import begin

    begin()
    st.session_state["rule"] = "raw"
    workspace = Workspace(Path(root))
    opened = Opened(workspace, open_analysis(workspace, "made"), Dataset(workspace, "made"))
    draw_part(opened, part, origin=sample_id, shown=sample_id, feature=first)


def drawer_alone(root: str, sample_id: int, gone_to: int):
    """The drawer on a sample from which one went on to another the last time."""
    from pathlib import Path

    import streamlit as st

    from core.store.analyses import open_analysis
    from core.store.datasets import Dataset
    from core.workspace import Workspace
    from pages.shared import sample_view
    from pages.shared.engine import Opened
    from pages.shared.state import begin

    begin()
    st.session_state[sample_view.GONE_TO] = (sample_id, gone_to)
    workspace = Workspace(Path(root))
    opened = Opened(workspace, open_analysis(workspace, "made"), Dataset(workspace, "made"))
    sample_view.open_sample(opened, sample_id)


def test_a_sample_opened_again_is_shown_itself_not_the_one_that_was_gone_to_from_it(made):
    app = AppTest.from_function(drawer_alone, default_timeout=60, args=(str(made.root), SAMPLE, 3)).run()
    assert f"Sample #{SAMPLE}" in said(app) and "Sample #3" not in said(app) and not app.exception


def drawn(made, part: str, *, first: int | None = None) -> AppTest:
    arguments = (str(made.root), part, SAMPLE, first)
    app = AppTest.from_function(part_alone, default_timeout=60, args=arguments).run()
    assert not app.exception, app.exception
    return app


def test_tokens_are_shaded_by_the_feature_chosen_as_far_as_the_analysis_holds_it(made):
    analysis = open_analysis(made, "made")
    wanted = analysis.features_of(SAMPLE, limit=3)[2]
    app = drawn(made, "Tokens")
    app.selectbox(key=f"shaded_{SAMPLE}").set_value(wanted.feature_id).run()
    ((row,),) = (data["rows"] for data in sent(app))
    assert row["tokens"] == analysis.tokens_of(SAMPLE)[0]
    assert row["peak"] == wanted.position
    assert row["values"][wanted.position] == pytest.approx(wanted.max, rel=1e-3)
    assert row["faded"] == [code > 200 for code in analysis.tokens_of(SAMPLE)[1]]
    assert "Only what the analysis stored is shaded" in said(app)
    assert app.toggle(key="shade_every_token").disabled  # this analysis was made by no model that is here


def test_the_feature_one_came_from_is_shaded_first_and_one_that_is_silent_is_said_to_be(made):
    analysis = open_analysis(made, "made")
    lit = {feature.feature_id for feature in analysis.features_of(SAMPLE, limit=100)}
    silent = min(set(range(analysis.n_features)) - lit)
    app = drawn(made, "Tokens", first=silent)
    assert app.selectbox(key=f"shaded_{SAMPLE}").value == silent
    assert "This feature is not active in this sample." in said(app)


def test_any_feature_shades_the_tokens_when_told_by_its_number(made, monkeypatch):
    monkeypatch.setattr(sample_view, "STRONGEST", 2)  # the made samples light fewer than twenty
    every = open_analysis(made, "made").features_of(SAMPLE, limit=100)
    weakest, app = every[-1], drawn(made, "Tokens")
    offered = app.selectbox(key=f"shaded_{SAMPLE}")
    assert offered.label == f"Shaded by (the 2 strongest of {len(every)})" and len(offered.options) == 2
    app.number_input(key=f"shaded_number_{SAMPLE}").set_value(weakest.feature_id).run()
    ((row,),) = (data["rows"] for data in sent(app))
    assert row["peak"] == weakest.position
    assert row["values"][weakest.position] == pytest.approx(weakest.max, rel=1e-3)
    assert app.number_input(key=f"shaded_number_{SAMPLE}").max == open_analysis(made, "made").n_features - 1


def test_a_list_of_the_strongest_features_says_of_how_many(made, monkeypatch):
    assert "strongest of" not in said(drawn(made, "Strongest features"))
    monkeypatch.setattr(sample_view, "STRONGEST", 2)
    app, n = drawn(made, "Strongest features"), len(open_analysis(made, "made").features_of(SAMPLE, limit=100))
    assert len(app.dataframe[0].value) == 2 and f"The 2 strongest of {n} features" in said(app)


def test_strongest_features_are_told_in_words(made):
    shown = drawn(made, "Strongest features").dataframe[0].value
    found = open_analysis(made, "made").features_of(SAMPLE)
    assert shown["feature"].tolist() == [feature.feature_id for feature in found]
    assert shown["what it is about"].str.len().min() > 0


def test_nearest_samples_are_those_of_the_sets_that_budget_uses(made):
    sets = active_sets(open_analysis(made, "made"), span="conversation", activity=Activity(mode="raw"))
    shown = drawn(made, "Nearest samples").dataframe[0].value
    expected = nearest(sets.features, SAMPLE, limit=15)
    assert shown["sample"].tolist() == [near.sample_id for near in expected]
    assert shown["shared"].tolist() == [near.shared for near in expected]
    assert shown["Jaccard"].tolist() == [near.jaccard for near in expected]


def test_conversation_and_record_are_the_samples_own(made):
    assert "Say something about number 21." in said(drawn(made, "Conversation"))
    assert "number 21" in drawn(made, "Record").code[0].value
