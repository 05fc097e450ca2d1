"""Neurons read again by the model: the same means as an analysis keeps, and one neuron token by token."""

import numpy as np
import pytest

from core.activations.identity import identify
from core.activations.inspector import Inspector
from core.activations.neuron_pass import read_samples_again, stored_tokens
from core.activations.tokens import UNSCORED
from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.vectors import neurons_in_layer, vectors_in_layer
from tests.activations.test_inspector import SETTINGS, analysed


@pytest.fixture(scope="module")
def once(tiny, tmp_path_factory):
    return analysed(tmp_path_factory.mktemp("again"), tiny["model"], tiny["sae"], samples=14)


@pytest.mark.parametrize("site", ["mlp", "residual"])
def test_samples_read_again_have_the_means_that_the_analysis_keeps(once, tiny, site):
    workspace, analysis = once
    identity = identify(Dataset(workspace, "d"), model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    ids = np.array([2, 3, 7, 8, 13])
    shape = analysis.contents.shape
    found = np.full((shape.layers, 10, shape.neurons if site == "mlp" else shape.width), np.nan)

    def each(layer, places, rows):
        assert rows.dtype == np.float16
        found[layer, places] = rows

    told = []
    read_samples_again(
        identity, [(analysis, ids), (analysis, ids)], site=site, each=each, stop=lambda: False, threads=1,
        progress=lambda done, total, note: told.append((done, total)),
    )  # fmt: skip
    for layer in range(shape.layers):
        kept = neurons_in_layer(analysis, layer).means if site == "mlp" else vectors_in_layer(analysis, layer)[0]
        np.testing.assert_allclose(found[layer], np.concatenate([kept[ids], kept[ids]]), rtol=2e-3, atol=1e-3)
    assert told[-1][0] == told[-1][1] > 0


@pytest.mark.parametrize("site", ["mlp", "residual"])
def test_a_neuron_token_by_token_averages_to_its_stored_mean(once, site):
    workspace, analysis = once
    said = Inspector(workspace, threads=1).read_neuron("d", 1, 5, site=site, samples=[4, 9])
    for sample in (4, 9):
        tokens = stored_tokens(analysis, np.array([sample]))
        counts = tokens.sides != UNSCORED
        values = np.array(said["values"][str(sample)])
        kept = neurons_in_layer(analysis, 1).means if site == "mlp" else vectors_in_layer(analysis, 1)[0]
        assert values[counts].mean() == pytest.approx(float(kept[sample, 5]), rel=3e-3, abs=1e-3)
    assert len(said["promoted"]) == len(said["suppressed"]) == 20
    assert said["promoted"][0][1] >= said["promoted"][-1][1] > said["suppressed"][0][1]


def test_what_a_neuron_promotes_is_its_output_weight_through_norm_and_head(once, tiny):
    import torch
    from transformers import AutoModelForCausalLM

    workspace, _ = once
    said = Inspector(workspace, threads=1).read_neuron("d", 2, 11, site="mlp", samples=[])
    model = AutoModelForCausalLM.from_pretrained(tiny["model"])
    with torch.no_grad():
        towards = model.model.layers[2].mlp.down_proj.weight[:, 11]
        unit = towards / towards.norm() * len(towards) ** 0.5
        logits = model.lm_head(model.model.norm(unit))
    np.testing.assert_allclose([value for _, value in said["promoted"]], logits.topk(20).values, rtol=1e-4)
    np.testing.assert_allclose(
        [value for _, value in said["suppressed"]], logits.topk(20, largest=False).values, rtol=1e-4
    )


def test_a_neuron_that_the_model_has_not_is_one_sentence(once):
    workspace, _ = once
    with pytest.raises(GamutError, match="There is no neuron 9\\.0"):
        Inspector(workspace, threads=1).read_neuron("d", 9, 0, site="mlp", samples=[1])
