"""The import form: a look before anything is imported, controls that overrule, then Add."""

import json

from core.store.datasets import Dataset, dataset_names
from pages.data.panels.import_preview import LONGEST, shortened
from tests.made import CANARY, write_jsonl
from tests.pages.conftest import said


def opened(open_app, workspace, path):
    app = open_app(workspace, "Data sets")
    return app.text_input(key="import_path").set_value(str(path)).run()


def added(app, name):
    app.text_input(key="import_name").set_value(name)
    app = app.button(key="import").click().run()
    assert not app.exception, app.exception
    return app


def words(app) -> str:
    return said(app).replace("\\", "")


def test_a_look_shows_format_rule_conversation_and_record_before_anything_is_imported(made, open_app, tmp_path):
    rows = [{"question": "Why?", "answer": "Because.", "level": 3}, {"question": "Who?", "answer": 7}]
    app = opened(open_app, made, write_jsonl(tmp_path / "qa.jsonl", rows))
    assert "question / answer" in words(app) and "'question', then 'answer', both texts." in words(app)
    assert "Of the first 2 records, 1 are read and 1 would be left out" in words(app)
    assert "Because." in [text.value for text in app.text]
    assert json.dumps(rows[0]) in [code.value for code in app.code]
    assert "Becomes metadata: level" in words(app)
    assert dataset_names(made) == ["made"]
    added(app, "")
    assert len(Dataset(made, "qa")) == 1


def test_hostile_records_stay_plain_text_in_a_look(made, open_app, tmp_path):
    rows = [
        {"instruction": CANARY, "output": CANARY, CANARY: CANARY},
        {"instruction": CANARY, "output": 1, "[x](y)": 2},
    ]
    app = opened(open_app, made, write_jsonl(tmp_path / "odd.jsonl", rows))
    assert CANARY in [text.value for text in app.text]
    for kind in ("markdown", "caption", "warning", "error", "info"):
        for element in getattr(app, kind):
            assert "<script" not in element.value.replace("\\<", "") and "[x](y)" not in element.value


def test_a_format_can_be_overruled(made, open_app, tmp_path):
    rows = [{"instruction": "i", "output": "o", "prompt": "p", "completion": "c"}]
    app = opened(open_app, made, write_jsonl(tmp_path / "two.jsonl", rows))
    app = app.selectbox(key="import_format").set_value("prompt-completion").run()
    assert "p" in [text.value for text in app.text]
    added(app, "two")
    assert [turn.text for turn in Dataset(made, "two").turns(0)] == ["p", "c"]


def test_an_unknown_table_comes_in_by_a_map(made, open_app, tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("Frage,Antwort,Note\nWarum?,Darum.,2\nWer?,,3\n")
    app = opened(open_app, made, file)
    assert "was not recognised: its keys are Frage, Antwort, Note" in words(app)
    app = app.selectbox(key="import_format").set_value("a map of its columns").run()
    assert "Columns: {Frage}  {Antwort}  {Note}" in words(app)
    app.text_input(key="import_template_0").set_value(r"{Frage}\n!")
    app = app.text_input(key="import_template_1").set_value("{Antwort}").run()
    assert "Warum?\n!" in [text.value for text in app.text]
    added(app, "table")
    dataset = Dataset(made, "table")
    assert [turn.text for turn in dataset.turns(0)] == ["Warum?\n!", "Darum."]
    assert dataset.cursor().execute("SELECT name, type FROM columns").fetchall() == [("Note", "integer")]


def test_a_map_without_templates_is_asked_for_and_a_wrong_one_names_the_columns(made, open_app, tmp_path):
    app = opened(open_app, made, write_jsonl(tmp_path / "d.jsonl", [{"q": "a"}]))
    app = app.selectbox(key="import_format").set_value("a map of its columns").run()
    app = added(app, "d")
    assert "The map says nothing yet" in app.error[0].value
    app = app.text_input(key="import_template_0").set_value("{Q}").run()
    assert "names the column 'Q'" in words(app) and "its columns are q" in words(app)
    assert dataset_names(made) == ["made"]


def test_records_inside_records_are_offered_and_read(made, open_app, tmp_path):
    file = tmp_path / "squad.json"
    file.write_text(
        json.dumps(
            {"data": [{"title": "T", "qas": [{"question": "q1", "answer": "a1"}, {"question": "q2", "answer": "a2"}]}]}
        )
    )
    app = opened(open_app, made, file)
    assert app.selectbox(key="import_records").options == ["one beside the other", "data[]", "data[].qas[]"]
    app = app.selectbox(key="import_records").set_value("data[].qas[]").run()
    assert "a2" in [text.value for text in app.text]
    added(app, "squad")
    assert len(Dataset(made, "squad")) == 2


def test_a_header_can_be_denied_and_another_source_starts_afresh(made, open_app, tmp_path):
    file = tmp_path / "bare.tsv"
    file.write_text("Why?\tBecause.\nWho?\tMe.\n")
    app = opened(open_app, made, file)
    app = app.toggle(key="import_header").set_value(False).run()
    app = app.selectbox(key="import_format").set_value("a map of its columns").run()
    app.text_input(key="import_template_0").set_value("{1}")
    app = app.text_input(key="import_template_1").set_value("{2}").run()
    added(app, "bare")
    assert len(Dataset(made, "bare")) == 2
    other = write_jsonl(tmp_path / "other.jsonl", [{"instruction": "a", "output": "b"}])
    app = app.text_input(key="import_path").set_value(str(other)).run()
    assert app.selectbox(key="import_format").value == "recognise it"


def test_an_upload_is_looked_at_and_added_under_its_own_name(made, open_app):
    app = open_app(made, "Data sets")
    rows = b'{"prompt": "p", "completion": "c"}\n'
    app = app.file_uploader(key="upload").set_value(("sent.jsonl", rows, "application/jsonl")).run()
    assert "prompt / completion" in words(app)
    added(app, "")
    assert dataset_names(made) == ["made", "sent"] and Dataset(made, "sent").record(0)[1] == "sent.jsonl"


def test_the_hub_is_not_asked_before_the_user_says_so(made, open_app, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    app = opened(open_app, made, "hf:someone/something")
    assert (
        not app.error and app.button(key="import_look").label == "Look at it"
    )  # asked, it would say that it is offline


def test_a_folder_shows_the_formats_of_its_files(made, open_app, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", [{"instruction": "a", "output": "b"}])
    write_jsonl(folder / "b.jsonl", [{"question": "q", "answer": "a"}])
    app = opened(open_app, made, folder)
    assert "Alpaca: a.jsonl" in words(app).replace("**", "") and "question / answer: b.jsonl" in words(app).replace(
        "**", ""
    )
    added(app, "both")
    assert len(Dataset(made, "both")) == 2 and Dataset(made, "both").meta["format"] == "alpaca, question-answer"


def test_long_texts_are_shortened_in_a_look_and_say_so():
    assert shortened("a" * LONGEST) == "a" * LONGEST
    assert shortened("a" * (LONGEST + 5)).endswith(f"({LONGEST} of {LONGEST + 5} characters shown; all are imported)")
