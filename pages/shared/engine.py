"""The engine's answers, each asked for once: every cache is keyed by plain values that decide the answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.answer import SEEDS, Answer, Chance, answer, chance
from core.scores.coverage import NOBODY, random_band, reached, reached_at, reached_at_tokens
from core.scores.feature_sets import Activity
from core.scores.overview import Overview, overview
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.rankings import kept_ranking
from core.selection.specification import ActiveSets, RankingSpec, active_sets, pool_of, rank_by
from core.store.analyses import Analysis, analysis_folders
from core.store.datasets import Dataset, dataset_names
from core.store.tables import DATABASE
from core.workspace import Workspace
from pages.shared.messages import guard

GRID = 160  # points of a curve


@dataclass(frozen=True, slots=True)
class Opened:
    """An analysis with its data set, and the plain words that name both in a cache."""

    workspace: Workspace
    analysis: Analysis
    dataset: Dataset

    @property
    def key(self) -> str:
        return f"{self.analysis.folder.resolve()}:{self.analysis.content_hash}"


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(root: str, name: str, stamp: int) -> Dataset:
    return Dataset(Workspace(Path(root)), name)


@st.cache_resource(max_entries=16, show_spinner=False)
def _analysis(folder: str, stamp: int) -> Analysis:
    return Analysis(Path(folder))


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """A data set by name, opened once for all sessions."""
    path = workspace.datasets / name / "samples.duckdb"
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return _dataset(str(workspace.root.resolve()), name, stamp)


def datasets(workspace: Workspace) -> list[Dataset]:
    """All data sets, by name; one that cannot be opened is told in a sentence and left out."""
    found = []
    for name in dataset_names(workspace):
        with guard():
            found.append(open_dataset(workspace, name))
    return found


def analyses(workspace: Workspace) -> list[Analysis]:
    """All finished analyses, newest first; one that cannot be opened is told in a sentence and left out."""
    found = []
    for folder in reversed(analysis_folders(workspace)):
        with guard():
            found.append(_analysis(str(folder.resolve()), (folder / DATABASE).stat().st_mtime_ns))
    return found


def open_pair(workspace: Workspace, analysis: Analysis) -> Opened:
    """An analysis with the data set it was made from; `GamutError` where that is not here."""
    named = sorted(datasets(workspace), key=lambda dataset: dataset.name != analysis.dataset)
    found = next((dataset for dataset in named if dataset.content_hash == analysis.dataset_hash), None)
    if found is None:
        raise GamutError(f"The data set that analysis {analysis.id} was made from ({analysis.dataset!r}) is not here.")
    return Opened(workspace, analysis, found)


@st.cache_resource(max_entries=32, show_spinner=False)
def overview_of(_analysis: Analysis, key: str) -> Overview:
    """The figures of an analysis."""
    return overview(_analysis)


@st.cache_resource(max_entries=6, show_spinner="Reading which features are active …")
def _active(_opened: Opened, key: str, span: str, mode: str, quantile: float | None, theta: float) -> ActiveSets:
    return active_sets(_opened.analysis, span=span, activity=Activity(mode=mode, quantile=quantile, theta=theta))


def active(opened: Opened, spec: RankingSpec) -> ActiveSets:
    """The feature sets of a specification; methods, pins and budgets share them."""
    rule = spec.activity
    return _active(opened, opened.key, spec.span, rule.mode, rule.quantile, rule.theta)


def words(spec: RankingSpec) -> str:
    """A specification as a plain value."""
    return json.dumps(spec.as_dict(), sort_keys=True)


@st.cache_resource(max_entries=12, show_spinner="Ranking …")
def _ranked(_opened: Opened, key: str, said: str) -> tuple[Pool, Ranking]:
    spec = RankingSpec.from_dict(json.loads(said))
    pool = pool_of(_opened.analysis, _opened.dataset, spec, features=active(_opened, spec).features)
    if spec.pins or spec.bans:  # a click changes them: such rankings are not worth a file each
        return pool, rank_by(pool, spec)
    return pool, kept_ranking(_opened.analysis, pool, spec)


def ranked(opened: Opened, spec: RankingSpec) -> tuple[Pool, Ranking]:
    """The pool and the whole ranking of a specification: computed once, a budget only cuts it."""
    return _ranked(opened, opened.key, words(spec))


@dataclass(frozen=True, slots=True)
class Curves:
    """Features reached in at least c rows: on a grid of tokens by this order, by chance, and by the whole pool."""

    tokens: np.ndarray
    reached: np.ndarray
    band: np.ndarray
    whole: int
    at: np.ndarray  # after 1, 2, … rows of the ranking
    spent: np.ndarray  # tokens of 1, 2, … rows of the ranking


@st.cache_resource(max_entries=32, show_spinner=False)
def _curves(_opened: Opened, key: str, said: str, c: int) -> Curves:
    pool, ranking = ranked(_opened, RankingSpec.from_dict(json.loads(said)))
    at = reached(pool.features, ranking.sample_ids, c=(c,), base=pool.base)[0]
    before = reached_at(pool.features, NOBODY, c=c, base=pool.base)
    tokens = pool.conversation_tokens[ranking.sample_ids]
    spent = np.cumsum(tokens, dtype=np.int64)
    grid = token_grid(pool.conversation_tokens)
    band = _band(_opened, key, said_of_pool(said), c, tuple(grid.tolist()))
    return Curves(
        grid, reached_at_tokens(at, tokens, grid, before=before), band, int(at[-1]) if len(at) else before, at, spent
    )


def said_of_pool(said: str) -> str:
    """A specification without what leaves the pool as it is, so that methods share the random band."""
    spec = json.loads(said)
    return json.dumps(spec | {"method": "random", "options": {}, "pins": []}, sort_keys=True)


@st.cache_resource(max_entries=32, show_spinner=False)
def _band(_opened: Opened, key: str, said: str, c: int, grid: tuple[int, ...]) -> np.ndarray:
    pool, _ = ranked(_opened, RankingSpec.from_dict(json.loads(said)))
    return random_band(
        pool.features,
        pool.conversation_tokens,
        pool.free,
        seeds=SEEDS,
        grid_tokens=np.asarray(grid),
        c=c,
        base=pool.base,
    )


def curves(opened: Opened, spec: RankingSpec, c: int) -> Curves:
    """The curve of a specification beside the random band."""
    return _curves(opened, opened.key, words(spec), c)


def token_grid(tokens: np.ndarray) -> np.ndarray:
    """Budgets to draw a curve at: evenly spaced on a logarithmic axis from about one row to everything."""
    high = max(1, int(tokens.sum(dtype=np.int64)))
    low = min(high, max(1, int(np.median(tokens)) if len(tokens) else 1))
    return np.unique(np.geomspace(low, high, GRID).round().astype(np.int64))


@st.cache_resource(max_entries=12, show_spinner=False)
def _chance(_opened: Opened, key: str, said: str) -> Chance:
    pool, _ = ranked(_opened, RankingSpec.from_dict(json.loads(said)))
    return chance(pool.features, tokens=pool.conversation_tokens, eligible=pool.free, base=pool.base)


@st.cache_resource(max_entries=256, show_spinner=False)
def _answer(_opened: Opened, key: str, said: str, size: int) -> Answer:
    pool, ranking = ranked(_opened, RankingSpec.from_dict(json.loads(said)))
    beside = _chance(_opened, key, said_of_pool(said))
    return answer(
        pool.features, ranking.sample_ids[:size], tokens=pool.conversation_tokens, beside=beside, base=pool.base
    )


def answer_of(opened: Opened, spec: RankingSpec, size: int) -> Answer:
    """The first `size` rows of a ranking beside chance."""
    return _answer(opened, opened.key, words(spec), size)
