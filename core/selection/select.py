"""From pool, method and budget to a selection: a pure function, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.selection.budget import Budget, bought, needed
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_at


@dataclass(frozen=True, eq=False)
class Selected:
    """The chosen samples in order; tokens: of their whole conversations; skipped: rows passed over as they did not fit."""

    method: str
    options: Any
    budget: Budget
    ranking: Ranking
    tokens: int
    skipped: int = 0

    @property
    def sample_ids(self) -> np.ndarray:
        """int32 (k), in the order they were chosen."""
        return self.ranking.sample_ids


def select(pool: Pool, *, method: str, budget: Budget, options: Any = None) -> Selected:
    """Rank as far as the budget needs and cut. options: the method's own dataclass; None for its defaults."""
    chosen = find(method)
    options = chosen.options() if options is None else options
    if not isinstance(options, chosen.options):
        raise TypeError(f"{method} takes {chosen.options.__name__}, not {type(options).__name__}")
    ranking = chosen.rank(pool, options, upto=needed(budget, pool))
    return cut(pool, ranking, method=method, options=options, budget=budget)


def cut(pool: Pool, ranking: Ranking, *, method: str, options: Any, budget: Budget) -> Selected:
    """The selection of this budget out of a ranking at hand: rank once, slide freely."""
    places = bought(ranking, budget, pool)
    taken = ranking_at(pool.features, ranking, places)
    tokens = int(pool.conversation_tokens[taken.sample_ids].sum(dtype=np.int64))
    skipped = int(places[-1]) + 1 - len(places) if len(places) else 0
    return Selected(method, options, budget, taken, tokens, skipped)
