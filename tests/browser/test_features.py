"""From what the data talks about to one of its samples, as a reader goes; the address says where one is."""

import pytest

from tests.browser.conftest import quiet
from tests.made_grouped import COMMON, LEFT, grouped_workspace

pytestmark = pytest.mark.browser


def test_from_a_telling_feature_to_its_page_to_a_sample_and_on_to_the_nearest(tmp_path, serve, page):
    page.goto(serve(grouped_workspace(tmp_path)) + "/features?rule=raw")
    quiet(page)
    first = page.locator(".row.opens").first
    first.wait_for(timeout=20_000)
    assert page.locator(".topic").first.inner_text() == "even <b>ones</b>"  # as text
    peak = first.locator(".peak")
    assert peak.inner_text() == "w2"
    assert "the strongest" in peak.get_attribute("title")
    first.click()
    page.get_by_text("All features").first.wait_for(timeout=20_000)
    quiet(page)
    assert f"feature={LEFT}" in page.url
    example = page.get_by_role("button", name="#98")  # the strongest, planted so
    example.wait_for(timeout=20_000)
    assert float(example.locator(".token.peak").get_attribute("title").split(",")[0]) == 1.98
    example.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Strongest at the marked token: 1.98").wait_for(timeout=20_000)
    drawer.locator(".token.peak").first.wait_for(timeout=20_000)
    assert drawer.locator(".token.peak").count() == 1
    drawer.get_by_text("Nearest samples").click()
    drawer.get_by_text("All 100 samples compared").wait_for(timeout=20_000)
    click_first(page, -1)  # the lowest of the samples that are all equally near
    drawer.get_by_text("Sample #0").wait_for(timeout=20_000)
    drawer.get_by_text("Back to #98").click()
    drawer.get_by_text("Sample #98").wait_for(timeout=20_000)
    drawer.get_by_text("Conversation").click()
    drawer.get_by_text("Say something about number 98.").first.wait_for(timeout=20_000)
    assert drawer.get_by_text("Sample #98").is_visible()  # going back is not the click once more
    drawer.get_by_text("Strongest features").click()
    drawer.get_by_test_id("stDataFrame").wait_for(timeout=20_000)
    click_first(page, -1)
    drawer.wait_for(state="hidden", timeout=20_000)
    quiet(page)
    assert f"feature={LEFT}" in page.url or f"feature={COMMON}" in page.url


def test_a_link_to_a_feature_opens_its_page_and_the_way_back_leads_to_all(tmp_path, serve, page):
    page.goto(serve(grouped_workspace(tmp_path)) + f"/features?feature={LEFT}&feature_tab=neighbours")
    quiet(page)
    page.get_by_text("Directions alike").wait_for(timeout=20_000)
    assert f"feature={LEFT}" in page.url and "feature_tab=neighbours" in page.url
    click_first(page, -1)  # of the directions alike
    page.wait_for_function(f"location.search.includes('feature={LEFT + 1}')", timeout=20_000)
    quiet(page)
    assert "feature_tab=neighbours" in page.url
    page.get_by_text("All features").click()
    quiet(page)
    page.get_by_text("What tells apart").wait_for(timeout=20_000)
    assert "feature=" not in page.url
    click_first(page, -1)  # of the table of all
    page.wait_for_function("location.search.includes('feature=')", timeout=20_000)
    page.get_by_text("Strong and middling").wait_for(timeout=20_000)


def click_first(page, number: int) -> None:
    """Click the first cell of a table, which is drawn, not written."""
    table = page.get_by_test_id("stDataFrame").all()[number]
    table.scroll_into_view_if_needed()
    place = table.bounding_box()
    page.mouse.click(place["x"] + 30, place["y"] + 50)
