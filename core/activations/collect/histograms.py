"""How strong, where and in whose words each feature is active: counts of tokens in bins fixed in advance."""

import numba
import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.tokens import UNSCORED
from core.datasets.sample import ROLES
from core.store.bins import POSITION_BINS, STRENGTH_BINS, position_bins, strength_bins
from core.store.tables import SCHEMAS


class Histograms:
    """Counts, for every feature, scored tokens by strength, by position in the sample and by role."""

    def __init__(self, n_features: int) -> None:
        self._strength = np.zeros((n_features, STRENGTH_BINS), np.int64)
        self._position = np.zeros((n_features, POSITION_BINS), np.int64)
        self._role = np.zeros((n_features, len(ROLES)), np.int64)

    def add(self, batch: Batch) -> None:
        """Count the batch's active features."""
        lengths = np.diff(batch.pointer)
        place = np.arange(len(batch.sides)) - np.repeat(batch.pointer[:-1], lengths)
        values = np.ascontiguousarray(batch.values, dtype=np.float32)
        _count(
            batch.token_ptr, batch.features, values, strength_bins(values), position_bins(place), batch.roles,
            batch.sides, self._strength, self._position, self._role,
        )  # fmt: skip

    def take(self) -> dict[str, pa.Table]:
        """The counts since the last call, of the features that were active."""
        live = np.flatnonzero(self._strength.any(axis=1))
        counts = (self._strength, self._position, self._role)
        columns = [pa.array(live, pa.int32()), *(_lists(count[live]) for count in counts)]
        for count in counts:
            count[live] = 0
        return {"histograms": pa.table(columns, schema=SCHEMAS["histograms"])}


@numba.njit(cache=True, nogil=True)
def _count(token_ptr, features, values, bins, places, roles, sides, strength, position, role):
    for token in range(len(sides)):
        if sides[token] == UNSCORED:
            continue
        for entry in range(token_ptr[token], token_ptr[token + 1]):
            if values[entry] > 0:
                feature = features[entry]
                strength[feature, bins[entry]] += 1
                position[feature, places[token]] += 1
                role[feature, roles[token]] += 1


def _lists(counts: np.ndarray) -> pa.ListArray:
    pointer = np.arange(len(counts) + 1, dtype=np.int32) * counts.shape[1]
    return pa.ListArray.from_arrays(pa.array(pointer), pa.array(counts.ravel()))
