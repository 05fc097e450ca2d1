"""SAEs of every kind and format: what is encoded equals the formula written out, and what cannot be honoured is refused."""

import json

import numpy as np
import pytest
import torch
from sae_lens import (
    GatedSAE,
    GatedSAEConfig,
    JumpReLUSAE,
    JumpReLUSAEConfig,
    StandardSAE,
    StandardSAEConfig,
    TopKSAE,
    TopKSAEConfig,
)
from sae_lens.saes.sae import SAEMetadata
from safetensors.torch import save_file

from core.activations.at_hand import at_hand
from core.activations.places import find_sae, sae_artifact
from core.activations.sae import encode, load_any, load_listed, load_sae
from core.errors import GamutError
from tests.tiny import FEATURES, WIDTH, K

STATES = torch.randn(40, WIDTH, generator=torch.Generator().manual_seed(2))
HOOK = "blocks.1.hook_resid_post"
COMMIT = "0123456789012345678901234567890123456789"


def dense(sae) -> torch.Tensor:
    """What `encode` found, as a dense array."""
    pointer, features, values = encode(sae, STATES)
    found = torch.zeros(len(STATES), sae.n_features)
    rows = torch.repeat_interleave(torch.arange(len(STATES)), torch.from_numpy(pointer).diff())
    found[rows, torch.from_numpy(features).long()] = torch.from_numpy(values)
    return found


def saved(folder, kind, config, **more):
    """A random SAE of SAE-Lens in `folder`."""
    torch.manual_seed(1)
    sae = kind(config(d_in=WIDTH, d_sae=FEATURES, metadata=SAEMetadata(model_name="tiny", hook_name=HOOK), **more))
    with torch.no_grad():
        for weights in sae.parameters():
            weights.copy_(torch.randn_like(weights) * 0.3)
        if hasattr(sae, "threshold"):
            sae.threshold.abs_()
    sae.save_model(folder)
    return sae


def topk(values: torch.Tensor, k: int) -> torch.Tensor:
    kept = values.topk(k, dim=1)
    return torch.zeros_like(values).scatter(1, kept.indices, kept.values.relu())


