"""Features at rest: how strong, where and in whose words they are active, examples and contrasts, their directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.bins import POSITION_BINS, STRENGTH_BINS


@dataclass(frozen=True, slots=True)
class Histograms:
    """Scored tokens of every feature by bin, int64 (n_features, bins): see `core.store.bins`; `role` by its code."""

    strength: np.ndarray
    position: np.ndarray
    role: np.ndarray


@dataclass(frozen=True, slots=True)
class Example:
    """One sample a feature is active in: `activations` float16 from token `start` on, its maximum at `position`.

    `band`: the octave of its strength, `rank` its place there from 0. Tokens that do not count say 0.
    """

    sample_id: int
    band: int
    rank: int
    strength: float
    position: int
    start: int
    activations: np.ndarray


@dataclass(frozen=True, slots=True)
class Contrast:
    """A token of a sample in which the feature is silent, as long as sample `example_id` in which it is active."""

    sample_id: int
    position: int
    example_id: int


@dataclass(frozen=True, slots=True)
class Direction:
    """A feature's decoder direction: its norm, (token text, logit) most promoted and suppressed, (feature, cosine) nearest."""

    norm: float
    promoted: list[tuple[str, float]]
    suppressed: list[tuple[str, float]]
    nearest: list[tuple[int, float]]


def histograms(analysis: Analysis) -> Histograms:
    """The histograms of all features; rows of zeros for those never active."""
    analysis.require("histograms")
    table = analysis.cursor().sql("SELECT * FROM histograms ORDER BY feature_id").to_arrow_table()
    live = table["feature_id"].to_numpy()
    made = {}
    for name, bins in (("strength", STRENGTH_BINS), ("position", POSITION_BINS), ("role", None)):
        flat = table[name].combine_chunks().flatten().to_numpy()
        width = bins or (len(flat) // len(live) if len(live) else 0)
        made[name] = np.zeros((analysis.n_features, width), np.int64)
        made[name][live] = flat.reshape(len(live), width)
    return Histograms(**made)


def histogram_of(analysis: Analysis, feature_id: int) -> Histograms:
    """The histograms of one feature: arrays (1, bins)."""
    analysis.require("histograms")
    _check(analysis, feature_id)
    query = "SELECT strength, position, role FROM histograms WHERE feature_id = ?"
    rows = analysis.cursor().execute(query, [feature_id]).fetchall()
    if rows:
        return Histograms(*(np.array([counts], np.int64) for counts in rows[0]))
    roles = analysis.cursor().execute("SELECT coalesce(max(len(role)), 0) FROM histograms").fetchall()[0][0]
    return Histograms(*(np.zeros((1, width), np.int64) for width in (STRENGTH_BINS, POSITION_BINS, roles)))


def examples_of(analysis: Analysis, feature_id: int, *, limit: int | None = None) -> list[Example]:
    """The examples of a feature, the strongest first; each sample once."""
    analysis.require("examples")
    _check(analysis, feature_id)
    query = (
        "SELECT sample_id, band, rank, strength, position, start, activations FROM examples WHERE feature_id = ? "
        "ORDER BY band DESC, rank LIMIT ?"
    )
    rows = analysis.cursor().execute(query, [feature_id, limit]).fetchall()
    return [
        Example(sample_id, band, rank, strength, position, start, np.frombuffer(halves, "<f2"))
        for sample_id, band, rank, strength, position, start, halves in rows
    ]


def window_of(analysis: Analysis, example: Example) -> list[str]:
    """The texts of an example's tokens, one for each of its activations."""
    texts, _ = analysis.tokens_of(example.sample_id)
    return texts[example.start : example.start + len(example.activations)]


def contrasts_of(analysis: Analysis, feature_id: int) -> list[Contrast]:
    """Contexts in which a feature is silent, in the order of the examples that they are matched to."""
    analysis.require("contrast")
    _check(analysis, feature_id)
    query = "SELECT sample_id, position, example_id FROM contrast WHERE feature_id = ? ORDER BY rank"
    return [Contrast(*row) for row in analysis.cursor().execute(query, [feature_id]).fetchall()]


def direction_of(analysis: Analysis, feature_id: int) -> Direction:
    """What a feature's decoder direction says by itself."""
    analysis.require("decoder")
    _check(analysis, feature_id)
    row = analysis.cursor().execute("SELECT * EXCLUDE feature_id FROM decoder WHERE feature_id = ?", [feature_id])
    norm, promoted, promoted_logits, suppressed, suppressed_logits, nearest, cosines = row.fetchall()[0]
    query = "SELECT token_id, text FROM vocabulary WHERE token_id IN (SELECT unnest(?))"
    texts = dict(analysis.cursor().execute(query, [promoted + suppressed]).fetchall())
    return Direction(
        norm,
        [(texts[token], logit) for token, logit in zip(promoted, promoted_logits, strict=True)],
        [(texts[token], logit) for token, logit in zip(suppressed, suppressed_logits, strict=True)],
        list(zip(nearest, cosines, strict=True)),
    )


def _check(analysis: Analysis, feature_id: int) -> None:
    if not 0 <= feature_id < analysis.n_features:
        raise GamutError(f"There is no feature {feature_id}; this SAE has features 0 to {analysis.n_features - 1}.")
