"""Diversity: from a control to the redrawn picture in a real browser, and what is made once, at three sizes.

`python -m tests.bench diversity` takes 15,000 and 52,000 samples, `diversity-million` a million.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.scores.length_view import Box, view
from core.scores.spectrum import Bounds
from core.selection.diversity_report import (
    THETA_0,
    Diversity,
    cluster_columns,
    group_columns,
    length_report,
    size_of,
)
from core.selection.diversity_table import diversity_table
from core.selection.specification import active_sets
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.workspace import Workspace
from tests.bench.contenders import peak
from tests.bench.generated import NAME, generated_workspace
from tests.bench.selection import generate
from tests.bench.slider import Row, told

SIZES, MILLION = (15_000, 52_000), 1_000_000
MOVES, WARM_UP = 20, 3
PATIENCE = 600  # seconds until the first picture, which makes what is kept
AIM = 1.0  # seconds

# From the last click or key until the sentence or an axis stands elsewhere, timed in the page itself.
ARMED = """
() => {
  const state = () => [...document.querySelectorAll('h3')].map(h => h.innerText).join() + '|' +
    [...document.querySelectorAll('.js-plotly-plot')].map(p => p._fullLayout ?
      [p._fullLayout.xaxis.range, p._fullLayout.yaxis.range].join() : '').join()
  const before = state()
  window.took = null
  let began = null
  for (const name of ['mouseup', 'keydown'])
    document.addEventListener(name, () => { began = performance.now() }, {once: true, capture: true})
  const look = () => {
    if (began !== null && state() !== before)
      return requestAnimationFrame(() => { window.took = (performance.now() - began) / 1000 })
    requestAnimationFrame(look)
  }
  look()
}
"""


def bench() -> list[Row]:
    """(name, seconds, note): what is made once, then p50 and p95 of every control."""
    return [row for size in SIZES for row in at_size(size)]


def million() -> list[Row]:
    """The same at a million samples."""
    return at_size(MILLION)


def at_size(samples: int, *, n_features: int = 16_384, per_row: int = 60) -> list[Row]:
    """All measures at one number of samples."""
    with tempfile.TemporaryDirectory() as folder:
        features = generate(rows=samples, n_features=n_features, per_row=per_row)
        workspace = generated_workspace(Path(folder), features)
        note = f"{samples:,} samples, {len(features.indices):,} entries"
        return [*_engine(workspace, note), *_browser(workspace, note)]


def _engine(workspace: Workspace, note: str) -> list[Row]:
    analysis = open_analysis(workspace, NAME)
    features = active_sets(analysis, span="conversation", activity=THETA_0).features
    found = Diversity(analysis, Dataset(workspace, NAME), features, "conversation", THETA_0)
    by, resampled = group_columns(found.dataset)[0], cluster_columns(found.dataset)[0]
    size = size_of(found)
    table = None

    def make_table() -> None:
        nonlocal table
        table = diversity_table(found, by=by, bounds=Bounds(), size=size)

    once: list[tuple[str, Callable[[], object]]] = [
        ("rarefied richness of every sample, once", lambda: found.by_tokens),
        ("how every sample is built, once", lambda: found.complexity),
        (
            "what length explains, with intervals, once",
            lambda: length_report(found, by=by, resampled=resampled, size=size),
        ),
        ("the same, kept", lambda: length_report(found, by=by, resampled=resampled, size=size)),
        ("who carries the rare features, new bounds", lambda: found.carriers(by, Bounds(rare=0.7))),
        ("richness against length, all of it", lambda: view(found.tokens, features.richness)),
        ("richness against length, a part", lambda: view(found.tokens, features.richness, Box(20, 60, 10, 80))),
        ("the table of all samples", make_table),
        ("a page of it by another column", lambda: table and table.page("novelty", limit=50, offset=500)),
    ]
    return [(what, _seconds(work), note) for what, work in once]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _browser(workspace: Workspace, note: str) -> list[Row]:
    from tests.browser.server import chromium_started, serving

    with serving(workspace) as server, chromium_started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        rows = []
        for tab, what, move in (
            ("length", "what counts as active, to sentence and picture", _switch_rule),
            ("length", "a box on the picture, and back", _box_and_back),
            ("spectrum", "what is rare, to sentence and picture", _step_rare),
        ):
            page.goto(f"{server.address}/diversity?diversity_tab={tab}&diversity_counted=zero")
            page.locator(".js-plotly-plot .plot-container").first.wait_for(timeout=PATIENCE * 1000)
            page.locator("h3").first.wait_for(timeout=PATIENCE * 1000)
            took = [_timed(page, move, number) for number in range(WARM_UP + MOVES)][WARM_UP:]
            rows += told(f"diversity, {what}", took, f"{note}; aim p95 ≤ {AIM:g} s")
        return [*rows, ("diversity, the server's memory at most, GB", peak(server.pid) / 1e9, note)]


def _timed(page, move: Callable, number: int) -> float:
    page.evaluate(ARMED)
    move(page, number)
    page.wait_for_function("window.took !== null", timeout=PATIENCE * 1000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=PATIENCE * 1000)
    page.wait_for_timeout(300)  # a person looks before going on
    return page.evaluate("window.took")


def _switch_rule(page, number: int) -> None:
    page.get_by_role("radio", name="as on Budget" if number % 2 == 0 else "θ = 0").click()


def _box_and_back(page, number: int) -> None:
    """A box on the density asks the server for that part; on points it is the picture's own zoom."""
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    x, y = (box["x"] + box["width"] * (0.1 + 0.01 * number), box["y"] + box["height"] * 0.5)
    back = page.get_by_role("button", name="Whole picture")
    if number % 2 and back.count():
        return back.click()
    if number % 2:  # points are zoomed by the picture itself
        return page.mouse.dblclick(x, y)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 90, steps=4)
    page.mouse.up()


def _step_rare(page, number: int) -> None:
    """A new bound every time: nothing of the answer is known before."""
    page.get_by_label("Rare: at most % of samples").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
