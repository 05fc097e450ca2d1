"""A data set sample by sample, the parsed conversation beside the raw record."""

from __future__ import annotations

import math

import streamlit as st

from core.store.datasets import Dataset
from pages.shared.numbers import whole
from pages.shared.sample_view import draw_record, draw_turns

SAMPLES = 3  # on one page
HEIGHT = 340  # of a sample, in pixels: long ones scroll


def draw_preview(dataset: Dataset) -> None:
    """A page of samples."""
    pages = max(1, math.ceil(len(dataset) / SAMPLES))
    at, total = st.columns([1, 3], vertical_alignment="bottom")
    key = f"preview_{dataset.name}"
    first = at.number_input("From sample", min_value=0, max_value=len(dataset) - 1, step=SAMPLES, key=key)
    total.caption(
        f"{whole(len(dataset))} samples, {SAMPLES} at a time ({whole(pages)} pages). Left: as read. Right: the record."
    )
    for sample_id in range(first, min(first + SAMPLES, len(dataset))):
        st.markdown(f"**Sample #{sample_id}**")
        parsed, raw = st.columns(2, gap="medium")
        with parsed.container(height=HEIGHT, border=False):
            draw_turns(dataset.turns(sample_id))
        with raw.container(height=HEIGHT, border=False):
            draw_record(*dataset.record(sample_id))
