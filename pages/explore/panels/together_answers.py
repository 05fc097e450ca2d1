"""What capabilities choose beside each other, asked for once: keyed by the plain values that decide it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import streamlit as st

from core.files import json_hash
from core.scores.capability import load_capability
from core.selection.budget import about_rows
from core.selection.methods.registry import find, parse_options
from core.selection.pool import Pool
from core.selection.specification import RankingSpec, pool_of
from core.selection.together import Picks, picks_of
from pages.shared import engine
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.engine import Opened


@dataclass(frozen=True, eq=False)
class Chosen:
    """What each capability chooses alone, out of a pool; `key` names it in a cache."""

    picks: Picks
    pool: Pool
    key: str


def chosen_together(opened: Opened, names: list[str], method: str) -> Chosen:
    """The picks of each capability by a method with the options chosen on Budget, for as many rows as its budget buys."""
    spec = replace(draft_spec(opened, method=method), pins=())
    pool = _pool(opened, opened.key, engine.words(replace(spec, method="random", options={})))
    rows = about_rows(draft_budget(), pool)
    hashes = [load_capability(opened.workspace, name).sha256 for name in names]
    key = json_hash([opened.key, engine.words(spec), names, hashes, rows])
    return Chosen(_picks(pool, spec, tuple(names), rows, key), pool, key)


@st.cache_resource(max_entries=4, show_spinner=False)
def _pool(_opened: Opened, key: str, said: str) -> Pool:
    spec = RankingSpec.from_dict(json.loads(said))
    return pool_of(_opened.analysis, _opened.dataset, spec, features=engine.active(_opened, spec).features)


@st.cache_resource(max_entries=8, show_spinner="Letting each capability choose …")
def _picks(_pool: Pool, _spec: RankingSpec, names: tuple[str, ...], rows: int, key: str) -> Picks:
    options = parse_options(find(_spec.method), _spec.options)
    return picks_of(_pool, names, method=_spec.method, options=options, rows=rows)
