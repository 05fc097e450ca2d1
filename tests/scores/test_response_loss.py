"""The loss of every response: against the model run sample by sample, whole or stopped and gone on."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from core.activations.analyse import analyse
from core.activations.cancelled import Cancelled
from core.activations.identity import identify
from core.activations.neuron_pass import stored_tokens
from core.activations.settings import AnalysisSettings
from core.activations.tokens import RESPONSE
from core.scores import response_loss
from core.scores.response_loss import kept_loss, loss_there, make_loss
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import made_records, write_jsonl


def nothing(*_said) -> None:
    """Nobody is told."""


@pytest.fixture
def analysed(workspace, tmp_path, tiny) -> Analysis:
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(24)), name="d")
    settings = AnalysisSettings(batch_samples=5)
    identity = identify(Dataset(workspace, "d"), model=str(tiny["model"]), sae=str(tiny["sae"]), settings=settings)
    run = {"name": "d", "progress": nothing, "stop": lambda: False}
    return Analysis(analyse(workspace, Dataset(workspace, "d"), identity, **run))


def by_hand(analysis: Analysis, folder) -> list[float]:
    model, found = AutoModelForCausalLM.from_pretrained(folder), []
    for sample in range(analysis.n_samples):
        tokens = stored_tokens(analysis, np.array([sample]))
        ids = torch.from_numpy(tokens.ids.astype(np.int64))[None]
        with torch.inference_mode():
            log_p = model(ids).logits[0].float().log_softmax(-1)
        nats = [-float(log_p[at - 1, tokens.ids[at]]) for at in np.flatnonzero(tokens.sides == RESPONSE)]
        found.append(float(np.mean(nats)) if nats else float("nan"))
    return found


def test_it_is_the_models_loss_of_the_response_sample_by_sample(workspace, analysed, tiny):
    assert not loss_there(analysed) and kept_loss(analysed) is None
    made = make_loss(workspace, analysed, progress=nothing, stop=lambda: False)
    expected = by_hand(analysed, tiny["model"])
    assert np.isnan(made[7])  # no answer
    np.testing.assert_allclose(made, expected, rtol=1e-4)
    np.testing.assert_array_equal(kept_loss(analysed), made)


def test_stopped_it_goes_on_to_the_same(workspace, analysed, monkeypatch):
    from core.activations import response_loss as reading

    monkeypatch.setattr(reading, "TOGETHER", 6)
    seen = []

    def told(done: int, total: int, _note: str) -> None:
        seen.append((done, total))

    with pytest.raises(Cancelled):
        make_loss(workspace, analysed, progress=told, stop=lambda: len(seen) >= 3)
    assert not loss_there(analysed)
    before = len(seen)
    made = make_loss(workspace, analysed, progress=told, stop=lambda: False)
    assert seen[before + 1][0] > seen[before - 1][0]  # what was read is not read again
    assert seen[-1][0] == seen[-1][1]
    assert not list((analysed.folder / "derived").glob("*.part.parquet"))
    response_loss._path(analysed).unlink()
    np.testing.assert_array_equal(make_loss(workspace, analysed, progress=nothing, stop=lambda: False), made)
