"""Budget: the same selection as the command line, the budget in three units, marks, and the reason for each sample."""

import json
import re

import numpy as np
import pytest

from core.__main__ import run as command_line
from core.scores.feature_sets import Activity
from core.selection.saved import load_selection
from core.selection.specification import active_sets
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import BAN, PIN, marked, set_mark
from pages.select.panels.budget_controls import ladder
from tests.made import made_analysis, made_records, write_jsonl
from tests.pages.conftest import said


def save(app, name: str):
    app.text_input(key="save_as").set_value(name).run()
    button = next(button for button in app.button if button.label in ("Save", "Replace"))
    return button.click().run()


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"method": "sae-greedy", "unit": "rows", "amount": "9"}, ["--rows", "9"]),
        ({"method": "random", "unit": "percent", "amount": "25"}, ["--percent", "25"]),
        ({"method": "random", "random.seed": "3", "unit": "rows", "amount": "5"}, ["--rows", "5", "--seed", "3"]),
        ({"method": "longest", "unit": "tokens", "amount": "200"}, ["--tokens", "200"]),
        (
            {
                "method": "sae-greedy",
                "sae-greedy.per_token": "1",
                "sae-greedy.wanted": "2",
                "unit": "rows",
                "amount": "9",
            },
            ["--rows", "9", "--option", "per_token=true", "--option", "wanted=2"],
        ),
        (
            {"method": "k-center", "k-center.distance": "cosine", "unit": "rows", "amount": "9"},
            ["--rows", "9", "--option", "distance=cosine"],
        ),
        (
            {"method": "richest", "unit": "rows", "amount": "9", "span": "response"},
            ["--rows", "9", "--span", "response"],
        ),
        (
            {"method": "sae-greedy", "unit": "rows", "amount": "9", "rule": "quantile", "quantile": "0.25"},
            ["--rows", "9", "--quantile", "0.25"],
        ),
        (
            {"method": "sae-greedy", "unit": "rows", "amount": "9", "rule": "raw", "theta": "0.5", "unanswered": "1"},
            ["--rows", "9", "--theta", "0.5", "--with-no-response"],
        ),
    ],
)
def test_the_app_and_the_command_line_choose_the_same_samples(made, open_app, link, words):
    save(open_app(made, "Budget", **link), "by-app")
    line = ["--workspace", str(made.root), "select", "made", "--method", link["method"], *words, "--name", "by-hand"]
    assert command_line(line) == 0
    app, hand = load_selection(made, "by-app"), load_selection(made, "by-hand")
    assert (app.spec, app.budget, app.ids, app.tokens) == (hand.spec, hand.budget, hand.ids, hand.tokens)


def test_the_line_on_screen_makes_the_same_selection(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="6", method="random", tab="reproduce", **{"random.seed": "11"})
    line = next(code.value for code in app.code if code.value.startswith("python -m core"))
    assert command_line(["--workspace", str(made.root), *line.split()[3:]]) == 0
    save(app, "by-app")
    assert load_selection(made, "my-selection").ids == load_selection(made, "by-app").ids


def test_slider_and_number_say_the_same(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="9")
    app.select_slider(key="_slider").set_value(20.0).run()
    assert app.number_input(key="amount").value == 20
    assert "20 rows" in app.subheader[0].value
    app.number_input(key="amount").set_value(11.0).run()
    assert "11 rows" in app.subheader[0].value


def test_another_unit_keeps_the_budget(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="9")
    before = app.subheader[0].value
    app.segmented_control(key="unit").set_value("tokens").run()
    assert app.subheader[0].value.split(",")[0] == before.split(",")[0]


