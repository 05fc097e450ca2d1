"""score: a column of numbers that the data set came with (quality, reward, IFD, …), best first.

order by the column, descending or ascending; ties: lowest sample id; samples without a value last, in id order.
Source: whoever made the column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.selection.method import SCORE, Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along

DESCENDING, ASCENDING = "descending", "ascending"


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    column: str = option("", "The column of numbers to rank by, by its name.", label="Column", names=SCORE)
    order: str = option(
        DESCENDING, "Whether high or low values come first.", label="Order", choices=(DESCENDING, ASCENDING),
        words=("highest first", "lowest first"),
    )  # fmt: skip


def rank(pool: Pool, options: ScoreOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the candidates by the column; those without a value last."""
    if not options.column:
        raise GamutError("The method “score” ranks by a column of numbers; name it with the option “column”.")
    values = pool.known.score(options.column)[pool.candidates]
    key = values if options.order == ASCENDING else -values
    best_first = np.argsort(key, kind="stable")  # NaN sorts last, whichever the order
    return ranking_along(pool, pool.candidates[best_first], upto)


METHOD = Method(
    name="score",
    title="Imported score",
    summary="The samples with the highest (or lowest) value of a column that came with the data first.",
    source="The column's own: quality, reward, instruction-following difficulty, …",
    notes=(
        "[choice] Ties go to the lowest sample id; samples without a value come last, in id order.",
        "[choice] The column is taken as it came: check what it measures, and whether it follows length.",
    ),
    options=ScoreOptions,
    rank=rank,
)
