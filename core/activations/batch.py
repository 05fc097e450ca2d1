"""One batch on its way from the model to the collectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.activations.pool import pool
from core.activations.tokens import Tokens

if TYPE_CHECKING:  # torch is the model's affair: what becomes of its numbers is plain arrays
    from core.activations.states import States


@dataclass(frozen=True, slots=True)
class Pooled:
    """Active features by sample and side, in that order: see `core.activations.pool.pool`."""

    sample: np.ndarray
    feature: np.ndarray
    side: np.ndarray
    max: np.ndarray
    sum: np.ndarray
    count: np.ndarray
    position: np.ndarray


@dataclass(frozen=True)
class Batch:
    """The samples `ids` int32 (n) of a batch plan, what the model said and which features it lit.

    Flat over the batch's real tokens: `token_ids`, `roles`, `sides`; sample i has those from `pointer[i]` to
    `pointer[i + 1]`. Token t lit `features[token_ptr[t]:token_ptr[t + 1]]` with activations `values`.
    """

    tokens: Tokens
    ids: np.ndarray
    states: States
    token_ptr: np.ndarray
    features: np.ndarray
    values: np.ndarray
    n_features: int

    @cached_property
    def pointer(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.tokens.lengths[self.ids])]).astype(np.int64)

    @cached_property
    def _taken(self) -> np.ndarray:
        return np.concatenate([np.arange(self.tokens.indptr[i], self.tokens.indptr[i + 1]) for i in self.ids])

    @cached_property
    def token_ids(self) -> np.ndarray:
        return self.tokens.ids[self._taken]

    @cached_property
    def roles(self) -> np.ndarray:
        return self.tokens.roles[self._taken]

    @cached_property
    def sides(self) -> np.ndarray:
        return self.tokens.sides[self._taken]

    @cached_property
    def pooled(self) -> Pooled:
        """The active features of every sample and side."""
        found = pool(self.token_ptr, self.features, self.values, self.pointer, self.sides, self.n_features)
        return Pooled(*found)
