"""Which samples of a data set hold rows of an evaluation set, by two exact rules.

Overlap: a turn shares a run of 13 words with a field of an evaluation row (Brown et al. 2020, arXiv 2005.14165,
appendix C). Near-duplicate: the sets of 3-word runs of a part of the sample and of a part of the row are alike, by
Jaccard's index. Runs never cross a turn or a field.

The numbers of the second rule were chosen by reading its hits on public sets. Runs of five words lose a question of 33
words in which two words were changed (index 0.49, no 13 words left); runs of three keep it (0.68). From 0.4 on, what it
found were copies with other names and numbers, and code that everybody writes alike; below, sentences about the same
thing. With fewer than 16 runs, phrases that everybody uses (“the quick brown fox …”) are half of a part and make hits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.datasets.sample import RESPONSE_ROLES, Turn
from core.scores.evaluation import EvaluationRow
from core.scores.near_duplicates import NearDuplicates, Runs, jaccard
from core.scores.ngrams import Spoken, Vocabulary, word_spans, words
from core.scores.overlap import Overlap

OVERLAP, NEAR = "overlap", "near-duplicate"
CHUNK = 2_000  # samples looked at together; the result does not depend on it

Conversation = tuple[int, tuple[Turn, ...]]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The numbers of both rules.

    `words`: the run of words that makes an overlap. `whole_from`: a row whose longest field is shorter than that counts
    by this field's whole text, if it has so many words. `common`: runs that stand in more evaluation rows than this are
    boilerplate and count for nothing, by either rule. `shingle`: the runs whose sets are compared. `alike`: the index
    from which two texts are near-duplicates. `fewest`: runs that the evaluation side must have to be compared.
    """

    words: int = 13
    whole_from: int = 8
    common: int = 10
    shingle: int = 3
    alike: float = 0.4
    fewest: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A sample that holds an evaluation row: the row it shares most with, and what they share.

    `rules`: those by which the sample hits this row or another; `rows`: how many rows it hits. `shared`: distinct runs
    shared with `row` that count. `jaccard`: the highest of any part of the sample and of the row, 0 where the
    row is too short for it. The longest run of
    words in both has `run_words` words; it stands in turn `turn` at the characters `turn_span`, in field `field` (its
    place in the row) at `field_span`.
    """

    sample_id: int
    row: int
    rules: tuple[str, ...]
    rows: int
    shared: int
    jaccard: float
    run_words: int
    turn: int
    turn_span: tuple[int, int]
    field: int
    field_span: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Contamination:
    """All hits, one a sample in id order, and what the rules could not check.

    `rows_hit`: evaluation rows that some sample holds. `common_runs`, `common_shingles`: runs left out as boilerplate by
    either rule. `whole_rows`: rows looked for by a whole short text. `only_common`: rows without a run that is not
    boilerplate; `too_short`: rows with too few words for overlap; `too_short_near`: for near-duplicates.
    """

    samples: int
    rows: int
    rows_hit: int
    common_runs: int
    common_shingles: int
    whole_rows: int
    only_common: int
    too_short: int
    too_short_near: int
    hits: tuple[Hit, ...]


class EvaluationIndex:
    """An evaluation set prepared for looking samples up."""

    def __init__(self, rows: tuple[EvaluationRow, ...], rules: Rules) -> None:
        self.rows, self.rules = rows, rules
        self.vocabulary = Vocabulary()
        fields = [self.vocabulary.learn(words(text)) for row in rows for _, text in row.texts]
        row_of = np.repeat(np.arange(len(rows)), [len(row.texts) for row in rows])
        self.overlap = Overlap(
            fields, row_of, len(rows), words=rules.words, whole_from=rules.whole_from, common=rules.common
        )
        self.near = NearDuplicates(
            fields,
            row_of,
            self.vocabulary,
            n=rules.shingle,
            alike=rules.alike,
            fewest=rules.fewest,
            common=rules.common,
        )
        self._runs: dict[int, list[Runs]] = {}

    def runs(self, row: int) -> list[Runs]:
        """The sets of runs of a row's parts that can be compared: every field, and the whole."""
        if row not in self._runs:
            fields = [words(text) for _, text in self.rows[row].texts]
            parts = [self.near.runs(part) for part in [*([field] for field in fields), fields]]
            self._runs[row] = [part for part in parts if len(part) >= self.rules.fewest]
        return self._runs[row]


def find_contamination(
    conversations: Iterable[Conversation],
    rows: tuple[EvaluationRow, ...],
    *,
    rules: Rules | None = None,
    progress: Progress = lambda _: None,
) -> Contamination:
    """Look for the evaluation rows in every sample; `progress` hears how many samples are done."""
    index = EvaluationIndex(rows, rules or Rules())
    hits: list[Hit] = []
    held: set[int] = set()
    done = 0
    for chunk in _chunks(conversations):
        pairs = _pairs(chunk, index)
        for place in sorted(pairs):
            held |= pairs[place].keys()
            hits.append(_hit(chunk[place], pairs[place], index))
        done += len(chunk)
        progress(done)
    overlap = index.overlap
    return Contamination(
        samples=done, rows=len(rows), rows_hit=len(held), common_runs=overlap.common, common_shingles=index.near.common,
        whole_rows=overlap.whole_rows, only_common=overlap.only_common, too_short=overlap.too_short,
        too_short_near=index.near.too_short, hits=tuple(hits),
    )  # fmt: skip


