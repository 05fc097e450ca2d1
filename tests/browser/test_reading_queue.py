"""The reading queue by keyboard: three cards read, one banned, and the selection is another one at once."""

import re
import time

import pytest

from core.store.datasets import Dataset
from core.store.people import BAN, PIN, marked, read_samples
from tests.browser.conftest import LOOK, PATIENCE, quiet, reach, visit

pytestmark = pytest.mark.browser


def place(page) -> tuple[int, int]:
    """Place and sample of the card on screen."""
    said = page.get_by_text(re.compile(r"^[\d\u202f]+ of [\d\u202f]+ · sample #\d+")).first.inner_text()
    found = re.match(r"(\d+) of [\d\u202f]+ · sample #(\d+)", said)
    return int(found[1]), int(found[2])


def press_key(page, key: str, before: tuple[int, int]) -> tuple[int, int]:
    """Press a key and wait until another card is on screen."""
    page.keyboard.press(key)
    until = time.monotonic() + PATIENCE
    while place(page) == before:
        assert time.monotonic() < until, f"{key} led to no other card"
        page.wait_for_timeout(LOOK)
    quiet(page)
    return place(page)


def test_three_cards_are_read_by_keyboard_and_one_is_banned(made, serve, page):
    visit(page, serve(made) + "/budget?unit=rows&amount=8&tab=queue")
    page.get_by_text("0 of 8 read").wait_for()
    seen = [place(page)]
    page.get_by_label("Save as").click()
    page.keyboard.type("knob")  # letters of a name are no commands
    page.keyboard.press("Tab")
    quiet(page)
    mark = Dataset(made, "made").content_hash
    assert place(page) == seen[0] and not marked(made, mark, BAN) and not marked(made, mark, PIN)
    page.get_by_role("radio", name="Reading queue").click()
    quiet(page)
    for _ in range(2):
        seen.append(press_key(page, "n", seen[-1]))
    assert [at for at, _ in seen] == [1, 2, 3]
    reach(page, "place=3")
    page.get_by_text("2 of 8 read").wait_for()
    now = press_key(page, "b", seen[-1])
    assert marked(made, mark, BAN) == (seen[2][1],)
    assert now[0] == 3 and now[1] != seen[2][1]
    assert read_samples(made, mark) == {sample for _, sample in seen}
    assert press_key(page, "p", now) == seen[1]
    after = press_key(page, "k", seen[1])
    assert marked(made, mark, PIN) == (seen[1][1],) and after[0] == 3
    page.keyboard.press("o")
    page.get_by_role("dialog").get_by_text("Chosen at place 3").wait_for()
    assert page.evaluate("window.canary") is None
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    quiet(page)
    assert_ways_lead_both_ways(page)


def assert_ways_lead_both_ways(page) -> None:
    """A click on one of the picks that cover a left-out sample goes to it, a key goes back."""
    page.get_by_role("radio", name=re.compile("^Left out")).click()
    reach(page, "queue=left")
    quiet(page)
    left = place(page)
    page.get_by_test_id("stDataFrame").last.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    table = page.get_by_test_id("stDataFrame").last.bounding_box()
    page.mouse.click(table["x"] + 30, table["y"] + 50)
    page.wait_for_function("!document.location.search.includes('queue=left')")
    quiet(page)
    picked = place(page)
    assert picked[1] != left[1] and picked[0] <= 8
    assert press_key(page, "h", picked) == left
