"""Curves and the sentence above them: each ranking is passed over once, whatever moves with the slider is looked up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.scores.answer import Answer, answer
from core.scores.coverage import knee, token_grid
from core.scores.curve import Curve, chance, curve_along
from core.scores.word_grams import word_grams
from core.scores.yardsticks import Yardstick, by_count, by_held_out_rows
from core.selection.constraints import Constraints
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.reach import is_whole
from core.selection.saved import Selection, load_selection
from core.selection.specification import RankingSpec, pool_of
from pages.shared.engine import Opened, active, key_of, words
from pages.shared.state import YARDSTICKS

FEATURES, WORDS, HELD_OUT = YARDSTICKS
PLAIN = {"method": "random", "options": {}, "pins": []}  # none of these changes what chance may draw


@dataclass(frozen=True, slots=True)
class Asked:
    """A specification on screen with its names in the caches: `own`, and `fair` for what all its methods share."""

    opened: Opened
    spec: RankingSpec
    own: str
    fair: str

    @staticmethod
    def of(opened: Opened, spec: RankingSpec) -> Asked:
        """Made once in a run: with many bans the names take their time."""
        return Asked(opened, spec, _mark(key_of(opened, spec), words(spec)), _mark(opened.key, words(_plain(spec))))


@dataclass(frozen=True, slots=True)
class Picture:
    """One method's curve as it is drawn, by one yardstick and one c; heights in the yardstick's unit.

    tokens: int (g); reached: (g), or fewer where the ranking does not go so far (yet, or within its constraints); band:
    (seeds, g), by chance; whole: what the whole pool reaches; knee: the place on the grid, or None, as where the curve's
    end is not known.
    """

    tokens: np.ndarray
    reached: np.ndarray
    band: np.ndarray
    whole: float
    knee: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """A selection on the picture."""

    name: str
    rows: int
    tokens: int
    reached: float


def _plain(spec: RankingSpec) -> RankingSpec:
    eligible = Constraints(only=spec.constraints.only)  # quotas bind a selection, not what chance may draw
    return RankingSpec.from_dict(spec.as_dict() | PLAIN | {"constraints": eligible.as_dict()})


def _mark(*said: str) -> str:
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@st.cache_resource(max_entries=6, show_spinner=False)
def _pool(_asked: Asked, fair: str) -> Pool:
    spec = _plain(_asked.spec)
    return pool_of(_asked.opened.analysis, _asked.opened.dataset, spec, features=active(_asked.opened, spec).features)


def fair_pool(asked: Asked) -> Pool:
    """The rows that chance draws from, whatever the method."""
    return _pool(asked, asked.fair)


@st.cache_resource(max_entries=4, show_spinner="Counting the runs of four words, once for this data set …")
def _word_runs(_asked: Asked, dataset_hash: str) -> Yardstick:
    return by_count(word_grams(_asked.opened.dataset))


@st.cache_resource(max_entries=6, show_spinner=False)
def _yardstick(_asked: Asked, fair: str, name: str) -> Yardstick:
    pool = fair_pool(_asked)
    if name == HELD_OUT:
        return by_held_out_rows(pool.features, duplicate_of=pool.known.duplicate_of, eligible=pool.free)
    return by_count(pool.features)


def yardstick(asked: Asked, name: str) -> Yardstick:
    """What is counted as reached."""
    if name == WORDS:
        return _word_runs(asked, asked.opened.dataset.content_hash)
    return _yardstick(asked, asked.fair, name)


def unit_of(asked: Asked, name: str) -> float:
    """What a count is multiplied by to be shown: held-out rows are told in percent."""
    return 100 / max(1, yardstick(asked, name).total) if name == HELD_OUT else 1


@st.cache_resource(max_entries=16, show_spinner=False)
def _curve(_asked: Asked, _ranking: Ranking, own: str, rows: int, name: str) -> Curve:
    pool = fair_pool(_asked)
    return curve_along(
        yardstick(_asked, name), _ranking.sample_ids, tokens=pool.conversation_tokens, base=pool.base
    )  # fmt: skip


def curve_of(asked: Asked, ranking: Ranking, name: str = FEATURES) -> Curve:
    """The curve of a ranking, as far as it goes."""
    return _curve(asked, ranking, asked.own, len(ranking), name)


@st.cache_resource(max_entries=6, show_spinner=False)
def _chance(_asked: Asked, fair: str, name: str) -> tuple[Curve, ...]:
    pool = fair_pool(_asked)
    return chance(yardstick(_asked, name), tokens=pool.conversation_tokens, eligible=pool.free, base=pool.base)


def chance_of(asked: Asked, name: str = FEATURES) -> tuple[Curve, ...]:
    """The curves of random orders of the same rows."""
    return _chance(asked, asked.fair, name)


@st.cache_resource(max_entries=64, show_spinner=False)
def _picture(_asked: Asked, _ranking: Ranking, own: str, rows: int, name: str, c: int) -> Picture:
    mine, beside, each = curve_of(_asked, _ranking, name), chance_of(_asked, name), unit_of(_asked, name)
    pool = fair_pool(_asked)
    grid = token_grid(pool.conversation_tokens)
    height = mine.within(grid[grid <= mine.spent[-1]], c=c) * each  # nothing can be bought beyond a ranking's end
    band = np.array([curve.within(grid, c=c) * each for curve in beside])
    end = mine if len(_ranking) >= pool.available else beside[0]  # constraints may end a ranking before the pool does
    bend = knee(grid[: len(height)], height) if is_whole(_ranking, pool) else None
    return Picture(grid, height, band, end.after(len(end.spent), c=c) * each, bend)


def picture_of(asked: Asked, ranking: Ranking, name: str, c: int) -> Picture:
    """The curve of a ranking beside chance, as it is drawn."""
    return _picture(asked, ranking, asked.own, len(ranking), name, c)


@st.cache_resource(max_entries=64, show_spinner=False)
def _own_curve(_asked: Asked, fair: str, name: str, mark: str, _ids: np.ndarray) -> Curve:
    pool = fair_pool(_asked)
    return curve_along(yardstick(_asked, name), _ids, tokens=pool.conversation_tokens, base=pool.base)


def along(asked: Asked, ranking: Ranking, ids: np.ndarray, name: str = FEATURES) -> Curve:
    """A curve whose first rows are `ids`: the ranking's where they are its beginning, else one of their own."""
    if np.array_equal(ranking.sample_ids[: len(ids)], ids):
        return curve_of(asked, ranking, name)
    mark = hashlib.sha256(np.ascontiguousarray(ids, np.int32).tobytes()).hexdigest()
    return _own_curve(asked, asked.fair, name, mark, ids)


