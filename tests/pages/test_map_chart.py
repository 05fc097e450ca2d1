"""The map as a picture: every sample a point, or every sample in a cell; silent ones grey; words never one over another."""

import numpy as np
import pytest

from core.scores.density import whole_view
from core.scores.region_words import MapRegion
from core.selection.known import NO_VALUE
from core.selection.map_colours import Colouring
from pages.explore.panels import map_chart
from pages.explore.panels.map_chart import QUIET, Scene, map_figure, points_drawn
from pages.explore.panels.map_eye import view_of
from pages.explore.panels.map_labels import APART, HIGH, LETTER, LINE, WIDE, spread_labels

N = 400


def scene(colouring: Colouring, **more) -> Scene:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, N)).astype(np.float32)
    return Scene(x, y, colouring, more.pop("chosen", None), whole_view(x, y), [], None, **more)


CODES = np.arange(N, dtype=np.int32) % 3
NAMES = ("a", NO_VALUE, "<i>c</i>")
NUMBERS = np.where(np.arange(N) % 5, np.arange(N, dtype=float), np.nan)
CHOSEN = np.arange(N) % 10 == 0


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize(
    ("colouring", "more"),
    [
        (Colouring("kind", codes=CODES, names=NAMES), {}),
        (Colouring("kind", codes=CODES, names=NAMES), {"chosen": CHOSEN}),
        (Colouring("tokens", values=NUMBERS, unit="tokens", skewed=True), {}),
        (Colouring("feature 3", values=NUMBERS), {"feature": True}),
        (Colouring("the same", values=np.ones(N)), {}),
        (Colouring("unknown", values=np.full(N, np.nan)), {}),
        (Colouring("samples"), {"chosen": CHOSEN}),
        (Colouring("samples"), {}),
    ],
)
def test_every_sample_is_a_point_or_in_a_cell(monkeypatch, colouring, more, cells):
    if cells:
        monkeypatch.setattr(map_chart, "MOST_POINTS", 100)
        monkeypatch.setattr(map_chart, "MOST_OVER", 100)
    drawn = scene(colouring, **more)
    assert points_drawn(drawn) == (N, not cells)
    figure = map_figure(drawn)
    points = [trace for trace in figure.data if trace.type == "scattergl" and trace.customdata is not None]
    held = [i for trace in points for i in np.asarray(trace.customdata).tolist()]
    if not cells:
        assert sorted(held) == list(range(N)) and len(points) == len(figure.data)
        for trace in points:
            ids = np.asarray(trace.customdata)
            assert (np.asarray(trace.x) == drawn.x[ids]).all() and (np.asarray(trace.y) == drawn.y[ids]).all()
    else:
        heat = [trace for trace in figure.data if trace.type == "heatmap"]
        assert heat and int(np.asarray(heat[0].customdata).sum()) == N
        assert sorted(held) == (np.flatnonzero(CHOSEN).tolist() if drawn.chosen is not None else [])
    assert not any("<i>" in (trace.name or "") for trace in figure.data)
    figure.to_json()


def test_samples_without_a_value_lie_grey_below_the_others():
    first, *rest = map_figure(scene(Colouring("kind", codes=CODES, names=NAMES))).data
    assert first.name == NO_VALUE and first.marker.color == QUIET["light"]
    assert len(rest) == 2 and not any(trace.marker.color == QUIET["light"] for trace in rest)


def test_words_of_regions_never_lie_over_one_another_nor_leave_the_picture():
    rng = np.random.default_rng(1)
    view = (0.0, 10.0, 0.0, 8.0)
    regions = tuple(
        MapRegion(50 - k, *rng.uniform(0, 8, 2).tolist(), ("some", "words")[: 1 + k % 2], 0.9) for k in range(40)
    )
    found = spread_labels(regions, [" · ".join(region.words) for region in regions], view)
    scale = min(WIDE / 10, HIGH / 8)
    assert 3 <= len(found) < 40 and found[0].text == "some"
    for at, one in enumerate(found):
        half = LETTER * len(one.text) / 2
        assert one.x * scale - half >= 0 and one.x * scale + half <= 10 * scale
        for other in found[at + 1 :]:
            wide = LETTER * (len(one.text) + len(other.text)) / 2 + APART
            assert abs(one.x - other.x) * scale >= wide or abs(one.y - other.y) * scale >= LINE
    unseen = MapRegion(9, 5.0, 4.0, (), 0.0), MapRegion(9, 50.0, 4.0, ("far",), 0.9)
    assert spread_labels(unseen, ["", "far"], view) == []


@pytest.mark.parametrize(
    ("said", "view"),
    [
        ([3, 1, 2.5, 4], (1, 3, 2.5, 4)),
        ([1, 3, 2], None),
        ([1, 3, 2, "4"], None),
        ([1, 3, 2, float("nan")], None),
        ([1, 1, 2, 4], None),
        ([1, 3, 2, 1e9], None),
        (None, None),
    ],
)
def test_what_a_browser_tells_of_its_view_is_two_ends_of_either_axis_or_nothing(said, view):
    assert view_of(said) == view
