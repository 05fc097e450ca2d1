"""What a selection method may look at: feature sets, lengths, and what the user banned or pinned."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from core.errors import GamutError
from core.scores.feature_sets import FeatureSets
from core.selection.known import NOTHING, Known


def _nobody() -> np.ndarray:
    return np.empty(0, np.int32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool:
    """The samples 0 … n − 1 of one analysis, under the user's constraints.

    features: F(i) of every sample.
    scored_tokens: int32 (n), the tokens that F pools over; response_tokens: int32 (n);
    conversation_tokens: int32 (n), the whole conversation: what a token budget counts.
    eligible: bool (n), False for rows that may not be chosen (no response, outside a filter, …).
    pins: int32, first in every ranking, in the user's order, eligible or not.
    bans: int32, apart from `eligible` so that a pin on a banned sample can be refused by name.
    base: int32, what is trained on already: never chosen, but what it covers is covered before the first pick.
    known: what is known of the samples beyond that, each thing read when it is first asked for.
    """

    features: FeatureSets
    scored_tokens: np.ndarray
    response_tokens: np.ndarray
    conversation_tokens: np.ndarray
    eligible: np.ndarray
    pins: np.ndarray = field(default_factory=_nobody)
    bans: np.ndarray = field(default_factory=_nobody)
    base: np.ndarray = field(default_factory=_nobody)
    known: Known = NOTHING

    def __post_init__(self) -> None:
        n = self.features.n_samples
        for name in ("scored_tokens", "response_tokens", "conversation_tokens", "eligible"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} has {len(getattr(self, name))} rows, the feature sets have {n}")
        for name in ("pins", "bans", "base"):
            object.__setattr__(self, name, _ids(getattr(self, name), n, name))
        _refuse_twice(self.pins)
        both = self.pins[np.isin(self.pins, self.bans)]
        if both.size:
            raise GamutError(f"Sample {_list(both)} is both pinned and banned; remove the pin or the ban.")
        known = self.pins[np.isin(self.pins, self.base)]
        if known.size:
            raise GamutError(f"Sample {_list(known)} is pinned, but the base holds it already; remove the pin.")

    @property
    def n_samples(self) -> int:
        return self.features.n_samples

    @cached_property
    def free(self) -> np.ndarray:
        """What may be chosen at all, bool (n): eligible, not banned and not of the base."""
        free = self.eligible.astype(bool)
        free[self.bans] = False
        free[self.base] = False
        return free

    @cached_property
    def candidates(self) -> np.ndarray:
        """What a method ranks behind the pins: int32, ascending ids."""
        unpinned = self.free.copy()
        unpinned[self.pins] = False
        return np.flatnonzero(unpinned).astype(np.int32)

    @property
    def available(self) -> int:
        """The length of a full ranking: pins and candidates."""
        return len(self.pins) + len(self.candidates)


def _ids(ids: np.ndarray, n: int, name: str) -> np.ndarray:
    ids = np.asarray(ids, np.int64)
    outside = ids[(ids < 0) | (ids >= n)]
    if outside.size:
        allowed = f"ids run from 0 to {n - 1}" if n else "the pool is empty"
        raise GamutError(f"The {name} name sample {_list(outside)}, which does not exist; {allowed}.")
    return ids.astype(np.int32)


def _refuse_twice(pins: np.ndarray) -> None:
    values, counts = np.unique(pins, return_counts=True)
    if (counts > 1).any():
        raise GamutError(f"Sample {_list(values[counts > 1])} is pinned more than once; pin it once.")


def _list(ids: np.ndarray) -> str:
    text = ", ".join(str(i) for i in ids[:5])
    return f"{text} and {len(ids) - 5} more" if len(ids) > 5 else text
