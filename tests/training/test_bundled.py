"""The model and autoencoder under data/: they load without a hub and keep what their cards promise."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sae_lens import SAE
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.activations.template import render_plain
from core.datasets.sample import Turn
from core.training.residuals import Trunk

pytestmark = pytest.mark.model
DATA = Path(__file__).parents[2] / "data"
CONVERSATIONS = (
    (
        "Name three things that a gardener needs in spring, and say why.",
        "A gardener needs good soil, seeds and water. The soil feeds the plants, the seeds grow into new "
        "plants, and the water keeps them alive. It is also good to remove the weeds early.",
    ),
    (
        "A baker sells 12 loaves in the morning and twice as many in the afternoon. How many does he sell?",
        "In the afternoon he sells 12 * 2 = 24 loaves. In total he sells 12 + 24 = 36 loaves.\n#### 36",
    ),
    (
        "Write a Python function that returns the larger of two numbers.",
        "def larger(a, b):\n    if a > b:\n        return a\n    return b",
    ),
    (
        "Rewrite this sentence so that it sounds friendly: Close the door.",
        "Would you please be so kind as to close the door? Thank you very much!",
    ),
    (
        "Who was the first president of the United States, and when was he born?",
        "George Washington was the first president of the United States. He was born in Virginia in 1732 "
        "and led the army during the war. After two terms in office he went back to his home.",
    ),
)


@pytest.fixture(scope="module")
def sae() -> SAE:
    return SAE.load_from_disk(DATA / "sae")


@pytest.fixture(scope="module")
def residuals() -> torch.Tensor:
    """Raw block outputs (tokens, width) of the turns of the conversations above, without BOS and template."""
    tokenizer = AutoTokenizer.from_pretrained(DATA / "model", local_files_only=True)
    trunk, kept = Trunk(folder=DATA / "model", layer=3), []
    for question, answer in CONVERSATIONS:
        rendered = render_plain((Turn("user", question), Turn("assistant", answer)))
        encoded = tokenizer(rendered.text, return_offsets_mapping=True)
        (rows,) = trunk.residuals([np.array(encoded["input_ids"])])
        own = [any(s.start <= begin < s.end for s in rendered.spans) and end > begin
               for begin, end in encoded["offset_mapping"]]  # fmt: skip
        kept.append(rows[np.array(own)])
    return torch.from_numpy(np.concatenate(kept))


def test_the_model_has_the_promised_shape_and_size() -> None:
    model = AutoModelForCausalLM.from_pretrained(DATA / "model", local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(DATA / "model", local_files_only=True)
    assert 5e6 < sum(p.numel() for p in model.parameters()) < 15e6
    assert model.config.model_type == "llama" and model.config.max_position_embeddings == 1024
    assert tokenizer.is_fast and len(tokenizer) == 8192 and tokenizer.model_max_length == 1024
    assert tokenizer("Hi")["input_ids"][0] == tokenizer.bos_token_id and tokenizer.chat_template is None
    text = "Zwölf Äpfel, 12 apples,\n\t苹果 🍎"
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
    assert sum(path.stat().st_size for path in (DATA / "model").iterdir()) < 40e6


def test_the_model_has_learned_some_english() -> None:
    model = AutoModelForCausalLM.from_pretrained(DATA / "model", local_files_only=True, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(DATA / "model", local_files_only=True)
    losses = []
    for question, answer in CONVERSATIONS:
        text = render_plain((Turn("user", question), Turn("assistant", answer))).text
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            losses.append(model(ids, labels=ids).loss.item())
    assert np.mean(losses) < 4.5  # a uniform guess costs 9.0


def test_the_autoencoder_is_for_this_model_and_hook(sae: SAE) -> None:
    facts = json.loads((DATA / "sae" / "training.json").read_text())
    assert sae.cfg.architecture() == "topk" and (sae.cfg.d_in, sae.cfg.d_sae) == (256, 4096)
    assert sae.cfg.k == facts["settings"]["k"] and 16 <= sae.cfg.k <= 32
    metadata = sae.cfg.metadata
    assert (metadata.hook_name, metadata.model_name) == ("blocks.3.hook_resid_post", "data/model")
    assert metadata.prepend_bos is True and metadata.context_size == 1024
    assert sae.cfg.normalize_activations == "none"  # raw residuals in


def test_the_autoencoder_reconstructs_raw_residuals_of_unseen_text(sae: SAE, residuals: torch.Tensor) -> None:
    with torch.no_grad():
        features = sae.encode(residuals)
        left = (residuals - sae.decode(features)).pow(2).sum() / (residuals - residuals.mean(0)).pow(2).sum()
    assert (features > 0).sum(1).float().mean().item() == pytest.approx(sae.cfg.k, abs=0.5)
    assert 1 - left.item() >= 0.90


def test_the_cards_keep_the_promises() -> None:
    model = json.loads((DATA / "model" / "training.json").read_text())
    losses = {loss["name"]: loss for loss in model["losses"]["tasks"]}["response tokens"]
    assert losses["trigram"] - losses["model"] >= 0.3
    figures = json.loads((DATA / "sae" / "training.json").read_text())["figures"]
    assert all(figures[part]["explained_variance"] >= 0.92 for part in ("tasks", "rows"))
    unseen = figures["unseen training documents"]
    assert unseen["tokens"] >= 990_000 and unseen["dead"] <= 0.05 and 16 <= unseen["l0"] <= 32
    for folder in ("model", "sae"):
        card = (DATA / folder / "README.md").read_text(encoding="utf-8")
        assert "license:" in card and "not good for" in card and "python -m core train-" in card
    assert not [path for path in DATA.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]
