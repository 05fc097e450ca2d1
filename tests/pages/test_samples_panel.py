"""Statistics and samples of a data set: what a click filters, what is banned, and hostile text."""

import json
import urllib.parse

import pytest
from streamlit.testing.v1 import AppTest

from core.store.datasets import Dataset
from core.store.people import BAN, PIN, marked, marked_with_reasons, set_mark, set_marks
from core.store.sample_filter import SampleFilter
from pages.data.panels.statistics_panel import length_figure, turn_words
from tests.made import CANARY, made_records, write_jsonl
from tests.pages.conftest import metrics, said
from tests.store.facts_made import HOSTILE, facts_workspace


def panels(root: str, name: str) -> None:
    from pathlib import Path

    import streamlit as st

    from core.workspace import Workspace
    from pages.data.panels.samples_panel import draw_samples
    from pages.data.panels.statistics_panel import draw_statistics
    from pages.shared.engine import open_dataset
    from pages.shared.state import begin, write_link

    begin()
    workspace = Workspace(Path(root))
    dataset = open_dataset(workspace, name)
    draw_statistics(dataset)
    st.divider()
    draw_samples(dataset, workspace)
    write_link()


def open_panels(workspace, name: str = "facts", **link: str) -> AppTest:
    app = AppTest.from_function(panels, args=(str(workspace.root), name), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def shown(app: AppTest) -> list[int]:
    """The sample ids of the table."""
    table = next(element.value for element in app.dataframe if "begins with" in element.value)
    return table["sample"].tolist()


@pytest.fixture
def facts(workspace, tmp_path):
    facts_workspace(workspace, tmp_path)
    return workspace


def test_the_figures_are_there_with_the_rule_of_every_flag(facts):
    app = open_panels(facts)
    assert metrics(app)["Samples"] == "8" and metrics(app)["Exact repeats"] == "2"
    refusal = app.button(key="flag_refusal")
    assert refusal.label == "Refusal boilerplate: 1" and "As an AI language model" in refusal.help
    assert app.button(key="flag_echo").disabled
    assert shown(app) == list(range(8))


def test_a_click_on_a_flag_filters_and_the_link_reproduces_it(facts):
    app = open_panels(facts)
    app.button(key="flag_refusal").click().run()
    assert shown(app) == [4] and app.multiselect(key="filter_flags").value == ["refusal"]
    link = "".join(app.query_params["filter"])
    assert json.loads(link) == {"flags": ["refusal"]}
    again = open_panels(facts, filter=link)
    assert shown(again) == [4] and "1 of 8 samples: flagged refusal boilerplate" in said(again)
    again.button(key="filter_clear").click().run()
    assert shown(again) == list(range(8)) and "filter" not in again.query_params


def test_the_bar_filters_by_text_language_column_and_length(facts):
    app = open_panels(facts)
    app.text_input(key="filter_text").set_value("LAMP").run()
    assert shown(app) == [0, 1]
    app.multiselect(key="filter_languages").set_value(["de"]).run()
    assert shown(app) == [1]
    app.multiselect(key="filter_languages").set_value([]).run()
    app.text_input(key="filter_text").set_value("").run()
    app.selectbox(key="filter_column").set_value("topic").run()
    app.selectbox(key="filter_value").set_value("sea").run()
    assert shown(app) == [0, 1, 4]
    app.selectbox(key="filter_column").set_value("score").run()
    assert shown(app) == list(range(8))  # no value yet
    app.number_input(key="filter_low").set_value(1.5).run()
    assert shown(app) == [3, 4, 6, 7]
    app.number_input(key="filter_longest").set_value(10).run()
    assert shown(app) == [3, 6]
    app.number_input(key="filter_shortest").set_value(20).run()
    assert "range 20 to 10 is empty" in app.warning[0].value.replace("\\", "")
    assert shown(app) == [3, 6]


def test_a_column_of_hostile_name_filters_like_any_other(facts):
    app = open_panels(facts)
    app.selectbox(key="filter_column").set_value(HOSTILE).run()
    app.selectbox(key="filter_value").set_value("100%_\\").run()
    assert shown(app) == [2]
    assert len(Dataset(facts, "facts")) == 8


def test_all_matches_are_banned_and_taken_back_in_one_click(facts):
    mark = Dataset(facts, "facts").content_hash
    set_mark(facts, mark, 0, PIN)
    set_marks(facts, mark, [7], BAN, reason="contamination")
    app = open_panels(facts, filter=json.dumps(SampleFilter(duplicates_only=True).as_dict()))
    assert app.button(key="ban_matches").label == "Ban these 2"
    app.button(key="ban_matches").click().run()
    assert marked(facts, mark, BAN) == (7, 3, 6) and marked_with_reasons(facts, mark, BAN)[3] == ("filter",)
    assert app.button(key="ban_matches").disabled
    assert app.button(key="lift_matches").label == "Take 2 bans back"
    app.button(key="lift_matches").click().run()
    assert marked(facts, mark, BAN) == (7,) and marked(facts, mark, PIN) == (0,)


def test_nothing_can_be_banned_without_a_filter(facts):
    app = open_panels(facts)
    assert not [button for button in app.button if button.key == "ban_matches"]


@pytest.mark.parametrize(
    "link", ["{", "[]", "3", '{"flags": ["ugly"]}', '{"ids": "x"}', urllib.parse.quote('{"text": "LAMP"}')]
)
def test_an_odd_link_filters_nothing(facts, link):
    assert shown(open_panels(facts, filter=link)) == list(range(8))


def test_a_filter_of_another_data_set_is_a_sentence_and_a_way_out(facts):
    app = open_panels(facts, filter='{"columns": [["gone", "x"]]}')
    assert "has no column 'gone'" in app.error[0].value.replace("\\", "")
    app.button(key="filter_clear").click().run()
    assert shown(app) == list(range(8))


def test_hostile_text_reaches_plain_elements_only(made):
    app = open_panels(made, "made", filter=json.dumps(SampleFilter(ids=(3,)).as_dict()))
    assert any(CANARY in text.value for text in app.text)
    for kind in ("markdown", "caption", "html", "error", "info", "warning"):
        assert not any("onerror" in str(element.value) for element in getattr(app, kind))
    app.text_input(key="filter_text").set_value(CANARY[:60]).run()
    assert shown(app) == [3]
    assert not any("<script>" in caption.value for caption in app.caption)


def test_many_samples_come_a_hundred_a_page(workspace, tmp_path):
    from core.store.import_dataset import import_dataset

    import_dataset(workspace, write_jsonl(tmp_path / "many.jsonl", made_records(230)), name="many")
    assert shown(open_panels(workspace, "many")) == list(range(100))


def test_turns_and_lengths_say_every_row(facts):
    from core.store.dataset_statistics import statistics_of

    found = statistics_of(Dataset(facts, "facts"))
    assert turn_words(found) == "2 turns: 8 samples"
    figure = length_figure(found.lengths)
    assert [sum(trace.y) for trace in figure.data] == [8, 8]
    assert figure.data[0].x[:3] == ("0", "1", "2") and "–" in figure.data[0].x[-1]
