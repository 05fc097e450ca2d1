"""Figures and examples of an autoencoder, against slow and plain versions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sae_lens import SAE
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig

from core.training.features import figures, strongest, triggers
from core.training.residuals import Residuals
from core.training.windows import Tokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=8, d_sae=24, k=3))
    folder = tmp_path_factory.mktemp("sae")
    sae.save_inference_model(folder)
    return folder


@pytest.fixture(scope="module")
def text() -> tuple[Residuals, Tokens]:
    """40 documents of 11 tokens, residuals of all but their first, in a document order of its own."""
    rng = np.random.default_rng(0)
    ids = rng.integers(3, 9, 440).astype(np.uint16)
    tokens = Tokens(ids, np.ones(440, np.uint8), np.arange(0, 441, 11), np.zeros(40, np.int64))
    places = np.concatenate([np.arange(d * 11 + 1, d * 11 + 11) for d in rng.permutation(40)])
    return Residuals(rng.normal(size=(400, 8)).astype(np.float16), places), tokens


def test_figures_equal_the_plain_formulas(folder: Path, text: tuple[Residuals, Tokens]) -> None:
    residuals, _ = text
    raw = torch.from_numpy(residuals.values.astype(np.float32))
    sae = SAE.load_from_disk(folder)
    with torch.no_grad():
        active = sae.encode(raw)
        error = (raw - sae.decode(active)).pow(2).sum() / (raw - raw.mean(0)).pow(2).sum()
    found = figures(folder=folder, residuals=residuals)
    assert found.tokens == 400 and found.explained_variance == pytest.approx(1 - error.item(), abs=1e-5)
    assert found.l0 == pytest.approx((active > 0).sum(1).float().mean().item())
    assert found.dead == pytest.approx((active > 0).sum(0).eq(0).float().mean().item())


def test_figures_of_no_tokens_are_no_figures(folder: Path) -> None:
    assert np.isnan(figures(folder=folder, residuals=Residuals(np.zeros((0, 8)), np.zeros(0))).l0)


def test_the_strongest_places_are_one_a_document_and_in_order(folder: Path, text: tuple[Residuals, Tokens]) -> None:
    residuals, tokens = text
    places, density = strongest(folder=folder, residuals=residuals, tokens=tokens, top=5)
    with torch.no_grad():
        active = SAE.load_from_disk(folder).encode(torch.from_numpy(residuals.values.astype(np.float32)))
    values = active.numpy()
    assert np.allclose(density, (values > 0).mean(0))
    for feature in range(24):
        best = {}
        for value, place in zip(values[:, feature], residuals.places, strict=True):
            if value > best.get(place // 11, (0, 0))[0]:
                best[place // 11] = (value, place)
        expected = [place for _, place in sorted(best.values(), reverse=True)[:5]]
        assert [p for p in places[feature] if p >= 0] == expected


def test_triggers_are_shares_of_the_commonest_token_here_and_before() -> None:
    tokens = Tokens(np.array([0, 5, 6, 5, 6, 7, 6], np.uint16), np.ones(7, np.uint8), np.array([0, 7]), np.array([0]))
    places = np.array([[2, 4, 6], [1, 2, -1]])
    (trigger,) = triggers(places=places, density=np.array([0.1, 0.2]), tokens=tokens)
    assert (trigger.feature, trigger.same_token, trigger.density) == (0, 1.0, 0.1)
    assert trigger.same_before == pytest.approx(2 / 3)
