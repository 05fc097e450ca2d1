"""One sample of the reading queue: its text, why it was taken or who covers it, and the way to those it is tied to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from core.datasets.lint import RULES
from core.datasets.sample import ROLES
from core.selection.coverers import coverers, stands_for
from core.selection.left_out import left_out_ids
from core.selection.pool import Pool
from core.selection.ranking import newly_covered
from core.selection.select import Selected
from core.selection.specification import RankingSpec
from core.store.analyses import FeatureInSample
from core.store.sample_table import SampleRow, sample_rows
from core.store.token_text import readable_tokens
from pages.select.panels.queue_list import draw_left_out_list
from pages.select.panels.queue_place import LEFT, PICKS, Queue, jump, left_ids
from pages.shared.cover_words import left_out_words
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.numbers import count, whole
from pages.shared.sample_view import EVERY_FEATURE, draw_record, draw_turns, first_words
from pages.shared.token_view import token_view

HEIGHT = 420  # of the text, in pixels: long ones scroll
TABLE_HEIGHT = 245
PAGE = 10  # left-out samples in a table
BEFORE, AFTER = 3, 2  # tokens beside the strongest one
Order = Callable[[], np.ndarray]  # the list that is gone to
Spoken = tuple[list[str], list[int]]  # the tokens of a sample and their role codes


def draw_pick_card(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected, queue: Queue) -> None:
    """A pick: what it newly covers, where, and the left-out samples that it stands for."""
    at, sample_id, ranking = queue.at, queue.sample_id, selected.ranking
    new = newly_covered(pool.features, ranking, at)
    row = sample_rows(opened.dataset, [sample_id])[0]
    told = [f"round {ranking.rounds[at]}", f"newly covers {count(len(new), 'feature')}"]
    _draw_head(opened, queue, row, [*told, "pinned"] if at < ranking.pinned else told)
    wanted = set(new.tolist())
    every = opened.analysis.features_of(sample_id, limit=EVERY_FEATURE, span=spec.span)
    found = [feature for feature in every if feature.feature_id in wanted]
    spoken = readable_tokens(opened.analysis, opened.dataset, sample_id)
    text, why = st.columns([1.25, 1], gap="medium")
    with text:
        _draw_text(opened, row, spoken, found, "newly covered features")
    with why:
        st.markdown(f"**Newly covered** ({whole(len(new))})")
        _draw_features(opened, pool, sample_id, spoken, found)
        _draw_stands_for(opened, spec, pool, selected, queue)


def draw_left_out_card(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected, queue: Queue) -> None:
    """A left-out sample: who covers it, and what of it the selection lacks; above it the list around it."""
    draw_left_out_list(opened, pool, selected, queue)
    sample_id = queue.sample_id
    row = sample_rows(opened.dataset, [sample_id])[0]
    (covered,) = coverers(pool.features, selected.ranking, [sample_id])
    _draw_head(opened, queue, row, [f"{count(covered.features, 'feature')} active"])
    st.markdown(left_out_words(covered))
    lacking = set(_lacking(pool, selected, sample_id).tolist())
    every = opened.analysis.features_of(sample_id, limit=EVERY_FEATURE, span=spec.span)
    found = [feature for feature in every if feature.feature_id in lacking]
    spoken = readable_tokens(opened.analysis, opened.dataset, sample_id)
    text, why = st.columns([1.25, 1], gap="medium")
    with text:
        _draw_text(opened, row, spoken, found, "features that the selection lacks")
    with why:
        if found:
            st.markdown(f"**Only here** ({whole(len(found))}): what the selection does not have")
            _draw_features(opened, pool, sample_id, spoken, found)
        if covered.by:
            st.markdown("**Covered by** these picks")
            picks = [chosen for chosen, _ in covered.by]
            shown = [f"{whole(n)} of {whole(covered.features)}" for _, n in covered.by]
            key = f"queue_by_{sample_id}"
            _draw_ways(opened, key, picks, "features", shown, queue, PICKS, lambda: selected.sample_ids)


def _lacking(pool: Pool, selected: Selected, sample_id: int) -> np.ndarray:
    """The features of a sample that neither the selection nor its base has."""
    has = np.zeros(pool.features.n_features, bool)
    for chosen in [*selected.sample_ids.tolist(), *selected.ranking.base.tolist()]:
        has[pool.features.row(chosen)] = True
    row = pool.features.row(sample_id)
    return row[~has[row]]


def _draw_head(opened: Opened, queue: Queue, row: SampleRow, told: list[str]) -> None:
    tokens = count(int(opened.analysis.counts.conversation_tokens[row.sample_id]), "token")
    said = [f"**{whole(queue.at + 1)} of {whole(len(queue.ids))}** · sample #{row.sample_id}", *told, tokens]
    said += ["read"] if row.sample_id in queue.read else []
    st.markdown(" · ".join(said))
    if row.flags:
        for place, flag in zip(st.columns(max(4, len(row.flags))), row.flags, strict=False):
            place.caption(f"Flag: {RULES[flag].title.lower()}", help=RULES[flag].rule)
    if row.duplicate_of is not None:
        st.caption(f"The same conversation as sample #{row.duplicate_of}.")


def _draw_text(opened: Opened, row: SampleRow, spoken: Spoken, found: list[FeatureInSample], what: str) -> None:
    """The sample token by token, shaded where `found` are strongest; then as it stands in the file."""
    texts, roles = spoken
    read, turns, record = st.tabs(["As the model read it", "Turns", "Record"])
    with read:
        at = Counter(feature.position for feature in found)
        values = [float(at.get(position, 0)) for position in range(len(texts))]
        template = [role >= len(ROLES) for role in roles]
        token_view(texts, values, key=f"queue_text_{row.sample_id}", height=HEIGHT, faded=template)
        cut = int(opened.analysis.counts.truncated_tokens[row.sample_id])
        beyond = f" The model did not read its last {count(cut, 'token')}." if cut else ""
        st.caption(f"Shaded: tokens at which {what} are strongest; the darker, the more of them.{beyond}")
    with turns, st.container(height=HEIGHT, border=False):
        draw_turns(row.turns)
    with record, st.container(height=HEIGHT, border=False):
        draw_record(*opened.dataset.record(row.sample_id))


def _draw_features(opened: Opened, pool: Pool, sample_id: int, spoken: Spoken, found: list[FeatureInSample]) -> None:
    """Features in words, the strongest first, each with the words around its strongest token."""
    if not found:
        st.caption("None.")
        return
    words = feature_words(opened, [feature.feature_id for feature in found])
    texts = [text.replace("\n", "↵") for text in spoken[0]]
    active_in = pool.features.samples
    st.dataframe(
        {
            "fires at": [_around(texts, feature.position) for feature in found],
            "feature, in words": [words[feature.feature_id] for feature in found],
            "samples, %": [100 * int(active_in[feature.feature_id]) / len(pool.free) for feature in found],
            "id": [feature.feature_id for feature in found],
        },
        hide_index=True,
        height=min(TABLE_HEIGHT, 38 + 30 * len(found)),
        row_height=30,
        key=f"queue_features_{sample_id}",
        column_config={
            "fires at": st.column_config.TextColumn(width=148, help="its strongest token here, in brackets"),
            "feature, in words": st.column_config.TextColumn(width=106),
            "samples, %": st.column_config.NumberColumn(format="%.3g", width=74, help="share of samples it is active in"),
            "id": st.column_config.NumberColumn(format="%d", width=50),
        },
    )  # fmt: skip


def _around(texts: list[str], at: int) -> str:
    """The words around a token, which stands in brackets."""
    return f"{''.join(texts[max(0, at - BEFORE) : at])}⟦{texts[at]}⟧{''.join(texts[at + 1 : at + 1 + AFTER])}".strip()


def _draw_stands_for(opened: Opened, spec: RankingSpec, pool: Pool, selected: Selected, queue: Queue) -> None:
    """The left-out samples most of whose features this pick has."""
    near = stands_for(pool.features, queue.sample_id, left_out_ids(pool, selected.ranking))
    if not near:
        st.markdown("**Stands for** no left-out sample: of each it has half of the features or fewer.")
        return
    st.markdown(f"**Stands for** {count(len(near), 'left-out sample')}: it has more than half of their features")
    order = partial(left_ids, opened, spec, pool, selected.ranking)  # asked for by a click only
    samples, shown = [one.sample_id for one in near], [f"{whole(one.shared)} of {whole(one.features)}" for one in near]
    _draw_ways(opened, f"queue_for_{queue.sample_id}", samples, "features", shown, queue, LEFT, order)


def _draw_ways(
    opened: Opened, key: str, samples: list[int], title: str, shown: list[str], queue: Queue, to: str, order: Order
) -> None:
    """Samples that one may go to with a click, a screenful at a time."""
    pages = -(-len(samples) // PAGE)
    page = st.pagination(pages, key=f"{key}_page", max_visible_pages=3) if pages > 1 else 1
    part = slice((page - 1) * PAGE, page * PAGE)
    words = dict(opened.dataset.conversations(samples[part]))
    st.dataframe(
        {
            "sample": samples[part],
            title: shown[part],
            "begins with": [first_words(words[sample_id]) for sample_id in samples[part]],
        },
        hide_index=True,
        height=38 + 30 * min(6, len(samples[part])),
        row_height=30,
        key=key,
        selection_mode="single-cell",
        on_select=lambda: _jump_to_clicked(opened, key, samples[part], queue, to, order),
        column_config={
            "sample": st.column_config.NumberColumn(format="#%d", width=60, help="a click goes there"),
            title: st.column_config.TextColumn(width=75),
            "begins with": st.column_config.TextColumn(width=260),
        },
    )


def _jump_to_clicked(opened: Opened, key: str, samples: list[int], queue: Queue, to: str, order: Order) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(samples):
        jump(opened, queue, to, order(), samples[cells[0][0]])
