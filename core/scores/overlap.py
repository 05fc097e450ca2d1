"""Overlap: which texts share a run of n words with which rows of an evaluation set; exact, without hashing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores.ngrams import Grams, Spoken, distinct


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of one length: the rows that hold run g are `rows[starts[g] : starts[g + 1]]`, none where it is common."""

    grams: Grams
    starts: np.ndarray
    rows: np.ndarray
    common: int
    rows_left: np.ndarray  # rows that still hold a run that is not common

    @staticmethod
    def learn(fields: list[list[int]], row_of: np.ndarray, n: int, *, common: int) -> _Runs:
        spoken = Spoken.of(fields)
        grams = Grams.learn(spoken.numbers, n)
        text, gram = spoken.grams(grams)
        gram, row = distinct(gram, row_of[text])
        held = np.bincount(gram, minlength=len(grams) + 1)
        rare = (held <= common) & (held > 0)
        keep = rare[gram]
        starts = np.zeros(len(grams) + 2, np.int64)
        np.cumsum(np.where(rare, held, 0), out=starts[1:])
        return _Runs(grams, starts, row[keep], int((held > common).sum()), np.unique(row[keep]))

    def shared(self, spoken: Spoken, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A pair (owner, row) for every distinct run that they share: int64 both."""
        text, gram = spoken.grams(self.grams)
        who, gram = distinct(owner[text], gram)
        times = self.starts[gram + 1] - self.starts[gram]
        first = np.repeat(self.starts[gram], times)
        within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        return np.repeat(who, times), self.rows[first + within]


class Overlap:
    """The runs of an evaluation set by which it is recognised.

    A field of at least `words` words counts by every run of so many. Where no field of a row is that long, its longest
    one counts by its whole text if it has at least `whole_from` words. Runs in more than `common` rows do not count.
    """

    def __init__(
        self, fields: list[list[int]], row_of: np.ndarray, rows: int, *, words: int, whole_from: int, common: int
    ) -> None:
        lengths = np.array([len(field) for field in fields], dtype=np.int64)
        longest = np.zeros(rows, np.int64)
        np.maximum.at(longest, row_of, lengths)
        long = lengths >= words
        whole = (longest[row_of] < words) & (lengths == longest[row_of]) & (lengths >= whole_from)
        self._runs = []
        for n in [words, *sorted(set(lengths[whole].tolist()))]:
            at = np.flatnonzero(long if n == words else whole & (lengths == n))
            chosen = [fields[place] for place in at]
            self._runs.append(_Runs.learn(chosen, row_of[at], n, common=common))
        self.common = sum(runs.common for runs in self._runs)
        self.whole_rows = len(np.unique(row_of[whole]))
        self.too_short = int((longest < whole_from).sum())
        able = np.unique(np.concatenate([runs.rows_left for runs in self._runs]))
        self.only_common = rows - self.too_short - len(able)

    def shared(self, spoken: Spoken, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which owners share how many distinct runs with which rows: (owner, row, runs), sorted, int64.

        `owner`: int64 (texts), to whom each text belongs.
        """
        pairs = [runs.shared(spoken, owner) for runs in self._runs]
        who = np.concatenate([pair[0] for pair in pairs])
        row = np.concatenate([pair[1] for pair in pairs])
        base = int(row.max(initial=0)) + 1
        keys, times = np.unique(who * base + row, return_counts=True)
        return keys // base, keys % base, times
