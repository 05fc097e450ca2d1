"""Hand-over: what is written is what is shown, and the proof holds."""

import hashlib
import json

import pytest

from core.__main__ import run as command_line
from core.files import tree_hash
from core.selection.saved import load_selection
from tests.pages.conftest import metrics, said


@pytest.fixture
def saved(made):
    words = ["select", "made", "--method", "sae-greedy", "--rows", "6", "--name", "six"]
    assert command_line(["--workspace", str(made.root), *words]) == 0
    return made


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def test_without_a_saved_selection_it_says_where_to_make_one(made, open_app):
    app = open_app(made, "Hand-over")
    assert "save one on Budget" in app.info[0].value


def test_write_read_back_and_verify(saved, open_app):
    app = press(open_app(saved, "Hand-over", selection="six"), "Write the file")
    file = saved.exports / "six.jsonl"
    assert "Read back: same" in said(app).replace("\\", "")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in said(app)
    app = press(app, "Verify")
    assert "Same" in said(app)
    assert "ranking, constraints and ids" in said(app).replace("\\", "")
    file.write_bytes(file.read_bytes() + b"\n")
    app = press(app, "Verify")
    assert "SHA-256" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("form", ["alpaca", "sharegpt", "messages", "prompt-completion"])
@pytest.mark.parametrize("ending", [".jsonl", ".json"])
def test_the_preview_is_the_beginning_of_the_file(saved, open_app, form, ending):
    app = open_app(saved, "Hand-over", selection="six")
    app.selectbox(key="export_format").set_value(form)
    app.selectbox(key="export_layout").set_value(ending[1:]).run()
    shown = app.code[0].value.rstrip("\n]").rstrip()
    press(app, "Write the file")
    written = (saved.exports / f"six{ending}").read_text()
    assert written.startswith(shown)
    records = json.loads(written) if ending == ".json" else [json.loads(line) for line in written.splitlines()]
    assert len(records) == 6


def test_verbatim_keeps_the_bytes(saved, open_app, tmp_path):
    press(open_app(saved, "Hand-over", selection="six"), "Write the file")
    lines = (tmp_path / "made.jsonl").read_bytes().splitlines()
    ids = load_selection(saved, "six").ids
    assert (saved.exports / "six.jsonl").read_bytes() == b"".join(lines[i] + b"\n" for i in ids)


def test_a_file_name_of_another_kind_is_a_sentence(saved, open_app, tmp_path):
    app = open_app(saved, "Hand-over", selection="six")
    app.text_input(key="export_path_six.jsonl").set_value(str(tmp_path / "x.txt")).run()
    assert "end it in .jsonl" in app.error[0].value.replace("\\", "")


def test_the_figures_say_what_is_handed_over(saved, open_app):
    figures = metrics(open_app(saved, "Hand-over", selection="six"))
    assert (figures["Rows"], figures["Budget"].replace("\u202f", " ")) == ("6", "6 rows")


def test_what_a_trainer_makes_of_it_is_said_once_the_rows_are_tokenised(saved, open_app):
    app = open_app(saved, "Hand-over", selection="six")
    assert any(button.key == "trainer_start" for button in app.button)
    assert command_line(["--workspace", str(saved.root), "trainer-preview", "six"]) == 0
    app = open_app(saved, "Hand-over", selection="six")
    assert "LLaMA-Factory trains on" in said(app).replace("\\", "")
    table = app.dataframe[-1].value
    assert list(table["Trainer"]) == ["TRL", "LLaMA-Factory", "axolotl"]
    assert list(table["Rows kept"]) == [6, 6, 6]
    app.number_input(key="trainer_cutoff").set_value(2).run()
    assert app.dataframe[-1].value["Dropped"].str.contains("nothing to train on|longer than the cutoff").any()
    app.text_input(key="trainer_tokenizer").set_value("/nowhere").run()
    assert "holds no tokenizer" in app.error[-1].value.replace("\\", "")


def test_a_trainers_own_template_stands_in_the_preview_and_in_the_line_that_starts_the_training(saved, open_app):
    words = ["trainer-preview", "six", "--template", "llama-factory:qwen"]
    assert command_line(["--workspace", str(saved.root), *words]) == 0
    link = {
        "selection": "six",
        "trainer": "llama-factory",
        "trainer_template": "llama-factory:qwen",
        "trainer_cutoff": "512",
    }
    app = press(open_app(saved, "Hand-over", **link), "Write the file")
    assert list(app.dataframe[-1].value["Trainer"]) == ["LLaMA-Factory"]
    started = next(block.value for block in app.code if block.value.startswith("llamafactory-cli train"))
    assert "--template qwen --cutoff_len 512" in started and "--dataset six " in started
    app.segmented_control(key="trainer").set_value("axolotl").run()
    assert app.selectbox(key="trainer_template").value == "tokenizer"  # axolotl has no qwen of LLaMA-Factory's
    assert any(block.value == "axolotl train config.yaml" for block in app.code)


def test_a_file_that_is_there_is_hashed_once_and_again_when_it_changes(saved, open_app, monkeypatch):
    from core.export import write

    app = press(open_app(saved, "Hand-over", selection="six"), "Write the file")
    looked: list[str] = []
    monkeypatch.setattr(write, "tree_hash", lambda path: looked.append(path.name) or tree_hash(path))
    for lossy in (True, False, True):
        app.checkbox(key="export_lossy").set_value(lossy).run()
    assert looked == []
    (saved.exports / "six.jsonl").write_bytes(b"somebody's own\n")
    assert "is not as an export wrote it" in said(app.run()).replace("\\", "") and looked == ["six.jsonl"]


def test_how_a_push_ended_stands_where_it_was_asked_for(saved, open_app, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # the library reads its environment once
    app = open_app(saved, "Hand-over", selection="six", export_layout="folder")
    app = press(app, "Write the file")
    here = ["--workspace", str(saved.root)]
    assert next(button for button in app.button if button.label == "Publish").disabled
    assert command_line([*here, "push", str(saved.exports / "six"), "--to", "me/mine"]) == 2
    assert any("HF_HUB_OFFLINE is set" in block.value.replace("\\", "") for block in app.run().error)
