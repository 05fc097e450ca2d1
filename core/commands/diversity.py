"""`diversity`: what length explains of richness, how rich groups are in as many tokens, and the spectrum of features."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.commands.output import Session, session_of, table
from core.commands.selection import Quantile, Span, Theta, opened_pair
from core.errors import GamutError
from core.scores.feature_sets import Activity
from core.scores.length_report import PER, LengthReport, Partial
from core.scores.rarefied import SIZES
from core.scores.spectrum import RARE, UBIQUITOUS, Bounds, Carrier, hill_numbers
from core.selection.diversity_report import (
    COPIES,
    Diversity,
    at_equal_length,
    at_theta_0,
    cluster_columns,
    group_columns,
    length_report,
    size_of,
)
from core.selection.diversity_words import (
    PAPER,
    length_paragraph,
    length_sentence,
    number,
    spectrum_sentence,
    with_interval,
)
from core.selection.specification import active_sets


def diversity(
    context: typer.Context,
    analysis: str,
    by: Annotated[str | None, typer.Option(help="the column that groups samples (default: the first category)")] = None,
    resample: Annotated[
        str | None,
        typer.Option(help=f"what intervals resample: a column, or {COPIES!r} (default: a column of tasks, else copies)"),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(help=f"tokens of rarefied richness: {', '.join(map(str, SIZES))} (default: as most samples have)"),
    ] = None,
    rare: Annotated[float, typer.Option(help="percent of the samples that a rare feature is at most in")] = RARE,
    ubiquitous: Annotated[float, typer.Option(help="percent of the samples that a ubiquitous one is at least in")] = UBIQUITOUS,
    span: Span = "conversation",
    quantile: Quantile = None,
    theta: Theta = None,
) -> None:  # fmt: skip
    """Say whether a data set is varied or just long."""
    session = session_of(context)
    if quantile is not None and theta is not None:
        raise GamutError("Both --quantile and --theta were given; a feature counts by one rule, so give one of them.")
    bounds = Bounds(rare=rare, ubiquitous=ubiquitous)
    activity = Activity(mode="raw", theta=theta) if theta is not None else Activity(quantile=quantile)
    opened, dataset = opened_pair(session, analysis)
    features = active_sets(opened, span=span, activity=activity).features
    found = Diversity(opened, dataset, features, span, activity)
    by = (group_columns(dataset) or [""])[0] if by is None else by
    resampled = cluster_columns(dataset)[0] if resample is None else resample
    size = size_of(found, tokens)
    report = length_report(found, by=by, resampled=resampled, size=size)
    partials = [report.within_groups, *at_equal_length(found, resampled=resampled)]
    carriers = found.carriers(by, bounds) if by else []
    _say(session, found, report, partials, carriers, bounds, resampled, size)


def _say(
    session: Session, found: Diversity, report: LengthReport, partials: list[Partial], carriers: list[Carrier],
    bounds: Bounds, resampled: str, size: int,
) -> None:  # fmt: skip
    spectrum = found.spectrum(bounds)
    orders, zero = hill_numbers(spectrum.samples), at_theta_0(found)
    values = {
        "samples": report.samples, "by": report.by, "resampled": resampled, "tokens": size,
        "explained": asdict(report.explained), "pearson": asdict(report.pearson), "spearman": asdict(report.spearman),
        "null_r": report.null.r, "theta_0": {"pearson": zero.pearson, "spearman": zero.spearman, "null_r": zero.null_r},
        "rest_by_group": asdict(report.rest_by_group), "groups": [asdict(one) for one in report.groups],
        "partials": [asdict(one) for one in partials], "bounds": asdict(bounds), "spectrum": spectrum.counts,
        "hill_numbers": list(orders), "carriers": [asdict(one) for one in carriers],
    }  # fmt: skip
    lines = [
        length_sentence(report),
        f"Pearson {with_interval(report.pearson, 3)}, Spearman {with_interval(report.spearman, 3)}, r by length alone "
        f"{number(report.null.r, 3)}. {zero.words()} {PAPER}. Intervals of 95 % resample {resampled}.",
        "", length_paragraph(report, size=size), "", _groups(report, size), "", _partials(partials), "",
        spectrum_sentence(spectrum.counts, orders[1], carriers), "", _carriers(carriers),
    ]  # fmt: skip
    session.say(values, "\n".join(lines).rstrip())


def _groups(report: LengthReport, size: int) -> str:
    head = (
        report.by,
        "samples",
        "median tokens",
        "r",
        "r by length alone",
        "ρ",
        f"features per {PER} tokens",
        f"in {size} tokens",
    )
    return table(
        [
            head,
            *(
                (
                    one.name, one.samples, f"{one.median_tokens:g}", with_interval(one.pearson), number(one.null_r),
                    with_interval(one.spearman), with_interval(one.slope, 1), with_interval(one.rarefied, 0),
                )
                for one in report.groups
            ),
        ]
    )  # fmt: skip


def _partials(partials: list[Partial]) -> str:
    rows = [
        (one.first, one.second, with_interval(one.plain), one.third, with_interval(one.partial))
        for one in partials
        if one.plain.value is not None
    ]
    return table([("of", "with", "ρ", "held equal", "partial ρ"), *rows])


def _carriers(carriers: list[Carrier]) -> str:
    if not carriers:
        return ""
    head = (
        "group",
        "samples",
        "of the samples, %",
        "of the tokens, %",
        "of the rare, %",
        "effective number",
        "same lengths",
    )
    rows = [
        (
            one.name, one.samples, f"{100 * one.share_of_samples:.3g}", f"{100 * one.share_of_tokens:.3g}",
            f"{100 * one.share_of_rare:.3g}", f"{one.effective:.0f}", f"{one.null_low:.0f} to {one.null_high:.0f}",
        )
        for one in carriers
    ]  # fmt: skip
    return table([head, *rows])
