"""What was measured of diversity, in plain sentences: the screen and the command line say the same."""

from __future__ import annotations

from core.numbers import whole
from core.scores.length_correlation import Estimate
from core.scores.length_matched import FEATURES_REACHED, Remains
from core.scores.length_report import GroupLength, LengthReport
from core.scores.spectrum import Carrier
from core.selection.known import NO_VALUE

PAPER_R = 0.92
PAPER = f"r = {PAPER_R} is what arXiv 2502.14050 reports for its data and SAE"
TOO_FEW = "not defined"
ALIKE = 0.02  # of two r: closer ones are about as good
MOSTLY = 0.8  # explained: what is left is little
TENTHS_BELOW = 0.1  # shares are told to a tenth of a percent below
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
    if report.explained.value is None or report.pearson.value is None:
        return length_sentence(report)
    said = [f"Length goes with {percent(report.explained)} of the variance of richness, in whatever form."]
    if report.null.r is not None:
        said.append(_beside_chance(report.explained.value, report.pearson.value, report.null.r))
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
    return f"{said}: {_left(one)}."


def spectrum_sentence(counts: dict[str, int], effective: float, carriers: list[Carrier]) -> str:
    """Above the fold of the spectrum."""
    total = sum(counts.values())
    said = (
        f"Of {whole(total)} features {whole(counts['dead'])} are dead here, {whole(counts['rare'])} rare, "
        f"{whole(counts['common'])} common and {whole(counts['ubiquitous'])} ubiquitous; they are as diverse as "
        f"{whole(round(effective))} equally common ones"
    )
    told = [one for one in carriers if one.share_of_samples >= SEEN and one.name != NO_VALUE and one.rare_per_token]
    if len(told) < 2:
        return said + "."
    beyond = [one for one in told if one.share_of_rare > one.rare_high]
    if not beyond:
        return f"{said}. No group carries more of the rare ones than random samples of the same lengths do."
    most = max(beyond, key=lambda one: one.rare_per_token or 0.0)
    return (
        f"{said}. For its length, {most.name} carries more of the rare ones than any other: {_percent(most.share_of_rare)} % "
        f"with {_percent(most.share_of_tokens)} % of the tokens, {most.rare_per_token:.2f} times its part; random samples of "
        f"the same lengths carry {_percent(most.rare_low)} to {_percent(most.rare_high)} %."
    )


def _beside_chance(explained: float, r: float, null_r: float) -> str:
    """The line beside that of features that fall on tokens by chance, to either side."""
    both = f"(r = {number(r)}) than it would if features fell on tokens by chance (r = {number(null_r)})"
    if null_r - r > ALIKE:
        return f"The line fits worse {both}: what a sample is about moves its richness beside its length."
    if r - null_r > ALIKE:
        return f"The line fits better {both}: longer samples are richer by more than their number of tokens."
    said = (
        f"The line fits about as well (r = {number(r)}) as if features fell on tokens by chance (r = {number(null_r)})"
    )
    if explained >= MOSTLY:
        return f"{said}: richness by itself says hardly more than length."
    return f"{said}; most of how richness differs is not a matter of length."


def _left(one: Remains) -> str:
    """What is left at equal length, by both bands."""
    if one.kept is None:
        if not one.beyond_length:
            return "neither differs from chance"
        side = "more" if one.chosen > one.matched else "fewer"
        return f"only at equal length it differs from chance, by {side} features"
    if not one.beyond_length:
        return "at equal length nothing is left of the difference"
    if one.kept < 0:
        turned = (
            "more than random samples, but fewer" if one.chosen > one.random else "fewer than random samples, but more"
        )
        return f"{turned} than random samples of the same lengths: at equal length the difference is reversed"
    if one.kept > 1:
        return f"at equal length the difference is larger, {100 * one.kept:.0f} % of what it was"
    return f"{100 * one.kept:.0f} % of the difference is left at equal length"


def _tenths(share: float) -> str:
    return f"{100 * share:.1f}" if share < TENTHS_BELOW else f"{100 * share:.0f}"


def _percent(share: float) -> str:
    """Three digits: a share beyond a band must not look like its end."""
    return f"{100 * share:.3g}"


def _ends(groups: list[GroupLength]) -> tuple[GroupLength, GroupLength] | None:
    """The groups of the lowest and highest rarefied richness, of those with an interval, if their intervals part."""
    told = [(one.rarefied.value, at) for at, one in enumerate(groups) if _certain(one)]
    if len(told) < 2:
        return None
    low, high = groups[min(told)[1]], groups[max(told)[1]]
    return (low, high) if (low.rarefied.high or 0.0) < (high.rarefied.low or 0.0) else None


def _certain(group: GroupLength) -> bool:
    return None not in (group.rarefied.value, group.rarefied.low, group.rarefied.high)
