"""Transfer: of what categories the picks of each capability are, against the pool."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.selection.together import Transfer, transfer
from pages.explore.panels.answers import columns_to_tell, known
from pages.explore.panels.together_answers import Chosen
from pages.explore.panels.together_charts import draw_transfer_map
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import whole
from pages.shared.state import choose, chosen

SHOWN = 20  # categories in the picture, the largest of the pool


def draw_transfer(opened: Opened, said: Chosen) -> None:
    """The heatmap of capability × category, and the whole table on request."""
    columns = columns_to_tell(opened)
    if not columns:
        st.caption("The data set has no categories to compare the picks by.")
        return
    if chosen("together_column") not in columns:
        choose(together_column=columns[0])
    head, by = st.columns([3, 1.2], vertical_alignment="bottom")
    by.selectbox("Categories", columns, key="together_column")
    found = transfer(said.picks, known(opened).groups(chosen("together_column")), free=said.pool.free)
    head.markdown(f"**{plain(transfer_words(found))}**")
    order = np.argsort(-found.pool, kind="stable")
    draw_transfer_map(found, order[:SHOWN])
    more = len(order) - SHOWN
    st.caption(
        "Numbers: percent of a capability's picks; below the names, percent of the pool. A dot marks what a random choice of as "
        "many rows would hold too (the middle 95 %)."
        + (f" The {SHOWN} largest categories of {whole(len(order))}; the table has all." if more > 0 else "")
    )
    with st.expander("All figures"):
        _draw_table(found, order)


def transfer_words(found: Transfer) -> str:
    """What stands out most: the category that a capability picks most above its share, beyond chance."""
    times = np.where((found.counts > found.high) & (found.pool > 0), np.nan_to_num(found.times), 0.0)
    if not times.any():
        return "No capability picks a category beyond what random rows hold."
    who, what = np.unravel_index(int(np.argmax(times)), times.shape)
    return (
        f"{found.names[who]} picks {found.categories[what]} {times[who, what]:.1f} times as often as the pool has it "
        f"({100 * found.shares[who, what]:.0f} % against {100 * found.pool_shares[what]:.1f} %)."
    )


def _draw_table(found: Transfer, order: np.ndarray) -> None:
    columns: dict[str, list] = {
        "category": [found.categories[at] for at in order.tolist()],
        "pool, rows": found.pool[order].tolist(),
        "random picks": [f"{whole(int(found.low[at]))} to {whole(int(found.high[at]))}" for at in order.tolist()],
    }
    columns |= {f"picked by {name}": own[order].tolist() for name, own in zip(found.names, found.counts, strict=True)}
    st.dataframe(columns, hide_index=True, row_height=30)
