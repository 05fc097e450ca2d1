"""The options of a method: one control each, called and explained as the registry says."""

from __future__ import annotations

from dataclasses import Field, fields

import streamlit as st

from core.selection.known_analysis import NUMERIC
from core.selection.method import CAPABILITY, CAPABILITY_SHARES, SCORE, Method
from core.store.datasets import Dataset
from pages.shared.state import chosen, option_key


def draw_options(method: Method, dataset: Dataset) -> None:
    """Every option but those that come with a file, and the capabilities with their shares, which stand below the methods."""
    for field in fields(method.options):
        if field.metadata.get("typed", True) and field.metadata["names"] not in (CAPABILITY, CAPABILITY_SHARES):
            _draw_option(method, field, dataset)


def _draw_option(method: Method, field: Field, dataset: Dataset) -> None:
    """A control for one option, by the type of its default."""
    key, said = option_key(method.name, field.name), field.metadata
    label = f"{said['label']} ({said['unit']})" if said["unit"] else said["label"]
    if isinstance(field.default, bool):
        st.toggle(label, key=key, help=said["help"])
    elif said["choices"]:
        words = dict(zip(said["choices"], said["words"], strict=True))
        st.selectbox(label, said["choices"], key=key, format_func=words.get, help=said["help"])
    elif said["names"] == SCORE:
        _draw_column(label, key, dataset, help=said["help"])
    elif isinstance(field.default, str):
        st.text_input(label, key=key, help=said["help"])
    else:
        kind = type(field.default)
        low, high = (None if limit is None else kind(limit) for limit in (said["low"], said["high"]))
        step = kind(1) if kind is int else None
        st.number_input(label, min_value=low, max_value=high, step=step, key=key, help=said["help"])


def _draw_column(label: str, key: str, dataset: Dataset, *, help: str) -> None:
    """The columns of numbers that there are; one that a link names and the data set lacks is told where it is read."""
    columns = [column.name for column in dataset.columns if column.type in NUMERIC]
    there = ["", *columns]
    there += [chosen(key)] if chosen(key) not in there else []
    st.selectbox(
        label, there, key=key, help=help, disabled=len(there) == 1,
        format_func=lambda name: name or ("none" if columns else "none: the data set has no column of numbers"),
    )  # fmt: skip
