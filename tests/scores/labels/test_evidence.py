"""Evidence: its codes, rates and weights against loops over small data."""

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from core.scores.labels.corpus import MAKE
from core.scores.labels.evidence import (
    AT,
    BEFORE,
    NEAR,
    NEARBY,
    PAIR,
    SLOT,
    TRIPLE,
    Rates,
    codes_at,
    scores,
    tokens_of,
    weigh,
)  # fmt: skip


def naive_codes(words: list[int], at: int, vocabulary: int) -> set[int]:
    """The evidence at a place of a sample."""
    found = {AT * SLOT + words[at]}
    if at >= 1:
        found |= {BEFORE * SLOT + words[at - 1], PAIR * SLOT + words[at - 1] * vocabulary + words[at]}
    if at >= 2:
        found.add(TRIPLE * SLOT + (words[at - 2] * vocabulary + words[at - 1]) * vocabulary + words[at])
    return found | {NEAR * SLOT + word for word in words[max(0, at - 1 - NEARBY) : max(0, at - 1)]}


@settings(deadline=None)  # the first call compiles
@given(some.lists(some.integers(0, 4), min_size=1, max_size=40))
def test_the_evidence_of_a_place_is_what_stands_at_and_before_it_in_its_own_sample(words):
    ids = np.array([9, 9, *words], np.int32)  # what stands in an earlier sample must not be seen
    for at in range(len(words)):
        codes = codes_at(np.array([at + 2]), ids, np.array([2]), 10)[0]
        said = codes[codes >= 0].tolist()
        assert len(said) == len(set(said)) and set(said) == naive_codes(words, at, 10)


def test_a_code_tells_its_slot_and_tokens():
    ids = np.array([4, 7, 2], np.int32)
    codes = codes_at(np.array([2]), ids, np.array([0]), 1000)[0]
    assert [tokens_of(int(code), 1000) for code in codes if code >= 0] == [
        (AT, (2,)), (BEFORE, (7,)), (PAIR, (7, 2)), (TRIPLE, (4, 7, 2)), (NEAR, (4,)),
    ]  # fmt: skip


def test_rates_equal_a_count_over_every_scored_token_of_the_half(corpus):
    places = corpus.places(MAKE).tolist()
    counted: Counter[int] = Counter()
    for place in places:
        sample = corpus.sample_of[place]
        first = int(corpus.pointer[sample])
        words = corpus.ids[first : int(corpus.pointer[sample + 1])].tolist()
        counted.update(naive_codes(words, place - first, len(corpus.texts)))
    codes = np.array(sorted(counted))
    rates = Rates(corpus).of(codes)
    assert np.allclose(rates, [counted[code] / len(places) for code in codes.tolist()])


class Flat:
    """Rates that are all alike."""

    def of(self, codes):
        return np.full(len(codes), 0.01)


def test_weights_are_the_log_odds_against_the_silent_rate_and_only_telling_evidence_is_kept():
    rng = np.random.default_rng(0)
    active, silent = rng.integers(0, 6, (40, 18)), rng.integers(2, 30, (30, 18))
    active = np.array([np.r_[np.unique(row), np.full(18 - len(np.unique(row)), -1)] for row in active])
    silent = np.array([np.r_[np.unique(row), np.full(18 - len(np.unique(row)), -1)] for row in silent])
    found = weigh(active, silent, Flat(), prior=100, least=2, telling=6.0, kept=50)
    ratios = {}
    for code in range(6):
        counts, beside = int((active == code).any(1).sum()), int((silent == code).any(1).sum())
        q, share = (beside + 100 * 0.01) / 130, counts / 40
        ratio = 2 * (
            counts * math.log(share / q) + ((40 - counts) * math.log((1 - share) / (1 - q)) if share < 1 else 0)
        )
        if counts >= 2 and share > q and ratio >= 6:
            drawn = (counts + q) / 41
            ratios[code] = (ratio, math.log(drawn / (1 - drawn)) - math.log(q / (1 - q)), counts)
    assert set(found.codes.tolist()) <= set(ratios) and len(found.codes)
    assert [ratios[code][0] for code in found.codes.tolist()] == sorted(
        (ratios[code][0] for code in found.codes.tolist()), reverse=True
    )
    for code, weight, support in zip(found.codes.tolist(), found.weights, found.support, strict=True):
        assert weight == np.float64(ratios[code][1]).item() or abs(weight - ratios[code][1]) < 1e-9
        assert support == ratios[code][2]


def test_evidence_that_only_repeats_what_is_said_is_left_out():
    active = np.full((30, 18), -1)
    active[:, 0] = 5
    active[:10, 1] = 7  # always beside 5, and no rarer in silence: says nothing new
    found = weigh(active, np.full((30, 18), -1), Flat(), prior=100, least=2, telling=6.0, kept=9)
    assert found.codes.tolist() == [5]


@settings(deadline=None)  # the first call compiles
@given(some.lists(some.lists(some.integers(-1, 9), min_size=18, max_size=18), min_size=1, max_size=5))
def test_a_context_scores_by_its_strongest_evidence(rows):
    codes, weights = np.array([1, 4, 8]), np.array([0.5, 2.0, 1.0])
    known = dict(zip(codes.tolist(), weights.tolist(), strict=True))
    said = scores(np.array(rows), codes, weights)
    assert said.tolist() == [max([0.0, *(known[c] for c in row if c in known)]) for row in rows]
    assert scores(np.array(rows), codes[:0], weights[:0]).tolist() == [0.0] * len(rows)
