"""The residual that is read is the model's own, at the hook that the SAE names."""

import shutil

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

from core.activations.model import load_model, residual
from core.activations.sae import check_pair, encode, load_sae
from core.errors import GamutError
from tests.tiny import BLOCKS, FEATURES, WIDTH, K, tiny_model, tiny_sae, tiny_tokenizer

OTHERS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=400, n_embd=WIDTH, n_layer=BLOCKS, n_head=2, n_positions=48)),
    "neox": lambda: GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=400,
            hidden_size=WIDTH,
            num_hidden_layers=BLOCKS,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=48,
        )
    ),
}


@pytest.fixture(scope="module", params=["llama", *OTHERS])
def folder(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "llama":
        return tiny_model(folder)
    tiny_tokenizer().save_pretrained(folder)
    torch.manual_seed(0)
    OTHERS[request.param]().save_pretrained(folder)
    return folder


def test_the_residual_equals_the_hidden_states_of_the_library(folder):
    model = load_model(folder, dtype="float32")
    ids = torch.randint(2, 256, (3, 11))
    with torch.no_grad():
        states = model.trunk(input_ids=ids, output_hidden_states=True).hidden_states
    for block in range(BLOCKS - 1):  # the library's last state is after the final norm
        torch.testing.assert_close(residual(model, ids, block=block), states[block + 1], rtol=1e-5, atol=1e-6)


def test_padding_on_the_right_leaves_real_tokens_alone(folder):
    model = load_model(folder, dtype="float32")
    ids = torch.randint(2, 256, (1, 20))
    padded = torch.cat([ids, torch.zeros(1, 9, dtype=torch.long)], dim=1)
    alone, beside = (residual(model, batch, block=1)[:, :20] for batch in (ids, padded))
    torch.testing.assert_close(alone, beside, rtol=1e-4, atol=1e-5)


def test_blocks_after_the_hook_are_not_run(tiny):
    model = load_model(tiny["model"], dtype="float32")
    ran = []
    for number, block in enumerate(model.blocks):
        block.register_forward_hook(lambda *_, number=number: ran.append(number))
    residual(model, torch.randint(2, 256, (1, 5)), block=1)
    assert ran == [0, 1]


@pytest.mark.parametrize("kind", ["topk", "standard"])
def test_encoding_equals_the_sae_itself(tmp_path, tiny, kind):
    sae = load_sae(tiny_sae(tmp_path, kind=kind), dtype="float32")
    residuals = torch.randn(700, WIDTH)  # more than one chunk
    pointer, features, values = encode(sae, residuals)
    found = np.zeros((700, FEATURES), np.float32)
    found[np.repeat(np.arange(700), np.diff(pointer)), features] = values
    if kind == "topk":
        sae.sae.activation_fn.use_sparse_activations = False
        assert (np.diff(pointer) == K).all()
    with torch.no_grad():
        np.testing.assert_allclose(found, sae.sae.encode(residuals).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"hook": "blocks.1.attn.hook_z"}, "The SAE reads 'blocks.1.attn.hook_z'"),
        ({"hook": "blocks.0.hook_resid_pre"}, "embeddings before the first block"),
        ({"hook": "blocks.9.hook_resid_post"}, "reads block 9, but the model has blocks 0 to 2"),
        ({"width": 8}, "takes 8 inputs but the model's residual stream is 16 wide"),
        ({"model_from_pretrained_kwargs": {"first_n_layers": 3}}, "a model loaded with first_n_layers"),
    ],
)
def test_a_pair_that_does_not_belong_together_is_refused(tmp_path, tiny, made, said):
    folder = tiny_sae(tmp_path, **made)
    with pytest.raises(GamutError, match=said):
        check_pair(load_model(tiny["model"], dtype="float32"), load_sae(folder, dtype="float32"))


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(GamutError, match="holds no Hugging Face model"):
        load_model(tmp_path, dtype="float32")
    with pytest.raises(GamutError, match="holds no SAE-Lens SAE"):
        load_sae(tmp_path, dtype="float32")


def test_weights_that_are_no_weights_are_a_sentence(tmp_path, tiny):
    for name, load in (("model", load_model), ("sae", load_sae)):
        folder = tmp_path / name
        shutil.copytree(tiny[name], folder)
        for weights in folder.glob("*.safetensors"):
            weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
        with pytest.raises(GamutError, match="cannot be loaded"):
            load(folder, dtype="float32")
