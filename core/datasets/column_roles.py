"""What a column is good for, told from its name, its type and its values: a score, a category, an id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.datasets.metadata import Column

ID_NAME = re.compile(r"(^|[_\-. ])(u?id|ids|uuid|guid|key|index|idx|row|number|no|hash|sha256)$", re.IGNORECASE)
ID_CAMEL = re.compile(r"[a-z](Id|ID|Key|Index)$")
SCORE_NAME = re.compile(
    r"score|rating|rank|reward|quality|similarity|grade|points|stars|prob|loss|perplexity|ppl|ifd|difficulty|length|tokens|count",
    re.IGNORECASE,
)
CATEGORY_NAMES = ("category", "task", "type", "subject", "topic", "source", "domain", "dataset", "status", "language", "lang",
                  "split", "label")  # fmt: skip
NEARLY = 0.9  # of the values differ: an id
LEVELS = range(2, 101)  # distinct values of a category
FEW_LEVELS = 20  # up to here whole numbers are a category rather than a score, unless their name says score
ROWS_A_LEVEL = 5  # on average, for a category
LEAST_SCORES = 3  # distinct values of a score


@dataclass(frozen=True, slots=True)
class Spread:
    """How a column's values lie: rows that have one, distinct values; for numbers the span from least to greatest."""

    present: int
    distinct: int
    span: float | None = None


SCORE_RULE = (
    "score: numbers of at least 3 distinct values that are no running number; whole numbers of at most 20 distinct values "
    "only where the name says score, rating, rank, reward, …"
)
CATEGORY_RULE = (
    "category: texts, truth values or whole numbers of 2 to 100 distinct values, each in 5 rows or more on average"
)
ID_RULE = "id: named id, key, index or alike, with a value of its own in 9 of 10 rows"


def role_of(column: Column, spread: Spread) -> str:
    """score, category, id, or "" where none of the three rules holds."""
    if not spread.distinct:
        return ""
    if _names_id(column.name) and column.type in ("integer", "text") and spread.distinct >= NEARLY * spread.present:
        return "id"
    if column.type in ("integer", "number") and _is_score(column, spread):
        return "score"
    levelled = spread.distinct in LEVELS and spread.present >= ROWS_A_LEVEL * spread.distinct
    return "category" if levelled and column.type in ("text", "boolean", "integer") else ""


def _names_id(name: str) -> bool:
    return bool(ID_NAME.search(name) or ID_CAMEL.search(name))


def _is_score(column: Column, spread: Spread) -> bool:
    if spread.distinct < LEAST_SCORES:
        return False
    if column.type == "number" or SCORE_NAME.search(column.name):
        return True
    running = (
        spread.distinct >= NEARLY * spread.present and spread.span is not None and spread.span < 2 * spread.present
    )
    few = spread.distinct <= FEW_LEVELS and spread.present >= ROWS_A_LEVEL * spread.distinct
    return not running and not few and not _names_id(column.name)


def best_first(columns: Iterable[Column]) -> list[Column]:
    """Categories first, those with the most telling names before the others, then the rest as found; places from 0."""
    ordered = sorted(columns, key=lambda column: (column.role != "category", _preference(column), column.place))
    return [replace(column, place=place) for place, column in enumerate(ordered)]


def _preference(column: Column) -> int:
    if column.role != "category":
        return 0
    name = column.name.casefold()
    exact = [at for at, known in enumerate(CATEGORY_NAMES) if name == known]
    inside = [len(CATEGORY_NAMES) + at for at, known in enumerate(CATEGORY_NAMES) if known in name]
    return min(exact + inside, default=2 * len(CATEGORY_NAMES))
