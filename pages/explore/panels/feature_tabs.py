"""More about one feature, a tab each; only the chosen one is computed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.datasets.sample import ROLES
from core.scores.by_chance import by_chance
from core.scores.coactivation import TOGETHER, coactive
from core.scores.where import samples_of, where_it_fires
from core.store.bins import POSITION_BINS
from core.store.feature_examples import snippets
from core.store.features import direction_of
from pages.explore.panels.answers import SUBSET, columns_to_tell, known, scored
from pages.explore.panels.explanations import draw_explanations
from pages.explore.panels.feature_charts import share_figure
from pages.explore.panels.telling_features import percent
from pages.shared import engine
from pages.shared.charts import QUIET
from pages.shared.draft import draft_spec
from pages.shared.engine import Opened
from pages.shared.feature_words import feature_words
from pages.shared.messages import guard, plain
from pages.shared.numbers import whole
from pages.shared.sample_features import clicked_row
from pages.shared.sample_view import open_sample
from pages.shared.sidebar import Current
from pages.shared.state import choose_next, chosen
from pages.shared.subset import current_subset
from pages.shared.token_view import TokenRow, token_rows

TITLES = {
    "tokens": "Promoted tokens", "neighbours": "Neighbours", "where": "Where it fires", SUBSET: "Subset against pool",
    "explanations": "Explanations",
}  # fmt: skip
NEIGHBOURS = 15
READ = 4  # samples of either side of the subset


def draw_tabs(here: Current, opened: Opened, feature_id: int) -> None:
    """The strip of tabs, and the chosen one."""
    st.segmented_control(
        "More", list(PANELS), key="feature_tab", required=True, format_func=TITLES.get, label_visibility="collapsed"
    )
    with guard():
        PANELS[chosen("feature_tab")](here, opened, feature_id)


def draw_tokens(here: Current, opened: Opened, feature_id: int) -> None:
    """The tokens that the feature's direction makes likelier and unlikelier, by itself."""
    direction = direction_of(opened.analysis, feature_id)
    rows = []
    for title, pairs in (("Promoted", direction.promoted), ("Suppressed", direction.suppressed)):
        texts, logits = [text for text, _ in pairs], [logit for _, logit in pairs]
        about = (
            "the tokens that its direction makes likelier" if title == "Promoted" else "and those it makes unlikelier"
        )
        rows.append(
            TokenRow(tokens=texts, values=np.abs(logits).tolist(), chips=True, section=title, section_about=about)
        )
    token_rows(rows, key="promoted", wide=True)
    st.caption(
        "Logits of the decoder direction through the model's final norm and head, the strongest first; hover for the value. "
        "A feature may write something else than it reads: compare with the examples."
    )


def draw_neighbours(here: Current, opened: Opened, feature_id: int) -> None:
    """Features active in the same samples, and features whose directions are alike."""
    features = engine.active(opened, draft_spec(opened)).features
    together, alike = st.columns(2, gap="large")
    found = coactive(features, feature_id, limit=NEIGHBOURS)
    nearest = direction_of(opened.analysis, feature_id).nearest
    words = feature_words(opened, [*(n.feature_id for n in found), *(other for other, _ in nearest)])
    with together:
        st.markdown("**Active in the same samples**")
        if found:
            _table(
                f"coactive_{feature_id}", [n.feature_id for n in found], words,
                {"lift": [n.lift for n in found], "together": [n.together for n in found], "samples": [n.samples for n in found]},
            )  # fmt: skip
        own = int(features.samples[feature_id])
        st.caption(
            f"Active here in {whole(own)} samples, by the rule chosen on Budget. Lift: samples that hold both over those "
            f"expected if the two were independent; {TOGETHER} or more together, ordered by the lift's lower limit."
        )
    with alike:
        st.markdown("**Directions alike**")
        _table(
            f"alike_{feature_id}", [other for other, _ in nearest], words, {"cosine": [cosine for _, cosine in nearest]}
        )
        st.caption("Cosine of the decoder directions: alike in what they write, whether or not they fire together.")


def _table(key: str, ids: list[int], words: dict[int, str], figures: dict[str, list]) -> None:
    """Features with figures; a click opens one. The key holds the page's own feature, or the next page would be clicked too."""
    formats = {"lift": "%.3g", "cosine": "%.3f"}
    event = st.dataframe(
        {"feature": ids, "what it is about": [words[other] for other in ids], **figures},
        hide_index=True, key=key, row_height=30, height=38 + 30 * min(12, len(ids)), selection_mode="single-cell",
        on_select="rerun",
        column_config={
            "feature": st.column_config.NumberColumn(format="#%d", width=62),
            "what it is about": st.column_config.TextColumn(width=170),
            **{name: st.column_config.NumberColumn(format=formats.get(name), width=60) for name in figures},
        },
    )  # fmt: skip
    clicked = clicked_row(event, len(ids))
    if clicked is not None:
        choose_next(feature=ids[clicked])
        st.rerun()


