"""The groups that a column of a data set makes, for screens that offer one to choose from."""

from __future__ import annotations

import streamlit as st

from core.datasets.metadata import Column
from core.store.column_values import column_values
from core.store.datasets import Dataset

MOST = 256  # values of a column that can be chosen from
LACKING = 0.1  # share of the samples without a value from which a column comes after those that tell more


def told_first(dataset: Dataset) -> list[Column]:
    """The columns in their order, those that many samples lack last: in a pool a column may be known of one member only."""
    return sorted(dataset.columns, key=lambda one: one.missing > LACKING * len(dataset))


def first_category(dataset: Dataset) -> str:
    """The first column that says a sample's category and holds more than one value; "" where none does."""
    found = [one.name for one in told_first(dataset) if one.role == "category" and 2 <= one.distinct <= MOST]
    return found[0] if found else ""


def groups_of(dataset: Dataset, column: str) -> list[tuple[str | None, int]]:
    """The values of a column and their rows, most rows first, at most `MOST`; None is no value."""
    return _groups(dataset, dataset.content_hash, column)


@st.cache_resource(max_entries=64, show_spinner=False)
def _groups(_dataset: Dataset, key: str, column: str) -> list[tuple[str | None, int]]:
    return column_values(_dataset, column, limit=MOST)
