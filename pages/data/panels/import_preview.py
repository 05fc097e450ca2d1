"""How a source would be read, before it is: the format and its rule, the first conversations beside their records."""

from __future__ import annotations

import streamlit as st

from core.datasets.look import Look
from core.datasets.sample import Sample
from pages.shared.messages import plain, say_error
from pages.shared.numbers import count
from pages.shared.sample_view import draw_turns

HEIGHT = 280  # of a sample, in pixels: long ones scroll
LONGEST = 20_000  # characters of a record or of a text that are shown before import
FILES = 5  # named where a folder holds several formats


def draw_verdict(look: Look) -> None:
    """Format and rule, and what would be left out; or why nothing can be read so."""
    if look.refused:
        say_error(look.refused)
        return
    _draw_formats(look)
    left_out = look.seen - look.kept
    said = f"Of the first {count(look.seen, 'record')}, {look.kept} are read and {left_out} would be left out"
    if left_out:
        st.warning(plain(f"{said}, for these reasons."))
        st.dataframe(
            {
                "file": [problem.file for problem in look.problems],
                "line": [problem.line for problem in look.problems],
                "reason": [problem.reason for problem in look.problems],
                "record": [problem.record.decode("utf-8", "replace") for problem in look.problems],
            },
            hide_index=True,
            height=220,
        )
    else:
        st.caption(plain(f"{said}."))
    columns = list(dict.fromkeys(key for sample in look.samples for key in sample.extras))
    if columns:
        st.caption(plain("Becomes metadata: " + ", ".join(columns)))


def draw_samples(look: Look) -> None:
    """The first conversations beside their records; where nothing can be read, the records alone."""
    if look.samples:
        st.caption(f"The first {count(len(look.samples), 'sample')}. Left: as read. Right: the record.")
    for sample in look.samples:
        _draw_sample(sample)
    if look.refused:
        st.caption(f"The first {count(len(look.raw), 'record')}.")
        for record in look.raw:
            _draw_raw(record.raw, record.file, record.line)


def _draw_formats(look: Look) -> None:
    for name in dict.fromkeys(form.name for form in look.formats.values()):
        files = [file for file, form in look.formats.items() if form.name == name]
        form = look.formats[files[0]]
        named = ", ".join(files[:FILES]) + (f" and {len(files) - FILES} more" if len(files) > FILES else "")
        st.markdown(f"**{plain(form.title)}**" + (f": {plain(named)}" if len(look.formats) > 1 else ""))
        st.caption(plain(form.rule))


def _draw_sample(sample: Sample) -> None:
    parsed, raw = st.columns(2, gap="medium")
    with parsed.container(height=HEIGHT, border=False):
        draw_turns(tuple(turn if len(turn.text) <= LONGEST else type(turn)(turn.role, shortened(turn.text))
                         for turn in sample.turns))  # fmt: skip
        for rule in sample.repairs:
            st.caption(plain(f"Note: {rule}."))
    with raw.container(height=HEIGHT, border=False):
        _draw_raw(sample.record, sample.file, sample.line)


def _draw_raw(record: bytes, file: str, line: int) -> None:
    st.text(f"{file}, line {line}")
    st.code(shortened(record.decode("utf-8", "replace")), language=None, wrap_lines=True)


def shortened(text: str) -> str:
    """A text as far as it is shown before import, and how much more there is."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n… ({LONGEST} of {len(text)} characters shown; all are imported)"
