"""Data sets: adding one, what was left out, and hostile text."""

import json

from core.store.datasets import Dataset, dataset_names
from pages.data.panels.import_form import suggested
from pages.data.panels.problems_panel import left_out
from tests.made import CANARY
from tests.pages.conftest import said


def add(app, path, name=""):
    app.text_input(key="import_path").set_value(str(path))
    app.text_input(key="import_name").set_value(name)
    return app.button(key="import").click().run()


def test_a_file_is_added_by_its_path_and_becomes_the_current_data_set(made, open_app, tmp_path):
    file = tmp_path / "two.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n{"instruction": 3}\nnot json\n')
    app = add(open_app(made, "Data sets"), file)
    assert dataset_names(made) == ["made", "two"]
    assert app.sidebar.selectbox[0].value == "two"
    assert "2 records left out" in said(app).replace("\\", "")
    assert [str(value) for value in app.dataframe[1].value["line"]] == ["2", "3"]
    lines = [json.loads(line) for line in left_out(Dataset(made, "two")).splitlines()]
    assert [(line["file"], line["line"], line["record"]) for line in lines] == [
        ("two.jsonl", 2, '{"instruction": 3}'),
        ("two.jsonl", 3, "not json"),
    ]


def test_a_name_that_is_taken_and_a_file_that_is_not_there_are_sentences(made, open_app, tmp_path):
    file = tmp_path / "one.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n')
    app = add(open_app(made, "Data sets"), file, "made")
    assert "already" in app.error[0].value
    app = add(app, tmp_path / "gone.jsonl", "gone")
    assert "There is no file" in app.error[0].value
    app = add(app, "", "gone")
    assert "no file yet" in app.error[0].value
    assert dataset_names(made) == ["made"]


def test_a_key_of_a_record_cannot_smuggle_markup_into_an_error(made, open_app, tmp_path):
    file = tmp_path / "odd.jsonl"
    file.write_text(json.dumps({"![x](http://evil.example/x.png)": 1, "<img src=x>": 2}) + "\n")
    app = add(open_app(made, "Data sets"), file)
    assert "![x](" not in app.error[0].value
    assert "\\!\\[x\\]" in app.error[0].value


def test_hostile_text_reaches_plain_elements_only(made, open_app):
    app = open_app(made, "Data sets", filter='{"ids": [3]}')
    assert any(CANARY in text.value for text in app.text)
    for kind in ("markdown", "caption", "html", "error", "info"):
        assert not any("onerror" in str(element.value) for element in getattr(app, kind))


def test_a_name_is_suggested_from_the_file():
    assert suggested("/data/alpaca_data.jsonl.gz") == "alpaca_data"
    assert suggested("C:/x/ü.json") == ""
    assert suggested("") == ""