def test_a_budget_in_trained_tokens_says_by_whom_and_offers_to_count_where_that_was_not_done(made, open_app):
    app = open_app(made, "Budget", method="longest", unit="rows", amount="9")
    before = app.subheader[0].value
    app.segmented_control(key="unit").set_value("trained_tokens").run()
    assert app.subheader[0].value.split(",")[0] == before.split(",")[0] and "trained tokens" in said(app)
    app.selectbox(key="counted").set_value("trl").run()
    assert any(button.key == "count_trained" for button in app.button)
    assert not app.error and not app.subheader
    assert command_line(["--workspace", str(made.root), "trained-tokens", "made"]) == 0
    app.run()
    app.number_input(key="amount").set_value(70.0).run()
    assert not app.error and not any(button.key == "count_trained" for button in app.button)
    words = ["--method", "longest", "--trained-tokens", "70", "--for", "trl", "--name", "t"]
    assert command_line(["--workspace", str(made.root), "select", "made", *words]) == 0
    saved = load_selection(made, "t")
    assert app.subheader[0].value.startswith(f"{len(saved.ids)} rows,")
    assert open_app(made, "Hand-over", selection="t").metric[3].value.replace("\u202f", " ") == "70 trained tokens"


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"unit": "rows", "amount": "61"}, "61 rows, but 59 samples are available"),
        ({"unit": "percent", "amount": "101"}, "101"),
        ({"unit": "rows", "amount": "0"}, "whole number from 1"),
    ],
)
def test_a_budget_that_cannot_be_is_one_sentence(made, open_app, link, sentence):
    app = open_app(made, "Budget", **link)
    assert len(app.error) == 1
    assert sentence in app.error[0].value.replace("\\", "")


def test_pins_lead_bans_stay_out_and_both_can_be_taken_back(made, open_app):
    mark = Dataset(made, "made").content_hash
    set_mark(made, mark, 30, PIN)
    set_mark(made, mark, 4, BAN)
    app = open_app(made, "Budget", unit="rows", amount="59")
    assert len(app.error) == 1  # one row is banned, so there are no 59
    app.number_input(key="amount").set_value(58.0).run()
    save(app, "marked")
    ids = load_selection(made, "marked").ids
    assert ids[0] == 30
    assert 4 not in ids
    app.segmented_control(key="tab").set_value("constraints").run()
    app.button(key="clear_pin").click().run()
    assert marked(made, mark, PIN) == ()
    assert marked(made, mark, BAN) == (4,)


def test_a_sample_looked_up_tells_its_place_or_who_covers_it(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="5", rule="raw")
    save(app, "five")
    chosen = load_selection(made, "five").ids
    for sample_id, words in (
        (chosen[0], "Chosen at place 1"),
        (next(i for i in range(60) if i not in chosen), "Left out"),
    ):
        app.number_input(key="look_up").set_value(sample_id).run()
        next(button for button in app.button if button.label == "Open").click().run()
        assert words in said(app)
        assert not app.exception


def test_a_name_that_is_taken_is_replaced_only_on_purpose(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="5")
    save(app, "mine")
    assert app.sidebar.selectbox[2].value == "mine"
    assert any(button.label == "Saved" and button.disabled for button in app.button)
    app.number_input(key="amount").set_value(6.0).run()
    assert load_selection(made, "mine").revision == 1
    save(app, "mine")
    assert (load_selection(made, "mine").revision, len(load_selection(made, "mine").ids)) == (2, 6)


def test_a_name_that_no_file_can_have_is_one_sentence(made, open_app):
    app = save(open_app(made, "Budget"), "../out")
    assert "cannot name a selection" in app.error[0].value


def test_a_saved_selection_brings_its_settings(made, open_app):
    app = open_app(made, "Budget", method="longest", unit="rows", amount="8")
    save(app, "eight")
    app.segmented_control(key="_method_shown").set_value("random").run()
    app.sidebar.selectbox[2].set_value("").run()
    app.sidebar.selectbox[2].set_value("eight").run()
    assert app.segmented_control(key="_method_shown").value == "longest"
    assert app.number_input(key="amount").value == 8


@pytest.mark.parametrize("method", ["random", "longest", "richest"])
def test_every_method_has_a_sentence_a_curve_and_its_help(made, open_app, method):
    app = open_app(made, "Budget", method=method, others="1")
    assert app.subheader[0].value.endswith(".")
    assert "Source:" in said(app)


def test_the_ladder_of_the_slider_goes_from_low_to_everything():
    assert ladder(1, 12) == [1, 1.5, 2, 3, 5, 7, 10, 12]
    assert ladder(0.4, 100)[0] == 0.5
    assert ladder(5, 5) == [5]


def test_a_link_that_names_only_a_saved_selection_opens_it(made, open_app):
    save(open_app(made, "Budget", method="longest", unit="rows", amount="8"), "eight")
    app = open_app(made, "Budget", selection="eight")
    assert app.segmented_control(key="_method_shown").value == "longest"
    assert app.subheader[0].value.startswith("8 rows")


