"""For the examples of every feature, contexts of like length in which the feature stays silent.

Example j of feature f, the strongest first, gets the first sample of a seeded sequence over its length bin (half a
doubling of scored tokens) in which f is active nowhere and that no earlier example of f took. Where draws keep
failing, the bin is gone through in order, so that an example goes without only if its bin has nothing left to give.
"""

from __future__ import annotations

import numba
import numpy as np
import pyarrow as pa

from core.store.contents import CONTRASTS

DRAWS = 32
ROWS = 20_000_000  # activations looked at together
EXAMPLES = """
SELECT feature_id, sample_id, position FROM (
  SELECT *, row_number() OVER (PARTITION BY feature_id ORDER BY band DESC, rank) AS place FROM examples
  WHERE feature_id >= ? AND feature_id < ?)
WHERE place <= ? ORDER BY feature_id, place
"""


def write_contrast(connection, n_features: int) -> None:
    """Make table `contrast` from the examples, the samples' lengths and the activations by feature."""
    connection.execute(
        'CREATE TABLE contrast (feature_id INTEGER, "rank" INTEGER, sample_id INTEGER, "position" INTEGER, example_id INTEGER)'
    )
    lengths = connection.execute("SELECT tokens, scored_tokens FROM samples ORDER BY sample_id").fetchnumpy()
    tokens, bins = np.asarray(lengths["tokens"]), length_bins(np.asarray(lengths["scored_tokens"]))
    members = np.argsort(bins, kind="stable").astype(np.int32)
    bin_ptr = np.searchsorted(bins[members], np.arange(bins.max(initial=0) + 2))
    for first, stop in _ranges(connection, n_features):
        feature, example, position = _columns(connection, EXAMPLES, [first, stop, CONTRASTS])
        active_feature, active = _columns(
            connection,
            "SELECT feature_id, sample_id FROM activations_by_feature WHERE feature_id >= ? AND feature_id < ? "
            "ORDER BY feature_id, sample_id",
            [first, stop],
        )
        active_ptr = np.searchsorted(active_feature, np.arange(first, stop + 1))
        chosen = _choose(feature, example, bins, members, bin_ptr, active, active_ptr, first)
        _insert(connection, feature, example, position, chosen, tokens)


def length_bins(scored: np.ndarray) -> np.ndarray:
    """The length bin of scored token counts, int (n): half a doubling each; 0 holds samples without any."""
    mantissa, exponent = np.frexp(scored.astype(np.float64))
    return np.where(scored > 0, 2 * exponent + (mantissa >= 0.75), 0).astype(np.int64)


def _ranges(connection, n_features: int):
    """Ranges of features whose activations fit in memory together."""
    (rows,) = _columns(connection, "SELECT samples FROM features ORDER BY feature_id", [])
    ends = np.cumsum(rows, dtype=np.int64)
    first = 0
    while first < n_features:
        before = int(ends[first - 1]) if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + ROWS, side="right")))
        yield first, min(stop, n_features)
        first = stop


def _columns(connection, query: str, values: list) -> list[np.ndarray]:
    found = connection.execute(query, values).fetchnumpy()
    return [np.ascontiguousarray(column) for column in found.values()]


@numba.njit(cache=True, nogil=True)
def _choose(feature, example, bins, members, bin_ptr, active, active_ptr, first):
    """The sample chosen for each example, −1 where its bin has none; `feature` is sorted, its examples in their order."""
    chosen = np.full(len(feature), -1, np.int32)
    begin = 0
    for row in range(len(feature)):
        if row and feature[row] != feature[row - 1]:
            begin = row
        low, high = bin_ptr[bins[example[row]]], bin_ptr[bins[example[row]] + 1]
        own = active[active_ptr[feature[row] - first] : active_ptr[feature[row] - first + 1]]
        for draw in range(DRAWS + high - low):
            if draw < DRAWS:
                place = low + np.int64(_mixed(feature[row], row - begin, draw) % np.uint64(high - low))
            else:
                place = low + draw - DRAWS
            candidate = members[place]
            found = np.searchsorted(own, candidate)
            silent = found == len(own) or own[found] != candidate
            if silent and not np.any(chosen[begin:row] == candidate):
                chosen[row] = candidate
                break
    return chosen


@numba.njit(cache=True, nogil=True)
def _mixed(feature, place, draw):
    """64 well-mixed bits of three small numbers (the finaliser of splitmix64)."""
    value = (np.uint64(feature) << np.uint64(20)) ^ (np.uint64(place) << np.uint64(8)) ^ np.uint64(draw)
    value += np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _insert(connection, feature, example, position, chosen, tokens) -> None:
    kept = chosen >= 0
    feature, example, position, chosen = feature[kept], example[kept], position[kept], chosen[kept]
    starts = np.flatnonzero(np.r_[True, feature[1:] != feature[:-1]])[: len(feature)]
    rank = np.arange(len(feature)) - np.repeat(starts, np.diff(np.r_[starts, len(feature)]))
    columns = (feature, rank, chosen, np.minimum(position, tokens[chosen] - 1), example)
    rows = pa.table([pa.array(column, pa.int32()) for column in columns], names=["f", "r", "s", "p", "e"])
    connection.register("rows_found", rows)
    connection.execute("INSERT INTO contrast SELECT * FROM rows_found")
    connection.unregister("rows_found")
