"""The yardsticks that greedy did not optimise: held-out rows and runs of words, against Python sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores import word_grams as module
from core.scores.curve import curve_along
from core.scores.feature_sets import FeatureSets
from core.scores.ngrams import words
from core.scores.word_grams import count_grams, word_grams
from core.scores.yardsticks import by_held_out_rows, held_out
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import write_jsonl

N, M = 60, 15


def problem(seed: int) -> tuple[list[set[int]], FeatureSets, np.ndarray]:
    """Rows of features; some repeat an earlier row."""
    rng = np.random.default_rng(seed)
    rows = [set(rng.choice(M, rng.integers(0, 6), replace=False).tolist()) for _ in range(N)]
    duplicate_of = np.full(N, -1)
    for i in range(1, N):
        if rng.random() < 0.3:
            first = int(rng.integers(0, i))
            duplicate_of[i] = first if duplicate_of[first] < 0 else duplicate_of[first]
            rows[i] = rows[duplicate_of[i]]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return rows, FeatureSets(indptr, np.array([j for row in rows for j in sorted(row)], np.int32), M), duplicate_of


@pytest.mark.parametrize("seed", range(10))
def test_held_out_rows_are_a_tenth_of_the_groups_and_whole(seed):
    _, _, duplicate_of = problem(seed)
    aside = held_out(duplicate_of)
    first = np.where(duplicate_of < 0, np.arange(N), duplicate_of)
    assert (aside == aside[first]).all()
    assert len(set(first[aside].tolist())) == round(0.1 * len(set(first.tolist())))


@pytest.mark.parametrize("seed", range(10))
def test_the_share_of_held_out_pairs_is_that_of_python_sets(seed):
    rows, sets, duplicate_of = problem(seed)
    rng = np.random.default_rng(seed)
    eligible, order, tokens = rng.random(N) < 0.8, rng.permutation(N)[:25].astype(np.int32), rng.integers(1, 9, N)
    measure = by_held_out_rows(sets, duplicate_of=duplicate_of, eligible=eligible)
    aside = held_out(duplicate_of)
    pairs = [(i, j) for i in range(N) if aside[i] and eligible[i] for j in rows[i]]
    assert measure.total == len(pairs)
    curve = curve_along(measure, order, tokens=tokens, base=np.array([3, 4], np.int32))
    for k in range(26):
        reaching = [rows[i] for i in [3, 4, *order[:k]] if not aside[i]]
        assert curve.after(k) == sum(any(j in row for row in reaching) for _, j in pairs)
        assert curve.after(k, c=3) == sum(sum(j in row for row in reaching) >= 3 for _, j in pairs)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 3), max_size=12), max_size=8))
def test_runs_of_four_are_those_of_python_tuples(texts):
    numbers = np.array([number for text in texts for number in [*text, 0]], np.int32)
    sample = np.array([place // 2 for place, text in enumerate(texts) for _ in range(len(text) + 1)], np.int32)
    n = (len(texts) + 1) // 2
    sets = count_grams(numbers, sample, n)
    naive = [set() for _ in range(n)]
    for place, text in enumerate(texts):
        naive[place // 2] |= {tuple(text[at : at + 4]) for at in range(len(text) - 3)}
    assert sets.n_features == sets.live == len(set().union(*naive))
    assert sets.richness.tolist() == [len(own) for own in naive]
    for i in range(n):
        assert (np.diff(sets.row(i)) > 0).all()
        for other in range(n):  # the same numbers for the same runs
            assert len(np.intersect1d(sets.row(i), sets.row(other))) == len(naive[i] & naive[other])


def test_the_runs_of_a_data_set_are_those_of_its_turns_and_are_counted_once(workspace, tmp_path, monkeypatch):
    records = [
        {"instruction": f"One two three {i} and so on.", "response": "One, two, three? 1 AND so"} for i in range(5)
    ]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    sets = word_grams(dataset)
    naive = [
        {tuple(said[at : at + 4]) for turn in turns for said in [words(turn.text)] for at in range(len(said) - 3)}
        for _, turns in dataset.conversations()
    ]
    assert sets.richness.tolist() == [len(own) for own in naive]
    assert sets.n_features == len(set().union(*naive))
    monkeypatch.setattr(module, "count_grams", None)  # from here on they can only be read
    again = word_grams(dataset)
    assert (again.indptr.tolist(), again.indices.tolist()) == (sets.indptr.tolist(), sets.indices.tolist())
    assert again.n_features == sets.n_features and again.indices.dtype == np.int32


def test_a_data_set_with_too_many_words_is_refused_in_a_sentence(workspace, tmp_path, monkeypatch):
    import_dataset(
        workspace, write_jsonl(tmp_path / "d.jsonl", [{"instruction": "a b c", "response": "d"}] * 3), name="d"
    )
    monkeypatch.setattr(module, "MOST_WORDS", 10)
    with pytest.raises(module.GamutError, match="too many to number"):
        word_grams(Dataset(workspace, "d"))
