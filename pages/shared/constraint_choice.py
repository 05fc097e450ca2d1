"""The constraints of the selection being made, as choices of the session, mirrored in the address."""

from __future__ import annotations

import json
from dataclasses import replace

import streamlit as st

from core.errors import GamutError
from core.selection.constraints import NO_CONSTRAINTS, Constraints
from core.selection.quotas import SHARE, Quota
from pages.shared.state import choose, chosen

CHANGED = "_constraints_changed"


def chosen_constraints() -> Constraints:
    """The constraints that are chosen now; none where a link holds odd ones."""
    try:
        return Constraints.from_dict(json.loads(chosen("constraints") or "{}"))
    except (GamutError, ValueError):
        return NO_CONSTRAINTS


def choose_constraints(wanted: Constraints) -> None:
    """Choose constraints: allowed in callbacks, as no widget has their key."""
    choose(constraints=constraints_text(wanted))
    tell_changed()


def tell_changed() -> None:
    """What the picture stands on was changed within a panel."""
    st.session_state[CHANGED] = True


def drawn_anew() -> None:
    """At the top of the whole screen: whatever was changed is drawn now."""
    st.session_state.pop(CHANGED, None)


def redraw_if_changed() -> None:
    """At the top of a panel: draw the whole screen again where the click that woke it changed what the picture stands on."""
    if st.session_state.pop(CHANGED, False):
        st.rerun()


def constraints_text(wanted: Constraints) -> str:
    """Constraints as the address carries them, "" where there are none."""
    return json.dumps(wanted.as_dict(), ensure_ascii=False, separators=(",", ":")) if wanted else ""


def add_quota(*quotas: Quota) -> None:
    """Add quotas to those chosen; each replaces one about the same rows, and shares replace all other shares."""
    before = chosen_constraints()
    shares = any(quota.kind == SHARE for quota in quotas)
    kept = [
        quota
        for quota in before.quotas
        if not (shares and quota.kind == SHARE) and not any(_same_rows(quota, new) for new in quotas)
    ]
    choose_constraints(replace(before, quotas=(*kept, *quotas)))


def drop_quota(quota: Quota) -> None:
    """Take one quota away."""
    before = chosen_constraints()
    choose_constraints(replace(before, quotas=tuple(one for one in before.quotas if one != quota)))


def chosen_without() -> tuple[str, ...]:
    """The kinds of features that are left out, in the order of their names."""
    return tuple(sorted(kind for kind in chosen("without").split(",") if kind))


def _same_rows(one: Quota, other: Quota) -> bool:
    return (one.kind, one.column, one.value) == (other.kind, other.column, other.value)
