"""How trained tokens are counted: those of the answers as the analysis read them, or as a trainer leaves them."""

from __future__ import annotations

import streamlit as st

from core.activations.refs import BUNDLED
from core.activations.tokenizer_files import NotFetched
from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.trainer_rows import rows_path
from core.scores.treatment import RULES
from pages.shared.draft import draft_counted
from pages.shared.engine import Opened
from pages.shared.hand_over_choices import OF_ANSWERS
from pages.shared.job_view import draw_last, draw_running
from pages.shared.numbers import count
from pages.shared.state import choose, chosen
from pages.shared.trainer import TITLES, draw_template, keep_template


def draw_counted(opened: Opened) -> bool:
    """By whom; for a trainer its tokenizer, template and cutoff. Whether it is counted; if not, the button that counts."""
    by, beside = st.columns([2.2, 5.9], vertical_alignment="bottom")
    by.selectbox(
        "Trained on is", [OF_ANSWERS, *RULES], key="counted", format_func=_title, on_change=_counted_changed,
        help="what the analysis read as answers, or what a trainer leaves of a row to train on after its cut",
    )  # fmt: skip
    if chosen("counted") == OF_ANSWERS:
        beside.caption(
            f"as the analysis read them, {count(int(opened.analysis.meta['max_length']), 'token')} of a row at most"
        )
        return True
    draw_template(*beside.columns([2.6, 2, 1.3], vertical_alignment="bottom"))
    if _is_counted(opened):
        return True
    _offer(opened)
    return False


def _title(trainer: str) -> str:
    return f"what {TITLES[trainer]} leaves" if trainer else "every answer"


def _counted_changed() -> None:
    """One trainer on all screens, and none of another's templates."""
    if chosen("counted") != OF_ANSWERS:
        choose(trainer=chosen("counted"))
        keep_template()


def _is_counted(opened: Opened) -> bool:
    """Whether it was counted for this tokenizer and template; not, where the tokenizer itself must be fetched first."""
    try:
        counted = draft_counted()
    except NotFetched:
        return False
    if counted is None:
        return True
    key, template = counted.key, counted.template
    return rows_path(opened.workspace, opened.dataset.content_hash, key=key, template=template).is_file()


def _offer(opened: Opened) -> None:
    """The button that counts, or how far it is."""
    tokenizer = chosen("trainer_tokenizer").strip() or BUNDLED
    words = ["trained-tokens", opened.dataset.name, "--tokenizer", tokenizer, "--template", chosen("trainer_template")]
    if any(not job.ended and job.spec.command[: len(words)] == words for job in jobs(opened.workspace)):
        draw_running(opened.workspace)
        return
    said, button = st.columns([3, 1], vertical_alignment="center")
    said.caption(f"Once, all {count(len(opened.dataset), 'row')} must be tokenised for this tokenizer and template.")
    if button.button("Count them", key="count_trained", icon=":material/calculate:", width="stretch"):
        start(opened.workspace, title=f"Trained tokens of {opened.dataset.name}", command=words)
        st.rerun()
    newest = next((job for job in jobs(opened.workspace) if job.spec.command[:1] == words[:1]), None)
    if newest is not None and newest.spec.command[: len(words)] == words:  # of another choice it would say nothing here
        draw_last(opened.workspace, words[0])
