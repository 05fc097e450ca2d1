"""Near-duplicates: which parts of samples are alike to which parts of evaluation rows, by Jaccard's index; exact.

The index of two texts is |A ∩ B| / |A ∪ B| over their sets of runs of n words (Broder 1997). A pair can only reach
the threshold if it shares so large a part of the evaluation side's set, so only such pairs are counted out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from core.scores.ngrams import Grams, Spoken, distinct

FEWEST = 4  # runs that a part of an evaluation row must have: fewer say nothing (eight words have four runs of five)
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
    """The parts of an evaluation set: every field, and the whole row where it has several."""

    def __init__(self, fields: list[list[int]], row_of: np.ndarray, *, n: int, alike: float) -> None:
        self.alike = alike
        spoken = Spoken.of(fields)
        self._grams = Grams.learn(spoken.numbers, n)
        text, gram = spoken.grams(self._grams)
        # Parts are numbered: the fields first, then the rows; a row of one field counts twice, which changes nothing.
        whole, whole_gram = distinct(row_of[text], gram)
        part = np.concatenate([text, len(fields) + whole])
        every = np.concatenate([gram, whole_gram])
        rows = int(row_of.max(initial=-1)) + 1
        size = np.bincount(part, minlength=len(fields) + rows)
        keep = size[part] >= FEWEST
        self._row_of_part = np.concatenate([row_of, np.arange(rows)])
        self._size = size
        shape = (len(self._grams) + 1, len(size))
        self._holders = csr_array((np.ones(int(keep.sum()), np.int32), (every[keep], part[keep])), shape=shape)
        able = np.unique(self._row_of_part[part[keep]])
        self.too_short = rows - len(able)

    def candidates(self, spoken: Spoken, parts: list[tuple[int, ...]]) -> Iterator[tuple[int, int, int, int]]:
        """Pairs that may be alike: (part, evaluation row, runs shared, runs of the evaluation side).

        `parts`: for each part of a sample the texts it is made of. Every pair that is alike is among them.
        """
        text, gram = spoken.grams(self._grams)
        texts = csr_array((np.ones(len(text), np.int32), (text, gram)), shape=(self._texts(spoken), len(self._grams) + 1))
        made_of = np.array([text for part in parts for text in part], dtype=np.int64)
        part = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        joined = csr_array((np.ones(len(part), np.int32), (part, made_of)), shape=(len(parts), texts.shape[0])) @ texts
        joined.data[:] = 1
        for start, end in self._slices(joined):
            both = (joined[start:end] @ self._holders).tocoo()
            size = self._size[both.col]
            near = both.data >= self.alike * size
            for row, column, shared, of in zip(
                both.row[near].tolist(), both.col[near].tolist(), both.data[near].tolist(), size[near].tolist(), strict=True
            ):
                yield start + row, int(self._row_of_part[column]), shared, of

    def _texts(self, spoken: Spoken) -> int:
        return int(spoken.text.max(initial=-1)) + 1

    def _slices(self, joined: csr_array) -> Iterator[tuple[int, int]]:
        """Rows of the product in pieces of bounded work."""
        held = np.diff(self._holders.indptr)
        work = np.concatenate([[0], np.cumsum(held[joined.indices])])[joined.indptr]
        start = 0
        while start < joined.shape[0]:
            end = int(np.searchsorted(work, work[start] + WORK, side="right")) - 1
            end = max(start + 1, end)
            yield start, end
            start = end
