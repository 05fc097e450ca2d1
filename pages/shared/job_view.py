"""Jobs as they run and as they ended: looking at them neither stops nor repeats one."""

from __future__ import annotations

import streamlit as st

from core.jobs.start import again, cancel
from core.jobs.state import CANCELLED, DIED, DONE, FAILED, QUEUED, WAITING, Job, jobs
from core.workspace import Workspace
from pages.shared.fragment import fragment
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, duration, moment, short, whole

EVERY = 1.0  # seconds between two looks at a running job
REST = 5.0  # seconds between two looks while none runs: another session or the command line may start one
CAN_GO_ON = (CANCELLED, DIED, FAILED)
SHOWN = 20


def draw_running(workspace: Workspace) -> None:
    """Running and waiting jobs, live: those that this session did not start, too."""
    running = [job.spec.id for job in jobs(workspace) if not job.ended]
    fragment(_watch, run_every=EVERY if running else REST)(workspace, running)


def _watch(workspace: Workspace, running: list[str]) -> None:
    with guard():
        found = [job for job in jobs(workspace) if not job.ended]
        if {job.spec.id for job in found} != set(running):
            st.rerun()  # one ended or began: the rest of the screen must know
        for job in reversed(found):  # the oldest first: that is the order they take their turns in
            _draw_running(job)


def draw_history(workspace: Workspace) -> None:
    """The jobs that ended; what stopped before its end can go on."""
    _draw_ended(workspace, [job for job in jobs(workspace) if job.ended][:SHOWN])


def draw_last(workspace: Workspace, command: str) -> None:
    """Why the newest job of a command stopped before its end, and the way to go on; nothing where it ended well or runs."""
    newest = next((job for job in jobs(workspace) if job.spec.command[:1] == [command]), None)
    if newest is not None and newest.progress.state in CAN_GO_ON:
        _draw_stopped(workspace, newest)


def _draw_running(job: Job) -> None:
    said = job.progress
    bar, button = st.columns([5, 1], vertical_alignment="center")
    with bar:
        st.progress(min(1.0, said.done / said.total) if said.total else 0.0, text=plain(running_words(job)))
    if button.button("Cancel", key=f"cancel_{job.spec.id}", width="stretch"):
        cancel(job)
    with st.expander("Log"):
        st.code(job.log() or "nothing yet", language=None, wrap_lines=True, height=200)


def running_words(job: Job) -> str:
    """Title, what it does now, how far, how fast, how long still."""
    said = job.progress
    if said.state == WAITING:
        return f"{job.spec.title}: starting"
    if said.state == QUEUED:
        return f"{job.spec.title}: {said.note or 'waiting for another job'}"
    words = [f"{job.spec.title}: {said.note}"]
    if said.total:
        words.append(f"{whole(said.done)} of {count(said.total, said.unit.removesuffix('s'))}")
    if said.rate > 0:
        words.append(f"{short(said.rate)} {said.unit}/s")
    if said.rows_rate > 0:
        words.append(f"{short(said.rows_rate)} rows/s")
    if said.seconds_left is not None:
        words.append(f"{duration(said.seconds_left)} left")
    return " · ".join(words)


def _draw_ended(workspace: Workspace, ended: list[Job]) -> None:
    if not ended:
        return
    newest = ended[0]
    if newest.progress.state in CAN_GO_ON:
        _draw_stopped(workspace, newest)
    with st.expander(f"History ({len(ended)})", expanded=newest.progress.state != DONE):
        _draw_history(ended)


def _draw_stopped(workspace: Workspace, newest: Job) -> None:
    """What a job said when it stopped, and a button that starts it again."""
    said, button = st.columns([5, 1], vertical_alignment="center")
    with said:
        (st.warning if newest.progress.state == CANCELLED else st.error)(
            plain(f"{newest.spec.title}: {newest.progress.note}")
        )
    if button.button("Go on", key=f"again_{newest.spec.id}", width="stretch", help="goes on from what is there"):
        again(workspace, newest)
        st.rerun()


def _draw_history(ended: list[Job]) -> None:
    st.dataframe(
        {
            "job": [job.spec.title for job in ended],
            "ended as": [job.progress.state for job in ended],
            "started (UTC)": [moment(job.spec.created) for job in ended],
            "took": [duration(job.progress.seconds) for job in ended],
            "did": [f"{short(job.progress.done)} {job.progress.unit}" if job.progress.done else "" for job in ended],
            "note": [job.progress.note for job in ended],
        },
        hide_index=True,
        column_config={"note": st.column_config.TextColumn(width="large")},
    )
    titles = {job.spec.id: f"{job.spec.title}, {moment(job.spec.created)}" for job in ended}
    asked = st.selectbox("Log of", list(titles), format_func=titles.get, key=f"log_of_{ended[0].spec.id}")
    log = next((job.log() for job in ended if job.spec.id == asked), "")
    st.code(log or "It printed nothing.", language=None, wrap_lines=True, height=200)
