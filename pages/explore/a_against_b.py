"""A against B: what separates two sets?"""

from __future__ import annotations

import streamlit as st

from core.selection.two_sets import left_out_words
from pages.explore.panels.against_answers import Against, compared, words_of
from pages.explore.panels.as_target import draw_target
from pages.explore.panels.both_sides import draw_both
from pages.explore.panels.evaluation_file import draw_evaluation, under_way
from pages.explore.panels.odds_chart import draw_odds
from pages.explore.panels.odds_table import draw_table
from pages.explore.panels.set_choice import chosen_sets, draw_sets, evaluated_side
from pages.shared.empty import offer_analysis
from pages.shared.engine import Opened
from pages.shared.fragment import fragment
from pages.shared.messages import guard, head, plain
from pages.shared.numbers import count, whole
from pages.shared.sidebar import current
from pages.shared.state import NO_FEATURE, chosen, write_link

EACH = 9  # features of a side in the picture
NAMED = 4  # of a side in the sentence
WORDS = 40  # characters of a feature in the sentence
HOW = (
    "Samples of both sets are put into at least ten, at most a hundred groups of like length, and compared within each: common "
    "odds ratio of Mantel and Haenszel with the interval of Robins, Breslow and Greenland; the test of Cochran, Mantel and "
    "Haenszel, exact where few samples tell; false discoveries by Benjamini and Hochberg, under 5 % over all live features. In "
    "the picture, of what is surely commoner, first what exceeds most what the other set's odds explain."
)


@fragment
def workbench(opened: Opened) -> None:
    """Everything that moves with the two sets: only this is drawn again."""
    with guard():
        draw_sets(opened)
    sets = None
    with guard():
        sets = chosen_sets()
    if evaluated_side():
        with guard():
            draw_evaluation(opened, expanded=sets is None)
    with guard():
        if sets is None:
            st.info("Choose both sets: what separates them is shown here.", icon=":material/info:")
        elif name := under_way(opened, sets):
            st.info(plain(f"{name} is being analysed: what separates the two is shown here when that is done."))
        else:
            draw_answer(opened, compared(opened, *sets))
    write_link()


def draw_answer(opened: Opened, against: Against) -> None:
    """The sentence, the picture with the texts beside it, what to know, the target, the table."""
    found = against.found
    shown = [*found.telling("a", EACH).tolist(), *found.telling("b", EACH).tolist()]
    words = words_of(opened, against, shown)
    st.subheader(plain(sentence(against, words)), anchor=False)
    st.caption(plain(f"{figures(against)} {left_out_words(against.found)}"), help=HOW)
    if against.notes:
        st.caption(plain(" ".join(against.notes)))
    if shown or chosen("ab_feature") != NO_FEATURE:
        draw_picture(opened, against, shown, words)
    draw_target(opened, against)
    with guard():
        draw_table(opened, against)


def draw_picture(opened: Opened, against: Against, shown: list[int], words: dict[int, str]) -> None:
    """The chart, and the texts of the feature that is chosen (the first where none is)."""
    feature_id = int(chosen("ab_feature"))
    if not 0 <= feature_id < opened.analysis.n_features:
        feature_id = shown[0] if shown else 0
    chart, texts = st.columns([1.35, 1], gap="medium")
    with chart:
        if shown:
            draw_odds(against.found, shown, words, marked=feature_id)
    with texts, guard():
        draw_both(opened, against, feature_id, words_of(opened, against, [feature_id])[feature_id])


def sentence(against: Against, words: dict[int, str]) -> str:
    """What sets A apart from B, in words."""
    a, b = against.a.words(), against.b.words()
    in_a, in_b = (_named(against.found.telling(side, EACH).tolist(), words) for side in ("a", "b"))
    if not in_a and not in_b:
        return f"At equal length, no feature surely separates {a} from {b}."
    if not in_a or not in_b:
        one, other, names = (a, b, in_a) if in_a else (b, a, in_b)
        return f"What sets {one} apart from {other}, at equal length: {names}. Nothing is surely commoner in {other}."
    return f"What sets {a} apart from {b}, at equal length: {in_a}; the other way: {in_b}."


def _named(ids: list[int], words: dict[int, str]) -> str:
    """The first few features, of those with the same words one."""
    distinct = dict.fromkeys(words[f] for f in ids)
    return ", ".join(w if len(w) <= WORDS else w[: WORDS - 3].rstrip() + "… »" for w in list(distinct)[:NAMED])


def figures(against: Against) -> str:
    """Sizes, features that differ, and how many a test that ignores length would call."""
    found = against.found
    adjusted = whole(len(found.common_in_a())), whole(len(found.common_in_b()))
    plain_test = whole(len(found.common_in_a(found.plain))), whole(len(found.common_in_b(found.plain)))
    return (
        f"A: {count(found.n_a, 'sample')}. B: {count(found.n_b, 'sample')}. At equal length {adjusted[0]} features are commoner "
        f"in A and {adjusted[1]} in B, at most one in twenty of them by chance; a test that ignores length would call "
        f"{plain_test[0]} and {plain_test[1]}. Compared within {count(len(found.strata.low), 'group')} of like length."
    )


head("A against B", "What separates two sets?")
opened = current().opened()
if opened is None:
    offer_analysis(current())
else:
    workbench(opened)
