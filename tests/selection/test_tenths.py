"""Tenths are about equal, keep equal values together, and name what is in them."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.selection.known import NO_VALUE
from core.selection.tenths import tenths


@given(st.lists(st.integers(0, 30) | st.just(None), max_size=80))
def test_tenths_are_ordered_keep_equal_values_together_and_name_their_ends(given_values):
    values = np.array([np.nan if value is None else value for value in given_values], np.float64)
    found = tenths(values)
    assert len(found.codes) == len(values) and len([n for n in found.names if n != NO_VALUE]) <= 10
    ends = []
    for code, name in enumerate(found.names):
        own = values[found.codes == code]
        assert len(own)
        if name == NO_VALUE:
            assert np.isnan(own).all() and code == len(found.names) - 1
            continue
        low, _, high = name.partition(" to ")
        assert (own.min(), own.max()) == (float(low), float(high or low))
        ends.append((own.min(), own.max()))
    assert all(before[1] < after[0] for before, after in pairwise(ends))


def test_distinct_values_fall_into_ten_equal_parts():
    found = tenths(np.arange(100)[::-1])
    assert np.bincount(found.codes).tolist() == [10] * 10 and found.names[0] == "0 to 9"
