"""What a trainer would make of the selection: cut, dropped, trained on, in how many steps; and the first rows, masked."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.activations.identity import BUNDLED
from core.export.trainer_rows import SHOWN, TrainerRow, read_rows, rows_path
from core.export.treatment import RULES, Treatment, treat
from core.jobs.start import start
from core.jobs.state import jobs
from core.selection.saved import Selection
from core.workspace import Workspace
from pages.shared import engine
from pages.shared.job_view import draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.token_view import TokenRow, token_rows
from pages.shared.trainer import TITLES


@st.cache_data(max_entries=4, show_spinner=False)
def _rows(path: str, stamp: int) -> list[TrainerRow]:
    return read_rows(Path(path)) or []


@st.cache_data(max_entries=64, show_spinner=False)
def _treated(path: str, stamp: int, trainer: str, cutoff: int, packing: bool) -> Treatment:
    rows = ((row.runs, row.alternates) for row in _rows(path, stamp))
    return treat(rows, trainer=trainer, cutoff=cutoff, packing=packing)


@st.fragment
def draw_trainer_preview(opened: engine.Opened, saved: Selection) -> None:
    """Tokenizer, cutoff, packing, batch size and epochs; below them what three trainers make of it."""
    first, second, third, fourth, fifth = st.columns([3, 1.2, 1.2, 1.2, 1.2], vertical_alignment="bottom")
    tokenizer = first.text_input(
        "Tokenizer and template", BUNDLED, key="trainer_tokenizer",
        help="'bundled' to try it, or the folder of the model you will train (tokenizer.json, chat template)",
    )  # fmt: skip
    cutoff = second.number_input("Cutoff, tokens", 1, None, 2048, key="trainer_cutoff")
    batch = third.number_input(
        "Batch size", 1, None, 16, key="trainer_batch", help="sequences a step, over all devices"
    )
    epochs = fourth.number_input("Epochs", 0.1, None, 3.0, 0.5, key="trainer_epochs")
    packing = fifth.toggle("Packing", key="trainer_packing", help="several rows in one sequence of the cutoff's length")
    with guard():
        path = rows_path(opened.workspace, saved, tokenizer.strip() or BUNDLED)
        if not path.is_file():
            _offer(opened.workspace, saved, tokenizer.strip() or BUNDLED)
            return
        stamp = path.stat().st_mtime_ns
        found = [_treated(str(path), stamp, name, int(cutoff), packing) for name in RULES]
        st.markdown(plain(_sentence(found[0], len(saved.ids), int(cutoff))))
        _draw_table(found, int(batch), float(epochs))
        _draw_first(_rows(str(path), stamp)[:SHOWN], int(cutoff))


def _offer(workspace: Workspace, saved: Selection, tokenizer: str) -> None:
    """The button that tokenises, or how far it is."""
    if any(not job.ended and job.spec.command[:2] == ["trainer-preview", saved.name] for job in jobs(workspace)):
        draw_running(workspace)
        return
    st.caption(f"{count(len(saved.ids), 'row')} must be tokenised once for this tokenizer; it takes seconds.")
    if st.button("See what a trainer makes of it", icon=":material/visibility:", key="trainer_start"):
        words = ["trainer-preview", saved.name, "--tokenizer", tokenizer]
        start(workspace, title=f"Trainer's view of {saved.name}", command=words)
        st.rerun()


def _sentence(trl: Treatment, rows: int, cutoff: int) -> str:
    share = f"{trl.trained / trl.tokens:.0%}" if trl.tokens else "none"
    lost = f"{whole(trl.cut)} cut at {whole(cutoff)} tokens, {whole(sum(trl.dropped.values()))} dropped"
    return (
        f"{count(trl.trained, 'token')} are trained on: {share} of the {whole(trl.tokens)} that TRL reads "
        f"in {count(trl.rows, 'row')} of {whole(rows)} ({lost})."
    )


def _draw_table(found: list[Treatment], batch: int, epochs: float) -> None:
    st.dataframe(
        [
            {
                "Trainer": TITLES[each.trainer],
                "Rows kept": each.rows,
                "of them cut": each.cut,
                "Dropped": ", ".join(f"{whole(rows)} {why}" for why, rows in each.dropped.items()) or "none",
                "Kept with nothing to train on": each.silent,
                "Tokens": each.tokens,
                "Trained tokens": each.trained,
                "Sequences": each.sequences,
                "Steps": each.steps(batch=batch, epochs=epochs),
            }
            for each in found
        ],
        hide_index=True,
        width="stretch",
    )
    st.caption(
        "At the trainers' defaults, as TRL 1.16, LLaMA-Factory 0.9.5 and axolotl 0.19 treat them. LLaMA-Factory renders by "
        "templates of its own: its token counts differ by a few a turn."
    )


def _draw_first(rows: list[TrainerRow], cutoff: int) -> None:
    st.caption(f"The first {len(rows)} rows: shaded is what is trained on; fainter is what TRL cuts off.")
    token_rows(
        [
            TokenRow(
                tokens=row.tokens,
                values=[float(on and place < cutoff) for place, on in enumerate(row.trained)],
                faded=[place >= cutoff for place in range(len(row.tokens))],
                head=f"#{row.sample_id}",
                about=f"{sum(row.runs)} tokens",
                top=1.0,
            )
            for row in rows
        ],
        key="trainer_rows",
        height=420,
    )
