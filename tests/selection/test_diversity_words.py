"""Sentences about diversity say what the figures beside them say, in either direction."""

import numpy as np
import pytest

from core.scores.length_correlation import Estimate
from core.scores.length_matched import FEATURES_REACHED, Remains
from core.scores.length_null import LengthNull
from core.scores.length_report import LengthReport, Partial
from core.scores.spectrum import Carrier
from core.selection.diversity_words import length_paragraph, length_sentence, matched_sentence, spectrum_sentence

NONE = Estimate(None)


def chance(r: float | None) -> LengthNull:
    """Two lengths, equally frequent, of which one is expected to show one feature more, with as much noise as r needs."""
    noise = 0.25 / r**2 - 0.25 if r else 0.0
    return LengthNull(np.arange(2), np.full(2, 1 if r else 0), np.arange(2.0), np.full(2, noise))


def report(explained: float | None, r: float | None, null_r: float | None) -> LengthReport:
    return LengthReport(
        samples=100, explained=Estimate(explained), pearson=Estimate(r), spearman=NONE, rest_by_group=NONE,
        null=chance(null_r), by="kind", groups=[],
        within_groups=Partial("length", "richness", "kind", NONE, NONE),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("explained", "r", "null_r", "said", "unsaid"),
    [
        (1.0, 1.0, 0.19, "fits better", "as well"),
        (0.9, 0.6, 0.9, "fits worse", "as well"),
        (0.9, 0.94, 0.95, "hardly more than length", "worse"),
        (0.1, 0.32, 0.33, "most of how richness differs is not a matter of length", "hardly more"),
    ],
)
def test_the_line_is_held_beside_chance_on_both_sides(explained, r, null_r, said, unsaid):
    told = length_paragraph(report(explained, r, null_r), size=16)
    assert said in told and unsaid not in told


@pytest.mark.parametrize("nothing", [report(None, None, None), report(0.0, None, 0.2)])
def test_where_nothing_varies_the_paragraph_says_so_and_no_more(nothing):
    assert length_paragraph(nothing, size=16) == length_sentence(nothing)
    assert "cannot be told" in length_sentence(nothing)


@pytest.mark.parametrize(
    ("chosen", "random", "matched", "said"),
    [
        (1000, (900, 1060), (1090, 1110), "only at equal length it differs from chance, by fewer features"),
        (1000, (900, 1060), (880, 990), "only at equal length it differs from chance, by more features"),
        (1000, (900, 1060), (950, 1050), "neither differs from chance"),
        (1200, (980, 1020), (1290, 1310), "the difference is reversed"),
        (900, (980, 1020), (840, 860), "fewer than random samples, but more than random samples of the same lengths"),
        (1200, (980, 1020), (1190, 1210), "nothing is left of the difference"),
        (1200, (980, 1020), (1090, 1110), "50 % of the difference is left"),
        (1200, (980, 1020), (890, 910), "the difference is larger, 150 % of what it was"),
    ],
)
def test_what_is_left_at_equal_length_is_decided_by_both_bands(chosen, random, matched, said):
    one = Remains(FEATURES_REACHED, chosen, sum(random) / 2, *random, sum(matched) / 2, *matched)
    assert said in matched_sentence([one], method="Richest")


def carrier(name: str, tokens: float, rare: float, low: float, high: float) -> Carrier:
    return Carrier(name, 50, 0.5, tokens, rare, 3.0, 2.0, 4.0, 50, low, high)


def test_a_group_carries_the_rare_ones_only_beyond_samples_as_long():
    counts = {"dead": 1, "rare": 2, "common": 3, "ubiquitous": 4}
    chance = [carrier("prose", 0.2, 0.21, 0.19, 0.22), carrier("code", 0.8, 0.79, 0.78, 0.81)]
    told = spectrum_sentence(counts, 3.0, chance)
    assert "No group carries more of the rare ones" in told and "prose" not in told
    told = spectrum_sentence(counts, 3.0, [carrier("prose", 0.2, 0.3, 0.19, 0.22), chance[1]])
    assert "prose carries more" in told and "30 % with 20 % of the tokens, 1.50 times its part" in told
    assert "carry 19 to 22 %" in told
