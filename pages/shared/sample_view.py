"""One sample in a drawer: its conversation, its strongest features, its record, and what the selection makes of it.

All text of a data set is hostile: it goes through `st.text`, `st.code` and table cells only, never through Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.datasets.lint import RULES
from core.datasets.sample import Turn
from core.scores.feature_sets import FeatureSets
from core.selection.coverers import coverers
from core.selection.ranking import Ranking, newly_covered
from core.store.analyses import FeatureInSample
from core.store.people import BAN, PIN, marked, marked_with_reasons, set_mark
from core.store.sample_table import sample_rows
from pages.shared.cover_words import left_out_words
from pages.shared.engine import Opened
from pages.shared.messages import guard, plain
from pages.shared.numbers import count

STRONGEST = 20
WORDS = 90  # characters of a sample shown in a table
EVERY_FEATURE = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """The selection that a sample is seen against: the chosen samples in order, and what counts as active."""

    features: FeatureSets
    chosen: Ranking


@st.dialog("Sample", width=780, position="right", on_dismiss="rerun")
def open_sample(opened: Opened, sample_id: int, judged: Judged | None = None, *, feature: int | None = None) -> None:
    """Open the drawer on a sample; `judged` adds why it was taken or left out, `feature` is shaded first."""
    with guard():
        _draw_head(opened, sample_id)
        _draw_flags(opened, sample_id)
        if judged is not None:
            _draw_reason(opened, sample_id, judged)
        talk, features, record = st.tabs(["Conversation", "Strongest features", "Record"])
        with talk:
            draw_turns(opened.dataset.turns(sample_id))
        with features:
            _draw_features(opened, sample_id, opened.analysis.features_of(sample_id, limit=STRONGEST))
        with record:
            draw_record(*opened.dataset.record(sample_id))


def _draw_head(opened: Opened, sample_id: int) -> None:
    counts, mark = opened.analysis.counts, opened.dataset.content_hash
    name, pin, ban = st.columns([4, 1.2, 1.2], vertical_alignment="center")
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


def _draw_reason(opened: Opened, sample_id: int, judged: Judged) -> None:
    """Why the sample is in the selection, or who covers it."""
    place = np.flatnonzero(judged.chosen.sample_ids == sample_id)
    if not place.size:
        st.markdown(left_out_words(coverers(judged.features, judged.chosen, [sample_id])[0]))
        return
    at = int(place[0])
    new = newly_covered(judged.features, judged.chosen, at)
    said = f"Chosen at place {at + 1}, round {judged.chosen.rounds[at]}: newly covers **{count(len(new), 'feature')}**."
    st.markdown(said + (" Pinned by hand." if at < judged.chosen.pinned else ""))
    if len(new):
        with st.expander("What it newly covers", expanded=True):
            wanted = set(new.tolist())
            every = opened.analysis.features_of(sample_id, limit=EVERY_FEATURE)
            _draw_features(opened, sample_id, [found for found in every if found.feature_id in wanted][:STRONGEST])


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


def _draw_features(opened: Opened, sample_id: int, found: list[FeatureInSample]) -> None:
    """Features with the token at their maximum, within its words."""
    places = [(sample_id, feature.position) for feature in found]
    spoken = opened.analysis.words_around(places)
    total = opened.analysis.n_samples
    st.dataframe(
        {
            "feature": [feature.feature_id for feature in found],
            "maximum": [feature.max for feature in found],
            "tokens": [feature.count for feature in found],
            "samples, %": [100 * feature.samples / total for feature in found],
            "strongest at": [f"{before}⟦{token}⟧{after}".replace("\n", "↵") for before, token, after in spoken],
        },
        hide_index=True,
        column_config={
            "maximum": st.column_config.NumberColumn(format="%.3g", width="small"),
            "feature": st.column_config.NumberColumn(format="%d", width="small"),
            "tokens": st.column_config.NumberColumn(width="small", help="tokens of this sample in which it is active"),
            "samples, %": st.column_config.NumberColumn(
                format="%.3g", width="small", help="share of samples it is active in"
            ),
            "strongest at": st.column_config.TextColumn(
                width="large", help="its strongest token in this sample, in brackets"
            ),
        },
    )
