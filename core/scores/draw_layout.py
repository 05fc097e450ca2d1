"""Draw the map: truncated SVD of the feature matrix, then a seeded UMAP. The only place that imports umap."""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.decomposition import TruncatedSVD

from core.scores.layout import Layout, LayoutSettings
from core.store.analyses import Analysis

FEW = 15  # samples below which there are no neighbourhoods to keep: the two main directions are the map


def draw_layout(
    analysis: Analysis, settings: LayoutSettings, tell: Callable[[str], None] = lambda said: None
) -> Layout:
    """The map of an analysis; the same settings give the same map on one machine. `tell` hears each step before it begins."""
    tell("reading which features are active")
    matrix = _matrix(analysis, settings.span)
    tell(f"finding the {settings.components} main directions")
    reduced = _reduced(matrix, settings)
    tell("placing the samples")
    if len(reduced) < FEW:
        places = np.zeros((len(reduced), 2))
        places[:, : reduced.shape[1]] = reduced[:, :2]
    else:
        places = _umap(reduced, settings)
    return Layout(settings, *places.astype(np.float32).T.copy())


def _matrix(analysis: Analysis, span: str) -> csr_matrix:
    """Samples × features: strength over the feature's maximum, times log(n / samples with it), rows of length 1."""
    active = analysis.activations(span=span)
    n, width = analysis.n_samples, analysis.n_features
    strongest = np.zeros(width, dtype=np.float32)
    np.maximum.at(strongest, active.feature, active.strength)
    spread = np.bincount(active.feature, minlength=width)
    rare = np.log((1 + n) / (1 + spread)) + 1  # never 0: a feature of every sample still says how strongly
    values = active.strength / strongest[active.feature] * rare[active.feature]
    matrix = csr_matrix((values, (active.sample, active.feature)), shape=(n, width))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix


def _reduced(matrix: csr_matrix, settings: LayoutSettings) -> np.ndarray:
    """Float64 (n, up to `components`): where each sample lies along the main directions."""
    components = min(settings.components, min(matrix.shape) - 1)
    if components < 1:
        return np.zeros((matrix.shape[0], 1))
    with np.errstate(invalid="ignore", divide="ignore"):  # shares of a variance of 0, which nobody reads
        return TruncatedSVD(components, random_state=settings.seed).fit_transform(matrix)


def _umap(reduced: np.ndarray, settings: LayoutSettings) -> np.ndarray:
    from umap import UMAP  # 2 s to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed costs parallelism is the point; the rest is about our n
        return UMAP(
            n_neighbors=min(settings.neighbours, len(reduced) - 1), min_dist=settings.min_dist, random_state=settings.seed,
            n_jobs=1, init="spectral" if len(reduced) > 50 else "random",
        ).fit_transform(reduced)  # fmt: skip
