"""Which samples hold rows of an evaluation set: make a check, read its hits side by side, ban them or keep them.

All text of a data set and of an evaluation set is hostile: it goes through `st.text` and `st.code` only,
and names of fields and files are escaped.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import streamlit as st

from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.scores.contamination import Hit
from core.scores.decontamination import (
    Check,
    Standing,
    ban_hits,
    decontaminate,
    kept_checks,
    other_reasons,
    said_of,
    standing,
    take_back,
)
from core.store.datasets import Dataset, dataset_names
from core.workspace import Workspace
from pages.shared.messages import guard, home_expanded, plain
from pages.shared.numbers import count, whole

FILE = ""  # the choice of a file among the data sets
HITS = 5  # on one page
AROUND = 1_500  # characters shown before and after a shared run
HEIGHT = 320  # of one side of a hit, in pixels: long ones scroll
MADE = "_made_check"


def draw_contamination(dataset: Dataset, workspace: Workspace) -> None:
    """The form that makes a check, and the checks made."""
    checks = kept_checks(dataset)
    with st.expander("Check against an evaluation set", expanded=not checks, icon=":material/add:"):
        _draw_form(dataset, workspace)
    if said := st.session_state.pop(MADE, None):
        st.success(plain(said))
    if not checks:
        st.caption("No check yet. Samples that hold test questions make every score on that test worthless.")
        return
    named = {check.key: check for check in checks}
    key = st.selectbox(
        "Checks made", list(named), format_func=lambda key: _title(named[key]), key=_key(dataset, "check")
    )
    _draw_check(dataset, workspace, named[key])


def _key(dataset: Dataset, name: str) -> str:
    return f"contamination_{name}_{dataset.name}"


def _title(check: Check) -> str:
    options = f", {' '.join(ImportOptions.from_dict(check.options).words())}" if check.options else ""
    return f"{check.against}{options}: {count(len(check.ids), 'hit')} in {whole(check.found.samples)} samples"


def _draw_form(dataset: Dataset, workspace: Workspace) -> None:
    sets = [name for name in dataset_names(workspace) if name != dataset.name]
    against = st.selectbox(
        "Evaluation set", [FILE, *sets], format_func=lambda name: name or "a file …", key=_key(dataset, "against")
    )
    sent, typed, options = None, against, ImportOptions()
    if against == FILE:
        upload, path = st.columns(2, gap="medium")
        sent = upload.file_uploader("Upload it", key=_key(dataset, "upload"))
        typed = path.text_input("… or its path on the machine that runs Gamut", key=_key(dataset, "path"))
        with guard():
            options = _draw_options(dataset)
    if st.button("Check", type="primary", key=_key(dataset, "run")):
        with guard():
            _make(dataset, workspace, sent, typed if against else str(home_expanded(typed)) if typed else "", options)


def _draw_options(dataset: Dataset) -> ImportOptions:
    """Which columns count; without a map every text of a record does, each field for itself."""
    columns, records = st.columns(2, gap="medium")
    mapped = columns.text_input(
        "Columns that count", placeholder="{question}", key=_key(dataset, "map"),
        help="A template with columns in braces. Empty: every text of a row counts, each field for itself.",
    )  # fmt: skip
    nested = records.text_input(
        "Where its rows lie", placeholder="data[].paragraphs[].qas[]", key=_key(dataset, "records"),
        help="Only where rows lie inside nested records.",
    )  # fmt: skip
    bare = st.checkbox("A table without a header: its first line is data already", key=_key(dataset, "no_header"))
    return ImportOptions(map=(("user", mapped),) if mapped else (), records=nested or None, header=not bare)


def _make(dataset: Dataset, workspace: Workspace, sent, typed: str, options: ImportOptions) -> None:
    """Make the check and ban its hits; one that was made before is shown again and its bans are left as they are."""
    if sent is None and not typed:
        raise GamutError("There is no evaluation set yet: upload a file, give its path, or choose a data set.")
    bar = st.progress(0.0, "Reading the evaluation set …")

    def progress(done: int, total: int, note: str) -> None:
        bar.progress(done / max(1, total), plain(f"{note}: {whole(done)} of {whole(total)} samples"))

    before = {check.key for check in kept_checks(dataset)}
    with tempfile.TemporaryDirectory() as folder:
        if sent is not None:
            file = Path(folder) / (Path(sent.name.replace("\\", "/")).name or "upload")
            file.write_bytes(sent.getbuffer())
            typed = str(file)
        check = decontaminate(dataset, typed, options=options, progress=progress)
    if check.key in before:
        said = f"This check against {check.against} was made before; its bans are as you left them."
    else:
        now = ban_hits(workspace, check)
        said = f"Against {check.against}: {count(len(check.ids), 'sample')} hit, {len(now.banned)} banned."
        said += f" {len(now.pinned)} of them are pinned and were not banned." if now.pinned else ""
    st.session_state[MADE] = said
    st.session_state[_key(dataset, "check")] = check.key
    st.rerun()


def _draw_check(dataset: Dataset, workspace: Workspace, check: Check) -> None:
    now, found = standing(workspace, check), check.found
    st.markdown(
        f"**{count(len(check.ids), 'sample')}** of {whole(found.samples)} hold one of **{whole(found.rows_hit)}** of the "
        f"{count(found.rows, 'evaluation row')}; {len(now.banned)} banned, {len(now.taken_back)} kept, {len(now.pinned)} pinned."
    )
    with st.expander("What counts as a hit, and what could not be looked for"):
        for sentence in said_of(check):
            st.caption(plain(sentence))
    if not check.ids:
        return
    ban, lift, _ = st.columns([1, 1, 3])
    free = len(now.taken_back) == 0
    if ban.button("Ban all", key=_key(dataset, "ban"), disabled=free, width="stretch"):
        ban_hits(workspace, check)
        st.rerun()
    if lift.button("Take all back", key=_key(dataset, "lift"), disabled=not now.banned, width="stretch"):
        take_back(workspace, check)
        st.rerun()
    _draw_hits(dataset, workspace, check, now)


def _draw_hits(dataset: Dataset, workspace: Workspace, check: Check, now: Standing) -> None:
    hits = sorted(check.found.hits, key=lambda hit: (-hit.run_words, -hit.jaccard, hit.sample_id))
    pages = math.ceil(len(hits) / HITS)
    page = min(st.pagination(pages, key=_key(dataset, "page")), pages) if pages > 1 else 1
    others = other_reasons(workspace, check)
    st.caption("The longest shared run first; it stands in a box on both sides.")
    for hit in hits[(page - 1) * HITS : page * HITS]:
        with st.container(border=True):
            _draw_head(workspace, check, hit, now, others.get(hit.sample_id, ()))
            left, right = st.columns(2, gap="medium")
            with left.container(height=HEIGHT, border=False):
                _draw_sample(dataset, hit)
            with right.container(height=HEIGHT, border=False):
                _draw_row(check, hit)


def _draw_head(workspace: Workspace, check: Check, hit: Hit, now: Standing, others: tuple[str, ...]) -> None:
    said, keep = st.columns([4, 1], vertical_alignment="center")
    more = f" · holds {hit.rows} rows, this one most" if hit.rows > 1 else ""
    runs = f"{count(hit.shared, 'run')} of {check.rules.words} words shared" if hit.shared else "no long run shared"
    said.markdown(
        f"**Sample #{hit.sample_id}** · {' + '.join(hit.rules)} · {runs} · longest {hit.run_words} words · "
        f"Jaccard {hit.jaccard:.2f}{more}"
    )
    if others:
        said.caption(plain("Banned besides: " + ", ".join(reason or "by hand" for reason in others)))
    if hit.sample_id in now.pinned:
        keep.caption("pinned, not banned")
        return
    key = f"keep_{check.key}_{hit.sample_id}"
    st.session_state[key] = hit.sample_id not in now.banned
    keep.toggle("Keep it", key=key, on_change=_keep, args=(workspace, check, hit.sample_id, key), disabled=bool(others))


def _keep(workspace: Workspace, check: Check, sample_id: int, key: str) -> None:
    change = take_back if st.session_state[key] else ban_hits
    change(workspace, check, ids=[sample_id])


def _draw_sample(dataset: Dataset, hit: Hit) -> None:
    _, file, line = dataset.record(hit.sample_id)
    st.text(f"{file}, line {line}")
    for place, turn in enumerate(dataset.turns(hit.sample_id)):
        _draw_text(turn.role, turn.text, hit.turn_span if place == hit.turn and hit.run_words else None)


def _draw_row(check: Check, hit: Hit) -> None:
    row = check.evaluation[hit.row]
    st.text(f"{row.file}, line {row.line}")
    for place, (name, text) in enumerate(row.texts):
        _draw_text(name, text, hit.field_span if place == hit.field and hit.run_words else None)


def _draw_text(name: str, text: str, span: tuple[int, int] | None) -> None:
    """One text with its shared run in a box; far from it, what is left out is counted."""
    st.caption(plain(name))
    if span is None:
        st.text(_shortened(text, keep_end=False))
        return
    before, after = text[: span[0]], text[span[1] :]
    if before.strip():
        st.text(_shortened(before, keep_end=True))
    st.code(text[slice(*span)], language=None, wrap_lines=True)
    if after.strip():
        st.text(_shortened(after, keep_end=False))


def _shortened(text: str, *, keep_end: bool) -> str:
    left_out = len(text) - AROUND
    if left_out <= 0:
        return text
    told = f"[{whole(left_out)} characters more]"
    return f"{told} … {text[-AROUND:]}" if keep_end else f"{text[:AROUND]} … {told}"
