"""From two sets to a target in a real browser: what an evaluation file has and the pool lacks is covered on Budget."""

import re

import pytest

from core.selection.targets import load_target, target_names
from tests.against_made import HALF, made_pool_and_evaluation
from tests.browser.conftest import answer, quiet, reach, visit

pytestmark = pytest.mark.browser


def choose(page, place: int, words: str) -> None:
    """Choose in the selectbox at a place of the screen's own."""
    page.get_by_test_id("stMain").get_by_test_id("stSelectbox").nth(place).get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(words)).first.click()
    quiet(page)


def test_an_evaluation_file_against_the_pool_becomes_a_target_on_budget(workspace, tmp_path, serve, page):
    address = serve(made_pool_and_evaluation(workspace, tmp_path))
    visit(page, f"{address}/a-against-b?dataset=pool&rule=raw")
    choose(page, 0, "The whole pool")
    choose(page, 2, "Evaluation file")
    reach(page, "analysis")
    page.locator("h3", has_text="sets all samples apart from analysis eval, at equal length").wait_for()
    points = page.locator(".js-plotly-plot .scatterlayer .point")
    points.first.wait_for()
    before = page.get_by_text(re.compile("^Feature [0-9]+")).first.inner_text()
    box = points.last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(200)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    reach(page, "ab_feature=")
    quiet(page)
    assert page.get_by_text(re.compile("^Feature [0-9]+")).first.inner_text() != before
    link = page.url
    page.get_by_role("button", name="Cover them on Budget").click()
    page.locator("h1", has_text="Budget").wait_for()
    answer(page)
    quiet(page)
    (name,) = target_names(workspace)
    assert min(load_target(workspace, name).features) >= HALF
    reach(page, f"sae-greedy.target=features:{name}", "method=sae-greedy")
    assert page.get_by_test_id("stException").count() == 0
    visit(page, link)  # the link of the comparison brings it back, chosen feature and all
    assert "apart from analysis eval" in answer(page)
    assert page.get_by_text(re.compile("^Feature [0-9]+")).first.inner_text() != before
