"""The filter of samples as one choice of the session, mirrored in the address as JSON."""

from __future__ import annotations

import json

from core.errors import GamutError
from core.store.sample_filter import SampleFilter
from pages.shared.state import choose, chosen


def chosen_filter() -> SampleFilter:
    """The filter that is chosen now; one that lets everything through where none is, or where a link holds an odd one."""
    try:
        return SampleFilter.from_dict(json.loads(chosen("filter") or "{}"))
    except (GamutError, ValueError):
        return SampleFilter()


def choose_filter(wanted: SampleFilter) -> None:
    """Choose a filter: allowed in callbacks."""
    choose(filter=filter_text(wanted))


def filter_text(wanted: SampleFilter) -> str:
    """A filter as the address carries it, "" where it lets everything through."""
    return json.dumps(wanted.as_dict(), ensure_ascii=False, separators=(",", ":")) if wanted else ""
