"""The map: from a control to the redrawn picture in a real browser at three sizes, and what the server does for a lasso.

`python -m tests.bench map` takes 15,000 and 52,000 samples, `map-million` a million.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from core.scores.density import grid, whole_view
from core.scores.layout import Layout, LayoutSettings, write_layout
from core.scores.outline import outline
from core.selection.inside import features_inside
from core.store.analyses import open_analysis
from core.workspace import Workspace
from tests.bench.contenders import peak
from tests.bench.generated import NAME, generated_workspace
from tests.bench.selection import generate
from tests.bench.slider import Row, told

SIZES, MILLION = (15_000, 52_000), 1_000_000
FEATURES, PER_ROW = 16_384, {15_000: 150, 52_000: 150, MILLION: 60}
MOVES, WARM_UP, TIMES = 20, 3, 5
PATIENCE = 900  # seconds until the first picture: at a million, regions are cut and texts read once
CLUMPS = 40


def bench() -> list[Row]:
    """(name, seconds, note) of the usual sizes, the smallest first."""
    return [row for samples in SIZES for row in (*engine(samples), *browser(samples))]


def million() -> list[Row]:
    """The same at a million samples, drawn as cells."""
    return [*engine(MILLION), *browser(MILLION)]


@dataclass(frozen=True, slots=True)
class Seen:
    """Seconds to the first picture, of each switch and of each lasso, and the server's peak memory in GB."""

    first: float
    control: list[float]
    lasso: list[float]
    memory: float


def made_layout(samples: int) -> Layout:
    """Clumps of samples, as a map has them, without drawing one."""
    rng = np.random.default_rng(0)
    centres, spread = rng.uniform(0, 20, (CLUMPS, 2)), rng.uniform(0.2, 1.5, CLUMPS)
    clump = rng.integers(0, CLUMPS, samples)
    x, y = (centres[clump] + rng.normal(size=(samples, 2)) * spread[clump, None]).T.astype(np.float32)
    return Layout(LayoutSettings(), x, y)


def engine(samples: int) -> list[Row]:
    """Who is inside a lasso of 90 corners, the cells of a view, and the features inside against the rest."""
    layout, rng = made_layout(samples), np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    drawn = outline([np.stack([10 + 6 * np.cos(turn), 10 + 6 * np.sin(turn)], axis=1)])
    features = generate(rows=samples, n_features=FEATURES, per_row=PER_ROW[samples])
    tokens, members = (
        (features.richness * rng.lognormal(0, 0.5, samples)).astype(np.int32),
        drawn.inside(layout.x, layout.y),
    )
    view, nobody = whole_view(layout.x, layout.y), np.full(samples, -1)
    done = {
        "who is inside a lasso": lambda: drawn.inside(layout.x, layout.y),
        "cells of the whole map": lambda: grid(layout.x, layout.y, view, columns=260, rows=260).counts(),
        "features inside against the rest": lambda: features_inside(
            features, members, tokens=tokens, duplicate_of=nobody
        ),
    }
    note = f"{samples:,} samples, {len(features.indices) / 1e6:.1f} M entries, {int(members.sum()):,} inside, median of {TIMES}"
    rows = []
    for what, act in done.items():
        act()  # compiles
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            act()
            took.append(time.perf_counter() - began)
        rows.append((f"map, {what}", median(took), note))
    return rows


def browser(samples: int) -> list[Row]:
    """A switch over the map until the picture is drawn anew, and a lasso until the sentence says who is inside."""
    with tempfile.TemporaryDirectory() as folder:
        features = generate(rows=samples, n_features=FEATURES, per_row=PER_ROW[samples])
        workspace = generated_workspace(Path(folder), features)
        write_layout(open_analysis(workspace, NAME), made_layout(samples))
        seen = _in_browser(workspace)
    note = f"{samples:,} samples{', as cells' if samples > 100_000 else ''}"
    return [
        ("map, first picture, browser", seen.first, f"{note}; server {seen.memory:.1f} GB at most"),
        *told("map, control to redrawn picture, browser", seen.control, note),
        *told("map, lasso to answer, browser", seen.lasso, note),
    ]


def _in_browser(workspace: Workspace) -> Seen:
    from tests.browser.server import chromium_started, serving

    with serving(workspace) as server, chromium_started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        began = time.perf_counter()
        page.goto(f"{server.address}/map?dataset={NAME}&method=longest&unit=rows&amount=1000&rule=raw")
        page.wait_for_selector(".js-plotly-plot .nsewdrag", timeout=PATIENCE * 1000)
        page.wait_for_selector("text=Click a region to draw around it", timeout=PATIENCE * 1000)
        first = time.perf_counter() - began
        page.wait_for_timeout(5_000)
        control = [_switch(page) for _ in range(MOVES + WARM_UP)][WARM_UP:]
        lasso = [_lasso(page, number) for number in range(MOVES + WARM_UP)][WARM_UP:]
        return Seen(first, control, lasso, peak(server.pid) / 1e9)


# From the click until the picture is another one and stands, timed in the page itself.
ARM_SWITCH = """
() => {
  const names = () => document.querySelector('.js-plotly-plot')?._fullData?.map(trace => trace.name).join() ?? ''
  const before = names()
  window.took = null
  document.addEventListener('click', () => {
    const began = performance.now()
    const look = () => {
      const now = names()
      if (now && now !== before)
        return requestAnimationFrame(() => requestAnimationFrame(() => { window.took = (performance.now() - began) / 1000 }))
      requestAnimationFrame(look)
    }
    look()
  }, {once: true, capture: true})
}
"""
# From letting go of the mouse until the sentence is another one.
ARM_LASSO = """
() => {
  const before = document.querySelector('[data-testid=stMain] h3').innerText
  window.took = null
  document.addEventListener('mouseup', () => {
    const began = performance.now()
    const look = () => {
      if ((document.querySelector('[data-testid=stMain] h3')?.innerText ?? before) !== before)
        return requestAnimationFrame(() => { window.took = (performance.now() - began) / 1000 })
      requestAnimationFrame(look)
    }
    look()
  }, {once: true, capture: true})
}
"""


def _switch(page) -> float:
    page.evaluate(ARM_SWITCH)
    page.get_by_text("Grey what is not chosen").click()
    return _took(page)


def _lasso(page, number: int) -> float:
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    middle = box["x"] + box["width"] * (0.4 + 0.02 * (number % 8)), box["y"] + box["height"] * 0.5
    turns = [(middle[0] + 70 * np.cos(k / 3), middle[1] + 70 * np.sin(k / 3)) for k in range(18)]
    page.mouse.move(*turns[0])
    page.mouse.down()
    for place in turns[1:]:
        page.mouse.move(*place)
    page.evaluate(ARM_LASSO)
    page.mouse.up()
    return _took(page)


def _took(page) -> float:
    page.wait_for_function("window.took !== null", timeout=120_000)
    page.wait_for_timeout(800)  # a person looks before going on
    return page.evaluate("window.took")
