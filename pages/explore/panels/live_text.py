"""A text area that is read while one types: Streamlit's own waits until it is left."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
PAUSE = 300  # milliseconds without a key before the text is sent
_area = st.components.v2.component(
    "gamut_live_text",
    html='<label><span class="name"></span><textarea spellcheck="false"></textarea></label>',
    css=(HERE / "live_text.css").read_text(encoding="utf-8"),
    js=(HERE / "live_text.js").read_text(encoding="utf-8"),
)


def live_text(label: str, *, key: str, height: int, placeholder: str = "") -> str:
    """Draw the area and return its text; the text outlives the screen, for this session and in memory only."""
    data = {
        "label": label, "text": typed(key), "version": st.session_state.get(_version(key), 0), "height": height,
        "placeholder": placeholder, "pause": PAUSE,
    }  # fmt: skip
    _area(key=f"{key}_area", data=data, on_text_change=lambda: _keep(key))
    return typed(key)


def typed(key: str) -> str:
    """The text of an area."""
    return st.session_state.get(key, "")


def write_text(key: str, text: str) -> None:
    """Put a text into an area."""
    st.session_state[key] = text
    st.session_state[_version(key)] = st.session_state.get(_version(key), 0) + 1


def _keep(key: str) -> None:
    text = st.session_state[f"{key}_area"].get("text")
    if isinstance(text, str):
        st.session_state[key] = text


def _version(key: str) -> str:
    return f"{key}_version"
