"""What to call a feature in a line: its best label, else its strongest tokens in words."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.scores.labels.strongest_tokens import strongest_tokens
from pages.shared.engine import Opened


def feature_words(opened: Opened, ids: Iterable[int]) -> dict[int, str]:
    """A short plain text for each feature; it holds a data set's words, so it is never Markdown or HTML."""
    wanted = tuple(sorted({int(feature_id) for feature_id in ids}))
    return _strongest(opened, opened.key, wanted)


@st.cache_data(max_entries=64, show_spinner=False)
def _strongest(_opened: Opened, key: str, ids: tuple[int, ...]) -> dict[int, str]:
    return strongest_tokens(_opened.analysis, ids)
