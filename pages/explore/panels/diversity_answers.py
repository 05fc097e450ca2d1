"""What the Diversity screen asks of the engine, each thing once: caches keyed by the plain values that decide them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.scores.length_matched import Remains
from core.scores.length_report import LengthReport, Partial
from core.scores.rarefied import SIZES
from core.scores.response_loss import loss_there
from core.scores.spectrum import Bounds, Carrier
from core.selection.diversity_report import (
    COPIES,
    THETA_0,
    Diversity,
    at_equal_length,
    at_theta_0,
    cluster_columns,
    group_columns,
    length_report,
    size_of,
)
from core.selection.select import Selected
from core.selection.specification import RankingSpec, select_by
from pages.shared import engine
from pages.shared.draft import draft_budget, draft_spec
from pages.shared.engine import Opened
from pages.shared.messages import plain
from pages.shared.state import choose, chosen

COUNTED = {"rule": "as on Budget", "zero": "θ = 0"}
EVERYTHING = ""  # no groups


def counted_spec(opened: Opened) -> RankingSpec:
    """The span and the rule of what is active, as a specification that ranks nothing."""
    spec = draft_spec(opened, method="random")
    return replace(spec, activity=THETA_0) if chosen("diversity_counted") == "zero" else spec


def diversity_of(opened: Opened) -> Diversity:
    """The samples under the rule that is chosen."""
    spec = counted_spec(opened)
    rule = spec.activity
    return _diversity(opened, opened.key, spec.span, rule.mode, rule.quantile, rule.theta)


@st.cache_resource(max_entries=4, show_spinner=False)
def _diversity(_opened: Opened, key: str, span: str, mode: str, quantile: float | None, theta: float) -> Diversity:
    spec = counted_spec(_opened)
    features = engine.active(_opened, spec).features
    return Diversity(_opened.analysis, _opened.dataset, features, spec.span, spec.activity)


def rule_words(opened: Opened) -> str:
    """What decides a `Diversity`, as a plain value."""
    spec = counted_spec(opened)
    return f"{opened.key}:{spec.span}:{spec.activity}"


def report(opened: Opened, *, by: str, resampled: str, size: int) -> LengthReport:
    """What length explains."""
    return _report(opened, rule_words(opened), by, resampled, size)


@st.cache_resource(max_entries=16, show_spinner="Measuring what length explains …")
def _report(_opened: Opened, said: str, by: str, resampled: str, size: int) -> LengthReport:
    return length_report(diversity_of(_opened), by=by, resampled=resampled, size=size)


def equal_length(opened: Opened, *, resampled: str) -> list[Partial]:
    """What goes with richness at equal length."""
    return _equal_length(opened, f"{rule_words(opened)}:{loss_there(opened.analysis)}", resampled)


@st.cache_resource(max_entries=16, show_spinner="Reading how samples are built …")
def _equal_length(_opened: Opened, said: str, resampled: str) -> list[Partial]:
    return at_equal_length(diversity_of(_opened), resampled=resampled)


def zero_words(opened: Opened) -> str:
    """The same at θ = 0, beside the rule of Budget."""
    return _zero_words(opened, rule_words(opened))


@st.cache_resource(max_entries=8, show_spinner="Counting tokens …")
def _zero_words(_opened: Opened, said: str) -> str:
    return at_theta_0(diversity_of(_opened)).words()


def carried(opened: Opened, column: str, bounds: Bounds) -> list[Carrier]:
    """Who carries the rare features."""
    return _carried(opened, rule_words(opened), column, bounds.rare, bounds.ubiquitous)


@st.cache_resource(max_entries=16, show_spinner="Looking who carries the rare features …")
def _carried(_opened: Opened, said: str, column: str, rare: float, ubiquitous: float) -> list[Carrier]:
    return diversity_of(_opened).carriers(column, Bounds(rare=rare, ubiquitous=ubiquitous))


def picks(opened: Opened) -> tuple[RankingSpec, Selected]:
    """What is chosen now on Budget."""
    spec = draft_spec(opened)
    pool, ranking = engine.ranked(opened, spec)
    return spec, select_by(pool, spec, draft_budget(), ranking=ranking)


def what_remains(opened: Opened, spec: RankingSpec, selected: Selected, bounds: Bounds, size: int) -> list[Remains]:
    """The picks beside random samples, of any lengths and of the same lengths."""
    mark = f"{rule_words(opened)}:{engine.words(spec)}:{draft_budget()}"
    return _remains(opened, mark, bounds.rare, bounds.ubiquitous, size, spec, selected)


@st.cache_resource(max_entries=8, show_spinner="Drawing random samples of the same lengths …")
def _remains(
    _opened: Opened, mark: str, rare: float, ubiquitous: float, size: int, _spec: RankingSpec, _selected: Selected
) -> list[Remains]:
    pool, _ = engine.ranked(_opened, _spec)
    eligible = pool.free.copy()
    eligible[_selected.sample_ids] = True
    return diversity_of(_opened).remains(_selected.sample_ids, eligible, Bounds(rare=rare, ubiquitous=ubiquitous), size)


def chosen_bounds() -> Bounds:
    """What counts as rare and as ubiquitous; above rare at least, however both were typed."""
    rare, ubiquitous = float(chosen("rare")), float(chosen("ubiquitous"))
    return Bounds(rare=rare, ubiquitous=ubiquitous if ubiquitous > rare else 2 * rare)


def chosen_size(opened: Opened) -> int:
    """At how many tokens richness is compared; those that most samples have where none is chosen."""
    return chosen("diversity_size") or size_of(diversity_of(opened))


def sizes(opened: Opened) -> list[int]:
    """The sizes that some sample reaches."""
    longest = int(diversity_of(opened).tokens.max(initial=0))
    return [size for size in SIZES if size <= longest] or [SIZES[0]]


def choose_among(key: str, options: list[str], label: str, words: Callable[[str], str], **more) -> str:
    """A box to choose one of a few columns; a link may name one that another data set has."""
    if chosen(key) not in options:
        choose(**{key: options[0]})
    return st.selectbox(label, options, key=key, format_func=words, **more)


def groups_offered(opened: Opened) -> list[str]:
    """The columns that samples may be grouped by; one group of all where there is none."""
    return group_columns(opened.dataset) or [EVERYTHING]


def clusters_offered(opened: Opened) -> list[str]:
    """What intervals may resample."""
    return cluster_columns(opened.dataset)


def by_words(column: str) -> str:
    return plain(column) if column else "all samples together"


def cluster_words(column: str) -> str:
    return "groups of copies" if column == COPIES else plain(column)


def counted_words(opened: Opened) -> str:
    """What counts as active, in a few words."""
    spec = counted_spec(opened)
    said = "θ = 0, the SAE's own activation function" if spec.activity == THETA_0 else "the rule chosen on Budget"
    where = "" if spec.span == "conversation" else f" within the {spec.span}"
    return f"{said}{where}"


def draw_counted() -> None:
    """The choice of what counts as active."""
    st.segmented_control(
        "Active features", list(COUNTED), key="diversity_counted", required=True, format_func=COUNTED.get,
        help="The rule of Budget is a threshold of each feature's own; θ = 0 is the SAE's own activation function.",
    )  # fmt: skip
