"""Regions of the map: samples that lie together, by k-means on their places."""

from __future__ import annotations

import numpy as np
from scipy.cluster.vq import kmeans2

from core.scores.coverage import rows_with
from core.scores.feature_sets import FeatureSets
from core.scores.layout import Layout

REGIONS = 24
SEED = 0
ROWS_A_REGION = 20


def map_regions(layout: Layout, *, most: int = REGIONS) -> np.ndarray:
    """The region of every sample, int32 (n), numbered from 0 with the largest first; ties to the lowest sample id.

    k-means++ with a fixed seed [our choice]: regions cut the map up, they are no finding of their own.
    """
    places = np.stack([layout.x, layout.y], axis=1).astype(np.float64)
    count = max(1, min(most, len(places) // ROWS_A_REGION))
    if count == 1:
        return np.zeros(len(places), np.int32)
    codes = kmeans2(places, count, minit="++", rng=np.random.default_rng(SEED), missing="warn")[1]
    sizes = np.bincount(codes, minlength=count)
    first = np.full(count, len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    rank = np.empty(count, np.int32)
    rank[np.lexsort((first, -sizes))] = np.arange(count)
    return rank[codes]


def names_of_regions(features: FeatureSets, codes: np.ndarray, *, each: int = 2) -> np.ndarray:
    """The features that name each region, int (regions, each): those whose share of its rows exceeds most that elsewhere.

    Plain shares: longer rows have more of everything, so this is a name and no comparison. Ties to the lowest feature id.
    """
    count = int(codes.max(initial=-1)) + 1
    inside = np.array([rows_with(features, np.flatnonzero(codes == region)) for region in range(count)])
    sizes = np.bincount(codes, minlength=count)[:, None]
    lead = inside / sizes - (inside.sum(axis=0) - inside) / np.maximum(1, len(codes) - sizes)
    return np.argsort(-lead, axis=1, kind="stable")[:, :each]