def draw_where(here: Current, opened: Opened, feature_id: int) -> None:
    """By position, by role and by group."""
    found = where_it_fires(opened.analysis, feature_id, scored(opened, opened.key))
    position, role, groups = st.columns(3, gap="large")
    with position:
        st.markdown("**Position in the sample**")
        last = max(np.flatnonzero(~np.isnan(found.position_share)), default=0) + 1
        names = [f"{1 << b} to {(2 << b) - 1}" if b < POSITION_BINS - 1 else f"{1 << b} on" for b in range(last)]
        names[0] = "1"
        _bars("position", names, found.position_share[:last], found.position[:last], title="of the tokens there")
    with role:
        st.markdown("**Whose words**")
        names = [name.replace("_", " ") for name in ROLES]
        _bars("role", names, found.role_share, found.role, title="of that role's tokens")
    with groups:
        _draw_groups(opened, feature_id)
    st.caption(
        "Active tokens as a share of the scored tokens in that place, and samples as a share of the group, at θ = 0."
    )


def _draw_groups(opened: Opened, feature_id: int) -> None:
    ways = columns_to_tell(opened)
    if not ways:
        return
    way = chosen("tell") if chosen("tell") in ways else ways[0]
    st.markdown(f"**{plain(way)}**")
    grouping = known(opened).groups(way)
    sizes = np.bincount(grouping.codes, minlength=len(grouping.names))
    held = np.bincount(grouping.codes[samples_of(opened.analysis, feature_id)], minlength=len(grouping.names))
    order = np.argsort(-sizes, kind="stable")[:24]
    share = np.divide(held, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)
    _bars("groups", [short_name(grouping.names[g]) for g in order], share[order], held[order], title="of its samples")
    if len(sizes) > len(order):
        st.caption(f"The {len(order)} largest of {len(sizes)} groups.")


def short_name(name: str) -> str:
    """A group's name as a chart writes it: text, and not longer than a line of it."""
    name = name.replace("<", "‹").replace(">", "›")  # a chart's labels read a little HTML
    return name if len(name) <= 28 else name[:27] + "…"


def _bars(key: str, names: list[str], shares: np.ndarray, counts: np.ndarray, *, title: str) -> None:
    figure = share_figure(names, shares.tolist(), counts.tolist(), title=title)
    st.plotly_chart(figure, config=QUIET, key=f"where_{key}", alt=f"{key}: share {title}")


def draw_subset(here: Current, opened: Opened, feature_id: int) -> None:
    """How much of the feature the subset keeps, beside random subsets of equal tokens; texts from both sides."""
    subset = current_subset(opened, here.selection)
    if subset is None:
        st.info("There is no subset: choose a budget that can be met on Budget, or a saved selection in the sidebar.")
        return
    n = opened.analysis.n_samples
    holds = np.zeros(n, bool)
    holds[samples_of(opened.analysis, feature_id)] = True
    inside = subset.members(n)
    said = by_chance(holds, chosen=inside, tokens=opened.analysis.counts.conversation_tokens)
    st.markdown(
        f"Active in **{percent(said.own)}** of the {whole(len(subset.ids))} samples of {plain(subset.title)}, in "
        f"**{percent(said.pool)}** of the pool; random subsets of as many tokens have "
        f"{percent(said.low)} to {percent(said.high)} (the middle 95 % of 200)."
    )
    pieces = {"Chosen": inside & holds, "Left out": ~inside & holds}
    rows, shown = [], []
    for title, members in pieces.items():
        found = strongest_among(opened, feature_id, members)
        for place, piece in enumerate(found):
            heading = {"section": title, "section_about": "the strongest examples"} if place == 0 else {}
            rows.append(
                TokenRow(
                    tokens=piece.texts, values=piece.example.activations.tolist(), head=f"#{piece.example.sample_id}",
                    about=f"{piece.example.strength:.3g}", peak=piece.example.position - piece.example.start,
                    inline=True, before=piece.before, after=piece.after, faded=piece.faded, **heading,
                )
            )  # fmt: skip
            shown.append(piece)
    clicked = token_rows(rows, key="subset_examples", opens=True, wide=True)
    if clicked is not None:
        open_sample(opened, shown[clicked].example.sample_id, feature=feature_id)


def strongest_among(opened: Opened, feature_id: int, members: np.ndarray):
    """Up to READ pieces of the feature's strongest examples in some samples."""
    left, found = members.copy(), []
    while len(found) < READ:
        (piece,) = snippets(opened.analysis, opened.dataset, [(feature_id, left)])
        if piece is None or not left[piece.example.sample_id]:
            break
        left[piece.example.sample_id] = False
        found.append(piece)
    return found


PANELS = {
    "tokens": draw_tokens, "neighbours": draw_neighbours, "where": draw_where, SUBSET: draw_subset,
    "explanations": draw_explanations,
}  # fmt: skip
