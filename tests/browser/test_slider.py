"""The slider and the tabs in a real browser: what moves, what stays, and that the link brings it back."""

import pytest

from tests.browser.conftest import quiet

pytestmark = pytest.mark.browser


def sentence(page) -> str:
    return page.locator("h3").first.inner_text()


LINE = "document.querySelector('.js-plotly-plot')?.layout?.shapes?.map(shape => shape.x0).join()"


def line(page) -> str:
    """Where the line of the budget stands on the curve, once there is one."""
    page.wait_for_function(LINE)
    return page.evaluate(LINE)


def test_the_slider_moves_sentence_and_curve_and_the_tabs_draw_one_panel_each(made, serve, page):
    page.goto(f"{serve(made)}/budget?unit=rows&amount=5")
    quiet(page)
    before, stood = sentence(page), line(page)
    assert before.startswith("5 rows")
    page.locator("[data-testid=stSlider] input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('h3').innerText !== before", arg=before)
    page.wait_for_function(f"stood => {LINE} !== stood", arg=stood)
    quiet(page)
    assert sentence(page).startswith("7 rows")
    for tab, words in (("Never covered", "One more percent"), ("Bias", "random subsets of equal tokens")):
        page.get_by_role("radio", name=tab, exact=True).click()
        page.get_by_text(words).first.wait_for()
        quiet(page)
    assert page.get_by_text("One more percent").count() == 0
    assert "tab=bias" in page.url and "amount=7" in page.url
    page.reload()
    quiet(page)
    page.get_by_text("random subsets of equal tokens").first.wait_for()
    line(page)
    assert sentence(page).startswith("7 rows")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)


def test_a_click_on_a_feature_that_is_missed_opens_its_page(made, serve, page):
    page.goto(f"{serve(made)}/budget?unit=rows&amount=3&tab=missed")
    quiet(page)
    grid = page.get_by_test_id("stDataFrame").nth(1)  # the first holds the picks
    grid.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    grid.click(position={"x": 100, "y": 50})  # the first row under the head
    page.wait_for_url("**/features?*")
    quiet(page)
    assert "feature=" in page.url
    assert page.get_by_role("heading", name="Features").count()
