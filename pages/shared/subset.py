"""The subset that screens compare with its pool: the saved selection of the sidebar, else what is chosen on Budget now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.files import json_hash
from core.selection.methods.registry import find
from core.selection.saved import Selection
from core.selection.specification import select_by
from pages.shared import engine
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.numbers import budget_words


@dataclass(frozen=True, eq=False)
class Subset:
    """Chosen samples of the analysis's data set: `ids` int (k), `title` in words, `key` a plain value that decides them."""

    title: str
    ids: np.ndarray
    key: str

    def members(self, samples: int) -> np.ndarray:
        """Which samples are in it, bool (samples)."""
        inside = np.zeros(samples, bool)
        inside[self.ids] = True
        return inside


def current_subset(opened: engine.Opened, selection: Selection | None) -> Subset | None:
    """The subset of this run; None where nothing is saved and the choices on Budget cannot be met."""
    if selection is not None:
        ids = np.asarray(selection.ids, np.int64)
        return Subset(f"selection {selection.name}", ids, json_hash(list(selection.ids)))
    try:
        spec, budget = draft_spec(opened), draft_budget()
        pool, ranking = engine.ranked(opened, spec, budget)
        ids = np.asarray(select_by(pool, spec, budget, ranking=ranking).sample_ids, np.int64)
    except GamutError:
        return None  # Budget says what is wrong, and mends it
    title = f"the draft on Budget ({find(spec.method).title}, {budget_words(budget)})"
    return Subset(title, ids, json_hash(ids.tolist())) if len(ids) else None
