"""From a file to the line that starts the training, in a real browser, each step timed.

`python -m tests.bench walk --file dolly_15k.jsonl.gz [--analysis FOLDER] [--pictures DIR]` begins with an empty workspace.
With `--analysis`, the finished analysis of that file is brought in instead of made: its pass is then told by what it took
when it was made.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.export.verify import SAME, verify
from core.store.analyses import Analysis
from core.workspace import Workspace

PASS_SECONDS = 3_600
THEMES = ("light", "dark")


def main(words: Sequence[str]) -> None:
    """Walk, and print the seconds of each step."""
    said = argparse.ArgumentParser(prog="python -m tests.bench walk")
    said.add_argument("--file", type=Path, required=True)
    said.add_argument("--analysis", type=Path, help="the folder of a finished analysis of this file")
    said.add_argument("--pictures", type=Path, help="where to put a picture of each screen on the way")
    given = said.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        total = {"all": 0.0, "pass": 0.0}
        for what, seconds, note in walk(Workspace(Path(place)), given.file, given.analysis, given.pictures):
            total["pass" if what.startswith("analysis") else "all"] += seconds
            print(f"  {what:<64} {seconds:8.1f} s   {note}", flush=True)
        print(f"  {'all but the pass over the model':<64} {total['all']:8.1f} s")


def walk(
    workspace: Workspace, file: Path, analysis: Path | None, pictures: Path | None
) -> Iterator[tuple[str, float, str]]:
    """Each step with its seconds, and what was seen."""
    from tests.browser.server import serving

    with serving(workspace) as server, _page() as page:
        address = server.address
        steps = _Steps(page, pictures)
        yield steps.done("the app on an empty workspace", lambda: _visit(page, address + "/data-sets"))
        yield steps.done(f"import of {file.name}", lambda: _import(page, file))
        yield from _analysed(steps, workspace, analysis)
        budget = f"{address}/budget?unit=percent&amount=5"
        yield steps.done("Budget: 5 % by SAE-GreedSelect, ranked for the first time", lambda: _budget(page, budget))
        yield steps.done("the slider: one step up", lambda: _slider(page))
        yield steps.done("the selection is saved", lambda: _save(page))
        yield steps.done("Hand-over opens", lambda: _hand_over(page))
        yield steps.done("the file is written, read back and compared", lambda: _write(page))
        yield steps.done("verified: all recomputed from the stored data", lambda: _verify(page))
        yield steps.done("what the trainer makes of it: tokenised once", lambda: _preview(page))
        yield steps.done("the line that starts the training is on screen", lambda: _command(page))
        manifest = next(workspace.exports.glob("*.manifest.json"))
        assert verify(workspace, manifest).code == SAME


class _Steps:
    """A stopwatch that takes a picture, light and dark, after each step where one is wanted."""

    def __init__(self, page, pictures: Path | None) -> None:
        self._page, self._pictures, self._number = page, pictures, 0

    def done(self, what: str, step: Callable[[], str]) -> tuple[str, float, str]:
        """Do a step; its words, its seconds and what it saw."""
        began = time.perf_counter()
        seen = step()
        took = time.perf_counter() - began
        self._number += 1
        if self._pictures:
            self._pictures.mkdir(parents=True, exist_ok=True)
            for theme in THEMES:
                self._page.emulate_media(color_scheme=theme)
                self._page.wait_for_timeout(400)  # the theme is drawn by the page itself, after which nothing is told
                self._page.screenshot(path=str(self._pictures / f"{self._number:02}-{theme}.png"), full_page=True)
            self._page.emulate_media(color_scheme="light")
        return what, took, seen


@contextmanager
def _page():
    from tests.browser.server import chromium_started
    from tests.browser.traffic import Traffic

    with chromium_started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(300_000)
        page.traffic = Traffic(page)
        yield page


def _visit(page, address: str) -> str:
    from tests.browser.conftest import visit

    visit(page, address)
    return page.title()


def _quiet(page) -> None:
    from tests.browser.conftest import quiet

    quiet(page, 600)


def _press(page, label: str) -> None:
    page.get_by_role("button", name=label).first.click()
    _quiet(page)


def _import(page, file: Path) -> str:
    if not page.get_by_text("Upload a file").first.is_visible():  # where there is nothing yet, the form stands open
        page.get_by_text("Add a data set").first.click()
    page.locator("input[type=file]").first.set_input_files(str(file))
    page.get_by_text(file.name).first.wait_for()
    _quiet(page)
    page.get_by_label("Name", exact=True).fill("walked")
    page.keyboard.press("Enter")
    _quiet(page)
    page.get_by_role("button", name="Add", exact=True).click()
    said = page.get_by_text("walked: ").first  # told once it is added
    said.wait_for(timeout=600_000)
    seen = said.inner_text()
    _quiet(page)
    return seen


def _analysed(steps: _Steps, workspace: Workspace, analysis: Path | None) -> Iterator[tuple[str, float, str]]:
    page = steps._page
    if analysis is not None:
        to = workspace.analyses / analysis.name
        shutil.copytree(analysis, to, ignore=shutil.ignore_patterns("derived"))
        found = Analysis(to)
        seconds = float(found.meta.get("seconds", 0.0))
        found.close()
        yield "analysis: brought in; the seconds are those of its own pass", seconds, f"{analysis.name}"
    else:
        yield steps.done("analysis with the bundled pair, a job", lambda: _analyse(page))


def _analyse(page) -> str:
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Analyse").click()
    _quiet(page)
    _press(page, "Start")
    page.get_by_role("link", name="Choose samples").wait_for(timeout=PASS_SECONDS * 1000)
    return "finished"


def _budget(page, address: str) -> str:
    from tests.browser.conftest import answer

    _visit(page, address)
    _quiet(page)
    return answer(page)


def _slider(page) -> str:
    from tests.browser.conftest import answer

    before = answer(page)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stMain] h3').innerText !== before", arg=before
    )
    return answer(page)


def _save(page) -> str:
    page.get_by_label("Save as").fill("subset")
    page.keyboard.press("Enter")
    _quiet(page)
    page.locator("[data-testid^=stBaseButton]", has_text="Save").first.click()
    page.get_by_text("Saved as subset").first.wait_for()
    _quiet(page)
    return "subset"


def _hand_over(page) -> str:
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Hand-over").click()
    page.locator("[data-testid=stMain] h1", has_text="Hand-over").wait_for()
    _quiet(page)
    return "its figures, the form, the first records as they will be written"


def _write(page) -> str:
    _press(page, "Write the file")
    said = page.get_by_text("Read back: same").first
    said.wait_for()
    return said.inner_text()


def _verify(page) -> str:
    _press(page, "Verify")
    said = page.get_by_text("is what the manifest says, recomputed").first
    said.wait_for()
    return said.inner_text()


def _preview(page) -> str:
    _press(page, "See what it makes of them")
    said = page.get_by_text("LLaMA-Factory trains on").first
    said.wait_for()
    _quiet(page)
    return said.inner_text()


def _command(page) -> str:
    line = page.get_by_test_id("stCode").filter(has_text="llamafactory-cli train").first
    line.wait_for()
    return line.inner_text().replace("\n", " ")
