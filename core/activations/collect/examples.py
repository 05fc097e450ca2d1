"""Of every feature the strongest contexts in each band of strength, with its activation at every token around.

The bands are octaves, fixed in advance; within a band the strongest come first, ties to the lowest sample id; a sample
is an example of a feature once, at its strongest token. So the strongest of a whole are among the strongest of its
pieces, in whatever pieces it comes. What cannot be among them any more is not written: for each feature and band the
strengths of the best so far are remembered.
"""

import numba
import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.tokens import UNSCORED
from core.store.bins import BANDS, strength_bands
from core.store.blobs import slices_to_blobs
from core.store.contents import BEFORE, WINDOW
from core.store.tables import SCHEMAS

HALF_MAX = float(np.finfo(np.float16).max)
NAMES = SCHEMAS["examples"].names[:-1]


class Examples:
    """Keeps, for each feature and band, up to `kept` samples and windows of 32 tokens around the strongest."""

    def __init__(self, n_features: int, *, kept: int) -> None:
        self._best = np.zeros((n_features, BANDS, kept), np.float32)
        self._waiting: list[tuple[np.ndarray, ...]] = []

    def add(self, batch: Batch) -> None:
        """Find what of the batch may be an example."""
        local, feature, strength, position = _peaks(batch)
        band = strength_bands(strength)
        kept = _keep(feature, band, strength, self._best)
        local, feature, band = local[kept], feature[kept], band[kept]
        strength, position = strength[kept], position[kept]
        lengths = np.diff(batch.pointer)[local]
        start = np.maximum(position - BEFORE, 0)
        pointer = np.concatenate([[0], np.cumsum(np.minimum(lengths - start, WINDOW))]).astype(np.int64)
        values = _windows(
            batch.token_ptr, batch.features, batch.values, batch.sides, batch.pointer[local] + start, pointer, feature
        )
        halves = np.minimum(values, HALF_MAX).astype("<f2")
        self._waiting.append((feature, band, batch.ids[local], position, strength, start, pointer, halves))

    def take(self) -> dict[str, pa.Table]:
        """What may be an example of the batches since the last call; of their own part they are the best, and more."""
        tables = [_table(*columns) for columns in self._waiting]
        self._waiting = []
        return {"examples": pa.concat_tables(tables) if tables else SCHEMAS["examples"].empty_table()}


def _peaks(batch: Batch) -> tuple[np.ndarray, ...]:
    """The strongest token of every sample and feature, whichever side it is on; ties to the earlier one."""
    pooled = batch.pooled
    order = np.lexsort((pooled.position, -pooled.max, pooled.feature, pooled.sample))
    sample, feature = pooled.sample[order], pooled.feature[order]
    first = np.r_[True, (sample[1:] != sample[:-1]) | (feature[1:] != feature[:-1])][: len(sample)]
    chosen = order[first]
    return pooled.sample[chosen], pooled.feature[chosen], pooled.max[chosen], pooled.position[chosen]


@numba.njit(cache=True, nogil=True)
def _keep(feature, band, strength, best):
    """Which candidates may be among the best; `best` (features, bands, kept), strongest first, takes them in."""
    kept = np.zeros(len(feature), np.bool_)
    most = best.shape[2]
    for row in range(len(feature)):
        own = best[feature[row], band[row]]
        if strength[row] < own[most - 1]:
            continue  # an equal one may still win by its sample id
        kept[row] = True
        place = most - 1
        while place > 0 and own[place - 1] < strength[row]:
            own[place] = own[place - 1]
            place -= 1
        if strength[row] > own[place]:
            own[place] = strength[row]
    return kept


@numba.njit(cache=True, nogil=True)
def _windows(token_ptr, features, values, sides, starts, pointer, wanted):
    """A feature's activation at each token of its window, end to end; 0 at tokens that do not count."""
    out = np.zeros(pointer[-1], np.float32)
    for row in range(len(wanted)):
        for place in range(pointer[row + 1] - pointer[row]):
            token = starts[row] + place
            if sides[token] == UNSCORED:
                continue
            for entry in range(token_ptr[token], token_ptr[token + 1]):
                if features[entry] == wanted[row] and values[entry] > 0:
                    out[pointer[row] + place] = values[entry]
                    break
    return out


def _table(feature, band, sample, position, strength, start, pointer, halves) -> pa.Table:
    schema = SCHEMAS["examples"]
    columns = [
        pa.array(column, schema.field(name).type)
        for name, column in zip(NAMES, (feature, band, sample, position, strength, start), strict=True)
    ]
    return pa.table([*columns, slices_to_blobs(halves.view(np.uint8), pointer * 2)], schema=schema)
