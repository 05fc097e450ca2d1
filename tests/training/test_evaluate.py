"""Held-out losses: each document alone, both models on the same tokens."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from core.training.evaluate import as_table, compare, model_nats
from core.training.settings import LmSettings
from core.training.windows import PLAIN, PROMPT, RESPONSE, TEMPLATE, Tokens


def test_the_models_losses_are_those_of_each_document_alone(tiny_model: Path, tiny: LmSettings) -> None:
    rows = [[0, 20, 30, 40, 1], [0, 50, 1], [0, *range(20, 70), 1]]
    ids = np.array([token for row in rows for token in row], np.uint16)
    starts = np.array([0, 5, 8, 60])
    tokens = Tokens(ids, np.zeros(60, np.uint8), starts, np.zeros(3, np.int64))
    loss = model_nats(folder=tiny_model, tokens=tokens, context=tiny.context)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, local_files_only=True, dtype=torch.float32)
    for row, start in zip(rows, starts, strict=False):
        row = row[: tiny.context]
        with torch.no_grad():
            alone = torch.log_softmax(model(torch.tensor([row])).logits[0], -1)
        expected = [-alone[i, row[i + 1]].item() for i in range(len(row) - 1)]
        assert np.isnan(loss[start])  # BOS is given, not predicted
        assert np.allclose(loss[start + 1 : start + len(row)], expected, atol=1e-4)
    assert np.isnan(loss[8 + tiny.context :]).all()  # past the context


def test_losses_are_compared_on_the_same_tokens_by_source_and_position() -> None:
    roles = np.array([TEMPLATE, PROMPT, RESPONSE, RESPONSE, TEMPLATE, PLAIN, PLAIN, TEMPLATE], np.uint8)
    tokens = Tokens(np.zeros(8, np.uint16), roles, np.array([0, 4, 8]), np.array([0, 2]))
    model = np.array([np.nan, 1, 2, 4, np.nan, 5, 7, 1])
    trigram = np.array([np.nan, 2, 3, np.nan, np.nan, 6, 6, 3])
    losses = {loss.name: loss for loss in compare(tokens=tokens, model=model, trigram=trigram)}
    assert (losses["response tokens"].tokens, losses["response tokens"].model) == (1, 2.0)  # 4 has no rival
    assert losses["dolly_15k"].model == 6.0 and losses["dolly_15k"].trigram == 6.0
    assert losses["positions 1-31"].tokens == 5 and losses["positions 32-127"].tokens == 0
    assert losses["all tokens"].trigram == pytest.approx((2 + 3 + 6 + 6 + 3) / 5)
    table = as_table(list(losses.values()))
    assert "| response tokens | 1 | 2.000 | 3.000 | 1.000 |" in table and "32-127" not in table
