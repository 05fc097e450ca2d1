"""What is drawn of richness against length: all of it, as points or as cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.length_view import Box, box_of, view


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), min_size=1, max_size=60), st.integers(0, 30))
def test_every_sample_within_is_a_point_or_counted_in_its_cell(samples, most):
    x, y = (np.array(column) for column in zip(*samples, strict=True))
    box = Box(100, 2000, 10, 500)
    for part in (None, box):
        within = [
            at for at, (a, b) in enumerate(samples)
            if part is None or (part.left <= a <= part.right and part.low <= b <= part.high)
        ]  # fmt: skip
        seen = view(x, y, part, most=most)
        assert seen.inside == len(within)
        if len(within) <= most:
            assert seen.ids.tolist() == within
            continue
        by_numpy = np.histogram2d(y[within], x[within], bins=(seen.y_edges, seen.x_edges))[0]
        assert np.array_equal(seen.counts, by_numpy) and seen.counts.sum() == len(within)
        assert seen.counts.shape[0] <= 64 and seen.counts.shape[1] <= 96


def test_a_box_goes_through_an_address_and_back():
    box = Box(1.5, 20, 3, 400.25)
    assert box_of(box.words()) == box
    assert box_of("") is None


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "5,1,0,9", "0,1,nan,2", "0,inf,0,1"])
def test_an_odd_box_is_refused_in_a_sentence(text):
    with pytest.raises(GamutError, match="picture"):
        box_of(text)
