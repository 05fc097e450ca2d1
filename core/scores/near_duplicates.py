"""Near-duplicates: which parts of samples are alike to which parts of evaluation rows, by Jaccard's index; exact.

The index of two texts is |A ∩ B| / |A ∪ B| over their sets of runs of n words (Broder 1997). A pair can only reach
the threshold if it shares so large a part of the evaluation side's set, so only such pairs are counted out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from core.scores.ngrams import Grams, Spoken, Vocabulary, distinct

WORK = 20_000_000  # multiplications at once, which bound the memory

Runs = frozenset[tuple[str, ...]]


def runs_of(texts: list[list[str]], n: int) -> Runs:
    """The set of runs of n words of some texts, none across two of them."""
    return frozenset(run for text in texts for run in zip(*(text[at:] for at in range(n)), strict=False))


def jaccard(one: Runs, other: Runs) -> float:
    """|A ∩ B| / |A ∪ B|, 0 for two empty sets."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


class NearDuplicates:
    """The parts of an evaluation set that can be compared: every field, and every whole row, with `fewest` runs or more.

    Runs of n words that stand in more than `common` rows are boilerplate: they leave the sets of both sides.
    """

    def __init__(
        self, fields: list[list[int]], row_of: np.ndarray, vocabulary: Vocabulary, *, n: int, alike: float, fewest: int,
        common: int,
    ) -> None:  # fmt: skip
        self.alike, self._n = alike, n
        spoken = Spoken.of(fields)
        self._grams = Grams.learn(spoken.numbers, n)
        text, gram = spoken.grams(self._grams)
        held = np.bincount(distinct(gram, row_of[text])[0], minlength=len(self._grams) + 1)
        self._rare = held <= common
        self._common_runs = self._spelled(spoken, vocabulary)
        self.common = len(self._common_runs)
        text, gram = text[self._rare[gram]], gram[self._rare[gram]]
        # Parts are numbered: the fields first, then the rows; a row of one field counts twice, which changes nothing.
        row, row_gram = distinct(row_of[text], gram)
        part, gram = np.concatenate([text, len(fields) + row]), np.concatenate([gram, row_gram])
        rows = int(row_of.max(initial=-1)) + 1
        self._row_of_part = np.concatenate([row_of, np.arange(rows)])
        self._size = np.bincount(part, minlength=len(self._row_of_part))
        able = self._size[part] >= fewest
        self._holders = _ones(gram[able], part[able], (len(self._grams) + 1, len(self._size)))
        self.too_short = rows - len(np.unique(self._row_of_part[part[able]]))

    def _spelled(self, spoken: Spoken, vocabulary: Vocabulary) -> Runs:
        """The boilerplate, in words."""
        found = self._grams.number(spoken.numbers)
        grams, first = np.unique(found, return_index=True)
        common = first[(grams > 0) & ~self._rare[grams]]
        return frozenset(vocabulary.spell(spoken.numbers[at : at + self._n].tolist()) for at in common.tolist())

    def runs(self, texts: list[list[str]]) -> Runs:
        """The set by which some texts together are compared."""
        return runs_of(texts, self._n) - self._common_runs

    def candidates(self, spoken: Spoken, parts: list[tuple[int, ...]]) -> Iterator[tuple[int, int, int, int]]:
        """Pairs that may be alike: (part, evaluation row, runs shared, runs of the evaluation side).

        `parts`: for each part of a sample the texts it is made of. Every pair that is alike is among them.
        """
        text, gram = spoken.grams(self._grams)
        rare = self._rare[gram]
        texts = _ones(text[rare], gram[rare], (spoken.texts, len(self._grams) + 1))
        made_of = np.array([text for part in parts for text in part], dtype=np.int64)
        part = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        joined = _ones(part, made_of, (len(parts), spoken.texts)) @ texts
        joined.data[:] = 1
        for start, end in self._slices(joined):
            both = (joined[start:end] @ self._holders).tocoo()
            size = self._size[both.col]
            near = both.data >= self.alike * size
            rows = self._row_of_part[both.col[near]]
            columns = (both.row[near] + start, rows, both.data[near], size[near])
            yield from zip(*(column.tolist() for column in columns), strict=True)

    def _slices(self, joined: csr_array) -> Iterator[tuple[int, int]]:
        """Rows of the product in pieces of bounded work."""
        held = np.diff(self._holders.indptr)
        work = np.concatenate([[0], np.cumsum(held[joined.indices], dtype=np.int64)])[joined.indptr]
        start = 0
        while start < joined.shape[0]:
            end = max(start + 1, int(np.searchsorted(work, work[start] + WORK, side="right")) - 1)
            yield start, end
            start = end


def _ones(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> csr_array:
    return csr_array((np.ones(len(row), np.int32), (row, column)), shape=shape)
