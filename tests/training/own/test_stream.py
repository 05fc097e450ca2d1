"""The stream of activations: every scored token once an epoch, and the same whether read, kept, or begun in the middle."""

import numpy as np
import pytest

from core.activations.model import load_model
from core.activations.scored_states import ScoredStates, scored_counts
from core.activations.settings import AnalysisSettings
from core.activations.tokens import UNSCORED, tokenise
from core.store.datasets import Dataset
from core.training.own.stream import CachedParts, Parts, Stream
from tests.training.own.small import with_data

BLOCK = 1


@pytest.fixture(scope="module")
def read(tmp_path_factory, tiny_pair):
    """The tiny model, its reader, and the tokens of a data set."""
    workspace = with_data(tmp_path_factory.mktemp("stream"), samples=30)
    model = load_model(tiny_pair, dtype="float32")
    conversations = (turns for _, turns in Dataset(workspace, "d").conversations())
    tokens = tokenise(conversations, model.tokenizer, max_length=48)
    return model, ScoredStates(model, BLOCK, model.blocks[BLOCK], model.width), tokens


def parts_of(reader, tokens, *, size=150, wanted=10**9):
    ids = np.arange(len(tokens.lengths))
    return Parts(
        reader, tokens, ids, wanted=wanted, size=size, seed=3, settings=AnalysisSettings(), check_stop=lambda: None
    )


def test_scored_states_are_the_models_own_at_the_scored_tokens(read):
    import torch

    model, reader, tokens = read
    ids = np.array([7, 2, 29])
    found = reader.read(tokens, ids, settings=AnalysisSettings(batch_tokens=90))
    expected = []
    for i in ids:
        here = slice(tokens.indptr[i], tokens.indptr[i + 1])
        with torch.no_grad():
            states = model.causal(torch.from_numpy(tokens.ids[here][None].astype(np.int64)), output_hidden_states=True)
        expected.append(states.hidden_states[BLOCK + 1][0].numpy()[tokens.sides[here] != UNSCORED])
    assert np.allclose(found, np.concatenate(expected), atol=1e-5)


def test_every_epoch_brings_every_scored_token_once_in_a_new_order(read):
    _, reader, tokens = read
    stream = Stream(parts_of(reader, tokens), round=400, seed=1, tell=lambda tokens: None)
    total = stream.epoch_tokens
    assert total == scored_counts(tokens).sum()
    everything = reader.read(tokens, np.arange(len(tokens.lengths)), settings=AnalysisSettings())
    first, second = stream.take(0, total).numpy(), stream.take(total, total).numpy()
    for epoch in (first, second):
        assert np.allclose(np.sort(epoch, axis=0), np.sort(everything, axis=0), atol=1e-4)
    assert not np.allclose(first, second)


def test_what_stands_at_a_place_does_not_hang_on_how_one_came_there(read, tmp_path):
    _, reader, tokens = read
    told = []
    whole = Stream(parts_of(reader, tokens), round=400, seed=1, tell=told.append)
    total = whole.epoch_tokens
    expected = whole.take(0, 2 * total).numpy()
    assert told[-1] == 2 * total and told == sorted(told)
    for first, count in ((0, 7), (total - 5, 11), (390, 30), (2 * total - 3, 3)):
        parts = CachedParts(parts_of(reader, tokens), tmp_path / "cache", dtype="float32")
        later = Stream(parts, round=400, seed=1, tell=lambda tokens: None)
        assert np.array_equal(later.take(first, count).numpy(), expected[first : first + count])
    kept = sum(path.stat().st_size for path in (tmp_path / "cache").glob("*"))
    assert kept >= total * 16 * 4


def test_of_more_data_than_is_wanted_no_more_is_read_than_a_sample_over(read):
    _, reader, tokens = read
    longest = int(scored_counts(tokens).max())
    for wanted in (1, 150, 151, 400):
        assert wanted <= parts_of(reader, tokens, wanted=wanted).counts.sum() < wanted + longest
