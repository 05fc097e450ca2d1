"""Constraints on screen: each control says the same as the command line, what cannot be met is mended in place."""

from __future__ import annotations

import json

import pytest

from core.__main__ import run
from core.selection.constraints import Constraints
from core.selection.quotas import CAP, SHARE, Quota
from core.selection.saved import load_selection
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import BAN, PIN, marked, set_mark, set_marks
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl
from tests.pages.conftest import said
from tests.sourced import sourced_workspace


@pytest.fixture
def sourced(tmp_path):
    return sourced_workspace(tmp_path)


def panel(open_app, workspace, **link):
    link = {"dataset": "sourced", "unit": "rows", "amount": "20", "method": "longest", "tab": "constraints"} | link
    return open_app(workspace, "Budget", **link)


def save(app, name="by-app"):
    app.text_input(key="save_as").set_value(name).run()
    next(button for button in app.button if button.label in ("Save", "Replace")).click().run()
    assert not app.exception
    return app


def by_hand(workspace, *words):
    line = [
        "--workspace",
        str(workspace.root),
        "select",
        "sourced",
        "--method",
        "longest",
        *words,
        "--name",
        "by-hand",
        "--replace",
    ]
    assert run(line) == 0
    return load_selection(workspace, "by-hand")


def same(workspace, *words):
    app, hand = load_selection(workspace, "by-app"), by_hand(workspace, *words)
    assert (app.ids, app.spec, app.budget) == (hand.ids, hand.spec, hand.budget)


def test_a_quota_added_on_screen_is_that_of_the_command_line_and_goes_with_its_tag(sourced, open_app):
    app = panel(open_app, sourced)
    app.selectbox(key="quota_column").set_value("source").run()
    app.selectbox(key="quota_value").set_value("web")
    app.number_input(key="quota_amount").set_value(4).run()
    app.button(key="quota_add").click().run()
    assert app.multiselect(key="_quotas_set").value == ["at most 4 rows of source = web"]
    assert json.loads(app.query_params["constraints"])["quotas"][0]["amount"] == 4
    save(app)
    same(sourced, "--rows", "20", "--cap", "source=web:4")
    app.multiselect(key="_quotas_set").set_value([]).run()
    assert "constraints" not in app.query_params and not app.exception


def test_lengths_scores_languages_likeness_and_features_are_those_of_the_command_line(sourced, open_app):
    app = panel(open_app, sourced, amount="8", rule="raw")
    app.selectbox(key="only_bounded").set_value("quality").run()
    app.number_input(key="only_low quality").set_value(1.5)
    app.button(key="only_set").click().run()
    app.selectbox(key="only_bounded").set_value("tokens of the answers").run()
    app.number_input(key="only_high tokens of the answers").set_value(12)
    app.button(key="only_set").click().run()
    app.number_input(key="alike_cap").set_value(0.6).run()
    app.multiselect(key="features_left").set_value(["dense"]).run()
    assert not app.exception and "1 feature and" in said(app)
    save(app)
    same(
        sourced, "--rows", "8", "--at-least", "quality=1.5", "--max-response-tokens", "12", "--near-duplicates", "0.6",
        "--without", "dense", "--theta", "0",
    )  # fmt: skip


def test_what_cannot_be_met_is_one_sentence_and_can_be_taken_back_below_it(sourced, open_app):
    wanted = Constraints(
        quotas=(
            Quota(kind=CAP, column="source", value="web", amount=0),
            Quota(kind="floor", column="source", value="web", amount=2),
        )
    )
    app = panel(open_app, sourced, constraints=json.dumps(wanted.as_dict()), tab="queue")
    assert [e.value.replace("\\", "") for e in app.error] == [
        "At least 2 and at most 0 rows of source = web are wanted; lower the floor or raise the cap."
    ]
    app.multiselect(key="_quotas_set").set_value(["at least 2 rows of source = web"]).run()
    assert not app.error and "20 rows" in app.subheader[0].value


def test_a_link_with_odd_constraints_opens_without_them(sourced, open_app):
    for odd in ("{", "[]", '{"quotas": [{"kind": "x"}]}', '{"near_duplicates": 7}'):
        app = panel(open_app, sourced, constraints=odd)
        assert not app.error and not app.exception


def test_skipping_rows_that_do_not_fit_is_offered_for_tokens_only(sourced, open_app):
    assert "skip" not in [toggle.key for toggle in panel(open_app, sourced).toggle]
    app = panel(open_app, sourced, unit="tokens", amount="100")
    app.toggle(key="skip").set_value(True).run()
    save(app)
    same(sourced, "--tokens", "100", "--skip-to-fit")


