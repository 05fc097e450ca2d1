"""Redundancy: what is in the data twice, exactly or nearly, and who of each group may go."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.scores.redundancy_null import Null
from core.scores.redundancy_search import Redundancy
from core.scores.redundant_groups import PREFERENCES, Proposal
from core.scores.redundant_marks import ban_proposed, banned_so, take_back
from core.selection.specification import RankingSpec
from pages.explore.panels.redundancy_answers import counted_spec, null_here, proposal_here
from pages.explore.panels.redundancy_chart import overlap_figure
from pages.explore.panels.redundancy_groups import draw_groups
from pages.explore.panels.redundancy_words_panel import draw_agreement
from pages.shared.charts import QUIET
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.numbers import count, whole
from pages.shared.redundancy import draw_start, redundancy_here
from pages.shared.sample_view import open_sample
from pages.shared.state import choose, chosen

OPEN = "_open_sample_of_redundancy"
COUNTED = {"zero": "θ = 0", "rule": "as on Budget"}


def draw_redundancy(opened: Opened) -> None:
    """The answer, the controls, the picture with its yardsticks, and the groups."""
    spec = counted_spec(opened)
    found = redundancy_here(opened, spec)
    if found is None:
        _draw_counted()
        draw_start(opened, spec)
        return
    if chosen("redundancy_at") < found.floor:
        choose(redundancy_at=found.floor)
    head = st.container()
    _draw_controls(found)
    proposal = proposal_here(opened, spec, found)
    with head:
        st.subheader(plain(sentence(found, proposal)), anchor=False)
        st.caption(plain(_about(opened, found, proposal)))
    _draw_bans(opened, proposal)
    _draw_picture(opened, spec, found, proposal)
    draw_groups(opened, spec, proposal)
    asked = st.session_state.pop(OPEN, None)
    if asked is not None:
        open_sample(opened, asked)


def sentence(found: Redundancy, proposal: Proposal) -> str:
    """The answer: how many samples repeat others."""
    n, linked = len(found.nearest), sum(len(group) for group in proposal.groups)
    if not linked:
        if found.exact:
            return f"No two samples overlap by {proposal.at:.2f} or more (Jaccard)."
        return (
            f"No two samples were found that overlap by {proposal.at:.2f} or more (Jaccard); MinHash would find "
            f"{100 * found.recall_at(proposal.at):.3g} % of such pairs."
        )
    goes = len(proposal.goes)
    return (
        f"{count(linked, 'sample')} of {whole(n)} ({100 * linked / n:.2g} %) repeat another one: "
        f"{count(len(proposal.groups), 'group')}, of which {count(goes, 'sample')} may go."
    )


def _about(opened: Opened, found: Redundancy, proposal: Proposal) -> str:
    counted = COUNTED[chosen("redundancy_counted")]
    said = [
        f"Two samples repeat each other where their active features overlap by {proposal.at:.2f} or more (Jaccard, shared over "
        f"either; active by {counted})."
    ]
    if found.bands is None:
        said.append("All pairs were compared: exact.")
    else:
        said.append(
            f"Found by MinHash ({found.bands.bands} bands of {found.bands.rows} hashes) and counted out: "
            f"{100 * found.recall_at(proposal.at):.3g} % of such pairs are to be expected, and none that is not there."
        )
        if found.left_out:
            said.append(f"{whole(found.left_out)} comparisons in very crowded bands were left out.")
    empty = int((found.union == 0).sum()) if found.exact else 0
    if empty:
        said.append(f"{count(empty, 'sample')} share nothing with any other, or have no active feature.")
    return " ".join(said)


def _draw_counted() -> None:
    st.segmented_control(
        "Active features", list(COUNTED), key="redundancy_counted", required=True, format_func=COUNTED.get,
        help="θ = 0 counts every feature that the SAE lets through: more to tell copies by. The rule of Budget counts the "
        "strong ones only, of which a small edit changes many.",
    )  # fmt: skip


def _draw_controls(found: Redundancy) -> None:
    counted, at, keep, chain = st.columns([1.25, 1.4, 1.35, 1.1], vertical_alignment="bottom")
    with counted:
        _draw_counted()
    at.slider(
        "Overlap that counts as a repeat", found.floor, 1.0, step=0.01, format="%.2f", key="redundancy_at",
        help="Jaccard's index of the sets of active features: shared over either.",
    )  # fmt: skip
    keep.selectbox("Of a group stays", list(PREFERENCES), key="redundancy_keep", format_func=PREFERENCES.get)
    chain.toggle(
        "One of each group", key="redundancy_one_each",
        help="A group is linked like a chain: its ends may share little. Off: a sample only goes where one that stays shares "
        "so much with it. On: all but one go.",
    )  # fmt: skip


def _draw_bans(opened: Opened, proposal: Proposal) -> None:
    """What is proposed becomes bans, all at once, and is taken back as one."""
    banned, goes = set(banned_so(opened.workspace, opened.dataset)), set(proposal.goes.tolist())
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Ban the {whole(len(goes))} that may go", key="redundancy_ban", disabled=not goes or banned == goes,
            type="primary",
        ):  # fmt: skip
            ban_proposed(opened.workspace, opened.dataset, proposal)
            st.rerun()
        if st.button("Take these bans back", key="redundancy_lift", disabled=not banned):
            take_back(opened.workspace, opened.dataset)
            st.rerun()
        if banned:
            more = "" if banned == goes else ", by an earlier proposal or in part"
            st.caption(f"{whole(len(banned))} banned as repeats now{more}; no selection takes them.", width="content")
        else:
            st.caption("Pinned samples and those trained on already always stay.", width="content")


def _draw_picture(opened: Opened, spec: RankingSpec, found: Redundancy, proposal: Proposal) -> None:
    null = null_here(opened, spec, found)
    chart, beside = st.columns([2, 1], gap="medium")
    with chart:
        st.plotly_chart(
            overlap_figure(opened, spec, found, null, proposal.at), key="redundancy_chart", config=QUIET, width="stretch",
            theme="streamlit",
        )  # fmt: skip
    with beside:
        st.markdown("**Beside chance**")
        for line in null_words(found, null, proposal):
            st.caption(plain(line))
        draw_agreement(opened, spec, found)


def null_words(found: Redundancy, null: Null, proposal: Proposal) -> list[str]:
    """What unrelated samples of these sizes share."""
    if not len(null.overlap):
        return ["Too few samples share anything to draw pairs at random."]
    rare = float(np.quantile(null.overlap, 0.999))
    said = [
        f"Two random samples, matched in size with a sample and its nearest, overlap by {np.median(null.overlap):.2f} in the "
        f"middle, one pair in 1{chr(0x202F)}000 by {rare:.2f} or more; {_share(null.reaching(proposal.at))} reach "
        f"{proposal.at:.2f}."
    ]
    if len(null.dealt):
        reach = null.dealt_reaching(proposal.at)
        said.append(
            f"If features fell on samples by chance, as often as now, the largest overlap of a sample would be "
            f"{np.median(null.dealt):.2f} in the middle, and {_share(reach)} would reach {proposal.at:.2f}; in the data "
            f"{_share(float((found.overlap >= proposal.at).mean()))} do."
        )
    return said


def _share(share: float) -> str:
    return "none" if not share else f"{100 * share:.2g} %"
