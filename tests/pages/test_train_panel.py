"""Train an SAE on the Analyse screen: the command of the form, its estimate, and the way from a fit card to an analysis."""

import json
from dataclasses import asdict

import pytest

from core.files import write_json
from core.training.own.forecast import TrainingEstimate
from core.training.own.settings import OwnSaeSettings, TrainingPlan
from tests.pages.conftest import metrics, said
from tests.pages.test_analyse import a_report

PLAN = TrainingPlan(2048, 800, 512, 200_000, 57, 3, 1, 20)


@pytest.fixture
def started(monkeypatch):
    """What was started, without starting it."""
    words = []
    monkeypatch.setattr(
        "pages.data.panels.train_panel.start", lambda workspace, *, title, command: words.append(command)
    )
    return words


def estimated(workspace, settings: OwnSaeSettings) -> None:
    found = TrainingEstimate(PLAN, 1.0, 2.0, 60.0, 24.0, 3.0, 900_000_000, 4_000_000, 30_000_000, True, False)
    said = {"dataset": "made", "model": "bundled", "settings": settings.as_dict(), "estimate": asdict(found)}
    write_json(workspace.training / "estimates" / "x.json", said)


def trained(workspace, name: str = "mine", *, model: str = "bundled") -> str:
    """A folder as a training leaves it; returns what to write for the SAE."""
    folder = workspace.saes / name
    facts = {
        "id": "0" * 16, "model": {"ref": model, "sha256": "0", "name": "model", "width": 256}, "hook": "blocks.3.hook_resid_post",
        "dataset": {"name": "made", "hash": "0"}, "settings": {"architecture": "topk", "k": 32}, "plan": asdict(PLAN),
        "fit": asdict(a_report(workspace).fit), "losses": [9.0, 4.0, 2.0], "created": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    write_json(folder / "training.json", facts)
    return str(folder.resolve())


def test_the_form_starts_the_command_that_a_person_would_type(made, open_app, started):
    app = open_app(made, "Analyse")
    assert "6 blocks, numbered from 0; 256 wide" in said(app).replace("\\", "").replace("\u202f", " ")
    app.button(key="train_start").click().run()
    assert started == [["train-sae", "bundled", "made", "--block", "3"]], "the middle block, and defaults unsaid"
    app.number_input(key="train_block").set_value(2)
    app.selectbox(key="train_site").set_value("mlp_out")
    app.selectbox(key="train_architecture").set_value("jumprelu")
    app.number_input(key="train_width").set_value(1024)
    app.number_input(key="train_tokens").set_value(100_000)
    app.number_input(key="train_cache").set_value(2.5)
    app.text_input(key="train_name").set_value("short")
    app.button(key="train_estimate").click().run()
    words = ["train-sae", "bundled", "made", "--block", "2", "--site", "mlp_out", "--architecture", "jumprelu",
             "--width", "1024", "--tokens", "100000", "--cache-gb", "2.5"]  # fmt: skip
    assert started[1:] == [[*words, "--estimate"]]
    app.button(key="train_start").click().run()
    assert started[2:] == [[*words, "--name", "short"]]
    app.run()
    assert len(started) == 3, "a rerun started it again"


def test_the_estimate_of_these_choices_is_shown_with_its_warning(made, open_app, started):
    estimated(made, OwnSaeSettings(block=3, dtype="bfloat16"))
    app = open_app(made, "Analyse")
    shown = metrics(app)
    assert shown["Time, estimated"] == "1 min 30 s" and shown["Tokens"] == "410k"
    words = said(app).replace("\\", "")
    assert "2.05 times the 200 000 scored tokens of 57 samples" in words
    assert "409 600 tokens for 2 048 features are 200 a feature" not in words, "that is enough"
    app.number_input(key="train_k").set_value(16)
    app.button(key="train_estimate").click().run()
    assert "No estimate of these choices yet" in said(app)


def test_an_impossible_choice_is_a_sentence(made, open_app, started):
    app = open_app(made, "Analyse")
    app.number_input(key="train_block").set_value(6)
    app.button(key="train_start").click().run()
    assert "There is no block 6: the model has blocks 0 to 5." in said(app).replace("\\", "") and not started


def test_from_the_fit_card_it_is_one_click_to_the_form_of_the_analysis(made, open_app):
    ref = trained(made)
    app = open_app(made, "Analyse")
    assert metrics(app)["Explained variance"] == "0.410"
    assert app.selectbox(key="sae_own").options == [
        "mine · blocks.3.hook_resid_post · topk, k 32 · 2 048 features · on made".replace(" 048", "\u202f048")
    ]
    app.button(key="train_use").click().run()
    assert app.text_input(key="analyse_sae").value == ref and app.text_input(key="analyse_model").value == "bundled"


def test_the_picker_offers_the_saes_trained_on_the_model_and_no_others(made, open_app):
    ref, _ = trained(made), trained(made, "other", model="/no/such/model")
    folder = made.saes / "other" / "training.json"
    facts = json.loads(folder.read_text())
    facts["model"]["name"] = "such"
    folder.write_text(json.dumps(facts))
    app = open_app(made, "Analyse")
    assert len(app.selectbox(key="sae_own").options) == 1 and len(app.selectbox(key="trained").options) == 2
    app.selectbox(key="sae_own").set_value(ref).run()
    assert app.text_input(key="analyse_sae").value == ref


def test_what_an_unfinished_training_holds_is_told_and_thrown_away(made, open_app):
    folder = made.training / "sae-0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(b"x" * 5000)
    app = open_app(made, "Analyse")
    assert "1 unfinished training on disk, 5\u202fkB" in said(app).replace("\\", "")
    app.button(key="train_forget").click().run()
    assert not folder.exists()
