"""What is written: format, layout, file, and what may be changed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.export.changes import Changes
from core.export.formats import EXPORT_FORMATS, FORMAT_NAMES, VERBATIM
from core.export.layouts import LAYOUTS, layout_of
from core.export.layouts.table import records
from core.export.options import KEEP, NEUTRAL, ExportOptions
from core.export.render import render_export
from core.export.rows import Rows
from core.selection.saved import Selection
from pages.shared import engine
from pages.shared.hand_over_choices import AS_SOURCE
from pages.shared.messages import home_expanded
from pages.shared.numbers import whole
from pages.shared.state import choose, chosen

FIRST = 3  # records of the preview


@dataclass(frozen=True)
class Form:
    """What was chosen: how to write, and where."""

    options: ExportOptions
    to: Path


def draw_form(opened: engine.Opened, saved: Selection) -> Form:
    """Format, layout and path; below them only the choices that the two leave open."""
    if chosen("export_layout") == AS_SOURCE:
        own = opened.dataset.meta["layout"]
        choose(export_layout=own if own in LAYOUTS else next(iter(LAYOUTS)))
    form, layout, path = st.columns([1.7, 1.3, 3], vertical_alignment="bottom")
    name = form.selectbox("Format", FORMAT_NAMES, format_func=_title, key="export_format")
    kind = LAYOUTS[
        layout.selectbox("Layout", LAYOUTS, format_func=lambda name: LAYOUTS[name].title, key="export_layout")
    ]
    typed = path.text_input(
        "File" if kind.ending else "Folder",
        str(opened.workspace.exports / f"{saved.name}{kind.ending}"),
        key=f"export_path_{saved.name}{kind.ending}",
    )
    return Form(_draw_options(name, kind.name), home_expanded(typed))


def _draw_options(name: str, layout: str) -> ExportOptions:
    places = iter(st.columns(3))
    columns, formulas = True, NEUTRAL
    if name != VERBATIM:
        columns = next(places).checkbox(
            "Take other columns along",
            key="export_columns",
            help="category, tools, scores … beside the conversation",
        )
    if layout == "csv":
        safe = next(places).checkbox(
            "Guard spreadsheets", key="export_formulas",
            help="a ' before each text that a spreadsheet would run as a formula; off for a file that only a trainer reads",
        )  # fmt: skip
        formulas = NEUTRAL if safe else KEEP
    lossy = next(places).checkbox(
        "Allow losses", key="export_lossy",
        help="without it nothing is written that reads back otherwise; with it each loss is counted here and in the manifest",
    )  # fmt: skip
    return ExportOptions(format=name, columns=columns, lossy=lossy, formulas=formulas)


def _title(name: str) -> str:
    return "verbatim: as they were" if name == VERBATIM else EXPORT_FORMATS[name].title


def draw_preview(opened: engine.Opened, saved: Selection, form: Form) -> None:
    """The first records, as they will be written."""
    layout = layout_of(form.to)
    rows = Rows(opened.dataset, tuple(saved.ids[:FIRST]), form.options)
    st.caption(f"The first {min(FIRST, len(saved.ids))} of {whole(len(saved.ids))} records, as they will be written")
    if LAYOUTS[layout].table and layout != "csv":
        st.dataframe([record for _, record in records(rows, Changes())], hide_index=True, width="stretch")
        return
    pieces = b"".join(render_export(rows, layout=layout, changes=Changes()))
    st.code(pieces.decode("utf-8", "replace"), language=None, wrap_lines=True, height=260)
