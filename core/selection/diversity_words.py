"""What was measured of diversity, in plain sentences: the screen and the command line say the same."""

from __future__ import annotations

from core.scores.length_correlation import Estimate
from core.scores.length_matched import FEATURES_REACHED, Remains
from core.scores.length_report import GroupLength, LengthReport
from core.scores.spectrum import Carrier
from core.selection.known import NO_VALUE

PAPER_R = 0.92
PAPER = f"r = {PAPER_R} is what arXiv 2502.14050 reports for its data and SAE"
TOO_FEW = "not defined"
SEEN = 0.01  # of the samples: a smaller group is not named in a sentence


def number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return TOO_FEW
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")  # + 0.0: no minus before a zero


def with_interval(estimate: Estimate, digits: int = 2) -> str:
    """0.96 (0.95 to 0.97)."""
    said = number(estimate.value, digits)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return said
    return f"{said} ({number(estimate.low, digits)} to {number(estimate.high, digits)})"


def percent(estimate: Estimate) -> str:
    """93 % (92.6 to 93.3)."""
    if estimate.value is None:
        return TOO_FEW
    said = f"{100 * max(0.0, estimate.value):.3g} %"
    if estimate.low is None or estimate.high is None:
        return said
    return f"{said} ({100 * max(0.0, estimate.low):.3g} to {100 * max(0.0, estimate.high):.3g})"


def length_sentence(report: LengthReport) -> str:
    """Above the fold: how much of richness is a matter of length."""
    if report.explained.value is None or report.pearson.value is None:
        return "Whether length explains richness cannot be told here: all samples are alike in one of the two."
    share, r = 100 * max(0.0, report.explained.value), number(report.pearson.value)
    said = f"Length explains {share:.0f} % of how richness differs here: r = {r}"
    if report.null.r is None:
        return said + "."
    return f"{said}; if features fell on tokens by chance, it would be {number(report.null.r)}."


def length_paragraph(report: LengthReport, *, size: int) -> str:
    """What length does and does not explain, in a paragraph."""
    said = [f"Length goes with {percent(report.explained)} of the variance of richness, in whatever form."]
    if report.pearson.value is not None and report.null.r is not None:
        gap = report.null.r - report.pearson.value
        if gap > 0.02:
            said.append(
                f"The line fits worse (r = {number(report.pearson.value)}) than it would if features fell on tokens by chance "
                f"(r = {number(report.null.r)}): what a sample is about moves its richness beside its length."
            )
        else:
            said.append(
                f"The line fits about as well (r = {number(report.pearson.value)}) as if features fell on tokens by chance "
                f"(r = {number(report.null.r)}): richness by itself says hardly more than length."
            )
    if len(report.groups) > 1 and report.rest_by_group.value is not None:
        said.append(f"Of what length leaves, {report.by} accounts for {percent(report.rest_by_group)}.")
    if ends := _ends(report.groups):
        low, high = ends
        said.append(
            f"In as many tokens, {size}, samples of {high.name} show {with_interval(high.rarefied, 0)} features and those of "
            f"{low.name} {with_interval(low.rarefied, 0)}: the number of tokens does not make that difference."
        )
    return " ".join(said)


def matched_sentence(found: list[Remains], *, method: str) -> str:
    """What is left of a method's picks once length is matched."""
    by_name = {one.measure: one for one in found}
    one = by_name[FEATURES_REACHED]
    if not one.chosen or not one.random or not one.matched:
        return f"{method} chose nothing that could be compared."
    times = one.chosen / one.random, one.chosen / one.matched
    said = (
        f"The samples that {method} chose reach {times[0]:.2f} times the features of as many random samples, and "
        f"{times[1]:.2f} times those of random samples of the same lengths"
    )
    if one.kept is None:
        return f"{said}: neither differs from chance."
    if not one.beyond_length:
        return f"{said}: at equal length nothing is left of the difference."
    return f"{said}: {100 * max(0.0, one.kept):.0f} % of the difference is left at equal length."


def spectrum_sentence(counts: dict[str, int], effective: float, carriers: list[Carrier]) -> str:
    """Above the fold of the spectrum."""
    total = sum(counts.values())
    said = (
        f"Of {_whole(total)} features {_whole(counts['dead'])} are dead here, {_whole(counts['rare'])} rare, "
        f"{_whole(counts['common'])} common and {_whole(counts['ubiquitous'])} ubiquitous; they are as diverse as "
        f"{_whole(round(effective))} equally common ones"
    )
    told = [one for one in carriers if one.share_of_samples >= SEEN and one.name != NO_VALUE and one.rare_per_token]
    if len(told) < 2:
        return said + "."
    most = max(told, key=lambda one: one.rare_per_token or 0.0)
    return (
        f"{said}. For its length, {most.name} carries most of the rare ones: {100 * most.share_of_rare:.0f} % with "
        f"{100 * most.share_of_tokens:.0f} % of the tokens."
    )


def _ends(groups: list[GroupLength]) -> tuple[GroupLength, GroupLength] | None:
    """The groups of the lowest and highest rarefied richness, of those with an interval, if their intervals part."""
    told = [(one.rarefied.value, at) for at, one in enumerate(groups) if _certain(one)]
    if len(told) < 2:
        return None
    low, high = groups[min(told)[1]], groups[max(told)[1]]
    return (low, high) if (low.rarefied.high or 0.0) < (high.rarefied.low or 0.0) else None


def _whole(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _certain(group: GroupLength) -> bool:
    return None not in (group.rarefied.value, group.rarefied.low, group.rarefied.high)
