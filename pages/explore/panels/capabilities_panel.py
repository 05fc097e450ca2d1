"""Capabilities: what there is, how good each is, and a new one."""

from __future__ import annotations

import streamlit as st

from core.scores.capability import Capability
from core.scores.capability_quality import FIGURES, at_a_glance, quality_words
from pages.explore.panels.capability_charts import FIGURE_WORDS, draw_quality
from pages.explore.panels.capability_files import draw_files, draw_open
from pages.explore.panels.capability_form import draw_form, draw_offer
from pages.shared.capability_choice import capabilities, fits, looked_at
from pages.shared.engine import Opened
from pages.shared.job_view import draw_last, draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, moment, whole
from pages.shared.sample_features import clicked_row
from pages.shared.state import choose, chosen

JOBS = "capability"  # the command of the jobs that these screens start
SITE_TITLES = {"mlp": "MLP neurons", "residual": "Residual stream"}
TABLE = "_capability_table"


def draw_capabilities(opened: Opened) -> None:
    """The sentence on the one looked at, all of them at a glance, its figures, and the ways to a new one."""
    every = capabilities(opened.workspace)
    found = [one for one in every if fits(opened, one)]
    draw_running(opened.workspace)
    draw_last(opened.workspace, JOBS)
    if found:
        one = looked_at(found)
        site = _site(one)
        st.subheader(plain(f"{one.name}. {quality_words(one.quality[site])}"), anchor=False)
        _draw_table(found, site)
        with guard():
            _draw_one(opened, one, site)
    else:
        _say_none(every)
        draw_offer(opened)
    if others := [one for one in every if one not in found]:
        _draw_others(opened, others)
    draw_form(opened, expanded=not found)
    draw_open(opened)


def _say_none(every: list[Capability]) -> None:
    there = f" Those that are here ({whole(len(every))}) are of other models." if every else ""
    st.info(
        plain(
            "No capability of this model is learned yet. Give a few samples of what a model should become good at, and every "
            f"sample of the pool is scored by how far it moves the model the same way.{there}"
        ),
        icon=":material/info:",
    )


def _site(one: Capability) -> str:
    """The site that is looked at, of those it has."""
    sites = list(one.quality)
    if chosen("capability_site") not in sites:
        choose(capability_site=sites[0])
    return chosen("capability_site")


def _draw_table(found: list[Capability], site: str) -> None:
    """Every capability of this model at a glance; a click looks at one."""
    rows = [_glance(one, site) for one in found]
    event = st.dataframe(
        {name: [row[name] for row in rows] for name in rows[0]},
        hide_index=True, key=TABLE, on_select=lambda: _clicked(found), selection_mode="single-cell",
        row_height=30, height=min(260, 38 + 30 * len(rows)), column_config=_columns(),
    )  # fmt: skip
    del event
    st.caption(
        "Means over the layers, in brackets the range over the random sets beside it. A click on a row looks at that capability."
    )


def _clicked(found: list[Capability]) -> None:
    at = clicked_row(st.session_state[TABLE], len(found))
    if at is not None:
        choose(capability=found[at].name)


def _glance(one: Capability, site: str) -> dict[str, object]:
    said: dict[str, object] = {"capability": one.name, "samples": one.learned.samples}
    if site not in one.quality:  # learned without a pass: of the residual stream alone
        said |= {words.title: f"not at {SITE_TITLES[site].lower()}" for words in FIGURE_WORDS.values()}
    for glance in at_a_glance(one.quality[site]) if site in one.quality else ():
        random = f" ({glance.low:.2f} to {glance.high:.2f})" if glance.low is not None else " (–)"
        said[FIGURE_WORDS[glance.name].title] = f"{glance.own:.2f}{random}"
    return said | {"learned from": _from(one), "learned (UTC)": moment(one.learned.created)}


def _from(one: Capability) -> str:
    """What it was learned from, in a few words."""
    said = []
    for source in one.learned.sources:
        columns = source.get("filter", {}).get("columns", [])
        where = ", ".join(f"{column} = {value}" for column, value in columns)
        said.append(source["file"] if "file" in source else f"{source.get('dataset')}{': ' if where else ''}{where}")
    return "; ".join(said) or "not told"


def _columns() -> dict:
    column = st.column_config
    return {
        "samples": column.NumberColumn(width=70, help="that it was learned from"),
        **{words.title: column.TextColumn(width=150, help=words.help) for words in FIGURE_WORDS.values()},
        "learned from": column.TextColumn(width=180),
        "learned (UTC)": column.TextColumn(width=120),
    }


def _draw_one(opened: Opened, one: Capability, site: str) -> None:
    """The capability looked at: site, files, and its figures by layer and by number of samples."""
    which, sites, ways = st.columns([1.3, 1.5, 2], vertical_alignment="bottom")
    with which:
        st.markdown(f"**{plain(one.name)}**, {count(one.learned.samples, 'sample')}")
        if one.learned.left_out:
            st.caption(f"{count(one.learned.left_out, 'sample')} left out: no token that counts")
    if len(one.quality) > 1:
        sites.segmented_control(
            "Read at", list(one.quality), key="capability_site", required=True, format_func=SITE_TITLES.get,
            label_visibility="collapsed",
        )  # fmt: skip
    else:
        sites.caption(f"{SITE_TITLES[site]} only: learned without a pass of the model")
    with ways:
        draw_files(opened, one)
    draw_quality(one.quality[site], null=one.learned.null)


def _draw_others(opened: Opened, others: list[Capability]) -> None:
    """Capabilities of other models: each says in a sentence why it does not serve here."""
    with st.expander(f"{len(others)} of another model"):
        for one in others:
            with guard():
                one.require(opened.analysis)


assert set(FIGURE_WORDS) == set(FIGURES)
