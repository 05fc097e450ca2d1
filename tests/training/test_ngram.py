"""Kneser–Ney against a slow reference written from the formulas."""

import itertools
from collections import Counter

import numpy as np
import pytest

from core.training.ngram import KneserNey, discounts, train_ngram, triples
from core.training.windows import Tokens

VOCABULARY = 7


def documents(seed: int, count: int = 40) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [[0, *rng.integers(2, VOCABULARY, size=int(rng.integers(0, 12))).tolist(), 1] for _ in range(count)]


def tokens(rows: list[list[int]]) -> Tokens:
    ids = np.array([token for row in rows for token in row], np.uint16)
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Tokens(ids, np.zeros(len(ids), np.uint8), starts, np.zeros(len(rows), np.int64))


class Reference:
    """Interpolated Kneser–Ney with dictionaries (Chen & Goodman 1998, section 4.1.6)."""

    def __init__(self, rows: list[list[int]]) -> None:
        padded = [[0, *row] for row in rows]
        self.three = Counter(t for row in padded for t in zip(row, row[1:], row[2:], strict=False))
        self.two = Counter((b, c) for _, b, c in self.three)
        self.one = Counter(c for _, c in self.two)

    def level(self, counts: Counter, context: tuple, token: int, lower: float) -> float:
        d = discounts(np.array(list(counts.values())))
        own = {key: n for key, n in counts.items() if (key[:-1] if isinstance(key, tuple) else ()) == context}
        if not own:
            return lower
        total = sum(own.values())
        gamma = sum(d[min(n, 3)] for n in own.values()) / total
        n = own.get((*context, token) if context else token, 0)
        return (n - d[min(n, 3)]) / total + gamma * lower

    def probability(self, a: int, b: int, c: int) -> float:
        one = self.level(self.one, (), c, 1 / VOCABULARY)
        two = self.level(self.two, (b,), c, one)
        return self.level(self.three, (a, b), c, two)


@pytest.fixture(scope="module")
def model() -> KneserNey:
    return train_ngram(tokens=tokens(documents(0)), vocabulary=VOCABULARY)


def everything() -> np.ndarray:
    return np.array(list(itertools.product(range(VOCABULARY), repeat=3)), np.int64)


def test_every_probability_equals_the_slow_reference(model: KneserNey) -> None:
    queries, reference = everything(), Reference(documents(0))
    ours = model.probability(before=queries[:, 0], last=queries[:, 1], token=queries[:, 2])
    assert np.allclose(ours, [reference.probability(*query) for query in queries.tolist()], atol=1e-12)


def test_probabilities_sum_to_one_in_every_context_seen_or_not(model: KneserNey) -> None:
    queries = everything()
    ours = model.probability(before=queries[:, 0], last=queries[:, 1], token=queries[:, 2])
    assert np.allclose(ours.reshape(-1, VOCABULARY).sum(1), 1.0, atol=1e-12) and (ours > 0).all()


def test_each_token_is_scored_in_its_own_document_and_bos_is_not(model: KneserNey) -> None:
    held = tokens([[0, 4, 5, 1], [0, 1], [0, 6, 1]])
    expected = [np.nan, (0, 0, 4), (0, 4, 5), (4, 5, 1), np.nan, (0, 0, 1), np.nan, (0, 0, 6), (0, 6, 1)]
    before, last, token, places = triples(held)
    assert list(zip(before.tolist(), last.tolist(), token.tolist(), strict=True)) == [
        e for e in expected if isinstance(e, tuple)
    ]
    assert places.tolist() == [1, 2, 3, 5, 7, 8]
    reference = Reference(documents(0))
    for loss, query in zip(model.nats(held), expected, strict=True):
        if isinstance(query, tuple):
            assert loss == pytest.approx(-np.log(reference.probability(*query)))
        else:
            assert np.isnan(loss)


def test_discounts_follow_the_counts_of_counts() -> None:
    counts = np.repeat([1, 2, 3, 4, 5], [10, 4, 2, 1, 3])
    y = 10 / (10 + 2 * 4)
    assert np.allclose(discounts(counts), [0, 1 - 2 * y * 4 / 10, 2 - 3 * y * 2 / 4, 3 - 4 * y * 1 / 2])


def test_a_corpus_without_pairs_seen_twice_still_has_discounts() -> None:
    assert np.allclose(discounts(np.ones(5, int)), [0, 1, 1, 1])
