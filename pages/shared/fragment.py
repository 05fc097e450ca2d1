"""Parts of a screen that are drawn again by themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from pages.shared.state import keep_choices

Said = ParamSpec("Said")


def fragment(draw: Callable[Said, None], *, run_every: float | None = None) -> Callable[Said, None]:
    """`st.fragment` in which no choice is lost: Streamlit forgets what a run neither draws nor names.

    run_every: seconds after which it is drawn again by itself.
    """

    @wraps(draw)
    def kept(*args: Said.args, **kwargs: Said.kwargs) -> None:
        keep_choices()
        draw(*args, **kwargs)

    return st.fragment(kept, run_every=run_every)
