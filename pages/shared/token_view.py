"""Tokens as text, shaded by how active a feature is: the one place that draws a data set's tokens.

A component of this project that makes text nodes of what it is given, never markup; its assets are inline, so nothing is
fetched. Long texts show the part around the strongest token until all is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
_tokens = st.components.v2.component(
    "gamut_tokens",
    html='<div class="list"></div>',
    css=(HERE / "token_view.css").read_text(encoding="utf-8"),
    js=(HERE / "token_view.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """One text of a list: `values` shade its tokens (not above 0: not active), `peak` is the strongest one's place.

    head, about: what stands beside it; title: above it. section, section_about: heads this row and those after it.
    top: the value of full shade, else the list's. inline: line ends do not break the line. before, after: the text goes
    on there. faded: tokens to write fainter (a template's, for example). chips: tokens that are no text together.
    """

    tokens: Sequence[str]
    values: Sequence[float] | None = None
    peak: int | None = None
    head: str = ""
    about: str = ""
    title: str = ""
    section: str = ""
    section_about: str = ""
    top: float | None = None
    inline: bool = False
    before: bool = False
    after: bool = False
    faded: Sequence[bool] | None = None
    chips: bool = False

    def __post_init__(self) -> None:
        for own in (self.values, self.faded):
            if own is not None and len(own) != len(self.tokens):
                raise ValueError(f"{len(self.tokens)} tokens came with {len(own)} values")


def token_view(
    tokens: Sequence[str],
    values: Sequence[float] | None = None,
    *,
    peak: int | None = None,
    key: str,
    height: int | None = None,
    faded: Sequence[bool] | None = None,
) -> None:
    """One text, each token shaded by its value (shown on hover), the one at `peak` marked; `height` in pixels makes it scroll."""
    token_rows([TokenRow(tokens=tokens, values=values, peak=peak, faded=faded)], key=key, height=height)


def token_rows(
    rows: Sequence[TokenRow],
    *,
    key: str,
    top: float | None = None,
    height: int | None = None,
    opens: bool = False,
    wide: bool = False,
) -> int | None:
    """Many texts as one component; with `opens`, the number of the row that was clicked, in the run after the click.

    top: the value of full shade, else the largest of all rows. wide: sections side by side where there is room.
    """
    highest = top or max((value for row in rows for value in _finite(row.values) if value), default=0.0)
    data = {"rows": [_plain(row) for row in rows], "top": highest, "opens": opens, "wide": wide, "height": height}
    clicked = _tokens(key=key, data=data, on_clicked_change=lambda: None).clicked
    return clicked if isinstance(clicked, int) and 0 <= clicked < len(rows) else None


def _plain(row: TokenRow) -> dict:
    """A row as JSON: what is said of it, and nothing that it leaves open."""
    said = {
        "tokens": list(row.tokens), "values": None if row.values is None else _finite(row.values), "peak": row.peak,
        "head": row.head, "about": row.about, "title": row.title, "section": row.section,
        "section_about": row.section_about, "top": row.top, "inline": row.inline, "before": row.before,
        "after": row.after, "chips": row.chips, "faded": None if row.faded is None else [bool(value) for value in row.faded],
    }  # fmt: skip
    return {name: value for name, value in said.items() if value not in (None, "", False)}


def _finite(values: Sequence[float] | None) -> list[float | None]:
    """Rounded to what is shown: a double's digits would only make the message long."""
    return [float(f"{value:.4g}") if math.isfinite(value) else None for value in (values if values is not None else ())]
