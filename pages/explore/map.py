"""Map: what is in it, and where?"""

from __future__ import annotations

import streamlit as st

from core.errors import GamutError
from core.jobs.start import start
from core.jobs.state import jobs
from core.scores.enrichment import Enrichment
from core.scores.layout import Layout, seconds_to_draw
from core.selection.inside import shares_inside
from pages.explore.panels.answers import known
from pages.explore.panels.map_answers import Drawn, drawn, features_of, group_columns, layout_of, names_of, regions_of
from pages.explore.panels.map_controls import draw_controls
from pages.explore.panels.map_inside import EACH, draw_amount, draw_features, draw_groups, draw_samples
from pages.explore.panels.map_regions_list import draw_regions
from pages.explore.panels.map_scene import ASKED, chosen_outline, draw_scene, shows_chosen
from pages.explore.panels.map_send import draw_send
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened, ranked
from pages.shared.feature_words import feature_words
from pages.shared.fragment import fragment
from pages.shared.job_view import draw_running
from pages.shared.messages import guard, plain
from pages.shared.numbers import count, duration, whole
from pages.shared.sample_view import Judged, open_sample
from pages.shared.screen import draw_screen
from pages.shared.sidebar import Current, current
from pages.shared.state import write_link
from pages.shared.subset import current_subset

NAMED, WORDS = 3, 40  # features of the sentence, and letters of one
REGIONS_NAMED = 4


@fragment
def workbench(here: Current, opened: Opened, layout: Layout) -> None:
    """Everything that moves on the map: only this is drawn again."""
    outline = None
    with guard():
        outline = chosen_outline()
    found = drawn(opened, layout, outline) if outline else None
    told = None
    if found is not None and 0 < found.inside.count < opened.analysis.n_samples:
        with guard():
            told = features_of(opened, found)
    shown = [*told.telling("a", EACH).tolist(), *told.telling("b", EACH).tolist()] if told else []
    words = feature_words(opened, shown)
    st.subheader(plain(sentence(opened, found, told, words)), anchor=False)
    draw_controls(opened, outline)
    chart, beside = st.columns([2, 1], gap="medium")
    with chart, guard():
        draw_scene(opened, layout, current_subset(opened, here.selection) if shows_chosen(opened) else None)
    with beside, guard():
        subset = current_subset(opened, here.selection)  # may take a while: the picture stands already
        if found is None:
            draw_regions(opened, layout, subset)
        else:
            draw_amount(opened, found, subset)
            draw_send(opened, layout, found)
            if found.inside.count:
                draw_groups(opened, found)
    if told is not None and found is not None:
        features, samples = st.columns([1.35, 1], gap="medium")
        with features, guard():
            draw_features(told, shown, words)
        with samples, guard():
            draw_samples(opened, layout, found)
    with guard():
        _open_asked(here, opened)
    write_link()


def sentence(opened: Opened, found: Drawn | None, told: Enrichment | None, words: dict[int, str]) -> str:
    """What the map shows, or what is inside the outline, in words."""
    if found is None:
        return _whole_map(opened)
    inside, n = found.inside, opened.analysis.n_samples
    if not inside.count:
        return "No sample lies inside what you drew."
    said = f"{count(inside.count, 'sample')}, {100 * inside.count / n:.3g} % of the pool"
    column = group_columns(opened)[0]
    share = shares_inside(known(opened).groups(column), inside.members)[0]
    if share.pool < n:
        parts = f"{100 * share.inside / inside.count:.3g} %; {100 * share.pool / n:.3g} % of the pool"
        many = "most of them" if 2 * share.inside > inside.count else "the largest part"
        said += f", {many} {column} = {share.name} ({parts})"
    names = list(dict.fromkeys(_cut(words[f]) for f in told.telling("a", EACH).tolist())) if told else []
    return f"{said}. At equal length they have more of: {', '.join(names[:NAMED])}." if names else f"{said}."


def _whole_map(opened: Opened) -> str:
    found = regions_of(opened, opened.key)
    largest = list(zip(names_of(opened), found.regions, strict=True))[:REGIONS_NAMED]
    said = "; ".join(f"“{name.text()}” ({whole(region.size)})" for name, region in largest)
    start = f"{count(opened.analysis.n_samples, 'sample')}; those alike lie together."
    return f"{start} The largest regions: {said}." if said else start


def _cut(words: str) -> str:
    return words if len(words) <= WORDS else words[: WORDS - 1].rstrip() + "…"


def _open_asked(here: Current, opened: Opened) -> None:
    """The drawer on the sample that was clicked, with why it was taken where a ranking is at hand."""
    asked = st.session_state.pop(ASKED, None)
    if asked is None:
        return
    judged, subset = None, current_subset(opened, here.selection)
    if subset is not None:
        try:
            pool, ranking = ranked(opened, draft_spec(opened))
            if set(ranking.sample_ids[: len(subset.ids)].tolist()) == set(subset.ids.tolist()):
                judged = Judged(pool.features, ranking.head(len(subset.ids)))
        except GamutError:
            judged = None
    open_sample(opened, asked, judged)


def offer_map(opened: Opened) -> None:
    """No map yet: what it is, what it costs, and the button."""
    n = opened.analysis.n_samples
    title = f"Map of {opened.analysis.name}"
    under_way = any(job.spec.title == title and not job.ended for job in jobs(opened.workspace))
    st.info(
        plain(
            f"Analysis {opened.analysis.name} has no map yet. A map gives each of its {count(n, 'sample')} a place, near those "
            f"that activate the same features (truncated SVD, then UMAP with a fixed seed). It takes about "
            f"{duration(seconds_to_draw(n))}, once, and is kept."
        ),
        icon=":material/info:",
    )
    if not under_way and st.button("Draw the map", type="primary", key="map_draw"):
        start(opened.workspace, title=title, command=["layout", opened.analysis.id])
        st.rerun()
    draw_running(opened.workspace)


def screen(opened: Opened) -> None:
    """The map, or the way to one."""
    with guard():
        layout = layout_of(opened)
        if layout is None:
            offer_map(opened)
        else:
            workbench(current(), opened, layout)


draw_screen("Map", "What is in it, and where?", screen)
