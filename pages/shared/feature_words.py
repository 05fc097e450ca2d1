"""What to call a feature in a line: its best label, else its strongest tokens in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

from core.scores.labels.labels import Label, Labels, labels_of, labels_stamp
from core.scores.labels.strongest_tokens import strongest_tokens
from pages.shared.engine import Opened

LONGEST = 90  # characters of a label in a line
SEAM = re.compile(r" · |, ")  # between two phrases, where no bracket is open
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
    """A label in a line: cut between two phrases, and told where it explains nothing."""
    return cut(label.text) + (UNEXPLAINED if label.explains is False else "")


def cut(text: str) -> str:
    """At most about `LONGEST` characters: whole phrases where there is a seam, else whole words."""
    if len(text) <= LONGEST:
        return text
    seams = [found.start() for found in SEAM.finditer(text, 0, LONGEST) if _closed(text[: found.start()])]
    words = [found.start() for found in re.finditer(" ", text[:LONGEST])]
    return text[: (seams or words or [LONGEST])[-1]] + " …"


def _closed(text: str) -> bool:
    """Whether no bracket and no quotation mark is open; brackets within quotation marks are words."""
    outside = re.sub("“[^”]*”", "", text)
    return outside.count("(") == outside.count(")") and "“" not in outside
