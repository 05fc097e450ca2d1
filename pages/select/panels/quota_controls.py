"""Quotas by column: those that are set, the values of a column in pool and selection, and a form for one more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.errors import GamutError
from core.selection.constraints import Constraints
from core.selection.facets import categories, scores
from core.selection.known import Grouping
from core.selection.known_analysis import IN_GROUP, IN_TENTHS, LENGTH, RESPONSE_LENGTH
from core.selection.pool import Pool
from core.selection.quotas import CAP, FLOOR, SHARE, Quota
from core.selection.specification import RankingSpec, pool_of
from core.store.datasets import Dataset
from core.store.sample_groups import groups_here
from pages.shared import engine
from pages.shared.constraint_choice import add_quota, choose_constraints, chosen_constraints
from pages.shared.messages import guard, say_error

SET, COLUMN, KIND, VALUE, AMOUNT, WRONG = (
    "_quotas_set",
    "quota_column",
    "quota_kind",
    "quota_value",
    "quota_amount",
    "_quota_wrong",
)
EACH = "each value"
KINDS = {CAP: "at most", FLOOR: "at least", SHARE: "share"}
BUILT_IN = ("language", "turns", LENGTH, RESPONSE_LENGTH, "flags", "duplicate")
HEIGHT = 248


def quota_columns(dataset: Dataset) -> list[str]:
    """What quotas may go by: the columns that group the samples, what every data set has, scores in tenths, then the rest."""
    own, drawn = categories(dataset), [IN_GROUP + name for name in groups_here(dataset)]
    other = [column.name for column in dataset.columns if column.name not in own and column.role != "score"]
    return list(dict.fromkeys([*own, *BUILT_IN, *(name + IN_TENTHS for name in scores(dataset)), *drawn, *other]))


def draw_quotas(opened: engine.Opened, spec: RankingSpec, pool: Pool | None, ids: list[int]) -> None:
    """The quotas that are set, then the values of one column and the form."""
    given = {quota.words(): quota for quota in chosen_constraints().quotas}
    st.session_state[SET] = list(given)
    st.multiselect(
        "Quotas", list(given), key=SET, placeholder="none yet: add one below", on_change=_kept, args=(given,),
        help="take one away with its ×; caps and floors count rows, shares are held by turns (Sainte-Laguë)",
    )  # fmt: skip
    columns = quota_columns(opened.dataset)
    column = st.selectbox("By the column", columns, key=COLUMN)
    with guard():
        pool = _any_pool(opened, spec) if pool is None else pool
        grouping = pool.known.groups(column)
        _draw_values(pool, grouping, column, ids)
        _draw_form(grouping, column)
    if wrong := st.session_state.pop(WRONG, None):
        say_error(wrong)


def _any_pool(opened: engine.Opened, spec: RankingSpec) -> Pool:
    """The pool without what may make it impossible, so that quotas can be mended."""
    bare = replace(spec, constraints=Constraints(), pins=(), bans=())
    return pool_of(opened.analysis, opened.dataset, bare, features=engine.active(opened, spec).features)


def _draw_values(pool: Pool, grouping: Grouping, column: str, ids: list[int]) -> None:
    there = np.bincount(grouping.codes[np.flatnonzero(pool.free)], minlength=len(grouping.names))
    chosen = np.bincount(grouping.codes[ids], minlength=len(grouping.names)) if ids else np.zeros(len(there), int)
    order = np.argsort(-there, kind="stable")[:1000]
    st.dataframe(
        {
            "value": [grouping.names[k] for k in order],  # no name of a column, which might be that of another one here
            "pool": there[order],
            "pool, %": 100 * there[order] / max(1, there.sum()),
            "selection": chosen[order],
            "selection, %": 100 * chosen[order] / max(1, chosen.sum()),
        },
        hide_index=True,
        height=min(HEIGHT, 38 + 30 * len(order)),
        row_height=30,
        column_config={name: st.column_config.NumberColumn(format="%.1f") for name in ("pool, %", "selection, %")}
        | {"value": st.column_config.TextColumn(column)},
    )
    if len(grouping.names) > len(order):
        st.caption(f"The {len(order)} largest of {len(grouping.names)} values; a quota on each holds for all of them.")


def _draw_form(grouping: Grouping, column: str) -> None:
    kind, value, amount, add = st.columns([1.1, 1.6, 1, 0.8], vertical_alignment="bottom")
    said = kind.selectbox("Quota", list(KINDS), format_func=KINDS.get, key=KIND)
    values = [EACH, *grouping.names]
    if st.session_state.get(VALUE) not in values:
        st.session_state[VALUE] = EACH
    whose = value.selectbox("of", values, key=VALUE)
    if said == SHARE and whose == EACH:
        number = None
        amount.text_input("rows or share", "as in the pool", disabled=True, key="quota_as_pool")
    elif said == SHARE:
        number = amount.number_input("share, %", 0.0, 100.0, 10.0, key=AMOUNT + SHARE) / 100
    else:
        number = amount.number_input("rows", min_value=0 if said == CAP else 1, value=10, key=AMOUNT)
    add.button("Add", key="quota_add", width="stretch", on_click=_add, args=(said, column, whose, number))


def _add(kind: str, column: str, value: str, amount: float | None) -> None:
    try:
        exact = None if amount is None else round(amount, 6) if kind == SHARE else amount
        add_quota(Quota(kind=kind, column=column, value=None if value == EACH else value, amount=exact))
    except GamutError as error:
        st.session_state[WRONG] = str(error)


def _kept(given: dict[str, Quota]) -> None:
    kept = tuple(given[words] for words in st.session_state[SET] if words in given)
    choose_constraints(replace(chosen_constraints(), quotas=kept))
