"""Pools on screen: joined by the form; a base that holds for its pool alone; what is wrong can be mended where it is told."""

import pytest

from core.__main__ import run as command_line
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.people import PIN, marked, set_mark
from core.store.pools import join_datasets, members_of
from core.workspace import Workspace
from tests.made import made_analysis, made_records, write_jsonl


@pytest.fixture
def pooled(made: Workspace, tmp_path) -> Workspace:
    """`made` beside a pool of `a`, which is trained on already, and `b`."""
    records = made_records(60)
    import_dataset(made, write_jsonl(tmp_path / "a.jsonl", records[:20]), name="a")
    import_dataset(made, write_jsonl(tmp_path / "b.jsonl", records[20:]), name="b")
    join_datasets(made, ["a", "b"], name="pool", base=["a"])
    made_analysis(made, Dataset(made, "pool"), id="f" * 16)
    return made


def base_on(app) -> list[str]:
    return app.multiselect(key="_base").value


def test_two_data_sets_are_joined_by_the_form_and_the_pool_is_chosen(pooled, open_app):
    app = open_app(pooled, "Data sets")
    app.multiselect(key="pool_members").set_value(["b", "made"]).run()
    app.multiselect(key="pool_base").set_value(["made"]).run()
    app.text_input(key="pool_name").set_value("mine").run()
    app.button(key="pool_join").click().run()
    assert not app.exception
    assert [(m.name, m.base) for m in members_of(Dataset(pooled, "mine"))] == [("b", False), ("made", True)]
    assert app.sidebar.selectbox(key="dataset").value == "mine"


def test_the_sentence_says_what_new_rows_add_to_the_base_and_none_of_it_is_picked(pooled, open_app):
    app = open_app(pooled, "Budget", dataset="pool", unit="rows", amount="5")
    assert base_on(app) == ["a"]
    assert any("your base reaches" in words.value for words in app.subheader)
    picks = next(table.value for table in app.dataframe if "place" in table.value)
    assert picks["sample"].min() >= 20


def test_a_selection_of_another_data_set_leaves_the_base_of_a_pool_alone(pooled, open_app):
    words = ["select", "made", "--method", "random", "--rows", "5", "--name", "plain"]
    assert command_line(["--workspace", str(pooled.root), *words]) == 0
    app = open_app(pooled, "Budget", dataset="made", selection="plain")
    app.sidebar.selectbox(key="dataset").set_value("pool").run()
    assert base_on(app) == ["a"]


def test_a_pin_inside_the_base_is_told_and_can_be_taken_back_on_the_same_screen(pooled, open_app):
    mark = Dataset(pooled, "pool").content_hash
    set_mark(pooled, mark, 3, PIN)
    app = open_app(pooled, "Budget", dataset="pool")
    assert any("the base holds it already" in error.value for error in app.error)
    app.button(key="clear_pin").click().run()
    assert marked(pooled, mark, PIN) == () and not app.error
