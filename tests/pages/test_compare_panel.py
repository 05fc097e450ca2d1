"""Compare: two selections beside chance, an import, and stability, as the engine says them."""

from __future__ import annotations

import json

import pytest

from core.__main__ import run as command_line
from core.scores.feature_sets import Activity
from core.selection.budget import Budget
from core.selection.compare import compare
from core.selection.constraints import Constraints
from core.selection.saved import load_selection
from core.selection.specification import RankingSpec, pool_of, select_by
from core.selection.stability import stability
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.people import BAN, marked, set_marks
from core.store.sample_filter import SampleFilter
from pages.select.panels.compare_panel import summary_words
from pages.shared.numbers import short
from tests.made import made_records, write_jsonl
from tests.pages.conftest import metrics, said
from tests.sourced import sourced_workspace

LINK = {"unit": "rows", "amount": "12", "rule": "raw", "tab": "compare"}


def save(made, name: str, *words: str) -> list[int]:
    assert command_line(["--workspace", str(made.root), "select", "made", "--theta", "0", "--name", name, *words]) == 0
    return list(load_selection(made, name).ids)


@pytest.fixture
def engine(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    spec = RankingSpec(analysis=analysis.id, method="sae-greedy", activity=Activity(mode="raw"))
    return spec, pool_of(analysis, dataset, spec)


def test_without_saving_anything_the_draft_stands_beside_a_yardstick(made, open_app, engine):
    app = open_app(made, "Budget", **LINK)
    assert app.selectbox(key="compare_b").value == "method:longest"
    mine, longest = save(made, "mine", "--method", "sae-greedy", "--rows", "12"), save(
        made, "longest", "--method", "longest", "--rows", "12"
    )  # fmt: skip
    _, pool = engine
    expected = compare(pool.features, pool.conversation_tokens, mine, longest, eligible=pool.eligible)
    words = summary_words("This draft", "same budget by Longest responses", expected)
    assert words in said(app).replace("\\", "")
    figures = metrics(app)
    assert figures[f"Rows in both (chance {short(expected.overlap.expected)})"] == str(expected.overlap.shared)
    assert figures[f"Jaccard (chance {expected.overlap.expected_jaccard:.3f})"] == f"{expected.overlap.jaccard:.3f}"
    left, right = (frame.value for frame in app.dataframe if "place" in frame.value and "tokens" in frame.value and
                   "new" not in frame.value)  # fmt: skip
    assert left["sample"].tolist() == expected.only_a.tolist()
    assert right["sample"].tolist() == expected.only_b.tolist()


def test_saved_selections_are_compared_by_features_and_order(made, open_app, engine):
    a = save(made, "a", "--method", "random", "--rows", "20")
    b = save(made, "b", "--method", "random", "--rows", "30", "--pin", "41")
    _, pool = engine
    expected = compare(pool.features, pool.conversation_tokens, a, b, eligible=pool.eligible)
    app = open_app(made, "Budget", compare_a="selection:a", compare_b="selection:b", compare_look="features", **LINK)
    tables = [frame.value for frame in app.dataframe if "feature, in words" in frame.value and "samples" in frame.value]
    assert [feature for table in tables for feature in table["id"]] == [
        *expected.features_a.tolist(), *expected.features_b.tolist()
    ]  # fmt: skip
    app.segmented_control(key="compare_look").set_value("order").run()
    order = expected.agreement
    assert (
        metrics(app)["Kendall τ"] == f"{order.kendall:.3f}"
        and metrics(app)["Rank-biased overlap"] == f"{order.rbo:.3f}"
    )


def test_a_file_becomes_a_selection_that_is_compared_and_drawn_like_any_other(made, open_app, tmp_path):
    records = made_records()
    file = write_jsonl(
        tmp_path / "theirs.jsonl", [records[i] for i in (5, 7, 40)] + [{"instruction": "x", "response": "y"}]
    )
    app = open_app(made, "Budget", **LINK)
    app.text_input(key="import_path").set_value(str(file)).run()
    app.text_input(key="import_name").set_value("theirs").run()
    app.button(key="import_go").click().run()
    assert not app.exception and not app.error
    assert "3 of 4 records matched" in app.success[0].value.replace("\\", "")
    assert app.selectbox(key="compare_b").value == "selection:theirs"
    assert load_selection(made, "theirs").ids == (5, 7, 40)
    app.sidebar.selectbox[2].set_value("theirs").run()
    assert not app.exception and not app.error
    assert app.query_params["method"] == "imported" and app.subheader[0].value.startswith("3 rows")
    assert app.query_params["imported"] == "theirs"
    line = next(code.value for code in open_app(
        made, "Budget", method="imported", imported="theirs", unit="rows", amount="3", unanswered="1", tab="reproduce"
    ).code if code.value.startswith("python -m core"))  # fmt: skip
    assert command_line(["--workspace", str(made.root), *line.split()[3:], "--replace"]) == 0
    assert load_selection(made, "my-selection").ids == (5, 7, 40)


def test_a_link_to_imported_ids_that_are_not_there_is_one_sentence(made, open_app):
    app = open_app(made, "Budget", method="imported")
    assert "No imported selection is open" in app.error[0].value.replace("\\", "")


def test_a_name_that_is_taken_or_a_file_that_fits_nothing_is_one_sentence(made, open_app, tmp_path):
    save(made, "mine", "--method", "longest", "--rows", "3")
    (tmp_path / "ids.json").write_text(json.dumps([99, 100]))
    app = open_app(made, "Budget", **LINK)
    app.text_input(key="import_path").set_value(str(tmp_path / "ids.json")).run()
    for name, sentence in (
        ("mine", "There is a selection 'mine' already"),
        ("new", "names no sample of data set 'made'"),
    ):
        app.text_input(key="import_name").set_value(name).run()
        app.button(key="import_go").click().run()
        assert any(sentence in error.value.replace("\\", "") for error in app.error)


def test_stability_runs_on_a_click_only_and_says_what_the_engine_says(made, open_app, engine):
    spec, pool = engine
    app = open_app(made, "Budget", compare_look="stability", runs="5", **LINK)
    assert not [frame for frame in app.dataframe if "chosen again, %" in frame.value]
    app.button(key="stability_parts").click().run()
    app.button(key="stability_others").click().run()  # the first answer stays, from the cache
    assert not app.exception
    expected = stability(pool, spec, Budget(rows=12), runs=5)
    picks = select_by(pool, spec, Budget(rows=12)).sample_ids
    table = next(frame.value for frame in app.dataframe if "chosen again, %" in frame.value)
    often = dict(zip(picks.tolist(), 100 * expected.frequency[picks], strict=True))
    assert dict(zip(table["sample"], table["chosen again, %"], strict=True)) == pytest.approx(often)
    assert table["chosen again, %"].tolist() == sorted(table["chosen again, %"])
    assert f"**{100 * expected.kept.mean():.0f} %** of 5 runs" in said(app)
    settings = next(frame.value for frame in app.dataframe if "setting" in frame.value)
    assert "tokens of the response" in settings["setting"].tolist()


def test_features_left_out_and_rows_kept_out_change_the_figures_of_the_same_two_selections(tmp_path, open_app):
    workspace = sourced_workspace(tmp_path)
    dataset = Dataset(workspace, "sourced")
    for name, method in (("a", "richest"), ("b", "longest")):
        words = ["select", "sourced", "--theta", "0", "--method", method, "--rows", "9", "--name", name]
        assert command_line(["--workspace", str(workspace.root), *words]) == 0
    a, b = (load_selection(workspace, name).ids for name in "ab")
    only = Constraints(only=SampleFilter(columns=(("source", "web"),)))
    set_marks(workspace, dataset.content_hash, [i for i in range(60) if i not in {*a, *b}][:4], BAN)
    sides = LINK | {"dataset": "sourced", "compare_a": "selection:a", "compare_b": "selection:b"}
    for link, more in (
        ({}, {}),
        ({"without": "dense"}, {"without": ("dense",)}),
        ({"constraints": json.dumps(only.as_dict())}, {"constraints": only}),
    ):
        app = open_app(workspace, "Budget", **sides, **link)
        bans = marked(workspace, dataset.content_hash, BAN)
        analysis = open_analysis(workspace, "sourced")
        spec = RankingSpec(analysis=analysis.id, method="richest", activity=Activity(mode="raw"), bans=bans, **more)
        pool = pool_of(analysis, dataset, spec)
        expected = compare(pool.features, pool.conversation_tokens, a, b, eligible=pool.free)
        assert expected.overlap.n <= 60 - 4
        figures = metrics(app)
        assert figures["Features, A and B"] == f"{expected.reached_a} · {expected.reached_b}"
        assert f"two random subsets of {expected.overlap.n} would share" in said(app)


def test_stability_is_not_that_of_a_target_selection_that_was_replaced_since(made, open_app):
    save(made, "base", "--method", "longest", "--rows", "3")
    target = {"sae-greedy.target": "selection:base"}
    app = open_app(made, "Budget", compare_look="stability", runs="5", **LINK, **target)
    app.button(key="stability_parts").click().run()
    assert not app.exception and not app.error
    assert [frame for frame in app.dataframe if "chosen again, %" in frame.value]
    save(made, "base", "--method", "random", "--rows", "9", "--replace")
    app.run()
    assert not app.exception and not [frame for frame in app.dataframe if "chosen again, %" in frame.value]
