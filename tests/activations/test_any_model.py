"""Models from folders and from the hub's cache, on any device, with or without code of their own."""

import json
import shutil

import pytest
import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    MixtralConfig,
    MixtralForCausalLM,
    OPTConfig,
    OPTForCausalLM,
)

from core.activations.analyse import Pass
from core.activations.anatomy import blocks_of, decoder_of
from core.activations.at_hand import at_hand
from core.activations.device import choose_device, choose_dtype
from core.activations.identity import identify
from core.activations.model import load_model, residual
from core.activations.neurons import mlp_projections
from core.activations.places import find_model, model_artifact
from core.activations.settings import AnalysisSettings
from core.activations.states import StateReader
from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.families import SIZES, family_folder
from tests.made import made_records, write_jsonl
from tests.tiny import BLOCKS, WIDTH, tiny_model, tiny_sae, tiny_tokenizer

COMMIT = "abcdef0123456789abcdef0123456789abcdef01"
IDS = torch.randint(2, 256, (2, 9), generator=torch.Generator().manual_seed(0))
SMALL = AnalysisSettings(batch_tokens=100, batch_samples=4)
UNLIKE = {  # laid out otherwise than most: a mixture of experts, a decoder inside the trunk, one that sees too
    "mixtral": lambda: MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=BLOCKS, num_key_value_heads=1)),
    "opt": lambda: OPTForCausalLM(
        OPTConfig(
            vocab_size=320, hidden_size=WIDTH, ffn_dim=40, num_hidden_layers=BLOCKS, num_attention_heads=2,
            max_position_embeddings=48, word_embed_proj_dim=WIDTH,
        )
    ),
    "gemma3 with eyes": lambda: Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config={**SIZES, "num_key_value_heads": 1, "head_dim": 8, "sliding_window": 8},
            vision_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": BLOCKS, "num_attention_heads": 2,
                           "image_size": 28, "patch_size": 14},
        )
    ),
}  # fmt: skip


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A cache of the hub that holds one model, and no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "models--someone--tiny"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    tiny_model(folder / "snapshots" / COMMIT)
    return folder


@pytest.mark.parametrize("name", UNLIKE)
def test_blocks_are_found_wherever_they_lie(tmp_path, name):
    tiny_tokenizer().save_pretrained(tmp_path)
    torch.manual_seed(0)
    UNLIKE[name]().save_pretrained(tmp_path)
    model = load_model(tmp_path, dtype="float32")
    assert len(model.blocks) == BLOCKS and blocks_of(decoder_of(model.causal.base_model), BLOCKS) is model.blocks
    with torch.no_grad():
        states = model.trunk(input_ids=IDS, output_hidden_states=True).hidden_states
    for block in range(BLOCKS - 1):
        torch.testing.assert_close(residual(model, IDS, block=block), states[block + 1], rtol=1e-4, atol=1e-5)
    assert bool(mlp_projections(model.blocks)) == (name != "mixtral"), "experts are no neurons of a layer"


def test_a_model_of_the_hub_comes_from_the_cache_pinned_to_its_commit(hub, workspace, tmp_path):
    artifact = model_artifact("hf:someone/tiny")
    assert artifact.ref == f"hf:someone/tiny@{COMMIT}" and model_artifact(artifact.ref) == artifact
    assert artifact.sha256 == model_artifact(str(hub / "snapshots" / COMMIT)).sha256, "the same files by another way"
    assert find_model("hf:someone/tiny").facts.names[0] == "someone/tiny"
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(5)), name="d")
    sae = str(tiny_sae(tmp_path / "sae"))
    identity = identify(Dataset(workspace, "d"), model="hf:someone/tiny", sae=sae, settings=SMALL)
    tokens = Pass(identity, threads=1).tokenise(turns for _, turns in Dataset(workspace, "d").conversations())
    assert len(tokens.lengths) == 5
    assert at_hand(artifact.ref, bundled=tmp_path) and not at_hand("hf:someone/else", bundled=tmp_path)
    (hub / "snapshots" / COMMIT / "model.safetensors").unlink()
    assert not at_hand(artifact.ref, bundled=tmp_path)
    with pytest.raises(GamutError, match="weights are read from safetensors only"):
        model_artifact("hf:someone/tiny")
    with pytest.raises(GamutError, match="not in the cache of this machine and HF_HUB_OFFLINE forbids fetching it"):
        model_artifact("hf:someone/else")


