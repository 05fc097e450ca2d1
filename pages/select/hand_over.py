"""Hand-over: take it home."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from pathlib import Path

import streamlit as st

from core.export.manifest import manifest_path
from core.export.verify import DIFFERS, SAME, Verdict, verify
from core.export.write import Export, was_exported, write_export
from core.files import tree_size
from core.selection.methods.registry import find
from core.selection.saved import Selection
from pages.select.panels.export_form import Form, draw_form, draw_preview
from pages.select.panels.push_panel import draw_push
from pages.select.panels.trainer_preview import draw_for_trainer
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.messages import guard, head, plain
from pages.shared.numbers import budget_words, size, whole
from pages.shared.sidebar import current

WRITTEN, VERDICT = "_written", "_verdict"
BY_BROWSER = 500_000_000  # bytes: a browser is sent a file out of this program's memory


def draw_summary(saved: Selection) -> None:
    """Four figures of what is handed over."""
    rows, tokens, method, budget = st.columns([1, 1, 1.6, 1.4])
    rows.metric("Rows", whole(len(saved.ids)))
    tokens.metric("Tokens", whole(saved.tokens), help="of whole conversations, by the analysis' tokenizer")
    method.metric("Method", find(saved.spec.method).title)
    budget.metric("Budget", budget_words(saved.budget))


def tell_written(written: Export) -> None:
    """What was written just now."""
    lost = any(change.loss for change in written.changes)
    outcome = "Read back: the same but for what is said below." if lost else "Read back: same."
    st.success(
        plain(f"{written.path}: {whole(written.rows)} rows, {size(written.bytes)}. {outcome}"), icon=":material/check:"
    )
    for change in written.changes:
        (st.warning if change.loss else st.caption)(
            plain(("Lost: " if change.loss else "Changed: ") + change.sentence + ".")
        )
    st.code(f"sha256  {written.sha256}", language=None)


def draw_file(opened: engine.Opened, path: Path) -> None:
    """An export that is there: take it away, check it, publish it."""
    file, manifest, check = st.columns(3)
    large = tree_size(path) > BY_BROWSER
    for column, title, at, name in (
        (file, "Download the file" if path.is_file() else "Download the folder", path, _download_name(path)),
        (manifest, "Download the manifest", manifest_path(path), manifest_path(path).name),
    ):
        column.download_button(
            title, partial(_content, at), name, on_click="ignore", icon=":material/download:", width="stretch",
            disabled=large and at == path,
        )  # fmt: skip
    if large:
        st.caption(
            plain(f"It is larger than what a browser is sent from here ({size(BY_BROWSER)}); copy it from {path}.")
        )
    if check.button(
        "Verify",
        icon=":material/fact_check:",
        width="stretch",
        help="recomputes all of it from the stored data",
    ):
        with st.spinner("Checking …"):
            st.session_state[VERDICT] = (path, verify(opened.workspace, manifest_path(path)))
    checked, verdict = st.session_state.get(VERDICT, (None, None))
    if verdict is not None and checked == path:
        draw_verdict(verdict)
    if path.is_dir():
        draw_push(opened.workspace, path)


def _download_name(path: Path) -> str:
    return path.name if path.is_file() else f"{path.name}.zip"


def _content(path: Path) -> bytes | io.BytesIO:
    """The bytes of a file, or of a folder as one archive; made when somebody asks for them."""
    if path.is_file():
        return path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            archive.write(file, file.relative_to(path.parent).as_posix())
    packed.seek(0)
    return packed


def draw_verdict(verdict: Verdict) -> None:
    """The steps that were checked, and the outcome in one sentence."""
    if verdict.checked:
        st.markdown("  \n".join(f":material/check: same: {plain(step)}" for step in verdict.checked))
    say = {SAME: st.success, DIFFERS: st.error}.get(verdict.code, st.warning)
    say(plain(verdict.sentence))


def draw(opened: engine.Opened, saved: Selection) -> None:
    """Summary, form, preview, and what was written."""
    draw_summary(saved)
    form = draw_form(opened, saved)
    with guard():
        draw_preview(opened, saved, form)
        draw_writing(opened, saved, form)
    draw_for_trainer(opened, saved, form.to)


@st.cache_data(max_entries=64, show_spinner="Looking at the file that is there …")
def _is_export(path: str, stamp: tuple) -> bool:
    """Whether an export wrote what is there; looked at anew when a size or a time of change is another one."""
    return was_exported(Path(path))


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Every file of an export with its manifest: its name, size and time of change."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [(str(file), file.stat()) for file in (*inside, manifest_path(path)) if file.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


def draw_writing(opened: engine.Opened, saved: Selection, form: Form) -> None:
    """The button, and what it wrote."""
    to = form.to
    there = to.exists() and manifest_path(to).is_file()
    foreign = to.exists() and not (there and _is_export(str(to), _stamp(to)))
    if foreign:
        st.warning(plain(f"{to} is there already, and is not as an export wrote it."))
    words = "Replace it" if foreign else "Write it again" if there else "Write the file"
    if st.button(words, type="secondary" if there or foreign else "primary", icon=":material/save:"):
        st.session_state.pop(WRITTEN, None)
        st.session_state.pop(VERDICT, None)
        written = write_export(
            saved, analysis=opened.analysis, dataset=opened.dataset, options=form.options, to=to, replace=foreign
        )
        st.session_state[WRITTEN] = (saved.name, saved.revision, form.options, written)
        st.rerun()
    name, revision, wrote, written = st.session_state.get(WRITTEN, ("", 0, None, None))
    if written is not None and (name, revision, wrote, written.path) == (saved.name, saved.revision, form.options, to):
        tell_written(written)
    elif there:
        st.caption("A file of that name is there, with its manifest.")
    if there:
        draw_file(opened, to)


head("Hand-over", "Take it home: a file for the trainer, and the proof of what is in it.")
here = current()
pair = here.opened()
if pair is None:
    offer_analysis(here)
elif here.selection is None:
    st.info(
        "No saved selection is chosen. Choose one in the sidebar, or save one on Budget.",
        icon=":material/info:",
    )
    st.page_link("pages/select/budget.py", label="Choose samples", icon=":material/tune:")
else:
    draw(pair, here.selection)