def jump(values: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    return values.relu() * (values > threshold)


def pre(sae, x: torch.Tensor) -> torch.Tensor:
    return x @ sae.W_enc + sae.b_enc


FORMULAS = {
    "standard": (StandardSAE, StandardSAEConfig, {}, lambda s, x: pre(s, x - s.b_dec).relu()),
    "b_dec is not subtracted": (
        StandardSAE, StandardSAEConfig, {"apply_b_dec_to_input": False}, lambda s, x: pre(s, x).relu(),
    ),
    "TopK": (TopKSAE, TopKSAEConfig, {"k": K}, lambda s, x: topk(pre(s, x - s.b_dec), K)),
    "TopK of rescaled activations": (
        TopKSAE, TopKSAEConfig, {"k": K, "rescale_acts_by_decoder_norm": True},
        lambda s, x: topk(pre(s, x - s.b_dec) * s.W_dec.norm(dim=1), K),
    ),
    "JumpReLU with a threshold each": (
        JumpReLUSAE, JumpReLUSAEConfig, {}, lambda s, x: jump(pre(s, x - s.b_dec), s.threshold),
    ),
    "gated": (
        GatedSAE, GatedSAEConfig, {},
        lambda s, x: ((x - s.b_dec) @ s.W_enc + s.b_gate > 0)
        * ((x - s.b_dec) @ (s.W_enc * s.r_mag.exp()) + s.b_mag).relu(),
    ),
    "inputs at constant norm": (
        StandardSAE, StandardSAEConfig, {"normalize_activations": "constant_norm_rescale"},
        lambda s, x: pre(s, x * WIDTH**0.5 / x.norm(dim=1, keepdim=True) - s.b_dec).relu(),
    ),
    "inputs as a layer norm leaves them": (
        StandardSAE, StandardSAEConfig, {"normalize_activations": "layer_norm"},
        lambda s, x: pre(s, (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-5) - s.b_dec).relu(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_what_is_encoded_equals_the_formula(tmp_path, name):
    kind, config, more, formula = FORMULAS[name]
    own = saved(tmp_path, kind, config, **more)
    with torch.no_grad():
        expected = formula(own, STATES)
    assert 0 < (expected > 0).float().mean() < 0.9
    torch.testing.assert_close(dense(load_sae(tmp_path, dtype="float32")), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"normalize_activations": "expected_average_only_in"}, "scaled by an average over its training data"),
        ({"normalize_activations": "covariance_whitening"}, "were whitened"),
        ({"architecture": "jumprelu_transcoder"}, "it is a transcoder"),
        ({"architecture": "temporal"}, "reads whole sequences"),
        ({"reshape_activations": "hook_z"}, "heads of the attention"),
        ({"metadata": {"hook_name": HOOK, "model_from_pretrained_kwargs": {"first_n_layers": 3}}}, "loaded with first_n_layers"),
        ({"metadata": {"hook_name": HOOK, "hook_head_index": 2}}, "reads head 2"),
        ({"metadata": {"hook_name": "blocks.1.attn.hook_z"}}, "SAEs on the residual stream"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused_with_the_reason(tmp_path, tiny, change, said):
    from core.activations.pair import check_facts
    from core.activations.places import find_model

    saved(tmp_path, StandardSAE, StandardSAEConfig)
    config = json.loads((tmp_path / "cfg.json").read_text())
    (tmp_path / "cfg.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(GamutError, match=said):
        check_facts(find_model(str(tiny["model"])).facts, find_sae(str(tmp_path)).facts)


def sparsify_folder(root, name="layers.1", run=None, **change):
    """A random SAE as EleutherAI's sparsify saves it, and its weights."""
    folder = root / name
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    weights = {
        "encoder.weight": torch.randn(FEATURES, WIDTH), "encoder.bias": torch.randn(FEATURES) * 0.3,
        "W_dec": torch.randn(FEATURES, WIDTH), "b_dec": torch.randn(WIDTH),
    }  # fmt: skip
    save_file(weights, folder / "sae.safetensors")
    config = {
        "activation": "topk", "expansion_factor": FEATURES // WIDTH, "normalize_decoder": True, "num_latents": 0, "k": K,
        "multi_topk": False, "skip_connection": False, "transcode": False, "d_in": WIDTH,
    }  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps({**config, **change}))
    if run is not None:
        (root / "config.json").write_text(json.dumps(run))
    return folder, weights


@pytest.mark.parametrize("change", [{}, {"normalize_decoder": False}, {"num_latents": FEATURES, "signed": False}])
def test_a_sparsify_folder_is_encoded_and_decoded_as_sparsify_does(tmp_path, change):
    """sparsify: x − b_dec whatever normalize_decoder says, relu, the k largest; a decoder of (latents, inputs)."""
    folder, made = sparsify_folder(tmp_path, run={"model": "tiny/llama", "ctx_len": 32}, **change)
    sae = load_any(str(folder), folder, dtype="float32")
    before = torch.relu((STATES - made["b_dec"]) @ made["encoder.weight"].T + made["encoder.bias"])
    expected = topk(before, K)
    torch.testing.assert_close(dense(sae), expected, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        back = sae.sae.decode(sae.sae.encode(STATES))
    torch.testing.assert_close(back, expected @ made["W_dec"] + made["b_dec"], rtol=1e-4, atol=1e-4)
    assert (sae.hook, sae.context, sae.n_features, sae.width) == (HOOK, 32, FEATURES, WIDTH)
    assert find_sae(str(folder)).facts.trained_on == "tiny/llama"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("layers.1", {"transcode": True}, "a transcoder"),
        ("layers.1", {"skip_connection": True}, "linear skip"),
        ("layers.1", {"signed": True}, "signed activations"),
        ("layers.1", {"activation": "groupmax"}, "activation 'groupmax'"),
        ("layers.1", {"k": None}, "tells no d_in and k"),
        ("mine", {}, "'mine' is none that is supported"),
        ("layers.1.attn", {}, "'layers.1.attn' is none"),
    ],
)
def test_a_sparsify_folder_that_cannot_be_honoured_is_refused(tmp_path, name, change, said):
    folder, _ = sparsify_folder(tmp_path, name, **change)
    for refuse in (lambda: find_sae(str(folder)), lambda: load_sae(folder, dtype="float32")):
        with pytest.raises(GamutError, match=said):
            refuse()


def test_the_name_of_a_sparsify_folder_decides_and_so_does_its_run(tmp_path):
    """It says the layer: the same weights at another one are another SAE."""
    hashes = [sae_artifact(str(sparsify_folder(tmp_path / "a", "layers.1")[0])).sha256]
    hashes.append(sae_artifact(str(sparsify_folder(tmp_path / "b", "layers.2")[0])).sha256)
    hashes.append(sae_artifact(str(sparsify_folder(tmp_path / "c", "layers.1", run={"ctx_len": 64})[0])).sha256)
    assert len(set(hashes)) == 3
    mlp, _ = sparsify_folder(tmp_path / "d", "layers.1.mlp")
    assert load_sae(mlp, dtype="float32").site == "mlp_out"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and no network; a function that puts a repository's files into it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))

    def put(repo):
        folder = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text(COMMIT)
        inside = folder / "snapshots" / COMMIT
        inside.mkdir(parents=True)
        return inside

    return put


def weights(seed=1):
    torch.manual_seed(seed)
    return {
        "W_enc": torch.randn(WIDTH, FEATURES), "W_dec": torch.randn(FEATURES, WIDTH), "b_enc": torch.randn(FEATURES),
        "b_dec": torch.randn(WIDTH),
    }  # fmt: skip


def test_a_listed_sae_in_sae_lens_format_comes_from_the_cache_with_what_the_list_adds(hub):
    """An old cfg.json; that its model was centred stands in the list alone."""
    folder = hub("jbloom/GPT2-Small-SAEs-Reformatted") / "blocks.8.hook_resid_pre"
    folder.mkdir()
    made = weights()
    save_file(made, folder / "sae_weights.safetensors")
    config = {"d_in": WIDTH, "d_sae": FEATURES, "dtype": "torch.float32", "hook_point": "blocks.8.hook_resid_pre",
              "model_name": "gpt2-small", "context_size": 128}  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps(config))
    ref = "sae-lens:gpt2-small-res-jb/blocks.8.hook_resid_pre"
    artifact = sae_artifact(ref)
    assert at_hand(artifact.ref, bundled=folder) and not at_hand(f"{ref}-other", bundled=folder)
    sae = load_any(artifact.ref, artifact.folder, dtype="float32")
    assert (sae.block, sae.site, sae.context, sae.centred, sae.prepend_bos) == (7, "resid_post", 128, True, True)
    centred = STATES - STATES.mean(dim=1, keepdim=True)
    expected = ((centred - made["b_dec"]) @ made["W_enc"] + made["b_enc"]).relu()
    torch.testing.assert_close(dense(sae), expected, rtol=1e-4, atol=1e-4)
    other = {**made, "b_enc": made["b_enc"] + 1}
    save_file(other, folder / "sae_weights.safetensors")
    assert sae_artifact(ref).sha256 != artifact.sha256


def test_a_listed_gemma_3_sae_is_read_without_the_network(hub):
    """sae-lens asks the network for the shapes of these files even where they are cached."""
    folder = hub("google/gemma-scope-2-1b-pt") / "resid_post" / "layer_13_width_16k_l0_big"
    folder.mkdir(parents=True)
    made = {name.lower(): value for name, value in weights().items()} | {"threshold": torch.rand(FEATURES) * 4}
    save_file(made, folder / "params.safetensors")
    said = {"architecture": "jump_relu", "model_name": "gemma-v3-1b-pt", "hf_hook_point_in": "model.layers.13.output"}
    (folder / "config.json").write_text(json.dumps(said))
    ref = "sae-lens:gemma-scope-2-1b-pt-res/layer_13_width_16k_l0_big"
    sae = load_listed(sae_artifact(ref).ref, dtype="float32")
    expected = jump(STATES @ made["w_enc"] + made["b_enc"], made["threshold"])
    torch.testing.assert_close(dense(sae), expected, rtol=1e-4, atol=1e-4)
    assert sae.block == 13 and 0 < (expected > 0).float().mean() < 0.5


def test_a_listed_llama_scope_sae_has_its_scale_folded_in(hub):
    """Trained on inputs scaled to an average norm of √d: the list knows the factor, and the threshold scales with it."""
    from core.activations.registry import releases

    line = next(sae for sae in releases()["llama_scope_lxr_8x"]["saes"] if sae["id"] == "l3r_8x")
    folder = hub(releases()["llama_scope_lxr_8x"]["repo_id"]) / line["path"]
    (folder / "checkpoints").mkdir(parents=True)
    made = weights()
    save_file(
        {"encoder.weight": made["W_enc"].T.contiguous(), "decoder.weight": made["W_dec"].T.contiguous(),
         "encoder.bias": made["b_enc"], "decoder.bias": made["b_dec"]}, folder / "checkpoints" / "final.safetensors",
    )  # fmt: skip
    factor = line["norm_scaling_factor"]
    norm = WIDTH**0.5 / factor
    said = {"d_model": WIDTH, "d_sae": FEATURES, "jump_relu_threshold": 0.5, "hook_point_in": "blocks.3.hook_resid_post",
            "dataset_average_activation_norm": {"in": norm}}  # fmt: skip
    (folder / "hyperparams.json").write_text(json.dumps(said))
    sae = load_listed(sae_artifact("sae-lens:llama_scope_lxr_8x/l3r_8x").ref, dtype="float32")
    scaled = STATES * factor
    expected = jump(scaled @ made["W_enc"] + made["b_enc"], torch.tensor(0.5 * factor))
    assert factor != 1 and sae.sae.cfg.normalize_activations == "none"
    torch.testing.assert_close(dense(sae), expected, rtol=2e-2, atol=2e-2)


def test_a_listed_sae_of_dictionary_learning_is_read_without_running_its_pickle(hub):
    from core.activations.registry import releases

    folder = hub("canrager/lm_sae") / "pythia70m_sweep_topk_ctx128_0730" / "resid_post_layer_3" / "trainer_0"
    folder.mkdir(parents=True)
    assert releases()["sae_bench_pythia70m_sweep_topk_ctx128_0730"]["repo_id"] == "canrager/lm_sae"
    made = weights()
    torch.save(
        {"encoder.weight": made["W_enc"].T.contiguous(), "encoder.bias": made["b_enc"],
         "decoder.weight": made["W_dec"].T.contiguous(), "b_dec": made["b_dec"]}, folder / "ae.pt",
    )  # fmt: skip
    trainer = {"layer": 3, "dict_class": "AutoEncoderTopK", "k": K, "activation_dim": WIDTH, "dict_size": FEATURES,
               "lm_name": "EleutherAI/pythia-70m-deduped"}  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"ctx_len": 128}}))
    ref = "sae-lens:sae_bench_pythia70m_sweep_topk_ctx128_0730/blocks.3.hook_resid_post__trainer_0"
    sae = load_listed(sae_artifact(ref).ref, dtype="float32")
    expected = topk((STATES - made["b_dec"]) @ made["W_enc"] + made["b_enc"], K)
    torch.testing.assert_close(dense(sae), expected, rtol=1e-4, atol=1e-4)
    torch.save(Exploding(), folder / "ae.pt")
    with pytest.raises(GamutError, match="cannot be loaded"):
        load_listed(ref, dtype="float32")


class Exploding:
    """What a pickle can do to who opens it."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def test_offline_and_not_cached_is_one_plain_sentence(hub):
    for ref in ("sae-lens:gpt2-small-res-jb/blocks.8.hook_resid_pre", "hf:someone/some-saes/layers.3"):
        with pytest.raises(GamutError, match="not in the cache of this machine and HF_HUB_OFFLINE forbids"):
            sae_artifact(ref)


def test_a_folder_of_a_hub_repository_is_an_sae_pinned_to_its_commit(hub, tmp_path):
    inside = hub("someone/some-saes")
    _, made = sparsify_folder(inside, "layers.1", run={"model": "tiny"})
    artifact = sae_artifact("hf:someone/some-saes/layers.1")
    assert artifact.ref == f"hf:someone/some-saes/layers.1@{COMMIT}" and sae_artifact(artifact.ref) == artifact
    sae = load_any(artifact.ref, artifact.folder, dtype="float32")
    np.testing.assert_allclose(sae.sae.W_dec, made["W_dec"])
    assert sae.block == 1
