"""The response loss of every sample: a job that reads the responses again with the model of the analysis."""

from __future__ import annotations

import streamlit as st

from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.response_loss import loss_command, loss_there
from pages.shared.engine import Opened
from pages.shared.job_view import draw_running
from pages.shared.messages import plain
from pages.shared.numbers import count
from pages.shared.shade import model_missing


def draw_loss(opened: Opened) -> None:
    """What it is, and the button that starts it; nothing once it is a column of the table."""
    if loss_there(opened.analysis):
        return
    command = loss_command(opened.analysis)
    if any(not job.ended and job.spec.command == command for job in jobs(opened.workspace)):
        draw_running(opened.workspace)
        return
    if missing := model_missing(opened):
        st.caption(plain(f"The loss of each response can be read with the model: {missing}"))
        return
    said, button = st.columns([3, 1], vertical_alignment="center")
    tokens = count(int(opened.analysis.counts.tokens.sum(dtype="int64")), "token")
    said.caption(
        f"How badly the model of this analysis predicts each response is no column yet: {tokens} are to be read again, as a "
        "job that can be stopped and goes on."
    )
    if button.button("Read the responses", key="read_losses", width="stretch"):
        start(opened.workspace, title=f"Response loss of {opened.analysis.name}", command=command)
        st.rerun()
