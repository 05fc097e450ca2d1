"""The way through the app in a real browser, on a workspace made without a model."""

import json
import re

import pytest

from core.export.verify import SAME, verify
from core.selection.saved import load_selection
from core.store.datasets import Dataset, dataset_names
from core.store.people import BAN, marked
from pages.shared.job_view import REST
from tests.browser.conftest import LOOK, answer, quiet, reach, visit

pytestmark = pytest.mark.browser
SCREENS = {
    "data-sets": "Data sets",
    "analyse": "Analyse",
    "features": "Features",
    "diversity": "Diversity",
    "map": "Map",
    "neurons": "Neurons",
    "a-against-b": "A against B",
    "inspector": "Inspector",
    "budget": "Budget",
    "hand-over": "Hand-over",
}


def press(page, label: str) -> None:
    page.locator("[data-testid^=stBaseButton]", has_text=re.compile(f"^.*{label}$")).first.click()
    quiet(page)


def test_budget_save_hand_over_export_verify(shared, address, page):
    visit(page, address + "/budget?unit=rows&amount=8")
    answer(page, "8 rows")
    page.get_by_label("Save as").fill("walk")
    page.keyboard.press("Enter")
    quiet(page)
    press(page, "Save")
    saved = load_selection(shared, "walk")
    assert len(saved.ids) == 8
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Hand-over").click()
    reach(page, "selection=walk", "method=sae-greedy")
    quiet(page)
    press(page, "Write the file")
    page.get_by_text("Read back: same").wait_for()
    press(page, "Verify")
    page.get_by_text("is what the manifest says, recomputed").wait_for()
    page.get_by_test_id("stCode").filter(has_text="llamafactory-cli train").wait_for()
    file = shared.exports / "walk.jsonl"
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 8
    assert verify(shared, file.with_name("walk.jsonl.manifest.json")).code == SAME
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").first.locator("button").click()
    assert download.value.path().read_bytes() == file.read_bytes()


@pytest.mark.parametrize("path", ["features", "hand-over"])
def test_a_deep_link_to_a_fresh_server_shows_the_right_screen(made, serve, page, path):
    """The first link that a server answers is another matter to Streamlit than all that follow."""
    shows(page, serve(made), path)


def test_a_deep_link_shows_each_screen(address, page):
    for path in SCREENS:
        shows(page, address, path)


def shows(page, address: str, path: str) -> None:
    """Open a link, and look that it leads to its screen."""
    visit(page, f"{address}/{path}")
    page.locator("[data-testid=stMain] h1", has_text=SCREENS[path]).wait_for()
    assert page.locator("h1").first.inner_text() == SCREENS[path]
    page.wait_for_function("title => document.title === title", arg=f"{SCREENS[path]} · Gamut")
    page.get_by_test_id("stSidebarNavLink").nth(len(SCREENS) - 1).wait_for()
    links = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert [next(name for name in SCREENS.values() if link.endswith(name)) for link in links] == list(SCREENS.values())
    page.get_by_test_id("stSidebar").get_by_text("Selection", exact=True).wait_for()
    assert page.get_by_text("Page not found").count() == 0
    assert page.get_by_test_id("stException").count() == 0


def test_a_link_survives_a_walk_through_all_screens(address, page):
    visit(page, address + "/budget?method=longest&unit=rows&amount=7&c=3&span=response")
    for name in [*SCREENS.values(), "Budget"]:
        page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
        page.locator("[data-testid=stMain] h1", has_text=name).wait_for()
        reach(page, "method=longest", "unit=rows", "amount=7", "c=3", "span=response")
        quiet(page)
    answer(page, "7 rows")


def test_choices_outlive_the_looks_at_jobs(address, page):
    """The list of jobs is drawn again by a timer, in a run that draws nothing else."""
    visit(page, address + "/budget?method=longest&unit=rows&amount=7&span=response")
    answer(page, "7 rows")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Analyse").click()
    page.locator("[data-testid=stMain] h1", has_text="Analyse").wait_for()
    quiet(page)
    looked = page.traffic.parts
    page.wait_for_timeout(REST * 1000)
    while page.traffic.parts < looked + 2:
        page.wait_for_timeout(LOOK)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Budget").click()
    answer(page, "7 rows")
    reach(page, "method=longest", "unit=rows", "amount=7", "span=response")


def test_the_slider_moves_sentence_address_and_sidebar(address, page):
    visit(page, address + "/budget?unit=rows&amount=5")
    answer(page, "5 rows")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    answer(page, "7 rows")
    reach(page, "amount=7")
    page.get_by_test_id("stSidebar").get_by_text("7 rows").wait_for()


def test_hostile_text_is_shown_as_text(address, page):
    """Sample 3 of the made data set carries a script, an image with a handler, Markdown and an entity."""
    visit(page, address + "/budget?unit=rows&amount=59&unanswered=1")
    page.get_by_label("Why not this one? Sample id").fill("3")
    page.keyboard.press("Tab")
    quiet(page)
    press(page, "Open")
    page.get_by_role("dialog").get_by_text("<script>window.canary = 1</script>").first.wait_for()
    assert page.get_by_role("dialog").get_by_text("**bold** &amp;").count() > 0
    page.get_by_role("dialog").get_by_role("radio", name="Record").click()
    quiet(page)
    visit(page, address + "/data-sets?filter=%7B%22text%22%3A%22canary%22%7D")
    page.get_by_role("tab", name="Samples").click()
    quiet(page)
    shown = page.get_by_test_id("stText").filter(has_text="<script>window.canary = 1</script>")
    shown.first.wait_for()
    assert page.evaluate("window.canary") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_pick_is_opened_by_a_click_and_banned_from_its_drawer(shared, address, page):
    visit(page, address + "/budget?unit=rows&amount=5")
    answer(page, "5 rows")
    page.get_by_test_id("stDataFrame").first.locator("canvas").first.wait_for()
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    page.mouse.click(table["x"] + 60, table["y"] + 50)
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Chosen at place 1").wait_for()
    drawer.get_by_role("button", name="Ban", exact=True).click()
    drawer.wait_for(state="hidden")
    quiet(page)
    assert len(marked(shared, Dataset(shared, "made").content_hash, BAN)) == 1
    page.get_by_role("radio", name="Constraints", exact=True).click()
    page.get_by_text("Pins and bans (0 · 1)").wait_for()


def test_an_upload_becomes_a_data_set(shared, address, page, tmp_path):
    file = tmp_path / "sent.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\nbroken\n')
    visit(page, address + "/data-sets")
    page.get_by_text("Add a data set").click()
    page.locator("input[type=file]").first.set_input_files(str(file))
    page.get_by_text("sent.jsonl").first.wait_for()
    quiet(page)
    press(page, "Add")
    page.get_by_text("1 record left out: ").wait_for()
    assert dataset_names(shared) == ["made", "sent"]
