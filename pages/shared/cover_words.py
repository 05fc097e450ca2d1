"""How the samples that cover a left-out one are named."""

from __future__ import annotations

from core.selection.coverers import Covered, Shared
from pages.shared.numbers import count, whole


def covered_by_words(covered: Covered, *, most: int = 3) -> str:
    """#412 (57 of 60), #1093 (2) and others: the picks that cover a sample, for a table cell."""
    if not covered.by:
        return "no pick has any of it"
    named = [f"#{chosen} ({whole(n)})" for chosen, n in covered.by[:most]]
    named[0] = f"#{covered.by[0][0]} ({whole(covered.by[0][1])} of {whole(covered.features)})"
    more = len(covered.by) > most or covered.further
    return ", ".join(named) + (" and others" if more else "")


def left_out_words(covered: Covered) -> str:
    """Left out; already covered by #412 (37 features), #1093 (12); and what the selection lacks. Markdown, no data in it."""
    lacks = (
        f"{count(covered.lacking, 'feature')} of it the selection does not have."
        if covered.lacking
        else "Nothing in it is missing."
    )
    if covered.by_base:
        lacks = f"{count(covered.by_base, 'feature')} of it your base has. {lacks}"
    if not covered.by:
        return f"Left out; none of its features is in the selection. {lacks}"
    named = ", ".join(
        f"#{chosen} ({count(n, 'feature') if place == 0 else whole(n)})" for place, (chosen, n) in enumerate(covered.by)
    )
    more = f"; more picks cover {count(covered.further, 'feature')} more" if covered.further else ""
    return f"Left out; already covered by **{named}**{more}. {lacks}"


def stands_for_words(near: list[Shared], *, named: int) -> str:
    """Stands for 12 samples that are not chosen: it has 17 of the 30 features of #241, … Markdown, no data in it."""
    if not near:
        return "Stands for no sample that is not chosen: of each it has half of the features or fewer."
    told = ", ".join(f"**{whole(one.shared)} of {whole(one.features)}** of #{one.sample_id}" for one in near[:named])
    more = ", …" if len(near) > named else ""
    return f"Stands for {count(len(near), 'sample')} not chosen, having more than half of their features: {told}{more}."
