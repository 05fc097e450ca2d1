"""Constraints as the command line takes them."""

from __future__ import annotations

import json
from typing import Any

from core.errors import GamutError
from core.selection.constraints import Constraints
from core.selection.quotas import Quota, read_quota


def constraint_words(constraints: Constraints) -> list[str]:
    """The flags that say these constraints: one a quota, unless a name holds a mark of its own; then all as JSON."""
    if not constraints:
        return []
    if not all(_can_be_typed(quota) for quota in constraints.quotas):
        return ["--constraints", _json(constraints.as_dict())]
    words = ["--only", _json(constraints.only.as_dict())] if constraints.only else []
    for quota in constraints.quotas:
        words += [f"--{quota.kind}", quota.text()]
    alike = constraints.near_duplicates
    return words + ([] if alike is None else ["--near-duplicates", str(alike)])


def _can_be_typed(quota: Quota) -> bool:
    try:
        return read_quota(quota.kind, quota.text()) == quota
    except GamutError:
        return False


def _json(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
