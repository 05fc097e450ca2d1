"""Models and SAEs of several kinds by the command line: a run from local folders, and refusals in one sentence."""

import json
import shutil

import pytest

from tests.activations.test_sae_formats import sparsify_folder
from tests.commands.test_command_line import call
from tests.families import family_folder
from tests.made import made_records, write_jsonl
from tests.tiny import tiny_sae

TEMPLATE = "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>\n{{ m['content'] | trim }}\n{% endfor %}"


@pytest.fixture
def data(capsys, workspace, tmp_path):
    call(capsys, workspace, "datasets", "add", write_jsonl(tmp_path / "d.jsonl", made_records(12)), "--name", "d")


@pytest.fixture
def chat_model(tmp_path, tiny):
    """The tiny model as a chat model: with a template."""
    folder = shutil.copytree(tiny["model"], tmp_path / "chat")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def test_a_gpt2_folder_and_a_sparsify_folder_make_an_analysis(capsys, workspace, tmp_path, data):
    pair = (
        "--model",
        family_folder(tmp_path / "gpt2", "gpt2"),
        "--sae",
        sparsify_folder(tmp_path / "saes", run={"model": "mine"})[0],
    )
    made = call(capsys, workspace, "analyse", "d", *pair, "--device", "cpu", "--no-pilot", as_json=True)
    assert made["samples"] == 12
    shown = call(capsys, workspace, "analyses", "show", "d", as_json=True)
    assert shown["samples"] == 12
    again = call(capsys, workspace, "analyse", "d", *pair, "--no-pilot", as_json=True)
    assert again == made, "where it ran decides nothing"


def test_a_base_sae_reads_a_chat_model_only_after_a_pilot_that_is_shown(capsys, workspace, tmp_path, data, chat_model):
    sae = tiny_sae(tmp_path / "sae")  # trained on "tiny", which no name of the model is
    pair = ("--model", chat_model, "--sae", sae)
    assert "so leave out --no-pilot" in call(capsys, workspace, "analyse", "d", *pair, "--no-pilot", code=2)
    call(capsys, workspace, "analyse", "d", *pair, as_json=True)
    notes = call(capsys, workspace, "analyses", "show", "d", as_json=True)["pilot"]["notes"]
    assert any("chat template, but the SAE was trained on tiny" in note for note in notes)


def test_a_wrong_pair_is_refused_before_any_weight_is_read(capsys, workspace, tmp_path, data, tiny):
    folder = shutil.copytree(tiny["model"], tmp_path / "m")
    (folder / "model.safetensors").write_text("no weights")
    said = call(
        capsys, workspace, "analyse", "d", "--model", folder, "--sae", tiny_sae(tmp_path / "sae", width=8), code=2
    )
    assert "takes 8 inputs but the model's residual stream is 16 wide" in said and said.count("\n") == 1
    listed = call(
        capsys,
        workspace,
        "pilot",
        "d",
        "--model",
        folder,
        "--sae",
        "sae-lens:gpt2-small-res-jb/blocks.8.hook_resid_pre",
        code=2,
    )
    assert "takes 768 inputs" in listed and "one that fits takes 16 inputs" in listed
    assert "--template" in call(
        capsys, workspace, "pilot", "d", "--model", tiny["model"], "--sae", tiny["sae"], "--template", "chat", code=2
    )


def test_the_public_saes_of_a_model_are_listed(capsys, workspace):
    found = call(capsys, workspace, "saes", "gpt2", "--layer", 8, "--search", "res-jb", as_json=True)
    assert found[0]["sae"] == "sae-lens:gpt2-small-res-jb/blocks.8.hook_resid_pre" and found[0]["kin"] == "same"
    assert {sae["layer"] for sae in found} == {8}
    words = call(capsys, workspace, "saes", "google/gemma-2-2b", "--layer", 12)
    assert "of the 13 857 public SAEs were trained on this model" in words and "… and " in words
    assert json.dumps(found) and "no folder and no model" in call(capsys, workspace, "saes", "nothing", code=2)
