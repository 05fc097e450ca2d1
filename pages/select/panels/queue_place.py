"""Where one is in the reading queue: which list, which place in it, and which samples a filter lets through."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from core.selection.left_out import NEXT, left_out
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.store.people import mark_read, read_samples
from core.store.sample_filter import SampleFilter, matching
from pages.shared import engine
from pages.shared.draft import draft_budget
from pages.shared.state import choose, chosen

PICKS, LEFT = "picks", "left"
CHANGED = "_queue_changed"  # a mark was made: the selection is another one, so everything is drawn again
TRAIL = "_queue_trail"  # where one came from by clicks on other samples: (list, place)


@dataclass(frozen=True, eq=False)
class Queue:
    """One list to read: `ids` in order, and the places (from 0, ascending) that the filter lets through."""

    name: str
    ids: np.ndarray
    rounds: np.ndarray | None
    shown: np.ndarray
    read: set[int]

    @cached_property
    def at(self) -> int | None:
        """The place on screen: the one chosen, else the next that is shown, else the last; None where none is."""
        if not len(self.shown):
            return None
        wanted = chosen("place") - 1
        return int(self.shown[min(np.searchsorted(self.shown, wanted), len(self.shown) - 1)])

    @property
    def sample_id(self) -> int:
        assert self.at is not None
        return int(self.ids[self.at])

    def step(self, by: int) -> int | None:
        """The place so many shown ones further on, None where there is none."""
        if self.at is None:
            return None
        place = int(np.searchsorted(self.shown, self.at)) + by
        return int(self.shown[place]) if 0 <= place < len(self.shown) else None

    @property
    def read_count(self) -> int:
        """How many samples of the list were read."""
        return int(np.isin(self.ids, np.fromiter(self.read, np.int64, len(self.read))).sum())


def make_queue(opened: engine.Opened, spec: RankingSpec, pool: Pool, selected: Selected) -> Queue:
    """The list that is chosen, under the filter that is chosen."""
    name = chosen("queue")
    if name == PICKS:
        ids, rounds = selected.ranking.sample_ids, selected.ranking.rounds
    else:
        ids, rounds = left_ids(opened, spec, pool, selected.ranking), None
    read = read_samples(opened.workspace, opened.dataset.content_hash)
    return Queue(name, ids, rounds, np.flatnonzero(_passes(opened, pool, ids, rounds, read)), read)


def left_ids(opened: engine.Opened, spec: RankingSpec, pool: Pool, picks: Ranking) -> np.ndarray:
    """What is left out, in the chosen order."""
    order = chosen("left_order")
    ranking = engine.ranked(opened, spec, draft_budget())[1] if order == NEXT else picks  # the others do not look at it
    said = json.dumps(spec.as_dict(), sort_keys=True)
    return _left_ids(
        pool, ranking, picks, engine.key_of(opened, spec), said, picks.sample_ids.tobytes(), len(ranking), order
    )


@st.cache_resource(max_entries=8, show_spinner="Looking at what is left out …")
def _left_ids(
    _pool: Pool, _ranking: Ranking, _picks: Ranking, key: str, said: str, ids: bytes, ranked: int, order: str
) -> np.ndarray:
    return left_out(_pool, _ranking, _picks, order=order)


def _passes(
    opened: engine.Opened, pool: Pool, ids: np.ndarray, rounds: np.ndarray | None, read: set[int]
) -> np.ndarray:
    """Which samples of a list the filter lets through: bool, in its order; `GamutError` for a group that is not there."""
    passes = np.ones(len(ids), bool)
    if flag := chosen("queue_flag"):
        passes &= np.isin(ids, matching(opened.dataset, SampleFilter(flags=(flag,))))
    if (column := chosen("queue_column")) and chosen("queue_value"):
        passes &= pool.known.groups(column).members(chosen("queue_value"), column=column)[ids]
    if rounds is not None and chosen("queue_round"):
        passes &= rounds == chosen("queue_round")
    if chosen("unread"):
        passes &= ~np.isin(ids, np.fromiter(read, np.int64, len(read)))
    return passes


def clear_filter() -> None:
    choose(queue_flag="", queue_column="", queue_value="", queue_round=0, unread=False)


def go(opened: engine.Opened, queue: Queue, place: int) -> None:
    """Leave a sample as read and go to a place (from 0) of the same list."""
    remember_read(opened, queue.sample_id)
    choose(place=place + 1)


def remember_read(opened: engine.Opened, sample_id: int) -> None:
    with suppress(OSError):  # a workspace to read from keeps no progress, and may be read all the same
        mark_read(opened.workspace, opened.dataset.content_hash, sample_id)


def jump(opened: engine.Opened, queue: Queue, name: str, ids: np.ndarray, sample_id: int) -> None:
    """Go to a sample of either list, remembering where one was; a filter that would hide it is cleared."""
    place = np.flatnonzero(ids == sample_id)
    if queue.at is None or not place.size:
        return
    remember_read(opened, queue.sample_id)
    st.session_state.setdefault(TRAIL, []).append((queue.name, queue.at))
    clear_filter()
    choose(queue=name, place=int(place[0]) + 1)


def go_back() -> None:
    """Back to where the last jump came from."""
    if trail := st.session_state.get(TRAIL):
        name, place = trail.pop()
        choose(queue=name, place=place + 1)
