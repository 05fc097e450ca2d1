"""What a selection leaves out, in an order that is worth reading."""

from __future__ import annotations

import numpy as np

from core.errors import GamutError
from core.selection.coverers import nearest_pick
from core.selection.pool import Pool
from core.selection.ranking import Ranking

NEAREST, NEXT, RICHEST = "nearest", "next", "richest"
ORDERS = {
    NEAREST: "most like a pick first",
    NEXT: "next in the ranking first",
    RICHEST: "most features first",
}
NEAR = 0.5  # a sample that is so like a single pick is close to a repetition of it


def left_out_ids(pool: Pool, chosen: Ranking) -> np.ndarray:
    """The samples that could have been chosen and were not: int32, ascending."""
    could = pool.free.copy()
    could[chosen.sample_ids] = False
    return np.flatnonzero(could).astype(np.int32)


def left_out(pool: Pool, ranking: Ranking, chosen: Ranking, *, order: str) -> np.ndarray:
    """The samples of `left_out_ids` in an order: int32; ties to the lowest id.

    order: "nearest": by the likeness to the pick most like it (Jaccard's index of the features); "next": as the ranking goes
    on, behind it what it does not reach, by id; "richest": by the number of features.
    """
    ids = left_out_ids(pool, chosen)
    if order == NEAREST:
        return ids[np.argsort(-nearest_pick(pool.features, chosen, ids)[1], kind="stable")]
    if order == NEXT:
        ranked = ranking.sample_ids[np.isin(ranking.sample_ids, ids)]
        return np.concatenate([ranked, np.setdiff1d(ids, ranked)]).astype(np.int32)
    if order == RICHEST:
        return ids[np.argsort(-pool.features.richness[ids], kind="stable")]
    raise GamutError(f"There is no order {order!r} for what is left out; use one of {', '.join(ORDERS)}.")
