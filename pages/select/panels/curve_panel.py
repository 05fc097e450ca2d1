"""The curve: what is reached over tokens, by the yardstick chosen."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.selection.methods.registry import find
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.reach import is_whole
from core.selection.specification import RankingSpec
from pages.select.panels.method_controls import of_group
from pages.shared.charts import QUIET, coverage_figure
from pages.shared.curves import HELD_OUT, WORDS, Asked, Picture, along, picture_of, point_on, saved_points
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.engine import Opened, ranked
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.state import YARDSTICKS, chosen

NAMES = {"features": "Features", "words": "Runs of 4 words", "held-out": "Held-out rows"}
MEANT = {
    WORDS: "Distinct runs of four words in the chosen texts, counted exactly: no method on this screen optimises them.",
    HELD_OUT: "A seeded tenth of the rows (copies together) is set aside and reaches nothing itself. Shown: of all pairs of "
    "such a row and a feature of it, the share whose feature other chosen rows have. The order was made with them in it.",
}


def draw_curve(asked: Asked, pool: Pool, ranking: Ranking, ids: np.ndarray) -> None:
    """The controls over the curve, and the curve with the budget and the saved selections on it."""
    needed, by, others = st.columns([1.5, 1.2, 0.9], vertical_alignment="center")
    c = needed.segmented_control(
        "Reached in at least",
        (1, 3, 10),
        key="c",
        required=True,
        label_visibility="collapsed",
        format_func=lambda c: "in ≥ 1 row" if c == 1 else f"≥ {c}",
    )
    yardstick = by.selectbox(
        "Measured by", YARDSTICKS, key="yardstick", format_func=NAMES.get, label_visibility="collapsed"
    )
    others.toggle("Others", key="others", help="the other methods on screen beside this one")
    compared, refused = _others(asked, yardstick, c)
    figure = coverage_figure(
        asked.spec.method,
        picture_of(asked, ranking, yardstick, c),
        compared,
        here=point_on(asked, along(asked, ranking, ids, yardstick), len(ids), yardstick, c),
        saved=saved_points(asked, yardstick, c),
        yardstick=yardstick,
        c=c,
    )
    st.plotly_chart(
        figure, config=QUIET, key="curve", alt=f"{NAMES[yardstick]} over tokens taken, beside random orders"
    )
    if yardstick in MEANT:
        st.caption(MEANT[yardstick])
    for sentence in refused:
        st.caption(plain(sentence))
    if not is_whole(ranking, pool):
        st.caption(
            f"Ranked as far as {whole(len(ranking))} of {count(pool.available, 'row')}, exactly and with room for this "
            "budget; a larger one goes on from there. Only a whole order has a knee."
        )


def _others(asked: Asked, yardstick: str, c: int) -> tuple[dict[str, Picture], list[str]]:
    """The other methods on screen where they are wanted, and why one cannot be drawn: constraints may bind its order alone."""
    found: dict[str, Picture] = {}
    refused: list[str] = []
    names = [name for name in of_group("main") if name not in (asked.spec.method, "random")]
    for name in names if chosen("others") else []:
        try:
            found[name] = _picture_of(draft_spec(asked.opened, method=name), asked.opened, yardstick, c)
        except GamutError as error:
            refused.append(f"{find(name).title} is not drawn. {error}")
    return found, refused


def _picture_of(spec: RankingSpec, opened: Opened, yardstick: str, c: int) -> Picture:
    """Another method as far as the same budget needs it."""
    return picture_of(Asked.of(opened, spec), ranked(opened, spec, draft_budget())[1], yardstick, c)
