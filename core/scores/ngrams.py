"""Texts as normalised words, and exact numbers for the runs of n words that a corpus holds."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

# Scripts written without spaces: Thai, Lao, Myanmar, Khmer, kana, Bopomofo, Han (and its extensions), half-width kana.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff"  # inside a word they change nothing that is read
LEFT_OUT = {ord(mark): None for mark in INVISIBLE}
ASCII_WORD = re.compile("[a-z0-9]+")


def words(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, without punctuation and underscores.

    A word is a run of letters, marks and digits; in scripts that are written without spaces it is one character with
    its marks.
    """
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    return [word for run in _runs().findall(text) for word in _split(run)]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Every word of `words(text)` with where it stands in the text: start and end in characters.

    Where normalising changes the length of a run, its words all stand at the whole run.
    """
    found = []
    for run in _runs().finditer(text):
        normal = _normal(run.group())
        precise = len(normal) == run.end() - run.start()
        for word in _words().finditer(normal):
            start, end = (run.start() + word.start(), run.start() + word.end()) if precise else run.span()
            found.append((word.group(), start, end))
    return found


def _split(run: str) -> list[str]:
    return [run.lower()] if run.isascii() else _words().findall(_normal(run))


def _normal(run: str) -> str:
    return unicodedata.normalize("NFKC", run).casefold().translate(LEFT_OUT)


@cache
def _marks() -> str:
    """Every combining mark as a class of characters; `\\w` leaves them out and would tear Hindi words apart."""
    points = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point))[0] == "M"]
    ends = [at for at in range(1, len(points)) if points[at] != points[at - 1] + 1]
    starts = [0, *ends]
    return "".join(
        f"\\U{points[start]:08x}-\\U{points[end - 1]:08x}"
        for start, end in zip(starts, [*ends, len(points)], strict=True)
    )


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(rf"(?:[^\W_]|[{_marks()}{INVISIBLE}])+")


@cache
def _words() -> re.Pattern[str]:
    marks = _marks()
    return re.compile(rf"[{SPACELESS}][{marks}]*|(?:(?![{SPACELESS}])[^\W_]|[{marks}])+")


class Vocabulary:
    """Numbers for the words of a corpus: 1, 2, … in the order they were met; 0 is any other word."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._spelled: list[str] = []

    def learn(self, spoken: list[str]) -> list[int]:
        """The numbers of these words, new ones added."""
        numbers = self._numbers
        return [numbers.setdefault(word, len(numbers) + 1) for word in spoken]

    def look_up(self, spoken: list[str]) -> list[int]:
        """The numbers of these words, 0 for those that were never learned."""
        number = self._numbers.get
        return [number(word, 0) for word in spoken]

    def spell(self, numbers: list[int]) -> tuple[str, ...]:
        """The words of these numbers, none of which is 0."""
        if len(self._spelled) != len(self._numbers):
            self._spelled = list(self._numbers)
        return tuple(self._spelled[number - 1] for number in numbers)


@dataclass(frozen=True, eq=False)
class Grams:
    """The n-grams of a corpus, numbered from 1 without collisions.

    Runs of 2, 4, 8, … words are numbered by pairs of the runs half as long, and runs of n by two overlapping ones.
    `keys`: for each of those steps the sorted pairs, `base`: for each step the factor that keeps a pair apart.
    """

    n: int
    keys: tuple[np.ndarray, ...]
    base: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.keys[-1])

    @staticmethod
    def learn(numbers: np.ndarray, n: int) -> Grams:
        """The n-grams (n ≥ 2) of word numbers: int64 (words), where 0 stands between texts and for no word."""
        keys: list[np.ndarray] = []
        base: list[int] = []
        for offset in _offsets(n):
            base.append(int(numbers.max(initial=0)) + 1)
            pairs, known = _pairs(numbers, offset, base[-1])
            keys.append(_sorted_once(pairs[known]))
            numbers = _places(keys[-1], pairs, known)
        return Grams(n, tuple(keys), tuple(base))

    def number(self, numbers: np.ndarray) -> np.ndarray:
        """For every place where n words could begin, the n-gram that begins there, else 0: int64 (max(0, words - n + 1))."""
        for offset, keys, base in zip(_offsets(self.n), self.keys, self.base, strict=True):
            pairs, known = _pairs(numbers, offset, base)
            numbers = _places(keys, pairs, known)
        return numbers


def _offsets(n: int) -> list[int]:
    """How far apart the two halves of a run lie, step by step: for 13 words 1, 2, 4, then 5 (two eights overlap)."""
    assert n >= 2, n
    size, found = 1, []
    while 2 * size <= n:
        found.append(size)
        size *= 2
    return [*found, n - size] if size < n else found


def _pairs(numbers: np.ndarray, offset: int, base: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = numbers[: max(0, len(numbers) - offset)], numbers[offset:]
    return first * base + second, (first > 0) & (second > 0)


def _places(keys: np.ndarray, pairs: np.ndarray, known: np.ndarray) -> np.ndarray:
    found = np.zeros(len(pairs), np.int64)
    if len(keys):
        wanted = pairs[known]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found[known] = np.where(keys[at] == wanted, at + 1, 0)
    return found


@dataclass(frozen=True, eq=False)
class Spoken:
    """Many texts in one row of word numbers: `numbers` int64 (places), 0 after every text; `text` int64 (places).

    `texts`: how many there are.
    """

    numbers: np.ndarray
    text: np.ndarray
    texts: int

    @staticmethod
    def of(texts: list[list[int]]) -> Spoken:
        """Texts as lists of word numbers, in order."""
        lengths = np.array([len(text) + 1 for text in texts], dtype=np.int64)
        joined = np.fromiter((number for text in texts for number in (*text, 0)), np.int64, int(lengths.sum()))
        return Spoken(joined, np.repeat(np.arange(len(texts)), lengths), len(texts))

    def grams(self, grams: Grams) -> tuple[np.ndarray, np.ndarray]:
        """Every known n-gram of every text once: (text, gram), sorted, both int64."""
        found = grams.number(self.numbers)
        at = np.flatnonzero(found)
        return distinct(self.text[at], found[at])


def _sorted_once(keys: np.ndarray) -> np.ndarray:
    """The distinct values, sorted; np.unique is several times slower on millions."""
    keys = np.sort(keys)
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def distinct(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs of two int64 columns (rows), sorted by the first, then the second; no number is negative."""
    base = int(second.max(initial=0)) + 1
    keys = _sorted_once(first * base + second)
    return keys // base, keys % base
