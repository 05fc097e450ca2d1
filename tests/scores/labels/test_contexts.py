"""The contexts that labels are made of and tested on: what may be drawn, and that nothing of one half is in the other."""

import numpy as np
import pyarrow as pa
import pytest

from core.errors import GamutError
from core.scores.labels.contexts import Contexts, Drawer, DrawSettings
from core.scores.labels.corpus import MAKE, NEITHER, TEST, read_corpus
from core.scores.labels.draw import fill
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import write_jsonl


@pytest.fixture
def drawer(analysis, corpus) -> Drawer:
    return Drawer(analysis, corpus, DrawSettings(make=20, test=30, random=50))


def active_pairs(analysis) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    query = "SELECT DISTINCT feature_id, sample_id FROM activations"
    for feature, sample in analysis.cursor().execute(query).fetchall():
        found.setdefault(feature, set()).add(sample)
    return found


def test_every_context_is_what_its_kind_promises(analysis, corpus, drawer):
    active = active_pairs(analysis)
    rows = analysis.cursor().execute("SELECT feature_id, sample_id, max, position FROM activations").fetchall()
    strongest: dict[tuple[int, int], float] = {}
    for feature, sample, strength, _ in rows:
        strongest[feature, sample] = max(strength, strongest.get((feature, sample), 0))
    peaks = {(f, s, p) for f, s, strength, p in rows if strength == strongest[f, s]}
    seen = 0
    for feature, drawn in drawer.features():
        for half in (MAKE, TEST):
            own = drawn[half]
            samples = corpus.sample_of[own.active]
            positions = own.active - corpus.pointer[samples]
            assert len(set(samples.tolist())) == len(samples)
            assert (corpus.half[samples] == half).all()
            assert all((feature, s, p) in peaks for s, p in zip(samples.tolist(), positions.tolist(), strict=True))
            for places in (own.alike, own.same_token):
                there = places >= 0
                silent = corpus.sample_of[places[there]]
                assert len(set(silent.tolist())) == len(silent)
                assert not active[feature] & set(silent.tolist())
                assert (corpus.half[silent] == half).all() and corpus.scored[places[there]].all()
            there = own.alike >= 0
            other = corpus.sample_of[own.alike[there]]
            assert (corpus.bucket[other] == corpus.bucket[samples[there]]).all()
            assert (own.alike[there] - corpus.pointer[other] == positions[there]).all()
            there = own.same_token >= 0
            assert (corpus.ids[own.same_token[there]] == corpus.ids[own.active[there]]).all()
            said = [sample not in active[feature] for sample in corpus.sample_of[drawer.random[half]].tolist()]
            assert own.silent.tolist() == said
            seen += len(samples)
    assert seen > 500


def test_where_a_silent_context_exists_it_is_found(analysis, corpus, drawer):
    """Feature 0 is at every word 3: no silent sample has that word, so no context can be drawn at the same token."""
    drawn = dict(drawer.features())[0][TEST]
    assert (drawn.same_token == -1).all() and (drawn.alike >= 0).sum() >= 10


def test_the_same_seed_draws_the_same_and_another_does_not(analysis, corpus):
    one, again, other = (
        dict(Drawer(analysis, corpus, DrawSettings(make=20, test=10, random=50, seed=seed)).features())
        for seed in (0, 0, 1)
    )
    assert all((one[f][TEST].active == again[f][TEST].active).all() for f in one)
    assert all((one[f][MAKE].alike == again[f][MAKE].alike).all() for f in one)
    assert any(one[f][TEST].active.tolist() != other[f][TEST].active.tolist() for f in one)


def test_all_bands_are_drawn_evenly_as_far_as_they_go():
    assert fill(np.array([100, 0, 2, 100]), 12).tolist() == [5, 0, 2, 5]
    assert fill(np.array([1, 1]), 12).tolist() == [1, 1]
    assert fill(np.array([5, 5, 5]), 4).tolist() == [1, 1, 2]  # the odd one goes to the strongest
    assert fill(np.zeros(3, np.int64), 4).tolist() == [0, 0, 0]


def test_what_repeats_a_sample_is_in_neither_half(corpus, dataset):
    repeats = [
        s for (s,) in dataset.cursor().execute("SELECT sample_id FROM facts WHERE duplicate_of IS NOT NULL").fetchall()
    ]
    assert repeats and (corpus.half[repeats] == NEITHER).all()
    assert np.count_nonzero(corpus.half == NEITHER) == len(repeats)
    assert 0.35 < np.mean(corpus.half == TEST) < 0.65


def test_contexts_are_read_as_they_were_written(drawer):
    drawn = dict(drawer.features())
    contexts = Contexts.of(np.array(list(drawn), np.int32), [own[TEST] for own in drawn.values()], drawer.random[TEST])
    again = Contexts.read(pa.table(contexts.columns()), contexts.random)
    assert (again.features == contexts.features).all()
    for one, other in zip(contexts.drawn, again.drawn, strict=True):
        for name in ("active", "band", "alike", "same_token", "silent"):
            assert (getattr(one, name) == getattr(other, name)).all()


def test_another_data_set_is_refused(analysis, planted_once: Workspace, tmp_path):
    if not (planted_once.datasets / "other").exists():
        import_dataset(
            planted_once, write_jsonl(tmp_path / "o.jsonl", [{"instruction": "a", "response": "b"}]), name="other"
        )
    with pytest.raises(GamutError, match="was not made of data set 'other'"):
        read_corpus(analysis, Dataset(planted_once, "other"), seed=0)
