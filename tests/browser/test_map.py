"""The map in a real browser: a lasso drawn by hand holds there exactly whom the server says it holds."""

import math

import numpy as np
import pytest

from core.scores.layout import read_layout
from core.scores.outline import read_outline
from tests.browser.conftest import answer, quiet, reach, visit
from tests.made_map import analysis_of, made_map

pytestmark = pytest.mark.browser

SELECTED = """
() => document.querySelector('.js-plotly-plot')._fullData.flatMap(
  trace => (trace.selectedpoints || []).map(at => trace.customdata[at]))
"""
DRAG = ".js-plotly-plot .nsewdrag"


def stroke(page, points: list[tuple[float, float]]) -> None:
    """Draw with the mouse through points given as shares of the picture's width and height."""
    box = page.locator(DRAG).first.bounding_box()
    places = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def inside(page, layout) -> list[int]:
    """Whom the server holds to be inside the outline of the link."""
    text = page.evaluate("() => new URL(location.href).searchParams.get('map_outline')")
    return np.flatnonzero(read_outline(text).inside(layout.x, layout.y)).tolist()


def test_a_lasso_and_a_box_hold_whom_the_server_says(tmp_path, serve, page):
    workspace = made_map(tmp_path, samples=600)
    layout = read_layout(analysis_of(workspace))
    visit(page, f"{serve(workspace)}/map?dataset=made&map_view=all&rule=raw")
    answer(page, "600 samples;")
    page.locator(DRAG).first.wait_for()
    quiet(page)
    loop = [(0.45 + 0.2 * math.cos(k / 4), 0.6 + 0.3 * math.sin(k / 4) * (1 + 0.3 * math.cos(k))) for k in range(26)]
    stroke(page, loop)
    reach(page, "map_outline=")
    quiet(page)
    ids, drawn = inside(page, layout), sorted(page.evaluate(SELECTED))
    assert ids == drawn and 30 < len(ids) < 570
    assert answer(page, f"{len(ids)} samples,")
    page.locator('.modebar-btn[data-val="select"]').first.click()
    before = page.url
    stroke(page, [(0.1, 0.1), (0.6, 0.7)])
    page.wait_for_function("before => location.href !== before", arg=before)
    quiet(page)
    ids, drawn = inside(page, layout), sorted(page.evaluate(SELECTED))
    assert ids == drawn and 30 < len(ids) < 570
    before = page.url  # a smaller box begins within the one that is drawn
    stroke(page, [(0.3, 0.3), (0.5, 0.6)])
    page.wait_for_function("before => location.href !== before", arg=before)
    quiet(page)
    fewer = inside(page, layout)
    assert fewer == sorted(page.evaluate(SELECTED)) and 0 < len(fewer) < len(ids)
    ids = fewer
    link = page.url  # it brings the outline back, and who is inside
    visit(page, link)
    assert answer(page, f"{len(ids)} samples,")
    assert page.get_by_test_id("stException").count() == 0