def test_code_that_comes_with_a_model_runs_only_where_it_is_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = tiny_model(tmp_path / "m")
    ran = tmp_path / "ran"
    (folder / "code_of_mine.py").write_text(
        "from pathlib import Path\nfrom transformers import LlamaConfig, LlamaForCausalLM\n"
        f"Path({str(ran)!r}).touch()\n"
        "class MyConfig(LlamaConfig):\n    model_type = 'mine'\n"
        "class MyModel(LlamaForCausalLM):\n    config_class = MyConfig\n"
    )
    config = json.loads((folder / "config.json").read_text())
    asks = {"AutoConfig": "code_of_mine.MyConfig", "AutoModelForCausalLM": "code_of_mine.MyModel"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mine", "auto_map": asks}))
    with pytest.raises(GamutError, match=r"runs code of its own \(code_of_mine.MyConfig.*--trust-remote-code"):
        load_model(folder, dtype="float32")
    assert not ran.exists()
    before = model_artifact(str(folder)).sha256
    trusted = load_model(folder, dtype="float32", trust=True)
    assert ran.exists() and type(trusted.causal).__name__ == "MyModel"
    (folder / "code_of_mine.py").write_text((folder / "code_of_mine.py").read_text() + "\n")
    assert model_artifact(str(folder)).sha256 != before, "its code decides the numbers too"


def test_what_the_machine_lacks_is_a_sentence():
    if not torch.cuda.is_available():
        assert choose_device("auto") in ("cpu", "mps") and choose_dtype("auto", "cpu") == "float32"
        for asked in ("cuda", "cuda:3", "split"):
            with pytest.raises(GamutError, match=f"--device {asked} needs a GPU that is not here"):
                choose_device(asked)
    if not torch.backends.mps.is_available():
        with pytest.raises(GamutError, match="no Apple GPU here"):
            choose_device("mps")
    with pytest.raises(GamutError, match="'quantum' is no device; use auto, cpu, cuda"):
        choose_device("quantum")
    assert choose_device("cpu") == "cpu" and choose_dtype("bfloat16", "cpu") == "bfloat16"


def test_a_model_laid_out_by_a_device_map_reads_the_same(tiny):
    plain, mapped = (load_model(tiny["model"], dtype="float32", device=where) for where in ("cpu", {"": "cpu"}))
    scored = torch.ones(IDS.shape, dtype=torch.bool)
    said = [
        StateReader(m, mlp_projections(m.blocks), block=1, every_layer=True, mask_massive=True).read(IDS, scored)
        for m in (plain, mapped)
    ]
    assert torch.equal(said[0].hook, said[1].hook) and (said[0].neurons == said[1].neurons).all()


def test_a_folder_with_older_tokenizer_files_has_them_in_its_hash(tmp_path, tiny):
    folder = shutil.copytree(tiny["model"], tmp_path / "m")
    before = model_artifact(str(folder)).sha256
    (folder / "vocab.json").write_text("{}")
    assert model_artifact(str(folder)).sha256 == before, "tokenizer.json is read, so nothing else decides"
    (folder / "tokenizer.json").unlink()
    without = model_artifact(str(folder)).sha256
    (folder / "vocab.json").write_text('{"a": 0}')
    assert model_artifact(str(folder)).sha256 != without


def test_younger_settings_leave_the_identity_of_older_analyses_alone():
    assert "template" not in AnalysisSettings().as_dict()
    assert AnalysisSettings(template="plain").as_dict()["template"] == "plain"
    assert AnalysisSettings.from_dict(AnalysisSettings(template="chat").as_dict()).template == "chat"
    with pytest.raises(GamutError, match="template 'fancy' is not known"):
        AnalysisSettings(template="fancy")


@pytest.mark.parametrize("site", ["attn_out", "mlp_out"])
def test_an_analysis_by_an_sae_on_a_branch_reads_that_branch(workspace, tmp_path, site):
    """Its fit is measured there too: the identity SAE would explain everything."""
    folder = family_folder(tmp_path / "gemma2", "gemma2")
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(6)), name="d")
    sae = str(tiny_sae(tmp_path / "sae", hook=f"blocks.1.hook_{site}"))
    identity = identify(Dataset(workspace, "d"), model=str(folder), sae=sae, settings=SMALL)
    machine = Pass(identity, threads=1)
    tokens = machine.tokenise(turns for _, turns in Dataset(workspace, "d").conversations())
    batch = machine.run(tokens, tokens.lengths.argsort()[:1].astype("int32"))
    ids = torch.from_numpy(batch.token_ids.astype("int64"))[None]
    expected = residual(machine.model, ids, block=1, site=machine.sae.module(machine.model))
    torch.testing.assert_close(batch.states.hook, expected)
    stream = residual(machine.model, ids, block=1)
    assert not torch.allclose(batch.states.hook, stream)
    assert batch.states.residuals.shape[0] == BLOCKS
