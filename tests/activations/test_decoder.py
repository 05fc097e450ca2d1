"""Stored promoted and suppressed tokens are those of the model's own head, run as the model runs it."""

import numpy as np
import pytest
import torch

from core.activations.decoder import TOKENS, decoder_rows
from core.activations.model import LanguageModel, load_model
from core.activations.sae import load_sae
from tests.activations.test_states import FAMILIES
from tests.tiny import WIDTH, tiny_sae, tiny_tokenizer

COMPARED = 50
# RMSNorm; Gemma's RMSNorm of 1 + weight, and its capped logits; LayerNorm, which centres, with a bias, in two families.
NORMS = ("llama", "gemma2", "gpt2", "neox")


@pytest.fixture(scope="module", params=NORMS)
def model(request, tmp_path_factory) -> LanguageModel:
    folder = tmp_path_factory.mktemp(request.param)
    tiny_tokenizer().save_pretrained(folder)
    torch.manual_seed(3)
    made = FAMILIES[request.param]()
    with torch.no_grad():
        for (
            weights
        ) in made.parameters():  # norms too, biases as well: weights of ones and biases of zero would hide them
            weights.add_(torch.randn_like(weights) * 0.3)
    made.save_pretrained(folder)
    return load_model(folder, dtype="float32")


def own_head(model: LanguageModel, residual: torch.Tensor) -> np.ndarray:
    """The logits of the whole model where its last block gives `residual` (n, width): final norm and head are its own."""

    def replace(_module, _inputs, output):
        return (residual[:, None], *output[1:]) if isinstance(output, tuple) else residual[:, None]

    handle = model.blocks[-1].register_forward_hook(replace)
    try:
        with torch.no_grad():
            logits = model.causal(input_ids=torch.zeros(len(residual), 1, dtype=torch.long), use_cache=False).logits[
                :, 0
            ]
    finally:
        handle.remove()
    cap = getattr(model.causal.config, "final_logit_softcapping", None)
    uncapped = cap * torch.atanh(logits.double() / cap) if cap else logits.double()
    return uncapped.numpy()[:, : len(model.tokenizer)]  # some models pad their vocabulary


def promoted_by_the_head(model: LanguageModel, directions: torch.Tensor, *, size: float) -> np.ndarray:
    """What a direction of root mean square `size` adds to the logits that a residual of nothing has: a norm's or head's bias."""
    unit = directions / directions.norm(dim=1, keepdim=True) * WIDTH**0.5
    return own_head(model, unit * size) - own_head(model, torch.zeros_like(unit))


def test_stored_tokens_and_logits_are_the_models_own_on_fifty_features(model, tmp_path):
    sae = load_sae(tiny_sae(tmp_path), dtype="float32")
    rows = decoder_rows(model, sae).to_pylist()[:COMPARED]
    assert len(rows) == COMPARED
    logits = promoted_by_the_head(model, sae.sae.W_dec.detach()[:COMPARED], size=1.0)
    for own, row in zip(logits, rows, strict=True):
        for ids, stored, order in (
            (row["promoted"], row["promoted_logits"], np.sort(own)[::-1]),
            (row["suppressed"], row["suppressed_logits"], np.sort(own)),
        ):
            assert len(set(ids)) == TOKENS
            np.testing.assert_allclose(stored, own[ids], rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(stored, order[:TOKENS], rtol=1e-4, atol=1e-4)


def test_a_longer_direction_promotes_the_same_tokens_as_the_norm_divides_by_its_length(model, tmp_path):
    directions = load_sae(tiny_sae(tmp_path), dtype="float32").sae.W_dec.detach()[:COMPARED]
    usual, long = (promoted_by_the_head(model, directions, size=size) for size in (1.0, 20.0))
    np.testing.assert_allclose(long, usual, rtol=1e-2, atol=1e-2)


def test_leaving_out_what_a_family_does_would_be_seen(model, tmp_path):
    """The check has teeth: the plain logit lens, W_U · direction without the norm, orders tokens otherwise."""
    sae = load_sae(tiny_sae(tmp_path), dtype="float32")
    rows = decoder_rows(model, sae).to_pylist()[:COMPARED]
    plain = (sae.sae.W_dec.detach() @ model.unembedding.T)[:COMPARED, : len(model.tokenizer)].numpy()
    same = sum(
        np.argsort(-scores)[:TOKENS].tolist() == row["promoted"] for scores, row in zip(plain, rows, strict=True)
    )
    assert same < COMPARED / 10
