"""How far a ranking is made at once: as far as a budget needs, with room to move; the rest follows when it is wanted.

Whole, wherever that takes no time. Else a budget of k rows is ranked to at least 2 k rows, in steps that double, so that
moving on costs little more than having ranked so far at once. Nothing is approximated: the first rows of a longer
ranking are the shorter one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from core.selection.budget import Budget, costs, decides, needed
from core.selection.method import Method
from core.selection.pool import Pool
from core.selection.ranking import Ranking

ROOM = 2  # times the budget
FIRST_SHARE, FIRST_ROWS = 0.1, 20_000  # the first step: a tenth of what may be chosen, at most so many rows


def is_whole(ranking: Ranking, pool: Pool) -> bool:
    """Whether nothing could follow: all that may be chosen is ranked, or constraints let nothing more in."""
    return ranking.complete or len(ranking) >= pool.available


def reach_for(pool: Pool, method: Method, rows: int) -> int:
    """How many rows are ranked for a budget of so many: all, or the first step of the doubling that leaves room."""
    if pool.available <= method.whole_upto or not method.prefix:
        return pool.available
    reach = max(1, min(ceil(FIRST_SHARE * pool.available), FIRST_ROWS))
    while reach < ROOM * rows:
        reach *= 2
    return min(reach, pool.available)


def ranked_for(pool: Pool, method: Method, budget: Budget, rank: Callable[[int], Ranking]) -> Ranking:
    """The ranking as far as a budget needs it, or farther; `rank(k)` gives its first k rows or more.

    Raises `GamutError` where the budget cannot be met.
    """
    reach = reach_for(pool, method, _rows(budget, pool))
    while True:
        ranking = rank(reach)
        if reach >= pool.available or decides(ranking, budget, pool):
            return ranking
        reach = min(2 * reach, pool.available)


def _rows(budget: Budget, pool: Pool) -> int:
    """About how many rows a budget buys: exact but for tokens, where they are as long as the mean."""
    most = needed(budget, pool)
    if budget.limit is None or budget.skip_to_fit:
        return most
    mean = costs(budget, pool)[pool.candidates].mean() if len(pool.candidates) else 1.0
    return min(most, len(pool.pins) + int(budget.limit / max(1.0, float(mean))))
