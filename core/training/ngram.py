"""Interpolated Kneser–Ney trigram with modified discounts: the yardstick for a small language model."""

from dataclasses import dataclass

import numpy as np

from core.training.windows import Tokens


@dataclass(frozen=True, slots=True)
class Level:
    """One order of the model: n-grams seen, as sorted keys `context * vocabulary + token`, and discounts.

    `keys`, `discounted` (n-grams); `contexts`, `totals`, `spare` (contexts), where `spare` is the share of a
    context's mass that the discounts give to the lower order.
    """

    vocabulary: int
    keys: np.ndarray
    discounted: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    spare: np.ndarray

    @classmethod
    def count(cls, *, keys: np.ndarray, counts: np.ndarray, vocabulary: int) -> "Level":
        """From sorted distinct keys and their counts."""
        discount = discounts(counts)[np.minimum(counts, 3)]
        contexts, first = np.unique(keys // vocabulary, return_index=True)
        totals = np.add.reduceat(counts, first).astype(np.float64)
        return cls(vocabulary, keys, counts - discount, contexts, totals, np.add.reduceat(discount, first) / totals)

    def interpolate(self, *, context: np.ndarray, token: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """P(token | context), given the lower order's probability of the same tokens; all arrays
        (queries,)."""
        at = np.minimum(np.searchsorted(self.contexts, context), len(self.contexts) - 1)
        known = self.contexts[at] == context
        key = context * self.vocabulary + token
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        own = np.where(self.keys[place] == key, self.discounted[place], 0.0) / self.totals[at]
        return np.where(known, own + self.spare[at] * lower, lower)


@dataclass(frozen=True, slots=True)
class KneserNey:
    """Trigram counts over continuation bigrams over continuation unigrams over the uniform distribution."""

    vocabulary: int
    trigrams: Level
    bigrams: Level
    unigrams: Level

    def probability(self, *, before: np.ndarray, last: np.ndarray, token: np.ndarray) -> np.ndarray:
        """P(token | before, last) for int64 arrays (queries,)."""
        flat = np.full(len(token), 1.0 / self.vocabulary)
        one = self.unigrams.interpolate(context=np.zeros_like(token), token=token, lower=flat)
        two = self.bigrams.interpolate(context=last, token=token, lower=one)
        return self.trigrams.interpolate(context=before * self.vocabulary + last, token=token, lower=two)

    def nats(self, tokens: Tokens) -> np.ndarray:
        """-log P of every token (tokens,), NaN for each document's BOS; the two tokens before are the true
        ones."""
        before, last, token, inner = triples(tokens)
        loss = np.full(len(tokens.ids), np.nan)
        loss[inner] = -np.log(self.probability(before=before, last=last, token=token))
        return loss


def discounts(counts: np.ndarray) -> np.ndarray:
    """Discounts for counts 0, 1, 2 and 3 or more, (4,), from the counts of counts (Chen & Goodman 1998, eq.
    26).

    Where a tiny corpus lacks one of the counts of counts, the single discount n1 / (n1 + 2 n2), at least
    0.1, serves.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    single = max(0.1, n[1] / max(1.0, n[1] + 2 * n[2]))
    if (n[1:5] == 0).any():
        return np.array([0.0, single, single, single])
    found = [k - (k + 1) * (n[1] / (n[1] + 2 * n[2])) * n[k + 1] / n[k] for k in (1, 2, 3)]
    return np.array([0.0, *(value if 0 < value < k else single for k, value in enumerate(found, start=1))])


def triples(tokens: Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two tokens before, one before, the token, and its place, for every token but a document's BOS.

    The token after BOS has BOS twice before it.
    """
    ids = tokens.ids.astype(np.int64)
    inner = np.ones(len(ids), bool)
    inner[tokens.starts[:-1]] = False
    places = np.flatnonzero(inner)
    second = np.zeros(len(ids), bool)
    second[tokens.starts[:-1] + 1] = True  # every document has BOS and EOS, so this is inside it
    before = np.where(second[places], ids[places - 1], ids[np.maximum(places - 2, 0)])
    return before, ids[places - 1], ids[places], places


def train_ngram(*, tokens: Tokens, vocabulary: int) -> KneserNey:
    """Count the trigrams of the documents; lower orders count the different contexts of an n-gram."""
    before, last, token, _ = triples(tokens)
    keys, counts = np.unique((before * vocabulary + last) * vocabulary + token, return_counts=True)
    pairs, pair_counts = np.unique(keys % vocabulary**2, return_counts=True)
    singles, single_counts = np.unique(pairs % vocabulary, return_counts=True)
    return KneserNey(
        vocabulary=vocabulary,
        trigrams=Level.count(keys=keys, counts=counts, vocabulary=vocabulary),
        bigrams=Level.count(keys=pairs, counts=pair_counts, vocabulary=vocabulary),
        unigrams=Level.count(keys=singles, counts=single_counts, vocabulary=vocabulary),
    )
