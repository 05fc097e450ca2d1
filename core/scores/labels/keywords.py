"""A free text as a scorer: which of its words stand at a token or before it, rare words counting more.

A crude reader, and said to be one: it knows no synonyms. What a text means is judged by its words only.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from core.scores.labels.corpus import Corpus
from core.scores.labels.evidence import NEARBY
from core.scores.labels.strongest_tokens import AFTER, word_at

WORD = re.compile(r"[^\W_]+")
QUOTED = re.compile(r"[“\"'‘`]([^“”\"'‘’`]{1,40})[”\"'’`]")
ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s", "e", "y")
STEM = 3  # letters that an ending must leave
# Words of descriptions that say nothing of what is described, and words that stand everywhere.
EMPTY = frozenset(
    """a an and or of in on at to for from by with as is are was were be been being this that these those it its their
    the which who whose what when where how not no any all some such other others more most very often usually also etc
    word words term terms token tokens phrase phrases text texts context contexts reference references referring refer
    mention mentions mentioning mentioned related relating relate relates occurrence occurrences instance instances
    example examples feature features activate activates activation neuron latent letter letters character characters
    name names phrase specific various different certain particular general indicating indicate indicates describing
    describe describes discussing content concept concepts topic topics type types kind kinds use used uses using
    followed following preceded beginning start starting end ending part parts within about between into including
    include includes appear appears appearing contain contains containing associated expressing especially like""".split()
)


class KeywordScorer:
    """Scores places by the words of each feature's text: the rarity of those that are there, twice where at the token."""

    def __init__(self, corpus: Corpus, texts: Mapping[int, str], *, random: np.ndarray) -> None:
        self._corpus = corpus
        self._read: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        self._wanted = {feature: keywords(text) for feature, text in texts.items()}
        counts = Counter(word for place in random.tolist() for word in self._words(place)[0])
        self._most = math.log(len(random) + 1)
        self._rarity = {word: self._most - math.log(times + 1) for word, times in counts.items()}

    def scores(self, owner: int, places: np.ndarray) -> np.ndarray:
        """How strongly the text of feature `owner` speaks of what stands at and before each place: float64."""
        wanted = self._wanted.get(owner, frozenset())
        out = np.zeros(len(places))
        for row, place in enumerate(places.tolist()):
            before, at = self._words(place)
            found = wanted & before
            if found:
                told = ((self._rarity.get(word, self._most), word in at) for word in sorted(found))
                out[row] = sum(rarity * (1 + here) for rarity, here in told)
        return out

    def _words(self, place: int) -> tuple[frozenset[str], frozenset[str]]:
        """The stems before and at a place, and those at the place itself."""
        if place not in self._read:
            corpus = self._corpus
            sample = corpus.sample_of[place]
            first = max(int(corpus.pointer[sample]), place - NEARBY - 1)
            last = min(int(corpus.pointer[sample + 1]), place + AFTER + 1)
            texts = [corpus.texts[token] for token in corpus.ids[first:last].tolist()]
            here = word_at(texts, place - first)
            at = frozenset(stems(here)) | {here.casefold()}
            self._read[place] = frozenset(stems("".join(texts[: place - first]))) | at, at
        return self._read[place]


def keywords(text: str) -> frozenset[str]:
    """The stems of the words that a description is about; what it quotes counts as it stands."""
    said = {match.strip().casefold() for match in QUOTED.findall(text)}
    return frozenset(said) | {stem(word) for word in _spoken(text) if word not in EMPTY and len(word) > 1}


def stems(text: str) -> list[str]:
    """The stems of a text's words."""
    return [stem(word) for word in _spoken(text)]


def _spoken(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text)]


def stem(word: str) -> str:
    """A word without its ending, so that “volcanoes” finds “volcano”: crude, the same for both sides."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM:
            return word[: -len(ending)]
    return word
