"""What is read here is what TransformerLens names so, where it loads the same weights; centred weights included."""

import pytest
import torch
from sae_lens import StandardSAE, StandardSAEConfig
from sae_lens.saes.sae import SAEMetadata
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights, convert_llama_weights

from core.activations.model import load_model, residual
from core.activations.sae import check_pair, encode, fitted, load_sae
from core.errors import GamutError
from tests.families import FAMILIES, INNER, VOCABULARY, family_folder
from tests.tiny import BLOCKS, CONTEXT, FEATURES, WIDTH

IDS = torch.randint(2, 256, (2, 11), generator=torch.Generator().manual_seed(3))
OWN = {  # families that TransformerLens computes with code of its own from the same weights
    "gpt2": (convert_gpt2_weights, {"normalization_type": "LN", "act_fn": "gelu_new", "positional_embedding_type": "standard"}),
    "llama": (
        convert_llama_weights,
        {"normalization_type": "RMS", "act_fn": "silu", "positional_embedding_type": "rotary", "gated_mlp": True,
         "final_rms": True, "rotary_dim": WIDTH // 2, "rotary_adjacent_pairs": False, "n_key_value_heads": 2},
    ),
}  # fmt: skip
SITES = ("resid_post", "attn_out", "mlp_out")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def of(name):
        if name not in made:
            made[name] = family_folder(tmp_path_factory.mktemp(name), name)
        return made[name]

    return of


def sae_reading(folder, hook: str, **metadata):
    """A random SAE that reads `hook`."""
    torch.manual_seed(1)
    about = SAEMetadata(model_name="tiny", hook_name=hook, context_size=CONTEXT, prepend_bos=True, **metadata)
    sae = StandardSAE(StandardSAEConfig(d_in=WIDTH, d_sae=FEATURES, metadata=about))
    with torch.no_grad():
        for weights in sae.parameters():
            weights.copy_(torch.randn_like(weights) * 0.3)
    sae.save_model(folder)
    return load_sae(folder, dtype="float32")


def own_copy(name, hf, **processing) -> HookedTransformer:
    """The model as TransformerLens computes it, its weights processed as asked."""
    convert, more = OWN[name]
    config = HookedTransformerConfig(
        n_layers=BLOCKS, d_model=WIDTH, n_ctx=CONTEXT, d_head=WIDTH // 2, n_heads=2, d_mlp=INNER, d_vocab=VOCABULARY,
        eps=1e-5 if name == "gpt2" else hf.config.rms_norm_eps, original_architecture=type(hf).__name__, **more,
    )  # fmt: skip
    model = HookedTransformer(config)
    asked = {"fold_ln": False, "center_writing_weights": False, "center_unembed": False, "fold_value_biases": False}
    model.load_and_process_state_dict(convert(hf, config), **{**asked, **processing})
    return model.eval()


def cached(model, name):
    with torch.no_grad():
        return model.run_with_cache(IDS, names_filter=[name])[1][name]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_site_is_what_transformer_lens_names_so(folders, tmp_path, name):
    model = load_model(folders(name), dtype="float32")
    bridge = TransformerBridge.boot_transformers(str(folders(name)), device="cpu", tokenizer=model.tokenizer)
    for site in SITES:
        sae = sae_reading(tmp_path / site, f"blocks.1.hook_{site}")
        assert sae.hook == f"blocks.1.hook_{site}"
        own = residual(model, IDS, block=sae.block, site=sae.module(model))
        torch.testing.assert_close(own, cached(bridge, f"blocks.1.hook_{site}"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", OWN)
def test_values_equal_those_that_transformer_lens_computes_by_itself(folders, name):
    model = load_model(folders(name), dtype="float32")
    theirs = own_copy(name, model.causal)
    for block in range(BLOCKS):
        own = residual(model, IDS, block=block)
        torch.testing.assert_close(own, cached(theirs, f"blocks.{block}.hook_resid_post"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("site", SITES)
def test_centred_weights_are_honoured_as_transformer_lens_loads_them(folders, tmp_path, name, site):
    """GPT-2 is centred; of a model with RMSNorm TransformerLens leaves the weights alone although asked."""
    asked = {"center_writing_weights": True, "fold_ln": True, "fold_value_biases": True}
    model = load_model(folders(name), dtype="float32")
    hook = f"blocks.1.hook_{site}"
    sae = fitted(model, sae_reading(tmp_path, hook, model_from_pretrained_kwargs=asked))
    states = residual(model, IDS, block=1, site=sae.module(model))
    theirs = cached(own_copy(name, model.causal, **asked), hook)
    torch.testing.assert_close(sae.taken(states), theirs, rtol=1e-4, atol=1e-4)
    pointer, features, values = encode(sae, states.flatten(0, 1))
    with torch.no_grad():
        dense = sae.sae.encode(theirs.flatten(0, 1))
    found = torch.zeros_like(dense)
    found[torch.repeat_interleave(torch.arange(len(dense)), torch.from_numpy(pointer).diff()), features] = (
        torch.from_numpy(values)
    )
    torch.testing.assert_close(found, dense, rtol=1e-3, atol=1e-3)
    if name == "gpt2":
        assert not torch.allclose(states, theirs, atol=1e-2)


def test_a_block_whose_branches_are_not_known_is_refused(folders, tmp_path):
    model = load_model(folders("llama"), dtype="float32")
    sae = sae_reading(tmp_path, "blocks.1.hook_mlp_out")
    del model.blocks[1].mlp
    with pytest.raises(GamutError, match="keeps its mlp in a place that is not known"):
        check_pair(model, sae)
