"""From what the data talks about to one of its samples, as a reader goes; the address says where one is."""

import pytest

from tests.browser.conftest import quiet, reach, visit
from tests.browser.server import serving
from tests.made_grouped import COMMON, LEFT, grouped_workspace

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Both tests only look: one server is enough."""
    with serving(grouped_workspace(tmp_path_factory.mktemp("grouped"))) as server:
        yield server.address


def test_from_a_telling_feature_to_its_page_to_a_sample_and_on_to_the_nearest(address, page):
    visit(page, address + "/features?rule=raw")
    first = page.locator(".row.opens").first
    first.wait_for()
    assert page.locator(".topic").first.inner_text() == "even <b>ones</b>"  # as text
    peak = first.locator(".peak")
    assert peak.inner_text() == "w2"
    assert "the strongest" in peak.get_attribute("title")
    first.click()
    page.get_by_text("All features").first.wait_for()
    reach(page, f"feature={LEFT}")
    quiet(page)
    example = page.get_by_role("button", name="#98")  # the strongest, planted so
    example.wait_for()
    assert float(example.locator(".token.peak").get_attribute("title").split(",")[0]) == 1.98
    example.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Strongest at the marked token: 1.98").wait_for()
    drawer.locator(".token.peak").first.wait_for()
    assert drawer.locator(".token.peak").count() == 1
    part(page, "Nearest samples")
    drawer.get_by_text("All 100 samples compared").wait_for()
    click_first(page, -1)  # the lowest of the samples that are all equally near
    drawer.get_by_text("Sample #0").wait_for()
    drawer.get_by_text("Back to #98").click()
    drawer.get_by_text("Sample #98").wait_for()
    part(page, "Conversation")
    drawer.get_by_text("Say something about number 98.").first.wait_for()
    drawer.get_by_text("Sample #98").wait_for()  # going back is not the click once more
    part(page, "Strongest features")
    drawer.get_by_test_id("stDataFrame").wait_for()
    click_first(page, -1)
    drawer.wait_for(state="hidden")
    quiet(page)
    reach(page, "feature=")
    assert f"feature={LEFT}" in page.url or f"feature={COMMON}" in page.url


def test_a_link_to_a_feature_opens_its_page_and_the_way_back_leads_to_all(address, page):
    visit(page, address + f"/features?feature={LEFT}&feature_tab=neighbours")
    page.get_by_text("Directions alike").wait_for()
    reach(page, f"feature={LEFT}", "feature_tab=neighbours")
    click_first(page, -1)  # of the directions alike
    reach(page, f"feature={LEFT + 1}", "feature_tab=neighbours")
    quiet(page)
    page.get_by_text("All features").click()
    page.get_by_text("What tells apart").wait_for()
    quiet(page)
    assert "feature=" not in page.url
    click_first(page, -1)  # of the table of all
    reach(page, "feature=")
    page.get_by_text("Strong and middling").wait_for()


def part(page, name: str) -> None:
    """Go to a part of the open drawer, and wait until its strip says so."""
    quiet(page)
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("radio", name=name).click()
    drawer.get_by_role("radio", name=name, checked=True).wait_for()
    quiet(page)


def click_first(page, number: int) -> None:
    """Click the first cell of a table, which is drawn, not written."""
    page.get_by_test_id("stDataFrame").last.locator("canvas").first.wait_for()
    table = page.get_by_test_id("stDataFrame").all()[number]
    table.scroll_into_view_if_needed()
    place = table.bounding_box()
    page.mouse.click(place["x"] + 30, place["y"] + 50)
