"""What stands at and before a token, as numbered pieces of evidence; how much each tells of a feature.

Only what a causal model has read counts: the token itself, the one before it, the two or three that end there, and what
stands nearby before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from core.scores.labels.corpus import MAKE, Corpus

AT, BEFORE, PAIR, TRIPLE, NEAR = range(5)  # the slots of evidence
SLOT = 1 << 58  # an evidence code is its slot times this, plus the number of its tokens
NEARBY = 14  # tokens that count as near, from the second before the token backwards
WIDTH = 4 + NEARBY  # codes of a context at most
CANDIDATES = 400  # pieces of evidence looked at, the most telling first
SAID = 1.0  # log-odds: what is less above what is said of a context already is not worth a word
MOST_WORDS = 1 << 19  # three tokens must fit into a code


@numba.njit(cache=True, nogil=True)
def codes_at(places, ids, starts, vocabulary):
    """The evidence of every place, each piece once: int64 (n, WIDTH), −1 where there is less.

    starts: where the sample of each place begins.
    """
    codes = np.full((len(places), WIDTH), -1, np.int64)
    for row in range(len(places)):
        at, start = places[row], starts[row]
        token, before = np.int64(ids[at]), np.int64(0)
        codes[row, 0] = AT * SLOT + token
        if at - 1 >= start:
            before = np.int64(ids[at - 1])
            codes[row, 1] = BEFORE * SLOT + before
            codes[row, 2] = PAIR * SLOT + before * vocabulary + token
        if at - 2 >= start:
            earlier = np.int64(ids[at - 2])
            codes[row, 3] = TRIPLE * SLOT + (earlier * vocabulary + before) * vocabulary + token
        filled = 4
        for place in range(max(start, at - 1 - NEARBY), at - 1):
            code = NEAR * SLOT + np.int64(ids[place])
            if not np.any(codes[row, 4:filled] == code):
                codes[row, filled] = code
                filled += 1
    return codes


def tokens_of(code: int, vocabulary: int) -> tuple[int, tuple[int, ...]]:
    """The slot of an evidence code and its token ids in reading order."""
    slot, number = divmod(code, SLOT)
    length = {PAIR: 2, TRIPLE: 3}.get(slot, 1)
    return slot, tuple(number // vocabulary**power % vocabulary for power in reversed(range(length)))


class Rates:
    """How often each piece of evidence is there at a scored token of the half that labels are made of: exact shares."""

    def __init__(self, corpus: Corpus) -> None:
        self.vocabulary = len(corpus.texts)
        assert self.vocabulary <= MOST_WORDS, f"{self.vocabulary} tokens are too many to number three in a row"
        places = corpus.places(MAKE)
        starts = corpus.pointer[corpus.sample_of[places]]
        self._places = max(1, len(places))
        self._runs = {}
        for slot, first, last in ((AT, 0, 0), (BEFORE, 1, 1), (PAIR, 1, 0), (TRIPLE, 2, 0)):
            ends = places[places - first >= starts]
            number = np.zeros(len(ends), np.int64)
            for back in range(first, last - 1, -1):
                number = number * self.vocabulary + corpus.ids[ends - back]
            self._runs[slot] = np.unique(number, return_counts=True)
        counted = np.zeros(len(corpus.ids), bool)
        counted[places] = True
        near = _near(corpus.ids, corpus.pointer, counted, self.vocabulary)
        self._runs[NEAR] = np.flatnonzero(near), near[near > 0]

    def of(self, codes: np.ndarray) -> np.ndarray:
        """The rate of each code: float64, 0 where it never is."""
        slot, number = codes // SLOT, codes % SLOT
        rates = np.zeros(len(codes))
        for run, (known, counts) in self._runs.items():
            own = slot == run
            if own.any() and len(known):
                place = np.minimum(np.searchsorted(known, number[own]), len(known) - 1)
                rates[own] = np.where(known[place] == number[own], counts[place], 0) / self._places
        return rates


@numba.njit(cache=True, nogil=True)
def _near(ids, pointer, counted, vocabulary):
    """For every token id, at how many counted places it is near: int64 (vocabulary)."""
    upto = np.zeros(len(ids) + 1, np.int64)
    for place in range(len(ids)):
        upto[place + 1] = upto[place] + counted[place]
    near = np.zeros(vocabulary, np.int64)
    known_until = np.zeros(vocabulary, np.int64)  # places before this one have been counted for the token
    for sample in range(len(pointer) - 1):
        end = pointer[sample + 1]
        for place in range(pointer[sample], end):
            token = ids[place]
            first = min(end, max(place + 2, known_until[token]))
            last = min(end, place + 2 + NEARBY)
            if last > first:
                near[token] += upto[last] - upto[first]
                known_until[token] = last
    return near


@dataclass(frozen=True, eq=False)
class Evidence:
    """Pieces of evidence for one feature, the most telling first: codes int64, weights (log-odds) and support int64."""

    codes: np.ndarray
    weights: np.ndarray
    support: np.ndarray


def weigh(
    active: np.ndarray, silent: np.ndarray, rates: Rates, *, prior: float, least: int, telling: float, kept: int
) -> Evidence:
    """The evidence that is in active contexts more often than in silent ones: codes int64 (contexts, WIDTH) of both.

    The rate q of a piece among silent contexts is that of the whole corpus, weighing as much as `prior` contexts,
    updated by the silent ones seen. A piece is kept if it is in `least` active contexts and the likelihood ratio of its
    rate there against q (Dunning 1993) is `telling` or more: the `kept` largest ratios, less those that add nothing. Its
    weight is the log-odds of the two rates, the active one drawn to q by one context, so that what was seen twice is not
    believed like what was seen fifty times.
    """
    found, counts = _counted(active)
    enough = counts >= least
    found, counts = found[enough], counts[enough]
    n, m = len(active), len(silent)
    other, others = _counted(silent)
    place = np.minimum(np.searchsorted(other, found), max(0, len(other) - 1))
    beside = np.where(other[place] == found, others[place], 0) if len(other) else np.zeros(len(found))
    q = (beside + prior * rates.of(found)) / (m + prior)
    share = counts / max(1, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 2 * (counts * np.log(share / q) + np.where(counts < n, (n - counts) * np.log((1 - share) / (1 - q)), 0))
    better = (share > q) & (ratio >= telling)
    drawn = (counts + q) / (n + 1)
    weights = np.log(drawn / (1 - drawn)) - np.log(q / (1 - q))
    order = np.lexsort((found, -ratio))
    order = order[better[order]][:CANDIDATES]
    order = order[_adding(active, found[order], weights[order], least, kept)]
    return Evidence(found[order], weights[order], counts[order])


@numba.njit(cache=True, nogil=True)
def _adding(active, codes, weights, least, kept):
    """Which of the candidates, in their order, say what is not said yet: of `least` contexts nearly as much or more."""
    best = np.full(len(active), -np.inf)
    chosen = np.zeros(len(codes), np.bool_)
    left = np.int64(kept)
    for place in range(len(codes)):
        if left == 0:
            break
        new = 0
        for row in range(len(active)):
            if best[row] < weights[place] - SAID and np.any(active[row] == codes[place]):
                new += 1
        if new >= least:
            chosen[place] = True
            left -= 1
            for row in range(len(active)):
                if np.any(active[row] == codes[place]):
                    best[row] = max(best[row], weights[place])
    return chosen


def _counted(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = codes[codes >= 0]
    return np.unique(flat, return_counts=True)


@numba.njit(cache=True, nogil=True)
def scores(contexts, codes, weights):
    """The weight of the strongest evidence in each context, 0 where there is none: float64 (n).

    contexts: int64 (n, WIDTH). codes: int64, ascending, with their weights.
    """
    out = np.zeros(len(contexts))
    if len(codes) == 0:
        return out
    for row in range(len(contexts)):
        for column in range(contexts.shape[1]):
            code = contexts[row, column]
            if code >= 0:
                found = np.searchsorted(codes, code)
                if found < len(codes) and codes[found] == code and weights[found] > out[row]:
                    out[row] = weights[found]
    return out
