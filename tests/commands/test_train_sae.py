"""`train-sae`: from a file to an analysis with an SAE of one's own, and one plain sentence for what cannot be."""

import json

import pytest

from tests.commands.test_command_line import call
from tests.made import made_records, write_jsonl

SMALL = ("--width", 64, "--k", 4, "--batch", 32, "--tokens", 2000, "--device", "cpu")


@pytest.fixture
def file(tmp_path):
    return write_jsonl(tmp_path / "my data.jsonl", made_records(80))


def test_a_file_becomes_an_sae_that_is_listed_and_used_at_once(capsys, workspace, tmp_path, tiny, file):
    words = ("train-sae", tiny["model"], file, "--block", 1, *SMALL)
    told = call(capsys, workspace, *words, "--estimate", as_json=True)
    assert told["plan"]["steps"] == 62 and told["seconds"] > 0 and told["disk_bytes"] == 4 * (2 * 16 * 64 + 2 * 64 + 16)
    (warning,) = told["warnings"]
    assert warning.startswith("1 984 tokens for 64 features are 31 a feature") and "read 12 800 tokens" in warning
    made = call(capsys, workspace, *words, "--out", tmp_path / "copy", as_json=True)
    assert made["name"] == "my-data-model-1-resid-post-topk" and made["fit"]["whole"]["loss_recovered"] is not None
    assert (tmp_path / "copy" / "sae_weights.safetensors").is_file()
    again = call(capsys, workspace, *words, "--out", tmp_path / "copy", as_json=True)
    assert again == made, "the same SAE is not trained twice"
    listed = call(capsys, workspace, "saes", tiny["model"], as_json=True)
    assert listed[0]["sae"] == made["sae"] and listed[0]["kin"] == "own" and listed[0]["width"] == 64
    assert "1 trained in this workspace" in call(capsys, workspace, "saes", tiny["model"], "--layer", 1)
    assert not [sae for sae in call(capsys, workspace, "saes", tiny["model"], "--layer", 2, as_json=True)]
    pair = ("--model", tiny["model"], "--sae", made["sae"], "--device", "cpu", "--no-pilot")
    analysed = call(capsys, workspace, "analyse", "my-data", *pair, as_json=True)
    assert analysed["samples"] == 80
    jobs = [json.loads(path.read_text()) for path in workspace.jobs.glob("*/job.json")]
    command = next(job["command"] for job in jobs if job["title"].startswith("Train SAE"))
    assert command[:3] == ["train-sae", str(tiny["model"]), "my-data"] and command[-2:] == [
        "--out",
        str(tmp_path / "copy"),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--block", 3), "There is no block 3: the model has blocks 0 to 2."),
        (("--block", 0, "--site", "resid_pre"), "Before block 0 stand the embeddings"),
        (("--block", 1, "--site", "resid_mid"), "site 'resid_mid' is not known; use one of resid_post, resid_pre"),
        (("--block", 1, "--architecture", "gated"), "architecture 'gated' is not known; use one of topk, batchtopk"),
        (
            ("--block", 1, "--width", 8),
            "would have 8 features and 32 of them active; take a larger width or a smaller k",
        ),
        (("--block", 1, "--k", 0), "k is 0; at least 1 feature must be active"),
        (("--block", 1, "--tokens", 40), "40 tokens are fewer than one step reads (512)"),
        (("--block", 1, "--lr", 2), "The learning rate is 2; it must lie between 0 and 1"),
        (("--block", 1, "--batch", 512), "at least 20 steps are needed: take more data, a smaller --batch"),
        (("--block", 1, "--template", "chat"), "The model has no chat template"),
        (("--block", 1, "--name", "a/b"), "'a/b' cannot name an SAE"),
        (("--block", 1, "--forget"), "There is no unfinished training of these choices"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(capsys, workspace, tiny, file, words, sentence):
    call(capsys, workspace, "datasets", "add", file, "--name", "d")
    said = call(capsys, workspace, "train-sae", tiny["model"], "d", *words, "--device", "cpu", code=2)
    assert sentence in said and said.strip().count("\n") == said.count("loading") + said.count("tokenising")
    assert not list(workspace.saes.glob("[!.]*"))


def test_wrong_places_are_refused(capsys, workspace, tmp_path, tiny, file):
    assert "There is no data set 'nothing'" in call(
        capsys, workspace, "train-sae", tiny["model"], "nothing", "--block", 1, code=2
    )
    call(capsys, workspace, "datasets", "add", write_jsonl(tmp_path / "o.jsonl", made_records(9)), "--name", "my-data")
    assert "'my-data' already, which holds something else" in call(
        capsys, workspace, "train-sae", tiny["model"], file, "--block", 1, code=2
    )
    call(capsys, workspace, "datasets", "add", file, "--name", "d")
    words = ("train-sae", tiny["model"], "d", "--block", 1, *SMALL)
    assert "is there already" in call(capsys, workspace, *words, "--out", tmp_path, code=2)
    assert "no model in" in call(capsys, workspace, "train-sae", tmp_path / "no", "d", "--block", 1, code=2)
