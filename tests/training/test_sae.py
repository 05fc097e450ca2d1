"""The autoencoder: same weights after a stop, and raw residuals in when loaded."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from sae_lens import SAE
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from core.errors import GamutError
from core.training.parts import prepare
from core.training.residuals import Shuffled, Trunk, harvest, plan
from core.training.sae import train_sae
from core.training.settings import LmSettings, SaeSettings
from core.training.windows import TEMPLATE


@pytest.fixture(scope="module")
def settings(tiny: LmSettings) -> SaeSettings:
    return SaeSettings(
        threads=1,
        layer=1,
        features=64,
        k=4,
        cached_tokens=800,
        steps=30,
        batch=64,
        warmup=3,
        decay=6,
        dead_after=640,
        context=tiny.context,
        split=tiny.split,
    )


def run(source: Path, model: Path, folder: Path, settings: SaeSettings, stop_at: int | None = None) -> bool:
    notes = []
    return train_sae(
        model=model,
        source=source,
        to=folder / "sae",
        work=folder / "work",
        settings=settings,
        progress=lambda done, total, note: notes.append(done if "loss" in note else 0),
        stop=lambda: bool(notes) and stop_at is not None and notes[-1] >= stop_at,
    )


def test_a_stopped_and_resumed_run_gives_the_weights_of_an_undisturbed_one(
    source: Path, tiny_model: Path, settings: SaeSettings, tmp_path: Path
) -> None:
    assert run(source, tiny_model, tmp_path / "a", settings) is True
    assert run(source, tiny_model, tmp_path / "b", settings, stop_at=7) is False
    assert run(source, tiny_model, tmp_path / "b", settings, stop_at=26) is False
    assert run(source, tiny_model, tmp_path / "b", settings) is True
    undisturbed, resumed = (load_file(tmp_path / x / "sae" / "sae_weights.safetensors") for x in "ab")
    for name, weights in undisturbed.items():
        assert torch.equal(weights, resumed[name]), name
    configs = [(tmp_path / x / "sae" / "cfg.json").read_text() for x in "ab"]
    assert configs[0] == configs[1]
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".pt", ".pkl", ".bin")]


def test_the_saved_autoencoder_takes_raw_residuals(
    source: Path, tiny_model: Path, settings: SaeSettings, tiny: LmSettings, tmp_path: Path
) -> None:
    long = dataclasses.replace(settings, steps=400)
    run(source, tiny_model, tmp_path, long)
    sae = SAE.load_from_disk(tmp_path / "sae")
    _, parts = prepare(source=source, work=tmp_path / "work", split=tiny.split)
    held = harvest(trunk=Trunk(folder=tiny_model, layer=1), tokens=parts["tasks"], documents=np.arange(5), context=32)
    raw = torch.from_numpy(held.values.astype(np.float32))
    features = sae.encode(raw)
    assert ((features > 0).sum(1) <= settings.k).all()
    left = (raw - sae.decode(features)).pow(2).sum() / (raw - raw.mean(0)).pow(2).sum()
    assert left < 0.5  # an autoencoder that wanted scaled input would leave about everything
    assert sae.cfg.metadata.hook_name == "blocks.1.hook_resid_post" and sae.cfg.metadata.prepend_bos
    assert sae.cfg.normalize_activations == "none" and sae.cfg.metadata.context_size == tiny.context


def test_the_trunk_gives_the_blocks_output_whatever_the_batch(source: Path, tiny_model: Path) -> None:
    rows = [np.array([0, 20, 30, 40]), np.array([0, 50])]
    model = AutoModelForCausalLM.from_pretrained(tiny_model, local_files_only=True, dtype=torch.float32)
    states = model(torch.from_numpy(rows[0])[None], output_hidden_states=True).hidden_states[2][0]
    first, second = Trunk(folder=tiny_model, layer=1).residuals(rows)
    assert np.allclose(first, states.detach().numpy(), atol=1e-6) and second.shape == (2, 16)


def test_only_tokens_that_count_are_harvested(source: Path, tiny_model: Path, tiny: LmSettings, tmp_path: Path) -> None:
    _, parts = prepare(source=source, work=tmp_path, split=tiny.split)
    tokens = parts["rows"]
    found = harvest(
        trunk=Trunk(folder=tiny_model, layer=0), tokens=tokens, documents=np.arange(len(tokens)), context=32
    )
    assert (tokens.roles[found.places] != TEMPLATE).all() and len(found.places) == len(found.values)
    assert 0 not in tokens.ids[found.places]  # no BOS


def test_a_second_plan_takes_up_where_the_first_ends(source: Path, tiny: LmSettings, tmp_path: Path) -> None:
    tokens = prepare(source=source, work=tmp_path, split=tiny.split)[1]["train"]
    first = np.concatenate(plan(tokens=tokens, wanted=300, context=32, seed=2))
    second = np.concatenate(plan(tokens=tokens, wanted=200, context=32, seed=2, after=300))
    assert not set(first) & set(second)
    for documents, wanted in ((first, 300), (second, 200)):
        counting = [(tokens.roles[tokens.document(d)][:32] != TEMPLATE).sum() for d in documents]
        assert sum(counting[:-1]) < wanted <= sum(counting)
    everything = np.concatenate(plan(tokens=tokens, wanted=10**6, context=32, seed=2))
    assert sorted(everything) == list(range(len(tokens)))
    assert plan(tokens=tokens, wanted=5, context=32, seed=2, after=10**6) == []


def test_rows_are_drawn_once_an_epoch() -> None:
    shuffled = Shuffled(rows=10, seed=1)
    rows = shuffled.take(0, 25)
    assert sorted(rows[:10]) == sorted(rows[10:20]) == list(range(10))
    assert np.array_equal(shuffled.take(8, 4), rows[8:12])


def test_more_active_features_than_features_are_refused() -> None:
    with pytest.raises(GamutError, match="k is 9"):
        SaeSettings(features=8, k=9)
