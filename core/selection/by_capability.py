"""What the methods that look for learned capabilities have in common: the names, the shares, and how orders are merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from core.errors import GamutError
from core.selection.pool import Pool
from core.selection.ranking import Ranking, in_turn, ranking_along
from core.selection.shares import by_turns

CAPABILITIES = "names of learned capabilities, with commas: they take turns"
SHARES = "how much each capability gets beside the others, in the same order: 2,1,1; empty: equal turns"
SITE_WORDS = ("neurons of the MLPs", "residual stream after each block")
POOLING_WORDS = ("mean of all", "the last one", "the last less the first")
LEAST, MOST, DIGITS = 1e-6, 1e6, 24  # of a share: what it may be, and of how many characters
SHOWN = 60  # characters of what was said wrongly
LAYER_Z = "every layer on one scale, so that late layers do not decide alone"
LENGTH_Z = "compare a sample with others of like length only"


def rank_by_capabilities(
    pool: Pool, score: Callable[[str], np.ndarray], *, capabilities: str, shares: str, method: str, upto: int | None
) -> Ranking:
    """Pins, then the candidates by the score of each capability, float (n), ties to the lowest sample id.

    Several capabilities take turns, each its best sample that is not taken yet; with shares the turns are Sainte-Laguë's.
    """
    names = capability_names(capabilities, method=method)
    parts = share_of_each(shares, names, method=method)
    orders = [best_first(pool, score(name)) for name in names]
    if not parts:
        return ranking_along(pool, in_turn(orders), upto)
    wanted = len(pool.candidates) if upto is None else max(0, upto - len(pool.pins))
    merged = by_turns([order.tolist() for order in orders], parts, upto=wanted)
    return ranking_along(pool, np.array(merged, np.int32), upto)


def capability_names(said: str, *, method: str) -> list[str]:
    """The names in an option, each once; `GamutError` where there is none."""
    names = list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    if not names:
        raise GamutError(
            f"Method “{method}” needs a capability: learn one with `capability learn` and name it in the option capabilities."
        )
    return names


def share_of_each(said: str, names: Sequence[str], *, method: str) -> list[Fraction]:
    """The shares in an option, one for each name, all above 0; none where the option is empty."""
    if not said.strip():
        return []
    try:
        parts = [_share(word.strip()) for word in said.split(",")]
    except (ValueError, ZeroDivisionError):
        parts = []
    if len(parts) != len(names):
        shown = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
        raise GamutError(
            f"The shares of method “{method}” are “{shown}”; give one number above 0 for each of the {len(names)} capabilities "
            f"named, from 0.000001 to 1000000, with commas."
        )
    return parts


def _share(word: str) -> Fraction:
    """A share as it was written, such as 2, 0.5 or 1/3; `ValueError` outside the bounds, before a huge power is written out."""
    if len(word) > DIGITS or not all(LEAST <= float(side) <= MOST for side in word.split("/")):
        raise ValueError(word)
    return Fraction(word)


def best_first(pool: Pool, score: np.ndarray) -> np.ndarray:
    """The candidates by descending score float (n), ties to the lowest sample id: int32."""
    return pool.candidates[np.argsort(-score[pool.candidates], kind="stable")]
