"""The first minutes of a new user: nothing there, one click on the demo, and on to a verified file."""

import json
import re

import pytest

from core.export.verify import SAME, verify
from core.scores.feature_sets import Activity
from core.scores.redundancy_search import Redundancy, redundancy
from core.selection.specification import RankingSpec, active_sets, pool_of, rank_by
from core.store.analyses import Analysis, all_analyses
from core.store.datasets import Dataset
from core.workspace import BUNDLED_SAE, DEMO_FILE, Workspace
from tests.browser.conftest import answer, quiet, visit
from tests.browser.test_walk import press

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]
ANALYSIS_SECONDS = 600


def test_from_an_empty_workspace_over_the_demo_to_a_file(workspace, serve, page):
    assert (BUNDLED_SAE / "sae_weights.safetensors").exists() and DEMO_FILE.exists(), (
        "model, SAE and demo ship with the project"
    )
    visit(page, serve(workspace))
    press(page, "Open the demo")
    page.get_by_role("link", name="Choose samples").wait_for(timeout=ANALYSIS_SECONDS * 1000)
    (analysis,), damaged = all_analyses(workspace)
    assert not damaged and analysis.n_samples == 1750
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Budget").click()
    page.locator("h1", has_text="Budget").wait_for()
    said = answer(page, "8")
    assert re.match(r"8[78] rows", said), said  # 5 % of 1,750 is 87.5
    quiet(page)
    page.get_by_label("Save as").fill("first")
    page.keyboard.press("Enter")
    quiet(page)
    press(page, "Save")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Hand-over").click()
    page.locator("h1", has_text="Hand-over").wait_for()
    quiet(page)
    press(page, "Write the file")
    page.get_by_text("Read back: same").wait_for()
    press(page, "Verify")
    page.get_by_text("is what the manifest says, recomputed").wait_for()
    lines = (workspace.exports / "first.jsonl").read_bytes().splitlines(keepends=True)
    source = DEMO_FILE.read_bytes().splitlines(keepends=True)
    assert set(lines) <= set(source) and len(lines) == 88
    assert verify(workspace, workspace.exports / "first.jsonl.manifest.json").code == SAME
    assert padded(lines) < padded([source[i] for i in longest(workspace, analysis, len(lines))])
    found, planted = near_copies_of(analysis), planted_pairs(source)
    assert len(planted) == 100
    assert all(b == found.nearest[a] or a == found.nearest[b] for a, b in planted)
    recalled = sum(overlap_of(found, a, b) >= 0.7 for a, b in planted)
    assert recalled >= 88 and recalled / found.pairs_at(0.7) >= 0.95  # 92 and 0.99 where they were planted


def near_copies_of(analysis: Analysis) -> Redundancy:
    """Who repeats whom, by every active feature."""
    return redundancy(active_sets(analysis, span="conversation", activity=Activity(mode="raw")).features)


def planted_pairs(source: list[bytes]) -> list[tuple[int, int]]:
    """The samples that were copied with small edits, each with the one it was copied from."""
    records = [json.loads(line) for line in source]
    place = {record["id"]: number for number, record in enumerate(records)}
    return [
        (number, place[record["planted_of"]])
        for number, record in enumerate(records)
        if record["planted"] == "near_duplicate"
    ]


def overlap_of(found: Redundancy, a: int, b: int) -> float:
    """Of two samples, one of which is the other's nearest."""
    return float(found.overlap[a if found.nearest[a] == b else b])


def padded(lines: list[bytes]) -> int:
    """How many of the answers that were blown up on purpose are among them."""
    return sum(json.loads(line)["planted"] == "padded" for line in lines)


def longest(workspace: Workspace, analysis: Analysis, rows: int) -> list[int]:
    """The longest answers of the demo, as the method of that name orders them."""
    spec = RankingSpec(analysis=analysis.id, method="longest")
    return rank_by(pool_of(analysis, Dataset(workspace, "demo"), spec), spec, upto=rows).sample_ids.tolist()