def test_loading_a_selection_restores_everything_and_leaves_the_marks_of_others_alone(sourced, open_app):
    mark = Dataset(sourced, "sourced").content_hash
    words = [
        "--rows",
        "12",
        "--pin",
        "30,5",
        "--ban",
        "4,9",
        "--cap",
        "source=web:6",
        "--without",
        "dense",
        "--no-marks",
    ]
    hand = by_hand(sourced, *words)
    set_mark(sourced, mark, 17, PIN)
    app = open_app(sourced, "Budget", dataset="sourced", selection="by-hand", tab="constraints")
    save(app)
    loaded = load_selection(sourced, "by-app")
    assert (loaded.ids, loaded.spec, loaded.budget) == (hand.ids, hand.spec, hand.budget)
    assert (marked(sourced, mark, PIN), marked(sourced, mark, BAN)) == ((17,), ())
    set_mark(sourced, mark, loaded.ids[-1], BAN)  # a click after it was loaded counts on top
    set_mark(sourced, mark, 17, None)
    app.run()
    save(app, "more")
    more = load_selection(sourced, "more").spec
    assert more.pins == (30, 5) and more.bans == tuple(sorted((4, 9, loaded.ids[-1])))
    app.button(key="marks_adopt").click().run()
    assert marked(sourced, mark, PIN) == (30, 5) and sorted(marked(sourced, mark, BAN)) == list(more.bans)
    assert "marks" not in app.query_params


def test_the_marks_of_the_data_set_can_be_used_instead(sourced, open_app):
    by_hand(sourced, "--rows", "12", "--pin", "30", "--no-marks")
    app = open_app(sourced, "Budget", dataset="sourced", selection="by-hand", tab="constraints")
    assert app.query_params["marks"] == "by-hand@1"
    app.button(key="marks_own").click().run()
    assert "marks" not in app.query_params
    save(app)
    assert load_selection(sourced, "by-app").spec.pins == ()


def test_bans_that_checks_made_are_lifted_only_after_asking(sourced, open_app):
    mark = Dataset(sourced, "sourced").content_hash
    set_mark(sourced, mark, 4, BAN)
    set_marks(sourced, mark, [10, 11], BAN, "hit against <b>test</b>.jsonl")
    app = panel(open_app, sourced)
    app.button(key="clear_ban").click().run()
    assert len(marked(sourced, mark, BAN)) == 3
    asked = next(warning.value for warning in app.warning).replace("\\", "")
    assert "2 samples of these 3 were banned not by hand, but by: hit against <b>test</b>.jsonl" in asked
    app.button(key="clear_ban_hand").click().run()
    assert sorted(marked(sourced, mark, BAN)) == [10, 11]
    app.button(key="clear_ban").click().run()
    app.button(key="clear_ban_all").click().run()
    assert marked(sourced, mark, BAN) == ()


def test_shares_added_later_replace_those_before(sourced, open_app):
    wanted = Constraints(quotas=(Quota(kind=SHARE, column="language"), Quota(kind=CAP, column="source", amount=9)))
    app = panel(open_app, sourced, constraints=json.dumps(wanted.as_dict()))
    app.selectbox(key="quota_column").set_value("source").run()
    app.selectbox(key="quota_kind").set_value("share").run()
    app.button(key="quota_add").click().run()
    assert app.multiselect(key="_quotas_set").value == ["at most 9 rows of each source", "source as in the pool"]
    save(app)
    same(sourced, "--rows", "20", "--cap", "source:9", "--share", "source")


def test_a_column_called_like_a_figure_of_the_quota_table_keeps_its_values_beside_the_figures(tmp_path, open_app):
    records = [record | {"pool": f"part {i % 2}"} for i, record in enumerate(made_records())]
    workspace = Workspace(tmp_path / "w")
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    app = open_app(workspace, "Budget", unit="rows", amount="20", tab="constraints")
    app.selectbox(key="quota_column").set_value("pool").run()
    shown = next(frame.value for frame in app.dataframe if "pool, %" in frame.value)
    assert sorted(shown["value"]) == ["part 0", "part 1"]
    assert shown["pool"].sum() == 59 and shown["selection"].sum() == 20


def test_another_method_that_cannot_meet_the_constraints_is_told_and_closes_nothing(sourced, open_app):
    wanted = Constraints(
        quotas=(
            Quota(kind=CAP, column="length", amount=1), Quota(kind="floor", column="source", value="book", amount=4),
            Quota(kind="floor", column="source", value="a=b:c", amount=6),
        )
    )  # fmt: skip
    app = panel(open_app, sourced, constraints=json.dumps(wanted.as_dict()), amount="10", others="1")
    told = said(app).replace("\\", "")
    assert not app.error and "10 rows" in app.subheader[0].value
    assert "SAE-GreedSelect is not drawn. At least 6 rows of source = a=b:c are wanted" in told
