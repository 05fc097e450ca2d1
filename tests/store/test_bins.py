"""Fixed bins hold what their edges say; sums in whole units and rows of bytes come back as they went."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.bins import (
    BANDS,
    POSITION_BINS,
    STRENGTH_BINS,
    band_edges,
    position_bins,
    strength_bands,
    strength_bins,
    strength_edges,
)
from core.store.blobs import from_blobs, slices_to_blobs, to_blobs
from core.store.fixed import UNIT, to_fixed, to_means

STRENGTHS = st.floats(min_value=2.0**-100, max_value=2.0**100, width=32)


@given(STRENGTHS)
def test_a_strength_lies_between_the_edges_of_its_bin_and_band(value):
    strength = np.array([value], np.float32)
    edges = strength_edges()
    (bin,), (band,) = strength_bins(strength), strength_bands(strength)
    assert len(edges) == STRENGTH_BINS
    assert edges[bin] <= strength[0] and (bin == STRENGTH_BINS - 1 or strength[0] < edges[bin + 1])
    low, high = band_edges(int(band))
    assert low <= strength[0] < high


def test_every_edge_opens_its_own_bin():
    edges = strength_edges()[1:].astype(np.float32)
    assert strength_bins(edges).tolist() == list(range(1, STRENGTH_BINS))
    assert strength_bins(np.nextafter(edges, np.float32(0))).tolist() == list(range(STRENGTH_BINS - 1))
    lows = np.array([band_edges(band)[0] for band in range(1, BANDS)], np.float32)
    assert strength_bands(lows).tolist() == list(range(1, BANDS))


def test_positions_fall_in_doublings():
    places = np.arange(1, 100_000)
    expected = [min(place.bit_length() - 1, POSITION_BINS - 1) for place in places.tolist()]
    assert position_bins(places).tolist() == expected


@given(st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=50), st.randoms())
def test_sums_in_units_are_the_same_in_any_order_and_close_to_the_true_one(values, random):
    shuffled = random.sample(values, len(values))
    total, other = (sum(to_fixed(np.array([value]))[0] for value in order) for order in (values, shuffled))
    assert total == other
    assert abs(total * UNIT - sum(values)) <= len(values) * UNIT
    assert to_means(np.array([[total]]), np.array([4]))[0, 0] == pytest.approx(total * UNIT / 4)


def test_a_sum_that_is_no_number_stops_the_run():
    for value in (np.nan, np.inf, 1e15):
        with pytest.raises(AssertionError, match="not finite, or beyond all bounds"):
            to_fixed(np.array([value]))


@pytest.mark.parametrize("dtype", ["float16", "uint16", "int64"])
def test_rows_of_bytes_come_back_as_they_went(dtype):
    rows = np.random.default_rng(1).integers(0, 1000, size=(7, 5)).astype(dtype)
    column = to_blobs(rows)
    assert (from_blobs(column, dtype) == rows).all()
    pieces = pa.chunked_array([column[:3], column[3:3], column[3:]])  # offsets that do not begin at 0
    assert (from_blobs(pieces, dtype) == rows).all()
    assert from_blobs(column[:0], dtype).shape[0] == 0
    assert column[2].as_py() == rows[2].tobytes()


def test_slices_of_bytes_have_their_own_lengths():
    column = slices_to_blobs(np.arange(6, dtype=np.uint8), np.array([0, 2, 2, 6]))
    assert column.to_pylist() == [b"\x00\x01", b"", b"\x02\x03\x04\x05"]
