"""The slider and the tabs in a real browser: what moves, what stays, and that the link brings it back."""

import pytest

from tests.browser.conftest import answer, quiet, reach, visit

pytestmark = pytest.mark.browser


LINE = "document.querySelector('.js-plotly-plot')?.layout?.shapes?.map(shape => shape.x0).join()"


def line(page) -> str:
    """Where the line of the budget stands on the curve, once there is one."""
    page.wait_for_function(LINE)
    return page.evaluate(LINE)


def test_the_slider_moves_sentence_and_curve_and_the_tabs_draw_one_panel_each(address, page):
    visit(page, f"{address}/budget?unit=rows&amount=5")
    answer(page, "5 rows")
    stood = line(page)
    page.locator("[data-testid=stSlider] input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    answer(page, "7 rows")
    page.wait_for_function(f"stood => {LINE} !== stood", arg=stood)
    quiet(page)
    for tab, words in (("Never covered", "One more percent"), ("Bias", "random subsets of equal tokens")):
        page.get_by_role("radio", name=tab, exact=True).click()
        page.get_by_text(words).first.wait_for()
        quiet(page)
    assert page.get_by_text("One more percent").count() == 0
    reach(page, "tab=bias", "amount=7")
    page.reload()
    quiet(page)
    page.get_by_text("random subsets of equal tokens").first.wait_for()
    line(page)
    answer(page, "7 rows")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)


def test_a_click_on_a_feature_that_is_missed_opens_its_page(address, page):
    visit(page, f"{address}/budget?unit=rows&amount=3&tab=missed")
    grid = page.get_by_test_id("stDataFrame").nth(1)  # the first holds the picks
    grid.scroll_into_view_if_needed()
    grid.locator("canvas").first.wait_for()
    page.wait_for_timeout(500)
    grid.click(position={"x": 100, "y": 50})  # the first row under the head
    page.wait_for_url("**/features?*")
    reach(page, "feature=")
    page.get_by_role("heading", name="Features").first.wait_for()
