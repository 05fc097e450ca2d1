"""For the trainer: what it would cut, drop and train on, in how many steps; what it is told; and the first rows, masked."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.activations.refs import BUNDLED
from core.activations.tokenizer_files import NotFetched, tokenizer_key
from core.activations.trainer_templates import LLAMA_FACTORY, trainer_of
from core.export.manifest import manifest_path
from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.trainer_rows import SHOWN, TrainerRow, read_rows, rows_path
from core.scores.treatment import Treatment, left_of, treat, treated_by
from core.selection.saved import Selection
from core.workspace import Workspace
from pages.shared import engine
from pages.shared.job_view import draw_last, draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, whole
from pages.shared.state import chosen
from pages.shared.token_view import TokenRow, token_rows
from pages.shared.trainer import TITLES, choose_trainer, draw_template, draw_told

COMMAND = "trainer-preview"
LEAD = 60  # tokens shown before the first that is trained on


@st.cache_data(max_entries=4, show_spinner=False)
def _rows(path: str, stamp: int) -> list[TrainerRow]:
    return read_rows(Path(path)) or []


@st.cache_data(max_entries=64, show_spinner=False)
def _treated(path: str, stamp: int, trainer: str, cutoff: int, packing: bool) -> Treatment:
    rows = ((row.runs, row.alternates) for row in _rows(path, stamp))
    return treat(rows, trainer=trainer, cutoff=cutoff, packing=packing)


def draw_for_trainer(opened: engine.Opened, saved: Selection, file: Path | None) -> None:
    """Trainer, tokenizer, template, cutoff; what follows from them; what the trainer is told of the file, where one is there."""
    st.subheader("For the trainer", anchor=False)
    which, *places = st.columns([2.6, 2, 2.2, 1.3], vertical_alignment="bottom")
    with which:
        choose_trainer()
    draw_template(*places)
    shown: list[TrainerRow] = []
    with guard():
        shown = _draw_made(opened.workspace, saved)
    if file is not None and manifest_path(file).is_file():
        draw_told(file)
    else:
        st.caption("Once the file is written, what the trainer is told and the line that starts it stand here.")
    if shown:
        _draw_first(shown)


def _draw_made(workspace: Workspace, saved: Selection) -> list[TrainerRow]:
    """What trainers make of all rows, and the first rows; where they are not tokenised yet, the button that does it."""
    tokenizer, template = chosen("trainer_tokenizer").strip() or BUNDLED, chosen("trainer_template")
    try:
        key = tokenizer_key(tokenizer)
    except NotFetched:
        _offer(workspace, saved, tokenizer, template, first="its tokenizer is fetched from the hub, and ")
        return []
    path = rows_path(workspace, saved.dataset_hash, key=key, template=template, ids=saved.ids)
    if not path.is_file():
        _offer(workspace, saved, tokenizer, template)
        return []
    stamp, cutoff, packing = path.stat().st_mtime_ns, int(chosen("trainer_cutoff")), chosen("trainer_packing")
    trainers = treated_by(trainer_of(template)[0])
    found = {name: _treated(str(path), stamp, name, cutoff, packing) for name in trainers}
    st.markdown(plain(_sentence(found[chosen("trainer")], len(saved.ids), cutoff)))
    _draw_steps(list(found.values()))
    return _rows(str(path), stamp)[:SHOWN]


def _offer(workspace: Workspace, saved: Selection, tokenizer: str, template: str, *, first: str = "") -> None:
    """The button that tokenises, or how far it is, or why it stopped."""
    words = [COMMAND, saved.name, "--tokenizer", tokenizer, "--template", template]
    if any(not job.ended and job.spec.command[: len(words)] == words for job in jobs(workspace)):
        draw_running(workspace)
        return
    said, button = st.columns([3, 1.4], vertical_alignment="center")
    said.caption(
        f"Once, {first}{count(len(saved.ids), 'row')} must be tokenised for this tokenizer and template; it takes seconds."
    )
    if button.button("See what it makes of them", icon=":material/visibility:", key="trainer_start", width="stretch"):
        start(workspace, title=f"Trainer's view of {saved.name}", command=words)
        st.rerun()
    newest = next((job for job in jobs(workspace) if job.spec.command[:1] == [COMMAND]), None)
    if newest is not None and newest.spec.command[: len(words)] == words:  # of another choice it would say nothing here
        draw_last(workspace, COMMAND)


def _sentence(made: Treatment, rows: int, cutoff: int) -> str:
    share = f"{made.trained / made.tokens:.0%}" if made.tokens else "none"
    lost = f"{whole(made.cut)} cut at {whole(cutoff)} tokens, {whole(sum(made.dropped.values()))} dropped"
    return (
        f"{TITLES[made.trainer]} trains on {count(made.trained, 'token')}: {share} of the {whole(made.tokens)} that it reads "
        f"in {count(made.rows, 'row')} of {whole(rows)} ({lost})."
    )


def _draw_steps(found: list[Treatment]) -> None:
    """Batch size, epochs and packing, and what they make of the rows under each trainer."""
    batch, epochs, packing, _ = st.columns([1, 1, 1, 2], vertical_alignment="bottom")
    batch.number_input("Sequences a step", 1, None, step=1, key="trainer_batch", help="over all devices")
    epochs.number_input("Epochs", 0.1, None, step=0.5, key="trainer_epochs")
    packing.toggle("Packing", key="trainer_packing", help="several rows in one sequence of the cutoff's length")
    steps = {
        each.trainer: each.steps(batch=int(chosen("trainer_batch")), epochs=chosen("trainer_epochs")) for each in found
    }
    st.dataframe(
        [
            {
                "Trainer": TITLES[each.trainer],
                "Rows kept": each.rows,
                "of them cut": each.cut,
                "Dropped": ", ".join(f"{whole(rows)} {why}" for why, rows in each.dropped.items()) or "none",
                "Kept, none trained": each.silent,
                "Tokens": each.tokens,
                "Trained tokens": each.trained,
                "Sequences": each.sequences,
                "Steps": steps[each.trainer],
            }
            for each in found
        ],
        hide_index=True,
        width="stretch",
    )
    st.caption(_by_whom(found))


def _by_whom(found: list[Treatment]) -> str:
    bare = (
        "TRL and axolotl put a template round messages and ShareGPT alone; other files they read as bare text. What stands in a "
        "column `tools` they tell the model too; it is counted here under the templates of LLaMA-Factory alone."
    )
    if len(found) == 1:
        by = f"By the template that {TITLES[found[0].trainer]} itself brings, at its defaults."
        return by if found[0].trainer == LLAMA_FACTORY else f"{by} {bare}"
    return (
        "At the defaults of TRL 1.16, LLaMA-Factory 0.9.5 and axolotl 0.19, by the tokenizer's own template. LLaMA-Factory "
        f"has templates of its own: choose the one that you will name to it for its very tokens. {bare}"
    )


def _draw_first(rows: list[TrainerRow]) -> None:
    trainer, cutoff = chosen("trainer"), int(chosen("trainer_cutoff"))
    st.caption(
        f"The first {len(rows)} rows: shaded is what {TITLES[trainer]} trains on; fainter is what it cuts off or drops."
    )
    token_rows([_token_row(row, trainer, cutoff) for row in rows], key="trainer_rows", height=420)


def _token_row(row: TrainerRow, trainer: str, cutoff: int) -> TokenRow:
    """A row from shortly before its first trained token on: what stands before a long question's end tells nothing here."""
    left = left_of(row.runs, row.alternates, trainer=trainer, cutoff=cutoff)
    trained = [on and kept for on, kept in zip(row.trained, left, strict=True)]
    begin = max(0, (trained.index(True) if any(trained) else 0) - LEAD)
    about = (
        f"{whole(len(left))} tokens"
        + (f", from {whole(begin + 1)}" if begin else "")
        + ("" if any(left) else ", dropped")
    )
    return TokenRow(
        tokens=row.tokens[begin:], values=[float(on) for on in trained[begin:]], faded=[not kept for kept in left[begin:]],
        head=f"#{row.sample_id}", about=about, top=1.0, before=begin > 0,
    )  # fmt: skip
