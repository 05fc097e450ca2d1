"""The list of public SAEs, who belongs to whom, and pairs that are refused before anything is loaded."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.activations.model_names import KNOWN, OTHER, SAME, TUNED, UNKNOWN, Shape, canonical, relation
from core.activations.pair import ModelFacts, SaeFacts, cautions, check_facts, check_pilot, model_facts
from core.activations.places import find_model, find_sae
from core.activations.public_saes import public_saes
from core.activations.refs import absolute, hub_place, listed_place, same_ref
from core.activations.registry import listed
from core.errors import GamutError

ROOT = Path(__file__).resolve().parents[2]
HOOK = "blocks.1.hook_resid_post"
GEMMA = ModelFacts("hf:google/gemma-2-2b", ("google/gemma-2-2b",), KNOWN["gemma-2-2b"], False, False)
GEMMA_IT = ModelFacts("hf:google/gemma-2-2b-it", ("google/gemma-2-2b-it",), KNOWN["gemma-2-2b"], True, False)
MINE = ModelFacts("/m", ("mine",), Shape("gemma2", 2304, 26), True, False)


def test_the_whole_list_is_read_and_every_model_in_it_is_known():
    found = listed()
    assert len(found) == 13_857 and len({sae.release for sae in found}) == 170
    assert {canonical(sae.model) for sae in found} == set(KNOWN)
    assert all(sae.layer is not None for sae in found)
    for sae in found:
        known = KNOWN[canonical(sae.model)]
        assert 0 <= sae.layer < known.layers, sae
    told = Counter(sae.width is not None for sae in found)
    assert told[True] > 0.97 * len(found)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("gpt2-small-res-jb/blocks.8.hook_resid_pre", (8, "blocks.8.hook_resid_pre", None, 61.0, "gpt2-small/8-res-jb")),
        ("gemma-scope-2b-pt-res-canonical/layer_12/width_16k/canonical",
         (12, "blocks.12.hook_resid_post", 16_384, 82.0, "gemma-2-2b/12-gemmascope-res-16k")),
        ("gemma-scope-9b-it-res/layer_20/width_131k/average_l0_13", (20, "blocks.20.hook_resid_post", 131_072, 13.0, None)),
        ("llama_scope_lxm_32x/l5m_32x", (5, "blocks.5.hook_mlp_out", 131_072, 50.0, "llama3.1-8b/5-llamascope-mlp-131k")),
        ("qwen-scope-3.5-27b-w80k-l50/layer32", (32, "blocks.32.hook_resid_post", 81_920, 50.0, None)),
    ],
)  # fmt: skip
def test_layer_hook_width_l0_and_neuronpedia_id_are_those_of_the_list(ref, expected):
    (sae,) = [sae for sae in listed() if sae.ref == f"sae-lens:{ref}"]
    layer, hook, width, l0, neuronpedia = expected
    assert (sae.layer, sae.hook, sae.width) == (layer, hook, width)
    assert sae.neuronpedia == neuronpedia and sae.l0 is not None
    if "canonical" not in ref and "jb" not in ref:
        assert sae.l0 == l0


def test_what_cannot_be_used_says_why():
    why = Counter(sae.obstacle for sae in listed())
    assert why[""] > 7_000 and sum(why.values()) == 13_857
    assert all("transcoder" in sae.obstacle for sae in listed() if "transcoder" in sae.release)


@pytest.mark.parametrize(
    ("names", "trained_on", "expected"),
    [
        (("google/gemma-2-2b",), "gemma-2-2b", SAME),
        (("openai-community/gpt2",), "gpt2-small", SAME),
        (("meta-llama/Meta-Llama-3.1-8B",), "meta-llama/Llama-3.1-8B", SAME),
        (("google/gemma-2-2b-it",), "gemma-2-2b", TUNED),
        (("Qwen/Qwen3-8B",), "Qwen/Qwen3-8B-Base", TUNED),
        (("deepseek-ai/DeepSeek-R1-Distill-Llama-8B",), "meta-llama/Llama-3.1-8B", TUNED),
        (("google/gemma-2-2b",), "gemma-2-9b", OTHER),
        (("meta-llama/Llama-3.1-8B-Instruct",), "meta-llama/Meta-Llama-3-8B-Instruct", OTHER),
        (("mine",), "gemma-2-2b", UNKNOWN),
        (("google/gemma-2-2b",), "somebody/else", UNKNOWN),
        (("mine",), "", UNKNOWN),
    ],
)
def test_names_tell_which_models_are_the_same_kin_or_others(names, trained_on, expected):
    assert relation(names, trained_on) == expected


def test_the_saes_of_a_model_are_found_by_name_by_kin_and_by_shape(tmp_path):
    own = public_saes("hf:google/gemma-2-2b", layer=12)
    assert (
        own.saes and {sae.model for _, sae in own.saes} == {"gemma-2-2b"} and {sae.layer for _, sae in own.saes} == {12}
    )
    kin = public_saes("hf:google/gemma-2-2b-it")
    assert {kind for kind, _ in kin.saes} == {"tuned"} and "a fit card tells" in kin.sentence
    shape = KNOWN["gemma-2-2b"]
    config = {"model_type": shape.kind, "hidden_size": shape.width, "num_hidden_layers": shape.layers}
    (tmp_path / "config.json").write_text(json.dumps(config))
    like = public_saes(str(tmp_path))
    assert {kind for kind, _ in like.saes} == {"shape"} and "its name does not tell" in like.sentence
    assert public_saes("gpt2", search="res-jb 8.hook", usable=True).saes[0][1].release == "gpt2-small-res-jb"
    assert not public_saes("bundled").saes and "lists no SAE of this model" in public_saes("bundled").sentence
    with pytest.raises(GamutError, match="no folder and no model that sae-lens lists"):
        public_saes("nothing-of-the-kind")


def test_the_list_is_read_without_importing_sae_lens():
    code = (
        "import sys; from core.activations.public_saes import public_saes; public_saes('gpt2'); "
        "print(sorted({'torch', 'transformers', 'sae_lens', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def sae(hook=HOOK, trained_on="gemma-2-2b", width=2304, obstacle=""):
    return SaeFacts("/sae", trained_on, hook, width, obstacle)


@pytest.mark.parametrize(
    ("model", "coder", "said"),
    [
        (GEMMA, sae(width=768), r"takes 768 inputs but .* 2304 wide.* public SAEs fit, such as sae-lens:gemma-scope"),
        (GEMMA, sae("blocks.26.hook_resid_post"), "reads block 26, but the model has blocks 0 to 25"),
        (GEMMA, sae("blocks.1.attn.hook_z"), "SAEs on the residual stream"),
        (GEMMA, sae("blocks.0.hook_resid_pre"), "embeddings before the first block"),
        (GEMMA, sae(trained_on="gemma-2-9b"), "trained on gemma-2-9b, and the model is google/gemma-2-2b"),
        (GEMMA, sae(trained_on="gpt2-small"), "trained on gpt2-small"),
        (MINE, sae(trained_on="gpt2-small"), r"trained on gpt2-small, and the model is mine \(gemma2\)"),
        (GEMMA, sae(obstacle="it is a transcoder"), "cannot be used: it is a transcoder"),
        (ModelFacts("/m", ("mine",), Shape("llama", 16, 3), False, False), sae(width=8, trained_on="x"),
         "one that fits takes 16 inputs and reads one of the blocks 0 to 2"),
    ],
)  # fmt: skip
def test_a_wrong_pair_is_refused_with_what_would_fit(model, coder, said):
    with pytest.raises(GamutError, match=said):
        check_facts(model, coder)


def test_a_base_sae_on_a_chat_model_passes_with_its_fit_card_only():
    for model in (GEMMA_IT, MINE):
        check_facts(model, sae())
        check_pilot(model, sae(), with_pilot=True)
        with pytest.raises(GamutError, match="leave out --no-pilot"):
            check_pilot(model, sae(), with_pilot=False)
        assert "by its name a base model" in cautions(model, "gemma-2-2b")[0]
    check_pilot(GEMMA, sae(), with_pilot=False)
    check_pilot(GEMMA_IT, sae(trained_on="gemma-2-2b-it"), with_pilot=False)
    assert not cautions(GEMMA, "gemma-2-2b") and not cautions(GEMMA_IT, "gemma-2-2b-it")


def test_a_local_folder_tells_its_name_shape_and_template(tmp_path):
    config = {"model_type": "gemma3", "text_config": {"hidden_size": 2560, "num_hidden_layers": 34}, "auto_map": {}}
    folder = tmp_path / "models--google--gemma-3-4b-it" / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    facts = model_facts(folder, said="/x")
    assert facts.name == "google/gemma-3-4b-it" and facts.shape == KNOWN["gemma-3-4b-it"]
    assert not facts.chat and facts.own_code
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    assert model_facts(folder, said="/x").chat


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("hf:", "is no hub id"), ("hf:a/../b", "is no hub id"), ("hf:/etc/passwd", "is no hub id"),
        ("hf:a/b/c", "a folder in a repository"), ("sae-lens:x/y", "names an SAE"),
        ("openai-community/gpt2", "For one of the Hugging Face hub write hf:openai-community/gpt2"),
    ],
)  # fmt: skip
def test_what_names_no_model_is_a_sentence(ref, said):
    with pytest.raises(GamutError, match=said):
        find_model(ref)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("sae-lens:gpt2-small-res-jb", "names no SAE"),
        ("sae-lens:nothing/blocks.1", "lists no release 'nothing'"),
        ("sae-lens:gpt2-small-res-jb/blocks.99", "has no SAE 'blocks.99'; it has 13, such as blocks.0.hook_resid_pre"),
        ("/nowhere/at/all", "There is no SAE in"),
    ],
)
def test_what_names_no_sae_is_a_sentence(ref, said):
    with pytest.raises(GamutError, match=said):
        find_sae(ref)


def test_references_are_kept_as_they_are_and_folders_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("bundled") == "bundled" and absolute("hf:a/b") == "hf:a/b" and absolute("x") == str(tmp_path / "x")
    assert hub_place("hf:a/b/c.d/e@main") == hub_place("hf:a/b/c.d/e@main") and hub_place("hf:a/b/c@v1").inside == "c"
    assert listed_place("sae-lens:r/a/b") == ("r", "a/b")
    assert same_ref("hf:a/b", f"hf:a/b@{'0' * 40}") and not same_ref("hf:a/b", "hf:a/c@1") and same_ref("/x", "/x")
