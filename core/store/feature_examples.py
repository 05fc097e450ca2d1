"""Which of a feature's examples to read first: the strongest, and those in the middle of what it usually reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.datasets.sample import ROLES
from core.store.analyses import Analysis
from core.store.contents import WINDOW
from core.store.datasets import Dataset
from core.store.features import Example, examples_of
from core.store.token_text import readable

EACH = 5
AROUND = 14  # tokens of a snippet before the strongest, and two thirds as many after it


@dataclass(frozen=True, slots=True)
class Shown:
    """An example as it is read: the texts of its window's tokens; whether the sample goes on before and after it.

    A template's tokens at either end are left out (`example` is cut alike), those within are `faded`. `copies`: other
    examples with exactly these words, left out.
    """

    example: Example
    texts: list[str]
    before: bool
    after: bool
    faded: list[bool]
    copies: int = 0


@dataclass(frozen=True, slots=True)
class ToRead:
    """Some of a feature's examples: the strongest; those nearest its median strength; the median itself (0 where silent)."""

    strong: list[Shown]
    middling: list[Shown]
    median: float


def to_read(analysis: Analysis, dataset: Dataset, feature_id: int, *, each: int = EACH) -> ToRead:
    """The strongest examples, and those whose strength is nearest the median over the feature's samples.

    Each text once. Ties: the stronger first, then the order of the examples.
    """
    examples = examples_of(analysis, feature_id)
    median = median_strength(analysis, feature_id)
    strong, rest = _distinct(analysis, dataset, examples, each)
    rest = sorted(rest, key=lambda example: abs(example.strength - median))
    middling, _ = _distinct(analysis, dataset, rest, each)
    return ToRead(strong, sorted(middling, key=lambda shown: -shown.example.strength), median)


def snippets(
    analysis: Analysis, dataset: Dataset, wanted: Sequence[tuple[int, np.ndarray | None]], *, around: int = AROUND
) -> list[Shown | None]:
    """For each (feature, bool (n_samples) or None) a piece of its strongest example, in those samples where it has one there.

    None for a feature without examples.
    """
    analysis.require("examples")
    query = (
        "SELECT feature_id, sample_id, band, rank, strength, position, start, activations FROM examples "
        "WHERE feature_id IN (SELECT unnest(?::INTEGER[])) ORDER BY feature_id, band DESC, rank"
    )
    found: dict[int, list[Example]] = {}
    rows = analysis.cursor().execute(query, [sorted({feature for feature, _ in wanted})]).fetchall()
    for feature_id, sample_id, band, rank, strength, position, start, halves in rows:
        example = Example(sample_id, band, rank, strength, position, start, np.frombuffer(halves, "<f2"))
        found.setdefault(feature_id, []).append(example)
    chosen = [_among(found.get(feature, []), samples) for feature, samples in wanted]
    tokens = readable(analysis, dataset, sorted({example.sample_id for example in chosen if example}))
    return [_cut(example, *tokens[example.sample_id], around) if example else None for example in chosen]


def _among(examples: list[Example], samples: np.ndarray | None) -> Example | None:
    inside = (example for example in examples if samples is None or samples[example.sample_id])
    return next(inside, examples[0] if examples else None)


def _cut(example: Example, texts: list[str], roles: list[int], around: int = WINDOW) -> Shown:
    """The part of an example's window that is at most `around` tokens before the strongest and two thirds as many after it."""
    low = max(example.start, example.position - around)
    high = min(example.start + len(example.activations), example.position + 2 * around // 3 + 1)
    spoken = [at for at in range(low, high) if roles[at] < len(ROLES)] or [example.position]
    low, high = min(spoken[0], example.position), max(spoken[-1], example.position) + 1
    values = example.activations[low - example.start : high - example.start]
    before, after = (any(role < len(ROLES) for role in part) for part in (roles[:low], roles[high:]))
    faded = [role >= len(ROLES) for role in roles[low:high]]
    return Shown(replace(example, start=low, activations=values), texts[low:high], before, after, faded)


def in_band(analysis: Analysis, dataset: Dataset, feature_id: int, band: int) -> list[Shown]:
    """All examples of one octave of strength, the strongest first, each text once."""
    examples = [example for example in examples_of(analysis, feature_id) if example.band == band]
    return _distinct(analysis, dataset, examples, len(examples))[0]


def bands_of(analysis: Analysis, feature_id: int) -> list[int]:
    """The bands that a feature has examples in, the strongest first."""
    analysis.require("examples")
    query = "SELECT DISTINCT band FROM examples WHERE feature_id = ? ORDER BY band DESC"
    return [band for (band,) in analysis.cursor().execute(query, [feature_id]).fetchall()]


def median_strength(analysis: Analysis, feature_id: int) -> float:
    """The (lower) median, over the samples that a feature is active in, of its maximum there; 0 where there are none."""
    query = (
        "SELECT quantile_disc(strength, 0.5) FROM (SELECT max(max) AS strength FROM activations_by_feature "
        "WHERE feature_id = ? GROUP BY sample_id)"
    )
    return float(analysis.cursor().execute(query, [feature_id]).fetchall()[0][0] or 0.0)


def _distinct(
    analysis: Analysis, dataset: Dataset, examples: Sequence[Example], wanted: int
) -> tuple[list[Shown], list[Example]]:
    """The first examples of different words, and the examples after them; a copy belongs to what it copies."""
    shown: dict[tuple[str, ...], Shown] = {}
    at = 0
    while at < len(examples) and len(shown) < wanted:
        chunk = examples[at : at + wanted]
        tokens = readable(analysis, dataset, [example.sample_id for example in chunk])
        for example in chunk:
            cut = _cut(example, *tokens[example.sample_id])
            words = tuple(cut.texts)
            if words not in shown and len(shown) == wanted:
                break
            known = shown.setdefault(words, cut)
            if known is not cut:
                shown[words] = replace(known, copies=known.copies + 1)
            at += 1
    return list(shown.values()), list(examples[at:])
