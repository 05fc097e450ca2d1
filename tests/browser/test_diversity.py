"""The Diversity screen in a real browser: a point of richness against length opens its sample."""

import pytest

from tests.browser.conftest import answer, quiet, visit

pytestmark = pytest.mark.browser

# Where the middle one of the points stands on the page, and its sample.
POINT = """
() => {
  const plot = document.querySelector('.js-plotly-plot')
  const { xaxis, yaxis } = plot._fullLayout, points = plot._fullData[0]
  const frame = plot.querySelector('.nsewdrag').getBoundingClientRect(), at = Math.floor(points.x.length / 2)
  return [frame.x + xaxis.d2p(points.x[at]), frame.y + yaxis.d2p(points.y[at])]
}
"""


def test_a_click_on_a_point_opens_a_sample_that_lies_there(made, serve, page):
    page.set_viewport_size({"width": 1280, "height": 1000})
    visit(page, f"{serve(made)}/diversity?dataset=made")
    assert "Length explains" in answer(page)
    page.locator(".js-plotly-plot .nsewdrag").first.wait_for()
    x, y = page.evaluate(POINT)
    page.mouse.move(x - 9, y)
    page.mouse.move(x, y)
    label = page.locator(".js-plotly-plot .hoverlayer").first
    label.get_by_text("tokens").wait_for()
    sample = (label.text_content() or "").split(":")[0].strip()
    page.mouse.click(x, y)
    page.get_by_role("dialog").get_by_text(f"Sample {sample}").first.wait_for()
    quiet(page)
