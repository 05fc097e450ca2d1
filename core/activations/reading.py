"""One text as a model and an SAE read it: what the inspector answers, in arrays that need no model."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Lit:
    """The features of a text in ascending order, parallel arrays: maximum, token of the maximum (the first), tokens."""

    features: np.ndarray
    maxima: np.ndarray
    positions: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True, slots=True)
class Reading:
    """The tokens of one text in order, and what each of them lit.

    `tokens`: their texts; `roles` uint8 (t): role codes; `counted` bool (t): tokens that an analysis counts. Token t lit
    `features[pointer[t]:pointer[t + 1]]` (int32, ascending) with activations `values` (float32); what does not count
    lights none. `neuron_ids` int32 and `neuron_means` float32 (layers, kept): the neurons of largest absolute mean over
    the counted tokens, largest first; no rows where they were not read. `cut`: tokens beyond the maximal length.
    """

    tokens: tuple[str, ...]
    roles: np.ndarray
    counted: np.ndarray
    pointer: np.ndarray
    features: np.ndarray
    values: np.ndarray
    neuron_ids: np.ndarray
    neuron_means: np.ndarray
    cut: int

    def of(self, feature_id: int) -> np.ndarray:
        """The activation of one feature at every token, float32 (t)."""
        found = np.zeros(len(self.tokens), np.float32)
        here = np.flatnonzero(self.features == feature_id)
        found[np.searchsorted(self.pointer, here, side="right") - 1] = self.values[here]
        return found

    @property
    def lit(self) -> Lit:
        """The features of the text by themselves."""
        token = np.repeat(np.arange(len(self.tokens), dtype=np.int32), np.diff(self.pointer))
        order = np.lexsort(
            (token, -self.values, self.features)
        )  # of a feature the strongest token first, then the first
        features = self.features[order]
        first = np.flatnonzero(np.r_[True, features[1:] != features[:-1]]) if len(features) else np.empty(0, np.int64)
        counts = np.diff(np.r_[first, len(features)]).astype(np.int32)
        return Lit(features[first], self.values[order][first], token[order][first], counts)

    def as_message(self) -> dict[str, Any]:
        """The reading as JSON carries it between processes."""
        return {field.name: _said(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_message(cls, said: dict[str, Any]) -> Reading:
        """What `as_message` made."""
        read = {name: _read(value) for name, value in said.items()}
        return cls(**read | {"tokens": tuple(read["tokens"])})


def _said(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return {
        "dtype": value.dtype.str, "shape": value.shape,
        "bytes": base64.b64encode(value.tobytes()).decode(),
    }  # fmt: skip


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return np.frombuffer(base64.b64decode(value["bytes"]), value["dtype"]).reshape(value["shape"])
