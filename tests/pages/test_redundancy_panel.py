"""The Redundancy and Sensitivity tabs, run by Streamlit's test harness on a workspace in which samples stand twice."""

import shutil
from dataclasses import fields

import numpy as np
import pytest

from core.scores.links import Links
from core.scores.minhash import Bands
from core.scores.redundancy_search import Redundancy
from core.scores.redundant_groups import Proposal
from core.scores.redundant_marks import REASON, banned_so
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, marked_with_reasons, set_marks
from core.workspace import Workspace
from pages.explore.panels.redundancy_panel import sentence
from tests.made_twice import TWICE, twice_workspace
from tests.pages.conftest import said as written


@pytest.fixture(scope="session")
def twice_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twice")
    twice_workspace(folder)
    return folder


@pytest.fixture
def twice(twice_once, tmp_path):
    """Samples 20 to 39 repeat samples 0 to 19."""
    shutil.copytree(twice_once, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path / "workspace")


def said(app) -> str:
    """All text as it is read, without the escapes of Markdown."""
    return written(app).replace("\\", "")


def at_redundancy(open_app, workspace, **link):
    app = open_app(workspace, "Diversity", diversity_tab="redundancy", **link)
    assert not app.error, said(app)
    return app


def test_what_stands_twice_is_found_said_and_beside_chance(twice, open_app):
    app = at_redundancy(open_app, twice)
    text = said(app)
    assert "40 samples of 60 (67 %) repeat another one: 20 groups, of which 20 samples may go." in text
    assert "All pairs were compared: exact." in text
    assert "By features 40 samples repeat another one, by words 40" in text
    groups, members = (frame.value for frame in app.dataframe[-2:])
    assert groups["samples"].tolist() == [2] * 20 and groups["may go"].tolist() == [1] * 20
    assert members["proposed"].tolist() == ["stays", "may go"]


def test_the_threshold_is_a_look_up_and_the_link_keeps_it(twice, open_app):
    app = at_redundancy(open_app, twice, redundancy_at="1")
    assert "20 samples of 60 (33 %) repeat another one: 10 groups" in said(app)  # the odd ones lack a feature
    app.slider(key="redundancy_at").set_value(0.8).run()
    assert "20 groups" in said(app) and app.query_params["redundancy_at"] == "0.8"


def test_who_may_go_is_banned_at_once_and_taken_back_at_once(twice, open_app):
    dataset = Dataset(twice, "made")
    set_marks(twice, dataset.content_hash, [21], PIN)
    set_marks(twice, dataset.content_hash, [2], BAN, "another reason")
    app = at_redundancy(open_app, twice)
    assert app.button(key="redundancy_lift").disabled
    app.button(key="redundancy_ban").click().run()
    banned = banned_so(twice, dataset)
    assert len(banned) == TWICE - 1 and 1 in banned and 21 not in banned and not {2, 22} & set(banned)
    assert "19 banned as repeats now" in said(app) and app.button(key="redundancy_ban").disabled
    app.button(key="redundancy_lift").click().run()
    assert banned_so(twice, dataset) == ()
    assert marked_with_reasons(twice, dataset.content_hash, BAN) == {2: ("another reason",)}
    assert REASON not in said(app)


def test_nothing_twice_is_said_so(made, open_app):
    app = at_redundancy(open_app, made, redundancy_at="1")
    assert "No two samples overlap by 1.00 or more (Jaccard)." in said(app)


def test_where_minhash_looked_nothing_found_is_not_nothing_there():
    none = np.full(9, -1, np.int32)
    links = Links(*(np.empty(0, np.int32) for _ in fields(Links)))
    found = Redundancy(0.5, none, 0 * none, 0 * none, links, np.zeros(101, np.int64), bands=Bands(20, 5))
    nothing = Proposal(0.8, (), np.zeros(9, np.int8), none, 0 * none, 0 * none)
    told = sentence(found, nothing)
    assert (
        "No two samples were found that overlap by 0.80" in told
        and f"would find {100 * Bands(20, 5).recall_at(0.8):.3g} % of such pairs" in told
    )


def test_how_far_the_selection_moves_is_said_with_what_cannot_be_asked(twice, open_app):
    app = open_app(twice, "Diversity", diversity_tab="sensitivity", unit="rows", amount="10")
    assert not app.error, said(app)
    text = said(app)
    assert "Of the 10 picks, another" in text and "sae-greedy has no seed" in text
    assert "Under these," in text and "JumpReLU" in text
    app.segmented_control(key="sensitivity_span").set_value("prompt").run()
    app.selectbox(key="sensitivity_pooling").set_value("sum").run()
    assert not app.exception and not app.error
    assert dict(app.query_params).items() >= {"sensitivity_span": "prompt", "sensitivity_pooling": "sum"}.items()


def test_ones_own_setting_equal_to_the_draft_changes_nothing(twice, open_app):
    app = open_app(twice, "Diversity", diversity_tab="sensitivity", sensitivity_rule="auto", unit="rows", amount="10")
    assert "Under these, 100 % of the picks are the same" in said(app)
