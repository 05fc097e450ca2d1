"""From the slider to the redrawn sentence and curve: in a real browser at 52,000 samples, the engine's part at a million."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import quantiles

import numpy as np

from core.scores.answer import answer
from core.scores.coverage import token_grid
from core.scores.curve import Curve, chance, curve_along
from core.scores.yardsticks import by_count
from core.selection.budget import Budget
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.select import cut
from core.workspace import Workspace
from tests.bench.contenders import peak
from tests.bench.generated import NAME, generated_workspace
from tests.bench.selection import generate

SAMPLES, MILLION = 52_000, 1_000_000
MOVES, WARM_UP = 60, 5
MARKER = ".js-plotly-plot .scatterlayer"
PATIENCE = 300  # seconds until the first picture

Row = tuple[str, float, str]


def bench() -> list[Row]:
    """(name, seconds, note): p50 and p95 of each."""
    return [*browser(), *engine()]


def browser(*, samples: int = SAMPLES, n_features: int = 131_072, per_row: int = 300) -> list[Row]:
    """A key on the slider until sentence and curve have changed, at one tab after the other."""
    with tempfile.TemporaryDirectory() as folder:
        features = generate(rows=samples, n_features=n_features, per_row=per_row)
        workspace = generated_workspace(Path(folder), features)
        rows = []
        for tab in ("reproduce", "queue"):
            took, _ = in_browser(workspace, tab)
            rows += told(
                f"slider to sentence and curve, browser, tab {tab}", took, f"{samples:,} samples; aim p95 ≤ 0.3 s"
            )
        return rows


def engine(*, samples: int = MILLION, n_features: int = 131_072, per_row: int = 200) -> list[Row]:
    """A new budget until sentence and curve are known, in all three units; what is made once is told apart."""
    features = generate(rows=samples, n_features=n_features, per_row=per_row)
    tokens = np.random.default_rng(1).integers(20, 400, samples).astype(np.int32)
    pool = Pool(
        features=features, scored_tokens=tokens, response_tokens=tokens, conversation_tokens=tokens,
        eligible=np.ones(samples, bool),
    )  # fmt: skip
    method = find("richest")
    ranking = method.rank(pool, method.options())
    began = time.perf_counter()
    measure = by_count(features)
    mine = curve_along(measure, ranking.sample_ids, tokens=tokens)
    beside = chance(measure, tokens=tokens, eligible=pool.free)
    once = time.perf_counter() - began
    budgets = [
        *(Budget(percent=round(float(p), 3)) for p in np.geomspace(0.01, 100, 20)),
        *(Budget(rows=int(rows)) for rows in np.geomspace(1, samples, 20)),
        *(Budget(tokens=int(t)) for t in np.geomspace(1_000, int(tokens.sum(dtype=np.int64)), 20)),
    ]
    took = [_one_move(pool, ranking, budget, mine, beside, measure.total) for budget in budgets]
    note = f"{samples:,} samples, {len(features.indices):,} entries"
    return [
        ("curves of a ranking and of chance, once", once, note),
        *told("a new budget, engine", took, f"{note}; aim ≤ 1 s"),
    ]


def _one_move(pool: Pool, ranking, budget: Budget, mine: Curve, beside: tuple[Curve, ...], live: int) -> float:
    began = time.perf_counter()
    selected = cut(pool, ranking, method="richest", options=None, budget=budget)
    same = np.array_equal(ranking.sample_ids[: len(selected.sample_ids)], selected.sample_ids)
    assert same
    answer(mine, beside, rows=len(selected.sample_ids), live=live)
    grid = token_grid(pool.conversation_tokens)
    mine.within(grid)
    return time.perf_counter() - began


def told(what: str, took: list[float], note: str) -> list[Row]:
    """The rows of a measurement: its median and its 95th percentile."""
    cuts = quantiles(took, n=20, method="inclusive")
    return [(f"{what}, p50", cuts[9], note), (f"{what}, p95", cuts[18], f"{len(took)} moves")]


def in_browser(workspace: Workspace, tab: str, *, patience: float = PATIENCE) -> tuple[list[float], dict[str, float]]:
    """Seconds of each move; and of the server: seconds to the first picture, and its peak memory in GB."""
    from tests.browser.server import chromium_started, serving

    with serving(workspace) as server, chromium_started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        began = time.perf_counter()
        page.goto(f"{server.address}/budget?dataset={NAME}&tab={tab}&unit=rows&amount=200")
        page.wait_for_selector(MARKER, timeout=patience * 1000)
        about = {"first picture": time.perf_counter() - began}
        page.wait_for_timeout(5_000)
        took = [_move(page, number) for number in range(MOVES + WARM_UP)][WARM_UP:]
        return took, about | {"memory": peak(server.pid) / 1e9}


# From the key until the sentence and the budget's line on the curve both stand elsewhere, timed in the page itself.
ARMED = """
() => {
  const state = () => [document.querySelector('h3').textContent,
    document.querySelector('.js-plotly-plot').layout.shapes.map(shape => shape.x0).join()]
  const before = state()
  window.took = null
  document.addEventListener('keydown', () => {
    const began = performance.now()
    const look = () => {
      const now = state()
      if (now[0] !== before[0] && now[1] !== before[1])
        return requestAnimationFrame(() => { window.took = (performance.now() - began) / 1000 })
      requestAnimationFrame(look)
    }
    look()
  }, {once: true, capture: true})
}
"""


def _move(page, number: int) -> float:
    page.locator("[data-testid=stSlider] input[type=range]").focus()
    page.evaluate(ARMED)
    page.keyboard.press("ArrowRight" if number % 8 < 4 else "ArrowLeft")
    page.wait_for_function("window.took !== null", timeout=30_000)
    page.wait_for_timeout(500)  # a person looks before going on
    return page.evaluate("window.took")
