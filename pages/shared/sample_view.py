"""One sample in a drawer: conversation, shaded tokens, strongest features, nearest samples, record, and why it was taken.

All text of a data set is hostile: it goes through `st.text`, `st.code`, table cells and token views only, never through Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.datasets.lint import RULES
from core.datasets.sample import Turn
from core.scores.feature_sets import FeatureSets
from core.selection.coverers import coverers, stands_for
from core.selection.ranking import Ranking, newly_covered
from core.store.analyses import FeatureInSample
from core.store.people import BAN, PIN, marked, marked_with_reasons, set_mark
from core.store.sample_table import sample_rows
from pages.shared.cover_words import left_out_words, stands_for_words
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count
from pages.shared.sample_features import draw_features, draw_nearest, draw_shaded

STRONGEST = 20
WORDS = 90  # characters of a sample shown in a table
EVERY_FEATURE = 1_000_000
WAYS = 8  # samples named that cover another one, or that it covers
PARTS = TALK, TOKENS, FEATURES, NEAREST, RECORD = (
    "Conversation",
    "Tokens",
    "Strongest features",
    "Nearest samples",
    "Record",
)
GONE_TO = "_gone_to"  # (the sample that the drawer was opened on, the one that it shows)
STEPS = "_gone_steps"  # how often one went on: a table that one comes back to must not know the click that led away


@dataclass(frozen=True, slots=True)
class Judged:
    """The selection that a sample is seen against: the chosen samples in order, and what counts as active."""

    features: FeatureSets
    chosen: Ranking


def open_sample(opened: Opened, sample_id: int, judged: Judged | None = None, *, feature: int | None = None) -> None:
    """Open the drawer on a sample; `judged` adds why it was taken or left out, `feature` is shaded first."""
    st.session_state.pop(GONE_TO, None)  # where one went from it the last time it was open
    _drawer(opened, sample_id, judged, feature=feature)


@st.dialog("Sample", width=820, position="right", on_dismiss="rerun")
def _drawer(opened: Opened, sample_id: int, judged: Judged | None, *, feature: int | None) -> None:
    """What is in the drawer: drawn again by itself, also when one goes on to another sample and back."""
    with guard():
        gone_to = st.session_state.get(GONE_TO)
        shown = gone_to[1] if gone_to and gone_to[0] == sample_id else sample_id
        _draw_head(opened, shown, origin=sample_id)
        with st.container():  # one element however much there is to say: what stands below keeps its place among them
            _draw_flags(opened, shown)
            if judged is not None:
                _draw_reason(opened, shown, judged, origin=sample_id)
        part = st.segmented_control(
            "Part", PARTS, key=f"part_{sample_id}", required=True, default=TALK if feature is None else TOKENS,
            label_visibility="collapsed",
        )  # fmt: skip
        draw_part(opened, part, origin=sample_id, shown=shown, feature=feature)


def draw_part(opened: Opened, part: str, *, origin: int, shown: int, feature: int | None) -> None:
    """One of `PARTS` of a sample; the others are not computed. `origin`: the sample that the drawer was opened on."""
    if part == TALK:
        draw_turns(opened.dataset.turns(shown))
    elif part == TOKENS:
        every = opened.analysis.features_of(shown, limit=EVERY_FEATURE)
        draw_shaded(opened, shown, every[:STRONGEST], first=feature, total=len(every))
    elif part == FEATURES:
        every = opened.analysis.features_of(shown, limit=EVERY_FEATURE)
        draw_strongest(opened, shown, every, key=f"strongest_{shown}")
    elif part == NEAREST:
        clicked = draw_nearest(opened, shown, first_words, key=f"nearest_{shown}_{st.session_state.get(STEPS, 0)}")
        if clicked is not None:
            _go(origin, clicked)
    else:
        draw_record(*opened.dataset.record(shown))


def _go(origin: int, sample_id: int) -> None:
    """Show another sample in the drawer that was opened on `origin`."""
    st.session_state[GONE_TO] = (origin, sample_id)
    st.session_state[STEPS] = st.session_state.get(STEPS, 0) + 1
    st.rerun(scope="fragment")


def _draw_head(opened: Opened, sample_id: int, *, origin: int) -> None:
    """Which sample, its marks, and the way back to the one that the drawer was opened on, for which room is kept."""
    counts, mark = opened.analysis.counts, opened.dataset.content_hash
    name, back, pin, ban = st.columns([3, 1.1, 1.1, 1.1], vertical_alignment="center")
    if sample_id != origin and back.button(f"Back to #{origin}", type="tertiary"):
        _go(origin, origin)
    tokens = count(int(counts.conversation_tokens[sample_id]), "token")
    name.markdown(f"**Sample #{sample_id}** · {tokens} · {count(int(counts.richness[sample_id]), 'feature')} at θ = 0")
    pinned = sample_id in marked(opened.workspace, mark, PIN)
    banned = sample_id in marked(opened.workspace, mark, BAN)
    if pin.button("Unpin" if pinned else "Pin", key="sample_pin", width="stretch"):
        set_mark(opened.workspace, mark, sample_id, None if pinned else PIN)
        st.rerun()
    if ban.button("Lift ban" if banned else "Ban", key="sample_ban", width="stretch"):
        set_mark(opened.workspace, mark, sample_id, None if banned else BAN)
        st.rerun()


def _draw_flags(opened: Opened, sample_id: int) -> None:
    """What looks wrong with the sample, each with its rule on hover, and why it is banned."""
    flags = sample_rows(opened.dataset, [sample_id])[0].flags
    if flags:
        for place, flag in zip(st.columns(max(4, len(flags))), flags, strict=False):
            place.caption(f"Flag: {RULES[flag].title.lower()}", help=RULES[flag].rule)
    reasons = marked_with_reasons(opened.workspace, opened.dataset.content_hash, BAN).get(sample_id, ())
    if told := [reason for reason in reasons if reason]:
        st.caption(plain("Banned by " + "; ".join(told) + "."))


def _draw_reason(opened: Opened, sample_id: int, judged: Judged, *, origin: int) -> None:
    """Why the sample is in the selection, or who covers it; and the way to those that it covers or that cover it."""
    place = np.flatnonzero(judged.chosen.sample_ids == sample_id)
    if not place.size:
        (covered,) = coverers(judged.features, judged.chosen, [sample_id])
        st.markdown(left_out_words(covered))
        _draw_ways(origin, [chosen for chosen, _ in covered.by])
        return
    at = int(place[0])
    new = newly_covered(judged.features, judged.chosen, at)
    said = f"Chosen at place {at + 1}, round {judged.chosen.rounds[at]}: newly covers **{count(len(new), 'feature')}**."
    st.markdown(said + (" Pinned by hand." if at < judged.chosen.pinned else ""))
    others = np.setdiff1d(np.arange(judged.features.n_samples), judged.chosen.sample_ids)
    near = stands_for(judged.features, sample_id, others)
    st.markdown(stands_for_words(near, named=WAYS))
    _draw_ways(origin, [one.sample_id for one in near])
    if len(new):
        with st.expander("What it newly covers", expanded=True):
            wanted = set(new.tolist())
            every = opened.analysis.features_of(sample_id, limit=EVERY_FEATURE)
            draw_strongest(opened, sample_id, [own for own in every if own.feature_id in wanted], key="newly_covered")


def draw_strongest(opened: Opened, sample_id: int, found: list[FeatureInSample], *, key: str) -> None:
    """The first few of the features found, and of how many they are."""
    draw_features(opened, sample_id, found[:STRONGEST], key=key)
    if len(found) > STRONGEST:
        st.caption(
            f"The {STRONGEST} strongest of {count(len(found), 'feature')}, measured by each feature's own maximum."
        )


def _draw_ways(origin: int, samples: list[int]) -> None:
    """A button to each of the first few samples."""
    with st.container(horizontal=True, gap="small"):
        for sample_id in samples[:WAYS]:
            if st.button(f"#{sample_id}", key=f"way_{origin}_{sample_id}", type="tertiary"):
                _go(origin, sample_id)


def first_words(turns) -> str:
    """The beginning of what the user says."""
    said = next((turn.text for turn in turns if turn.role == "user"), turns[0].text if turns else "")
    return " ".join(said[: 4 * WORDS].split())[:WORDS]


def draw_turns(turns: tuple[Turn, ...]) -> None:
    """A conversation, turn by turn, as plain text."""
    for turn in turns:
        with st.container(border=True):
            st.caption(turn.role.replace("_", " "))
            st.text(turn.text or "(empty)")


def draw_record(record: bytes, file: str, line: int) -> None:
    """The original record as it stood in its file."""
    st.text(f"{file}, line {line}")
    st.code(record.decode("utf-8", "replace"), language=None, wrap_lines=True)