def test_flagged_samples_are_banned_in_one_click_and_the_drawer_says_the_rule_and_the_reason(
    workspace, tmp_path, open_app
):
    records = made_records(20)
    records[4]["response"] = "As an AI language model, I cannot say anything about that."
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    app = open_app(workspace, "Budget", tab="constraints")
    app.multiselect(key="ban_flags").set_value(["refusal"]).run()
    app.button(key="ban_flagged").click().run()
    assert not app.exception
    assert marked(workspace, Dataset(workspace, "d").content_hash, BAN) == (4,)
    app.segmented_control(key="tab").set_value("queue").run()
    app.number_input(key="look_up").set_value(4).run()
    next(button for button in app.button if button.label == "Open").click().run()
    shown = [caption.value for caption in app.caption]
    assert any("refusal" in words for words in shown) and any("Banned by filter" in words for words in shown)


def test_the_four_methods_are_on_screen_and_the_others_under_more(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="6")
    assert set(app.segmented_control(key="_method_shown").options) == {
        "SAE-GreedSelect", "SAE-SimScale", "Longest responses", "Random",
    }  # fmt: skip
    more = app.selectbox(key="_method_more")
    assert more.value is None and "Richest" in " ".join(more.options)
    more.set_value("richest").run()
    assert app.segmented_control(key="_method_shown").value is None
    assert app.query_params["method"] in ("richest", ["richest"])
    app.segmented_control(key="_method_shown").set_value("longest").run()
    assert app.selectbox(key="_method_more").value is None
    assert app.query_params["method"] in ("longest", ["longest"])


def test_a_click_on_the_chosen_method_changes_nothing(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="6", method="longest")
    before = app.subheader[0].value
    app.segmented_control(key="_method_shown").set_value(None).run()
    assert app.segmented_control(key="_method_shown").value == "longest"
    assert app.subheader[0].value == before


@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize(("yardstick", "axis"), [
    ("features", "features reached"), ("words", "runs of 4 words"), ("held-out", "held-out rows"),
])  # fmt: skip
def test_the_curve_is_measured_by_the_yardstick_and_the_rows_that_the_link_names(made, open_app, yardstick, axis, c):
    app = open_app(made, "Budget", unit="rows", amount="6", yardstick=yardstick, c=str(c))
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    height = figure["layout"]["yaxis"]["title"]["text"]
    assert axis in height and ("one row" if c == 1 else "3 rows") in height
    names = [trace["name"] for trace in figure["data"] if "name" in trace]
    assert "random, 5 seeds" in names and "SAE-GreedSelect" in names and "this budget" in names
    assert ("in 3 rows or more" in app.subheader[0].value) == (c == 3)
    shown, note = figure["layout"]["shapes"][-1]["y0"], figure["layout"]["annotations"][-1]["y"]
    assert figure["layout"]["yaxis"]["type"] == ("log" if yardstick == "words" else "linear")
    assert (10**note if yardstick == "words" else note) == pytest.approx(
        max(shown, 1) if yardstick == "words" else shown
    )
    assert ("set aside" in said(app)) == (yardstick == "held-out")


def test_saved_selections_of_this_analysis_are_points_on_the_curve(made, open_app):
    save(open_app(made, "Budget", method="longest", unit="rows", amount="7"), "seven")
    app = open_app(made, "Budget", method="random", unit="rows", amount="9")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    point = next(trace for trace in figure["data"] if trace.get("name") == "saved")
    saved = load_selection(made, "seven")
    features = active_sets(
        Analysis(made.analyses / saved.spec.analysis), span="conversation", activity=Activity()
    ).features
    reached = len(np.unique(np.concatenate([features.row(i) for i in saved.ids])))
    assert (point["text"], point["x"], point["y"]) == (["seven"], [saved.tokens], [reached])


def test_the_caption_tells_shares_of_rows_and_tokens_and_the_rounds(made, open_app):
    app = open_app(made, "Budget", unit="rows", amount="59")
    assert "100 % of the rows, 100 % of the tokens" in said(app)
    assert re.search(r"\d+ rounds of \d+, ", said(app))
