"""An SAE on one's own data: it learns, loads as sae_lens saved it, and is the same after a stop or a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from sae_lens import SAE
from safetensors.numpy import load_file

from core.activations.cancelled import Cancelled
from core.activations.identity import identify
from core.activations.sae import encode, load_sae
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store.datasets import Dataset
from core.training.own.machine import split
from core.training.own.settings import ARCHITECTURES
from core.training.own.trained import trained_for, trained_saes
from core.training.own.work import forget, unfinished
from tests.activations.test_back_off import memory_for
from tests.families import family_folder
from tests.training.own.small import identity_of, run, with_data

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = "sae_weights.safetensors"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return with_data(tmp_path_factory.mktemp("own"))


@pytest.fixture
def fresh(tmp_path):
    return with_data(tmp_path)


def same_weights(one: Path, other: Path) -> bool:
    first, second = load_file(one / WEIGHTS), load_file(other / WEIGHTS)
    same_config = (one / "cfg.json").read_text() == (other / "cfg.json").read_text()
    return same_config and first.keys() == second.keys() and all(np.array_equal(first[n], second[n]) for n in first)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_architecture_learns_and_is_read_by_sae_lens_as_by_us(workspace, tiny_pair, architecture):
    identity = identity_of(workspace, tiny_pair, architecture=architecture, tokens=12_000)
    folder = run(workspace, identity, name=architecture)
    trained = next(sae for sae in trained_saes(workspace) if sae.name == architecture)
    assert trained.losses[-1] < 0.6 * trained.losses[0]
    theirs, ours = SAE.load_from_disk(folder), load_sae(folder, dtype="float32")
    assert theirs.cfg.metadata.hook_name == "blocks.1.hook_resid_post" and theirs.cfg.normalize_activations == "none"
    values = torch.randn(40, 16, generator=torch.Generator().manual_seed(0)) * 3
    expected = theirs.encode(values).detach()
    dense = np.zeros(expected.shape, np.float32)
    pointer, features, found = encode(ours, values)
    for token in range(len(values)):
        here = slice(pointer[token], pointer[token + 1])
        dense[token, features[here]] = found[here]
    assert np.allclose(dense, expected.to_dense().numpy(), atol=1e-6) and (dense > 0).any()
    assert trained.fit.samples == trained.plan.held_out == 3 and trained.fit.whole.explained_variance > 0.2
    assert 2 <= trained.fit.whole.l0_mean <= (6 if architecture != "jumprelu" else 12), "k is 4, which JumpReLU aims at"
    assert identify(Dataset(workspace, "d"), model=str(tiny_pair), sae=trained.ref, settings=AnalysisSettings())
    assert trained in trained_for(workspace, str(tiny_pair)) and not trained_for(workspace, "gpt2")
    assert not unfinished(workspace) and "blocks.1.hook_resid_post" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("site", "block", "module"), [("resid_pre", 1, "transformer.h.1"), ("mlp_out", 2, "transformer.h.2.mlp")]
)
def test_other_places_of_another_family_are_read_where_an_analysis_reads_them(tmp_path, site, block, module):
    workspace, model = with_data(tmp_path), family_folder(tmp_path / "gpt2", "gpt2")
    folder = run(workspace, identity_of(workspace, model, block=2, site=site, tokens=700))
    found = load_sae(folder, dtype="float32")
    assert found.block == block and found.sae.cfg.metadata.hook_name == f"blocks.2.hook_{site}"
    assert found.sae.cfg.metadata.hf_hook_name == module and found.prepend_bos and found.context == 48


@pytest.mark.parametrize("architecture", ["batchtopk", "jumprelu"])
def test_stopped_twice_or_cached_it_comes_to_the_same_weights(tmp_path, tiny_pair, architecture):
    whole, parted = with_data(tmp_path / "whole"), with_data(tmp_path / "parted")
    identity = identity_of(whole, tiny_pair, architecture=architecture, tokens=6000)  # more than an epoch
    undisturbed = run(whole, identity)
    for share in (0.3, 0.7):
        with pytest.raises(Cancelled):
            run(parted, identity, stop_at=share, cache=10**9, save_every=1e9)
        assert [work.id for work in unfinished(parted)] == [identity.id]
    assert list(identity.work(parted).glob("activations/*.safetensors")), "the cache waits for the training to go on"
    assert same_weights(undisturbed, run(parted, identity, cache=10**9))
    assert not unfinished(parted), "checkpoint and cache are cleaned up"
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pt", ".pkl", ".bin", ".tmp")]


def test_killed_it_goes_on_to_the_same_weights(tmp_path, tiny_pair):
    whole, killed = with_data(tmp_path / "whole"), with_data(tmp_path / "killed")
    words = ["--block", "1", "--width", "64", "--k", "4", "--batch", "8", "--tokens", "12000", "--device", "cpu"]

    def command(workspace) -> list[str]:
        start = [sys.executable, "-m", "core", "--workspace", str(workspace.root), "train-sae", str(tiny_pair), "d"]
        return [*start, *words, "--name", "s"]

    saving = [*command(killed), "--save-seconds", "0"]
    process = subprocess.Popen(saving, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(killed.training.glob("*/checkpoint.safetensors")):
        time.sleep(0.005)
    time.sleep(0.2)
    assert process.poll() is None, "it ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not trained_saes(killed) and len(unfinished(killed)) == 1
    folders = []
    for workspace in (killed, whole):
        from core.__main__ import run as run_command

        assert run_command(command(workspace)[3:]) == 0
        folders.append(workspace.saes / "s")
    assert same_weights(*folders)


def test_an_unfinished_training_can_be_thrown_away(fresh, tiny_pair):
    identity = identity_of(fresh, tiny_pair)
    with pytest.raises(Cancelled):
        run(fresh, identity, stop_at=0.2, cache=10**9)
    (left,) = unfinished(fresh)
    assert forget(fresh, identity.id) == left.bytes > 0 and not unfinished(fresh)
    with pytest.raises(GamutError, match="no unfinished training"):
        forget(fresh, identity.id)


def test_a_cache_beyond_its_budget_is_refused_before_anything_is_read(fresh, tiny_pair):
    with pytest.raises(GamutError, match="the cache may hold 1e-06 GB"):
        run(fresh, identity_of(fresh, tiny_pair), cache=1000)
    assert not list(fresh.saes.glob("*"))


def test_no_room_on_the_disk_is_said_in_a_sentence(fresh, tiny_pair, monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setattr("core.training.own.stream.shutil.disk_usage", lambda path: SimpleNamespace(free=2**30))
    with pytest.raises(GamutError, match=r"the disk has 1\.07 GB free"):
        run(fresh, identity_of(fresh, tiny_pair), cache=10**9)


def test_another_sae_of_the_name_is_not_overwritten(fresh, tiny_pair):
    (fresh.saes / "s").mkdir(parents=True)
    with pytest.raises(GamutError, match="another SAE called 's'"):
        run(fresh, identity_of(fresh, tiny_pair))


def test_copies_of_a_held_out_sample_are_not_trained_on(fresh):
    dataset = Dataset(fresh, "d")
    of = dict(dataset.cursor().execute("SELECT sample_id, content_hash FROM samples").fetchall())
    for seed in range(20):
        train, held = split(dataset, seed=seed)
        assert not {of[i] for i in train.tolist()} & {of[i] for i in held.tolist()}
        assert len({of[i] for i in held.tolist()}) == len(held) == 3 and not set(train.tolist()) & set(held.tolist())


def test_progress_counts_tokens_up_to_all_of_them(fresh, tiny_pair):
    seen = []
    run(fresh, identity_of(fresh, tiny_pair), see=lambda done, total, note: seen.append((done, total, note)))
    counted = [(done, total) for done, total, _ in seen if total]
    assert [done for done, _ in counted] == sorted(done for done, _ in counted)
    assert counted[-1] == (4000, 4000) and any("active a token" in note for *_, note in seen)


def test_memory_that_runs_out_while_reading_is_told_on_the_card_and_in_a_step_in_a_sentence(
    fresh, tiny_pair, monkeypatch
):
    memory_for(monkeypatch, 60)
    notes: set[str] = set()
    folder = run(
        fresh, identity_of(fresh, tiny_pair, tokens=700), see=lambda done, total, note: notes.add(note)
    )  # fmt: skip
    assert "Memory ran out while activations were read" in (folder / "README.md").read_text()
    assert any(note.endswith("in pieces as memory ran out") for note in notes)

    def step(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("core.training.sae_steps.SAETrainer.step", step)
    with pytest.raises(GamutError, match="Memory ran out while the SAE was trained: free some memory"):
        run(fresh, identity_of(fresh, tiny_pair, tokens=800), name="t")
