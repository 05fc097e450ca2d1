"""What is measured of every feature to tell its hygiene: one number each, NaN where there is too little to measure."""

from __future__ import annotations

import re

import numpy as np

from core.datasets.sample import UNSCORED_ROLES
from core.store.analyses import Analysis
from core.store.features import histograms

ROWS = 1 << 20  # activations looked at together
CONTROL = re.compile(r"<\|.*\|>|</?s>|<(bos|eos|pad|unk|mask|start_of_turn|end_of_turn)>|\[/?(INST|CLS|SEP|PAD|MASK)\]")


def token_shares(analysis: Analysis, fewest: int) -> np.ndarray:
    """The share of all scored tokens that each feature is active at."""
    rows = analysis.cursor().execute("SELECT tokens FROM features ORDER BY feature_id").fetchnumpy()
    scored = int(analysis.counts.scored_tokens.sum(dtype=np.int64))
    tokens = np.asarray(rows["tokens"], np.float64)
    return tokens / scored if scored >= fewest else np.full(len(tokens), np.nan)


def position_distances(analysis: Analysis, fewest: int) -> np.ndarray:
    """Total variation distance of each feature's positions (in doublings) from those of all activations together."""
    position = histograms(analysis).position
    own = position.sum(axis=1)
    whole = position.sum(axis=0) / max(1, position.sum())
    distance = np.abs(position / np.maximum(own, 1)[:, None] - whole).sum(axis=1) / 2
    return np.where(own >= fewest, distance, np.nan)


def special_shares(analysis: Analysis, fewest: int) -> np.ndarray:
    """The share of each feature's examples that peak at a blank or control token, or right after template or special ones."""
    analysis.require("examples")
    texts = analysis.cursor().execute("SELECT text FROM vocabulary ORDER BY token_id").fetchall()
    blank = np.array([is_blank(text) for (text,) in texts])
    rows = (
        analysis.cursor()
        .execute(
            "SELECT feature_id, token_ids[e.position + 1] AS token, roles[e.position] AS before "
            "FROM examples AS e JOIN tokens USING (sample_id)"
        )
        .fetchnumpy()
    )
    feature, token, before = (np.ma.getdata(rows[name]) for name in ("feature_id", "token", "before"))
    special = blank[token] | (before >= UNSCORED_ROLES)
    seen = np.bincount(feature, minlength=analysis.n_features)
    found = np.bincount(feature, weights=special, minlength=analysis.n_features)
    return np.where(seen >= min(fewest, 10), found / np.maximum(seen, 1), np.nan)


def is_blank(text: str) -> bool:
    """Whether a token shows nothing to a reader: white space, nothing at all, or a control mark."""
    return not text.strip() or CONTROL.fullmatch(text.strip()) is not None


def length_aurocs(analysis: Analysis, fewest: int) -> np.ndarray:
    """How surely scored tokens tell a sample with the feature from one without: the area under the ROC curve.

    By rank sums (Mann and Whitney 1947), average ranks for ties; below ½ the shorter samples have it, which is told as
    surely: 1 − area.
    """
    twice = _twice_ranks(analysis.counts.scored_tokens)
    n, width = analysis.n_samples, analysis.n_features
    ranks, active = np.zeros(width, np.int64), np.zeros(width, np.int64)
    for sample, feature in _pairs(analysis):
        ranks += np.bincount(feature, weights=twice[sample], minlength=width).astype(np.int64)  # whole, below 2^53
        active += np.bincount(feature, minlength=width)
    silent = n - active
    enough = (active >= fewest) & (silent >= fewest)
    area = (ranks / 2 - active * (active + 1) / 2) / np.maximum(active * silent, 1)
    return np.where(enough, np.maximum(area, 1 - area), np.nan)


def _twice_ranks(values: np.ndarray) -> np.ndarray:
    """Twice the average rank of every value, from 1: whole numbers."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (2 * last - counts + 1)[place]


def _pairs(analysis: Analysis):
    """Every active (sample, feature) once, in pieces; the two sides of a conversation are one sample."""
    before = -1
    for batch in analysis.cursor().sql("SELECT sample_id, feature_id FROM activations").to_arrow_reader(ROWS):
        sample, feature = (column.to_numpy() for column in batch.columns)
        key = sample.astype(np.int64) * analysis.n_features + feature
        steps = np.diff(key, prepend=before)
        assert (steps >= 0).all(), "activations came out of order"
        yield sample[steps > 0], feature[steps > 0]
        before = int(key[-1]) if len(key) else before
