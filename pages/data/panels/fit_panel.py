"""The fit card and the estimate of a pilot, and afterwards how far off the estimate was."""

from __future__ import annotations

import streamlit as st

from core.activations.fit_card import THRESHOLDS, Fit, FitCard
from core.activations.pilot_report import Actual, PilotReport
from pages.shared.messages import plain
from pages.shared.numbers import count, duration, short, size, whole

LOSSES = (
    "Mean nats a token: of the model as it is, with the SAE's reconstruction in place of the residual stream, and with "
    "zeros there. Recovered = (zeros − spliced) / (zeros − clean)."
)


def draw_pilot(report: PilotReport, actual: Actual | None = None) -> None:
    """The verdict in a sentence, fit and cost in figures, the rest behind a click."""
    card = report.fit
    (st.warning if card.poor else st.success)(plain(" ".join([card.verdict, *card.notes])))
    _draw_fit(card)
    _draw_cost(report, actual)
    with st.expander(f"Fit by role, language and position, on {whole(report.samples)} samples"):
        _draw_groups(card)
    with st.expander("Bytes a sample, by table"):
        st.dataframe(_bytes(report), hide_index=True)


def draw_fit(card: FitCard) -> None:
    """The verdict in a sentence, the fit in figures, its groups behind a click."""
    (st.warning if card.poor else st.success)(plain(" ".join([card.verdict, *card.notes])))
    _draw_fit(card)
    with st.expander(f"Fit by role, language and position, on {whole(card.samples)} samples"):
        _draw_groups(card)


def _number(value: float | None, digits: int = 3) -> str:
    return "not defined" if value is None else f"{value:.{digits}f}"


def _draw_fit(card: FitCard) -> None:
    fit = card.whole
    variance, loss, active, dead = st.columns(4)
    variance.metric(
        "Explained variance",
        _number(fit.explained_variance),
        help=f"1 − squared error / squared distance from the mean, over {whole(fit.tokens)} scored tokens. {THRESHOLDS}",
    )
    loss.metric("Loss recovered", _number(fit.loss_recovered), help=f"{LOSSES} Over {whole(fit.loss_tokens)} tokens.")
    own = f" (its own: {card.l0_own:g})" if card.l0_own else ""
    active.metric(
        "Active features a token", f"{fit.l0_mean:.3g}{own}", help=f"the mean; the median is {fit.l0_median:g}"
    )
    dead.metric(
        "Never active",
        f"{100 * card.dead / max(1, card.features):.3g} %",
        help=f"{whole(card.dead)} of {whole(card.features)} features, in {whole(fit.tokens)} tokens: more tokens, fewer dead",
    )


def _draw_cost(report: PilotReport, actual: Actual | None) -> None:
    told = report.estimate
    time, memory, disk, pace = st.columns(4)
    beside = " Another job ran beside the pilot, so it is likely too long." if report.beside else ""
    rows = (
        (time, "Time", told.seconds, actual and actual.seconds, duration, f"with loading and writing.{beside}"),
        (memory, "Memory", told.memory_bytes, actual and actual.memory_bytes, size, "the most at once"),
        (disk, "Disk", told.disk_bytes, actual and actual.disk_bytes, size,
         f"{size(told.working_bytes)} while it is made"),
    )  # fmt: skip
    for column, name, estimated, took, words, note in rows:
        delta = f"{100 * (estimated - took) / took:+.0f} % estimated" if took else None
        column.metric(
            name if actual else f"{name}, estimated",
            words(took or estimated),
            delta,
            delta_color="off",
            delta_arrow="off",
            help=f"estimated {words(estimated)}; {note}",
        )
    pace.metric(
        "Tokens, estimated",
        f"{short(told.tokens)}",
        help=f"at {short(told.tokens_a_second)} tokens/s in the forward pass"
        + (f"; {count(told.ready, 'sample')} need none, their data set is analysed already" if told.ready else ""),
    )


def _draw_groups(card: FitCard) -> None:
    rows = [("all", card.whole), *((kind, fit) for kind, fits in card.groups.items() for fit in fits)]
    st.dataframe(
        {
            "by": [kind for kind, _ in rows],
            "group": [fit.group for _, fit in rows],
            "tokens": [fit.tokens for _, fit in rows],
            "explained variance": [fit.explained_variance for _, fit in rows],
            "L0 mean": [fit.l0_mean for _, fit in rows],
            "L0 median": [fit.l0_median for _, fit in rows],
            "tokens with loss": [fit.loss_tokens for _, fit in rows],
            "loss": [fit.loss_clean for _, fit in rows],
            "spliced": [fit.loss_spliced for _, fit in rows],
            "zeros": [fit.loss_zero for _, fit in rows],
            "mean": [fit.loss_mean for _, fit in rows],
            "recovered": [fit.loss_recovered for _, fit in rows],
        },
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in ("explained variance", "L0 mean", "loss", "spliced", "zeros", "mean", "recovered")
        },
    )
    st.caption(plain(f"{LOSSES} {_others(card)}"))


def _others(card: FitCard) -> str:
    fit: Fit = card.whole
    share = 100 * card.massive / max(1, fit.tokens)
    return (
        f"{share:.3g} % of the tokens have a norm above 10 times the median; without them the explained variance is "
        f"{_number(card.ordinary_variance)}. {whole(card.cut_samples)} of {whole(card.samples)} samples are cut, "
        f"{whole(card.cut_tokens)} of {whole(card.all_tokens)} tokens."
    )


def _bytes(report: PilotReport) -> dict[str, list]:
    said = report.estimate.bytes_a_sample
    return {"table": list(said), "bytes a sample": [round(each) for each in said.values()]}
