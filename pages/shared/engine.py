"""The engine's answers, each asked for once: every cache is keyed by plain values that decide the answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import GamutError
from core.files import json_hash
from core.scores.feature_sets import Activity
from core.scores.overview import Overview, overview
from core.selection.budget import Budget, decides
from core.selection.leans import leans_of
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.rankings import kept_ranking
from core.selection.reach import ranked_for
from core.selection.specification import ActiveSets, RankingSpec, active_sets, own_order, pool_of, rank_by
from core.store.analyses import Analysis, analysis_folders
from core.store.datasets import Dataset, dataset_names
from core.store.tables import DATABASE
from core.workspace import Workspace
from pages.shared.messages import guard


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


@st.cache_resource(max_entries=12, show_spinner=False)
def _pool(_opened: Opened, key: str, said: str) -> Pool:
    spec = RankingSpec.from_dict(json.loads(said))
    return pool_of(_opened.analysis, _opened.dataset, spec, features=active(_opened, spec).features)


def pool_to_rank(opened: Opened, spec: RankingSpec) -> Pool:
    """The pool of a specification, the same for all its quotas."""
    own = own_order(spec)
    return _pool(opened, key_of(opened, own), words(own))


@st.cache_resource(max_entries=24, show_spinner="Ranking …")
def _ranked(_opened: Opened, key: str, said: str, upto: int) -> Ranking:
    spec = RankingSpec.from_dict(json.loads(said))
    pool = pool_to_rank(_opened, spec)
    if spec.constraints.orders:  # a walk along the ranking of the method, which is kept
        own = own_order(spec)
        return rank_by(pool, spec, upto=upto, own=lambda rows: _ranked_upto(_opened, pool, own, rows))
    if spec.pins or spec.bans or spec.constraints:  # a click changes them: such rankings are not worth a file each
        return rank_by(pool, spec, upto=upto)
    return kept_ranking(_opened.analysis, pool, spec, upto=upto)


@st.cache_resource(max_entries=256, show_spinner=False)
def _farthest(key: str, said: str) -> list[int]:
    """How far a ranking was asked for in any session: it never becomes shorter again while one looks at it."""
    return [0]


def _ranked_upto(opened: Opened, pool: Pool, spec: RankingSpec, rows: int) -> Ranking:
    """The first `rows` of a ranking, or as many as were asked for before."""
    key, said = key_of(opened, spec), words(spec)
    farthest = _farthest(key, said)
    farthest[0] = min(max(rows, farthest[0]), pool.available)
    return _ranked(opened, key, said, farthest[0])


def ranked(opened: Opened, spec: RankingSpec, budget: Budget | None = None) -> tuple[Pool, Ranking]:
    """The pool and the ranking of a specification, as far as a budget needs it with room to move; without one, whole.

    Computed once and only cut by a budget within reach; a larger one goes on from there.
    """
    pool = pool_to_rank(opened, spec)
    if budget is None:
        return pool, _ranked_upto(opened, pool, spec, pool.available)
    if _farthest(key_of(opened, spec), words(spec))[0]:
        at_hand = _ranked_upto(opened, pool, spec, 0)
        if decides(at_hand, budget, pool):
            return pool, at_hand
    return pool, ranked_for(pool, find(spec.method), budget, lambda rows: _ranked_upto(opened, pool, spec, rows))


def key_of(opened: Opened, spec: RankingSpec) -> str:
    """What decides a ranking beside its specification: the analysis, and what its options call by name."""
    leans = leans_of(opened.workspace, spec)
    return f"{opened.key}:{json_hash(leans)}" if leans else opened.key
