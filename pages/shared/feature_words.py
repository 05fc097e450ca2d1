"""What to call a feature in a line: its best label, else its strongest tokens in words."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.scores.labels.labels import Label, Labels, labels_of, labels_stamp
from core.scores.labels.strongest_tokens import strongest_tokens
from pages.shared.engine import Opened

LONGEST = 90  # characters of a label in a line
UNEXPLAINED = " (explains nothing measurable)"


def feature_words(opened: Opened, ids: Iterable[int]) -> dict[int, str]:
    """A short plain text for each feature; it holds a data set's words, so it is never Markdown or HTML."""
    wanted = tuple(sorted({int(feature_id) for feature_id in ids}))
    return _words(opened, opened.key, labels_stamp(opened.workspace, opened.analysis), wanted)


def labels_for(opened: Opened) -> Labels:
    """All labels of an analysis, read once until one changes."""
    return _labels(opened, opened.key, labels_stamp(opened.workspace, opened.analysis))


@st.cache_resource(max_entries=6, show_spinner=False)
def _labels(_opened: Opened, key: str, stamp: str) -> Labels:
    return labels_of(_opened.workspace, _opened.analysis)


@st.cache_data(max_entries=64, show_spinner=False)
def _words(_opened: Opened, key: str, stamp: str, ids: tuple[int, ...]) -> dict[int, str]:
    found = _labels(_opened, key, stamp).of(ids)
    said = {feature_id: short_words(labels[0]) for feature_id, labels in found.items()}
    return said | strongest_tokens(_opened.analysis, [feature_id for feature_id in ids if feature_id not in said])


def short_words(label: Label) -> str:
    """A label in a line: cut at a seam, and told where it explains nothing."""
    text = label.text
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(",", 1)[0].rsplit(" · ", 1)[0].rstrip() + " …"
    return text + (UNEXPLAINED if label.explains is False else "")