def _chunks(conversations: Iterable[Conversation]) -> Iterator[list[Conversation]]:
    source = iter(conversations)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


@dataclass(slots=True)
class _Pair:
    """What a sample and an evaluation row have in common so far."""

    shared: int = 0
    jaccard: float = 0.0

    @property
    def rules(self) -> tuple[str, ...]:
        return ((OVERLAP,) if self.shared else ()) + ((NEAR,) if self.jaccard else ())


Pairs = dict[int, dict[int, _Pair]]  # place in the chunk → evaluation row → what they share


def _pairs(chunk: list[Conversation], index: EvaluationIndex) -> Pairs:
    spoken = [[words(turn.text) for turn in turns] for _, turns in chunk]
    texts = [text for turns in spoken for text in turns]
    owner = np.repeat(np.arange(len(chunk)), [len(turns) for turns in spoken])
    numbers = Spoken.of([index.vocabulary.look_up(text) for text in texts])
    pairs: Pairs = {}
    for place, row, shared in zip(*(column.tolist() for column in index.overlap.shared(numbers, owner)), strict=True):
        pairs.setdefault(place, {})[row] = _Pair(shared)
    parts = list(_parts(chunk))
    sizes: dict[int, int] = {}
    for part, row, both, of in index.near.candidates(numbers, [texts for _, texts in parts]):
        if part not in sizes:
            sizes[part] = len(index.near.runs([texts[at] for at in parts[part][1]]))
        alike = both / (sizes[part] + of - both)
        if alike >= index.rules.alike:
            pair = pairs.setdefault(parts[part][0], {}).setdefault(row, _Pair())
            pair.jaccard = max(pair.jaccard, alike)
    return pairs


def _parts(chunk: list[Conversation]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The parts of every sample that are compared: each turn, the prompt, and the whole, as places of texts."""
    first = 0
    for place, (_, turns) in enumerate(chunk):
        yield from ((place, part) for part in parts_of(turns, first))
        first += len(turns)


def parts_of(turns: tuple[Turn, ...], first: int = 0) -> list[tuple[int, ...]]:
    """Which turns are compared together: each alone, the prompt's, and all."""
    every = tuple(range(first, first + len(turns)))
    prompt = tuple(first + at for at, turn in enumerate(turns) if turn.role not in RESPONSE_ROLES)
    return list(dict.fromkeys([*((at,) for at in every), prompt, every]))


def _hit(conversation: Conversation, found: dict[int, _Pair], index: EvaluationIndex) -> Hit:
    sample_id, turns = conversation
    row = min(found, key=lambda row: (-len(found[row].rules), -found[row].jaccard, -found[row].shared, row))
    rules = {rule for pair in found.values() for rule in pair.rules}
    spoken = [words(turn.text) for turn in turns]
    mine = [index.near.runs([spoken[at] for at in part]) for part in parts_of(turns)]
    alike = max((jaccard(part, other) for part in mine for other in index.runs(row)), default=0.0)
    length, turn, turn_span, field, field_span = longest_run(
        [turn.text for turn in turns], [text for _, text in index.rows[row].texts]
    )
    return Hit(
        sample_id=sample_id, row=row, rules=tuple(sorted(rules, reverse=True)), rows=len(found), shared=found[row].shared,
        jaccard=round(alike, 4), run_words=length, turn=turn, turn_span=turn_span, field=field, field_span=field_span,
    )  # fmt: skip


Span = tuple[int, int]


def longest_run(texts: list[str], others: list[str]) -> tuple[int, int, Span, int, Span]:
    """The longest run of words that a text of each side has: its words, and which text and characters on either side.

    The earliest on the left where there are several, then the earliest on the right.
    """
    left, right = [word_spans(text) for text in texts], [word_spans(text) for text in others]
    numbers = Vocabulary()
    ours = Spoken.of([numbers.learn([word for word, _, _ in text]) for text in left])
    theirs = Spoken.of([numbers.learn([word for word, _, _ in text]) for text in right])
    length, ends, ends_there = _longest(ours.numbers, theirs.numbers)
    if not length:
        return 0, 0, (0, 0), 0, (0, 0)
    return length, *_place(left, ours, ends, length), *_place(right, theirs, ends_there, length)


def _longest(left: np.ndarray, right: np.ndarray) -> tuple[int, int, int]:
    """Length and last places of the longest common run of numbers; 0 is never common. One row of the table at a time."""
    best, at, there = 0, 0, 0
    run = np.zeros(len(left) + 1, np.int64)
    for place, number in enumerate(right.tolist()):
        run[1:] = np.where(left == number, run[:-1] + 1, 0) if number else 0
        end = int(run.argmax()) - 1
        if (length := int(run[end + 1])) > best or (length == best and length and end < at):
            best, at, there = length, end, place
    return best, at, there


def _place(spans: list[list[tuple[str, int, int]]], spoken: Spoken, last: int, length: int) -> tuple[int, Span]:
    text = int(spoken.text[last])
    first = int(np.searchsorted(spoken.text, text))
    inside = spans[text][last - length + 1 - first : last + 1 - first]
    return text, (inside[0][1], inside[-1][2])
