"""Hand-over: take it home."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.export.formats import EXPORT_FORMATS, FORMAT_NAMES, VERBATIM
from core.export.manifest import manifest_path
from core.export.render import LAYOUTS, render_export
from core.export.verify import DIFFERS, SAME, Verdict, verify
from core.export.write import Export, was_exported, write_export
from core.selection.methods.registry import find
from core.selection.saved import Selection
from pages.shared import engine
from pages.shared.empty import offer_analysis
from pages.shared.messages import guard, head, home_expanded, plain, say_error
from pages.shared.numbers import budget_words, count, size, whole
from pages.shared.sidebar import current
from pages.shared.trainer import draw_trainer

FIRST = 3  # records of the preview
WRITTEN, VERDICT = "_written", "_verdict"


def draw_summary(saved: Selection) -> None:
    """Four figures of what is handed over."""
    rows, tokens, method, budget = st.columns([1, 1, 1.6, 1.4])
    rows.metric("Rows", whole(len(saved.ids)))
    tokens.metric("Tokens", whole(saved.tokens), help="of whole conversations, by the analysis' tokenizer")
    method.metric("Method", find(saved.spec.method).title)
    budget.metric("Budget", budget_words(saved.budget))


def draw_form(opened: engine.Opened, saved: Selection) -> tuple[str, Path]:
    """Format, layout and path."""
    form, layout, path = st.columns([1.7, 1.3, 3], vertical_alignment="bottom")
    name = form.selectbox("Format", FORMAT_NAMES, format_func=_title, key="export_format")
    own = opened.dataset.meta["layout"]
    endings = sorted(LAYOUTS, key=lambda ending: LAYOUTS[ending] != own)
    ending = layout.selectbox("Layout", endings, format_func=_layout, key="export_layout")
    default = opened.workspace.exports / f"{saved.name}{ending}"
    typed = path.text_input("File", str(default), key=f"export_path_{saved.name}{ending}")
    return name, home_expanded(typed)


def _title(name: str) -> str:
    return "verbatim: as they were" if name == VERBATIM else EXPORT_FORMATS[name].title


def _layout(ending: str) -> str:
    return "JSON Lines" if ending == ".jsonl" else "JSON list"


def draw_preview(opened: engine.Opened, saved: Selection, form: str, to: Path) -> None:
    """The first records, as they will be written."""
    layout = LAYOUTS.get(to.suffix)
    if layout is None:
        say_error(
            f"{to.name} ends in {to.suffix or 'nothing'}; end it in .json (one list) or .jsonl (a record a line)."
        )
        return
    pieces = b"".join(render_export(opened.dataset, list(saved.ids[:FIRST]), format=form, layout=layout))
    st.caption(f"The first {min(FIRST, len(saved.ids))} of {whole(len(saved.ids))} records, as they will be written")
    st.code(pieces.decode("utf-8", "replace"), language=None, wrap_lines=True, height=260)


def tell_written(written: Export) -> None:
    """What was written just now."""
    said = f"{written.path}: {whole(written.rows)} rows, {size(written.bytes)}. Read back: same."
    if written.joined_inputs:
        said += f" {count(written.joined_inputs, 'input')} joined to the instruction."
    st.success(plain(said), icon=":material/check:")
    st.code(f"sha256  {written.sha256}", language=None)


def draw_file(opened: engine.Opened, path: Path) -> None:
    """An export that is there: take it away, check it, train on it."""
    file, manifest, check = st.columns(3)
    for column, title, at in (
        (file, "Download the file", path),
        (manifest, "Download the manifest", manifest_path(path)),
    ):
        column.download_button(
            title, at.read_bytes, at.name, on_click="ignore", icon=":material/download:", width="stretch"
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
    draw_trainer(path)


def draw_verdict(verdict: Verdict) -> None:
    """The steps that were checked, and the outcome in one sentence."""
    if verdict.checked:
        st.markdown("  \n".join(f":material/check: same: {plain(step)}" for step in verdict.checked))
    say = {SAME: st.success, DIFFERS: st.error}.get(verdict.code, st.warning)
    say(plain(verdict.sentence))


def draw(opened: engine.Opened, saved: Selection) -> None:
    """Summary, form, preview, and what was written."""
    draw_summary(saved)
    form, to = draw_form(opened, saved)
    with guard():
        draw_preview(opened, saved, form, to)
    there = to.is_file() and manifest_path(to).is_file()
    foreign = to.is_file() and not was_exported(to)
    if foreign:
        st.warning(plain(f"{to} is there already, and is not as an export wrote it."))
    words = "Replace it" if foreign else "Write it again" if there else "Write the file"
    if st.button(words, type="secondary" if foreign else "primary", icon=":material/save:"):
        with guard():
            st.session_state.pop(WRITTEN, None)
            st.session_state.pop(VERDICT, None)
            written = write_export(
                saved, analysis=opened.analysis, dataset=opened.dataset, format=form, to=to, replace=foreign
            )
            st.session_state[WRITTEN] = (saved.name, saved.revision, form, written)
            st.rerun()
    name, revision, wrote, written = st.session_state.get(WRITTEN, ("", 0, "", None))
    if written is not None and (name, revision, wrote, written.path) == (
        saved.name,
        saved.revision,
        form,
        to,
    ):
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
