"""Where the store does not hold what a picture needs: what reading the samples again would take, and the job that does."""

from __future__ import annotations

import streamlit as st

from core.jobs.start import start
from core.jobs.state import jobs
from core.selection.neuron_again import MOST, again, read_command
from core.selection.neuron_sides import Asked
from pages.shared.engine import Opened
from pages.shared.job_view import draw_running
from pages.shared.messages import plain
from pages.shared.numbers import count, duration, whole
from pages.shared.shade import model_missing

CHOICES = {200: "200 a side", MOST: f"{whole(MOST)} a side", 5_000: f"{whole(5_000)} a side", 0: "all"}


def draw_again(opened: Opened, asked: Asked, why: str) -> None:
    """Why it is needed, how much there is to read, how long that takes, and the button."""
    st.info(plain(why), icon=":material/info:")
    if missing := model_missing(opened):
        st.caption(plain(missing))
        return
    under_way = [job for job in jobs(opened.workspace) if not job.ended and job.spec.command[:2] == ["neurons", "read"]]
    if under_way:
        draw_running(opened.workspace)
        return
    most = st.segmented_control(
        "Samples to read", list(CHOICES), key="heat_most", default=MOST, required=True, format_func=CHOICES.__getitem__,
        help="drawn by seed where a side has more",
    )  # fmt: skip
    plan = again(asked, most=most or None)
    size = f"{count(len(plan.places), 'sample')}, {count(plan.tokens, 'token')}"
    said = f"{size}: about {duration(plan.seconds)}, and the loading of the model."
    words, button = st.columns([3, 1], vertical_alignment="center")
    words.caption(said, help="at the pace at which this analysis was made")
    if button.button("Read them again", key="heat_read", type="primary", width="stretch"):
        title = f"Neurons of {asked.question.a.words()}"
        start(opened.workspace, title=title, command=read_command(asked, most))
        st.rerun()
