"""In which samples a neuron is highest and lowest: every sample for one neuron, the few at both ends for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.files import json_hash
from core.store.analyses import Analysis
from core.store.contents import EVERY, STRONGEST
from core.store.derived import kept_table
from core.store.vectors import check_neuron, neuron_means, neurons_in_layer, residuals

ENDS = 8  # samples at either end that are kept of every neuron
NOBODY = -1
TOGETHER = 1 << 22  # numbers ordered at once
VERSION = 1


@dataclass(frozen=True, eq=False)
class EndSamples:
    """The samples in which every neuron is highest and lowest: int32 (layers, neurons, 8) each, the farthest first, ties to the
    lowest id; −1 where there are no more. Of those that keep only their strongest neurons, as far as they keep it."""

    highest: np.ndarray
    lowest: np.ndarray


def values_of_neuron(analysis: Analysis, layer: int, neuron: int, *, site: str = "mlp") -> np.ndarray:
    """A neuron's mean in every sample, float32 (n); NaN where a sample does not keep it."""
    check_neuron(analysis, layer, neuron, site=site)
    if site != "mlp" or analysis.contents.neurons == EVERY:
        pieces = neuron_means(analysis, layer) if site == "mlp" else residuals(analysis, layer)
        return np.concatenate([rows[:, neuron] for rows in pieces]).astype(np.float32)
    kept = neurons_in_layer(analysis, layer)
    assert kept.ids is not None
    found = np.full(len(kept.ids), np.nan, np.float32)
    rows, places = np.nonzero(kept.ids == neuron)
    found[rows] = kept.means[rows, places]
    return found


def ends_of(values: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples of highest and of lowest value, int32, farthest first, ties to the lowest id; unknown values never."""
    known = np.flatnonzero(~np.isnan(values)).astype(np.int32)
    up = known[np.argsort(-values[known], kind="stable")][:limit]
    down = known[np.argsort(values[known], kind="stable")][:limit]
    return up, down


def end_samples(analysis: Analysis, *, site: str = "mlp") -> EndSamples:
    """Both ends of every neuron; made once, and kept beside the analysis."""
    analysis.require("neurons" if site == "mlp" else "vectors")
    shape = analysis.contents.shape
    width = shape.neurons if site == "mlp" else shape.width

    def make() -> tuple[dict, dict[str, np.ndarray]]:
        ends = [_layer(analysis, layer, site, width) for layer in range(shape.layers)]
        highest, lowest = (np.stack(part).astype(np.int32) for part in zip(*ends, strict=True))
        return {"site": site, "each": ENDS}, {"highest": highest.ravel(), "lowest": lowest.ravel()}

    name = f"neuron-ends-{json_hash([VERSION, analysis.content_hash, site, ENDS])[:16]}"
    _, table = kept_table(analysis, name, make)
    highest, lowest = (table[part].reshape(shape.layers, width, ENDS) for part in ("highest", "lowest"))
    return EndSamples(highest, lowest)


def _layer(analysis: Analysis, layer: int, site: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Int64 (width, 8) each."""
    if site == "mlp" and analysis.contents.neurons != EVERY:
        return _of_strongest(analysis, layer, width)
    pieces = neuron_means(analysis, layer) if site == "mlp" else residuals(analysis, layer)
    rows = np.concatenate(list(pieces))
    step = max(1, TOGETHER // max(1, len(rows)))
    ends = [_columns(rows[:, first : first + step]) for first in range(0, width, step)]
    return np.concatenate([up for up, _ in ends]), np.concatenate([down for _, down in ends])


def _columns(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of each column of float16 (n, columns)."""
    bits = np.ascontiguousarray(rows.T + np.float16(0)).view(np.uint16).astype(np.int64)  # a negative zero is a zero
    order = np.where(bits >> 15, 0xFFFF - bits, bits + 0x8000)  # numbers in the order of the values
    return _largest(order), _largest(0xFFFF - order)


def _largest(order: np.ndarray) -> np.ndarray:
    """The places of the largest of each row, int64 (rows, 8): value and place make one number, so that none are equal."""
    n = order.shape[1]
    key = (order << 32) | (0xFFFFFFFF - np.arange(n))
    kept = min(ENDS, n)
    top = np.sort(np.partition(key, n - kept, axis=1)[:, n - kept :], axis=1)[:, ::-1]
    return np.pad(0xFFFFFFFF - (top & 0xFFFFFFFF), ((0, 0), (0, ENDS - kept)), constant_values=NOBODY)


def _of_strongest(analysis: Analysis, layer: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    kept = neurons_in_layer(analysis, layer)
    assert kept.ids is not None
    neuron = kept.ids.ravel().astype(np.int64)
    sample = np.repeat(np.arange(len(kept.ids)), kept.ids.shape[1])
    value = kept.means.ravel().astype(np.float32)
    return tuple(_first(neuron, sample, sign * value, width) for sign in (-1, 1))  # type: ignore[return-value]


def _first(neuron: np.ndarray, sample: np.ndarray, value: np.ndarray, width: int) -> np.ndarray:
    order = np.lexsort((sample, value, neuron))
    starts = np.searchsorted(neuron[order], np.arange(width + 1))
    found = np.full((width, ENDS), NOBODY, np.int64)
    place = np.arange(len(order)) - starts[neuron[order]]
    near = place < ENDS
    found[neuron[order][near], place[near]] = sample[order][near]
    return found


def kept_words(analysis: Analysis) -> str:
    """What to know of a neuron's samples where not every neuron is kept, in a sentence; "" where there is nothing."""
    if analysis.contents.neurons == EVERY:
        return ""
    return f"Only samples that keep it among the {STRONGEST} strongest neurons of its layer can be told."
