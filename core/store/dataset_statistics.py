"""What a data set holds, in figures: all counted in its own file, nothing sampled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from core.datasets.lint import RULES
from core.store.datasets import Dataset

VALUES = 30  # of a category that are named; the rest is counted

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column of the data set beside its conversations; `role` is "score", "category", "id" or ""."""

    name: str
    type: str
    role: str
    distinct: int
    missing: int


@dataclass(frozen=True, slots=True)
class Categories:
    """Rows of each value of a category column, most first; `others` rows have one of `more` further values."""

    column: str
    values: Counts
    others: int
    more: int
    missing: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Rows by length in tokens: bin i holds lengths from `edges[i]` up to, not including, `edges[i + 1]`."""

    edges: tuple[int, ...]
    prompt: tuple[int, ...]
    response: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DatasetStatistics:
    """Figures of one data set.

    `tokens` by the bundled tokenizer, an estimate for other models. `turns`: (turns of a conversation, rows); a question
    and its input are one. `languages`: (ISO 639-1 code, rows), "" where not told. `duplicate_groups`: conversations that
    occur more than once; `duplicate_rows`: the rows that repeat one of them. `flags`: (name, rows) of every rule.
    """

    rows: int
    left_out: int
    no_response: int
    tokens: int
    prompt_tokens: int
    response_tokens: int
    turns: tuple[tuple[int, int], ...]
    languages: Counts
    response_languages: Counts
    lengths: Lengths
    duplicate_groups: int
    duplicate_rows: int
    flags: Counts
    flagged: int
    repairs: Counts
    categories: tuple[Categories, ...]
    columns: tuple[ColumnSummary, ...]


def statistics_of(dataset: Dataset) -> DatasetStatistics:
    """Count everything of a data set."""
    summary = dataset.summary
    tokens, said, groups, repeats = _all(
        dataset,
        "SELECT coalesce(sum(tokens), 0)::BIGINT, coalesce(sum(response_tokens), 0)::BIGINT, count(DISTINCT duplicate_of), "
        "count(duplicate_of) FROM facts",
    )[0]
    columns = tuple(
        ColumnSummary(*row)
        for row in _all(dataset, 'SELECT name, type, role, "distinct", missing FROM columns ORDER BY place, name')
    )
    flags = dict(_all(dataset, "SELECT flag, count(DISTINCT sample_id) FROM flags GROUP BY flag"))
    found = DatasetStatistics(
        rows=summary.rows,
        left_out=summary.problems,
        no_response=summary.no_response,
        tokens=tokens,
        prompt_tokens=tokens - said,
        response_tokens=said,
        turns=_counts(
            dataset,
            "SELECT n, count(*) FROM (SELECT count_if(role <> 'input') AS n FROM turns GROUP BY sample_id) GROUP BY n ORDER BY n",
        ),
        languages=_by(dataset, "facts", "language"),
        response_languages=_by(dataset, "facts", "response_language"),
        lengths=_lengths(dataset),
        duplicate_groups=groups,
        duplicate_rows=repeats,
        flags=tuple((name, flags.get(name, 0)) for name in RULES),
        flagged=_all(dataset, "SELECT count(DISTINCT sample_id) FROM flags")[0][0],
        repairs=_by(dataset, "repairs", "rule"),
        categories=tuple(_categories(dataset, column) for column in columns if column.role == "category"),
        columns=columns,
    )
    assert sum(rows for _, rows in found.languages) == sum(found.lengths.prompt) == found.rows
    return found


def _all(dataset: Dataset, query: str) -> list[tuple]:
    return dataset.cursor().execute(query).fetchall()


def _counts(dataset: Dataset, query: str) -> tuple:
    return tuple((value, rows) for value, rows in _all(dataset, query))


def _by(dataset: Dataset, table: str, column: str) -> Counts:
    return _counts(dataset, f"SELECT {column}, count(*) AS n FROM {table} GROUP BY 1 ORDER BY n DESC, 1")


def _categories(dataset: Dataset, column: ColumnSummary) -> Categories:
    name = '"' + column.name.replace('"', '""') + '"'
    query = (
        f"SELECT CAST({name} AS VARCHAR) AS v, count(*) AS n FROM metadata WHERE v <> '' GROUP BY v ORDER BY n DESC, v"
    )
    values = _counts(dataset, query)
    rest = values[VALUES:]
    return Categories(column.name, values[:VALUES], sum(rows for _, rows in rest), len(rest), column.missing)


def _lengths(dataset: Dataset) -> Lengths:
    prompt = _all(dataset, "SELECT tokens - response_tokens AS n, count(*) FROM facts GROUP BY n")
    response = _all(dataset, "SELECT response_tokens AS n, count(*) FROM facts GROUP BY n")
    edges = length_edges(max((n for n, _ in chain(prompt, response)), default=0))
    return Lengths(edges, _binned(prompt, edges), _binned(response, edges))


def length_edges(longest: int) -> tuple[int, ...]:
    """0, 1, 2, 3, 4, 6, 8, 12, 16 …: two bins an octave, until one edge lies above the longest."""
    edges = [0, 1, 2]
    while edges[-1] <= longest:
        edges.append(edges[-1] * 3 // 2 if edges[-1].bit_count() == 1 else edges[-1] * 4 // 3)
    return tuple(edges)


def _binned(lengths: list[tuple[int, int]], edges: tuple[int, ...]) -> tuple[int, ...]:
    bins = [0] * (len(edges) - 1)
    at = 0
    for length, rows in sorted(lengths):
        while length >= edges[at + 1]:
            at += 1
        bins[at] += rows
    return tuple(bins)