def answer_of(asked: Asked, mine: Curve, rows: int, c: int) -> Answer:
    """The first rows of a curve beside chance, by features in at least c rows."""
    return answer(mine, chance_of(asked), rows=rows, live=yardstick(asked, FEATURES).total, c=c)


def point_on(asked: Asked, mine: Curve, rows: int, name: str, c: int) -> Point:
    """Where the first rows of a curve lie on the picture."""
    return Point("", rows, int(mine.spent[rows]), mine.after(rows, c=c) * unit_of(asked, name))


@st.cache_resource(max_entries=256, show_spinner=False)
def _saved(_opened: Opened, path: str, stamp: int, name: str) -> Selection | None:
    try:
        return load_selection(_opened.workspace, name)
    except GamutError:
        return None  # a damaged file is told where it is opened, it must not close the picture


def saved_selections(opened: Opened) -> list[Selection]:
    """The saved selections of this analysis, by name."""
    paths = sorted(opened.workspace.selections.glob("[!.]*.json"))
    found = [_saved(opened, str(path.resolve()), path.stat().st_mtime_ns, path.stem) for path in paths]
    return [one for one in found if one is not None and one.analysis_hash == opened.analysis.content_hash]


def saved_points(asked: Asked, name: str, c: int) -> list[Point]:
    """The saved selections of this analysis by the yardstick on screen, with what counts as active now."""
    points = []
    for one in saved_selections(asked.opened):
        mark = f"{one.name}\n{one.revision}\n{one.created}"
        mine, rows = _own_curve(asked, asked.fair, name, mark, np.array(one.ids, np.int32)), len(one.ids)
        points.append(Point(one.name, rows, int(mine.spent[-1]), mine.after(rows, c=c) * unit_of(asked, name)))
    return points
