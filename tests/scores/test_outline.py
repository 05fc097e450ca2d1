"""Outlines on the map: who is inside equals another library's answer, and a link says what was drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GamutError
from core.scores.outline import MOST_CORNERS, Outline, around_points, box, outline, read_outline

CORNER = st.tuples(st.floats(-20, 20, width=32), st.floats(-20, 20, width=32))


def naive(corners, x, y) -> bool:
    """Even-odd: how many edges a ray to the right crosses, one edge after the other."""
    crossed = 0
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ay <= y) != (by <= y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            crossed += 1
    return crossed % 2 == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(CORNER, min_size=3, max_size=12), st.integers(0, 2**32 - 1))
def test_who_is_inside_equals_counting_crossings_one_edge_at_a_time(corners, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-22, 22, (2, 60)).astype(np.float32)
    found = outline([corners]).inside(x, y)
    exact = np.asarray(corners, np.float32).astype(np.float64).tolist()
    assert found.tolist() == [naive(exact, float(a), float(b)) for a, b in zip(x, y, strict=True)]


def test_a_drawn_loop_holds_whom_matplotlib_says_it_holds():
    polygon = pytest.importorskip("matplotlib.path").Path
    rng = np.random.default_rng(0)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 90))
    corners = np.stack([(3 + rng.random(90)) * np.cos(turn), (3 + rng.random(90)) * np.sin(turn)], axis=1)
    drawn = outline([corners])
    x, y = rng.uniform(-5, 5, (2, 20_000)).astype(np.float32)
    other = polygon(drawn.polygons[0]).contains_points(np.stack([x, y], axis=1))
    assert (drawn.inside(x, y) == other).all() and 0 < other.sum() < len(other)


def test_a_box_holds_its_left_and_lower_edge_and_two_drawings_hold_whom_either_holds():
    x, y = np.array([0, 1, 0, 1, 0.5, 5.5], np.float32), np.array([0, 0, 1, 1, 0.5, 5.5], np.float32)
    square = outline([box(0, 1, 0, 1)])
    assert square.inside(x, y).tolist() == [True, False, False, False, True, False]
    assert outline([box(0, 1, 0, 1), box(5, 6, 5, 6)]).inside(x, y).tolist() == [True, False, False, False, True, True]
    assert square.bounds == (0, 1, 0, 1)


@given(st.lists(st.lists(CORNER, min_size=3, max_size=6), min_size=1, max_size=3))
def test_a_link_says_exactly_what_was_drawn(polygons):
    drawn = outline(polygons)
    again = read_outline(drawn.text())
    assert all((a == b).all() for a, b in zip(drawn.polygons, again.polygons, strict=True))
    assert again.text() == drawn.text() and drawn.text().replace("-", "").replace("_", "").replace(".", "").isalnum()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: outline([]), "three corners"),
        (lambda: outline([[(0, 0), (1, 1)]]), "three corners"),
        (lambda: outline([[(0, 0), (1, float("nan")), (1, 1)]]), "no place on the map"),
        (lambda: outline([[(0, 0)] * (MOST_CORNERS + 1)]), "simpler"),
        (lambda: read_outline("no outline!"), "draw it anew"),
        (lambda: read_outline("AAAA"), "draw it anew"),
        (lambda: read_outline(""), "three corners"),
    ],
)
def test_what_encloses_nothing_is_a_sentence(make, words):
    with pytest.raises(GamutError, match=words):
        make()


@pytest.mark.parametrize(
    "places", [[(1, 2)], [(0, 0), (1, 1)], [(0, 0), (1, 1), (2, 2)], [(0, 0), (2, 0), (0, 3), (1, 1)]]
)
def test_the_line_around_points_holds_them_all(places):
    x, y = np.array(places, np.float32).T
    found = around_points(x, y)
    assert isinstance(found, Outline) and found.inside(x, y).all()
