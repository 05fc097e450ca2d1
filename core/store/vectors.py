"""Neurons and vectors at rest: means of layers, and of every sample as far as the budget allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.blobs import from_blobs
from core.store.contents import EVERY, STRONGEST
from core.store.fixed import to_means
from core.store.strongest import TOP, strongest
from core.store.tables import MLP, RESIDUAL

SITES = {"mlp": MLP, "residual": RESIDUAL}
PIECE = 8_192  # samples read at once


@dataclass(frozen=True, slots=True)
class LayerMeans:
    """Means over scored tokens, float64 (layers, width); `tokens` int64 (layers): how many counted."""

    tokens: np.ndarray
    means: np.ndarray


@dataclass(frozen=True, slots=True)
class Neurons:
    """Mean activations float16 (rows, kept); `ids` (rows, kept) says of which neurons, None where all are kept in order.

    Where not all are kept, the strongest by absolute mean come first. A row is a sample, or a layer of one sample.
    """

    ids: np.ndarray | None
    means: np.ndarray


def group_names(analysis: Analysis) -> list[str]:
    """The groups whose layer means are kept apart, in order; empty where the analysis was not grouped."""
    analysis.require("layer_sums")
    return list(analysis.contents.groups)


def layer_means(analysis: Analysis, *, site: str = "mlp", group: str | None = None) -> LayerMeans:
    """The mean of every neuron ("mlp") or residual dimension ("residual") by layer, over all samples or one group of them."""
    analysis.require("neurons" if site == "mlp" and not analysis.contents.shape.neurons else "layer_sums")
    if site not in SITES:
        raise GamutError(f"There is no site {site!r}; use one of {', '.join(SITES)}.")
    names = analysis.contents.groups
    if group is not None and group not in names:
        raise GamutError(f"There is no group {group!r}; there are: {', '.join(map(repr, names)) or 'none'}.")
    number = 0 if group is None else 1 + names.index(group)
    query = f"SELECT tokens, sums FROM layer_sums WHERE group_id = {number} AND site = {SITES[site]} ORDER BY layer"
    table = analysis.cursor().sql(query).to_arrow_table()
    shape = analysis.contents.shape
    if not table.num_rows:  # a group whose samples have no scored token
        width = shape.neurons if site == "mlp" else shape.width
        return LayerMeans(np.zeros(shape.layers, np.int64), np.zeros((shape.layers, width)))
    tokens = table["tokens"].to_numpy()
    return LayerMeans(tokens, to_means(from_blobs(table["sums"], "i8"), tokens))


def neurons_in_layer(analysis: Analysis, layer: int) -> Neurons:
    """The neurons of one layer in every sample, in id order."""
    analysis.require("neurons")
    _check_layer(analysis, layer)
    return _neurons(analysis, f"layer = {layer} ORDER BY sample_id")


def neuron_means(analysis: Analysis, layer: int) -> Iterator[np.ndarray]:
    """Every neuron's mean in every sample, in id order, in pieces: float16 (rows, neurons)."""
    analysis.require("neurons")
    _check_layer(analysis, layer)
    if analysis.contents.neurons != EVERY:
        raise GamutError(not_every(analysis))
    yield from _pieces(analysis, f"SELECT means FROM neurons WHERE layer = {layer} ORDER BY sample_id")


def strongest_neurons(analysis: Analysis, layer: int) -> Iterator[np.ndarray]:
    """The 20 neurons of largest absolute mean of every sample, in id order, in pieces: uint16 (rows, 20)."""
    analysis.require("neurons")
    _check_layer(analysis, layer)
    if analysis.contents.neurons == EVERY:
        for means in neuron_means(analysis, layer):
            yield strongest(means)[0][:, :TOP]
    else:
        query = f"SELECT neuron_ids FROM neurons WHERE layer = {layer} ORDER BY sample_id"
        for ids in _pieces(analysis, query, "u2"):
            yield ids[:, :TOP]


def strongest_rows(analysis: Analysis, layer: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """As `strongest_neurons`, in pieces of any order: sample ids, and uint16 (rows, 20)."""
    if analysis.contents.neurons == EVERY:
        for ids, means in state_rows(analysis, layer, site="mlp"):
            yield ids, strongest(means)[0][:, :TOP]
        return
    analysis.require("neurons")
    _check_layer(analysis, layer)
    query = f"SELECT sample_id, neuron_ids FROM neurons WHERE layer = {layer}"
    for batch in analysis.cursor().sql(query).to_arrow_reader(PIECE):
        yield batch.column(0).to_numpy(), from_blobs(batch.column(1), "u2")[:, :TOP]


def residuals(analysis: Analysis, layer: int, *, last: bool = False) -> Iterator[np.ndarray]:
    """The residual of every sample after block `layer`, its mean or its last, in pieces: float16 (rows, width)."""
    analysis.require("vectors")
    _check_layer(analysis, layer)
    kind = "last" if last else "mean"
    yield from _pieces(analysis, f'SELECT "{kind}" FROM vectors WHERE layer = {layer} ORDER BY sample_id')


def state_rows(
    analysis: Analysis, layer: int, *, site: str, last: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What is kept of every sample at one layer, in pieces of any order: sample ids, and float16 (rows, d) of their states.

    `site`: "mlp", the mean of every neuron, or "residual", the mean or the `last`. Nothing is sorted, so that a pool of any
    size takes the memory of one piece.
    """
    _check_layer(analysis, layer)
    table, column = ("neurons", "means") if site == "mlp" else ("vectors", "last" if last else "mean")
    analysis.require(table)
    if site == "mlp" and analysis.contents.neurons != EVERY:
        raise GamutError(not_every(analysis))
    query = f'SELECT sample_id, "{column}" FROM {table} WHERE layer = {layer}'
    reader = analysis.cursor().sql(query).to_arrow_reader(PIECE)
    for batch in reader:
        yield batch.column(0).to_numpy(), from_blobs(batch.column(1), "f2")


def not_every(analysis: Analysis) -> str:
    """A sentence for an analysis that keeps the strongest neurons only."""
    return (
        f"Analysis {analysis.name!r} keeps the {STRONGEST} strongest neurons of a sample and layer, not all; analyse again "
        "with a larger --vector-bytes."
    )


def neurons_in_sample(analysis: Analysis, sample_id: int) -> Neurons:
    """The neurons of one sample in every layer, in order."""
    analysis.require("neurons")
    _check_sample(analysis, sample_id)
    return _neurons(analysis, f"sample_id = {sample_id} ORDER BY layer")


def vectors_in_layer(analysis: Analysis, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """The residual of every sample after block `layer`: mean over its tokens and last, float16 (n, width) each."""
    analysis.require("vectors")
    _check_layer(analysis, layer)
    query = f"SELECT mean, last FROM vectors WHERE layer = {layer} ORDER BY sample_id"
    table = analysis.cursor().sql(query).to_arrow_table()
    return from_blobs(table["mean"], "f2"), from_blobs(table["last"], "f2")


def vectors_of(analysis: Analysis, layer: int, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The residual of some samples after block `layer`, ascending ids: mean and last, float16 (ids, width) each."""
    analysis.require("vectors")
    _check_layer(analysis, layer)
    table = _of_samples(analysis, "mean, last", "vectors", layer, ids)
    return from_blobs(table["mean"], "f2"), from_blobs(table["last"], "f2")


def neurons_of(analysis: Analysis, layer: int, ids: np.ndarray) -> Neurons:
    """The neurons of one layer in some samples, ascending ids."""
    analysis.require("neurons")
    _check_layer(analysis, layer)
    table = _of_samples(analysis, "neuron_ids, means", "neurons", layer, ids)
    every = analysis.contents.neurons == EVERY
    return Neurons(None if every else from_blobs(table["neuron_ids"], "u2"), from_blobs(table["means"], "f2"))


def _of_samples(analysis: Analysis, columns: str, table: str, layer: int, ids: np.ndarray) -> pa.Table:
    query = f"SELECT {columns} FROM {table} WHERE layer = ? AND sample_id IN (SELECT unnest(?::INTEGER[])) ORDER BY sample_id"
    return analysis.cursor().sql(query, params=[layer, np.asarray(ids).tolist()]).to_arrow_table()


def projection(analysis: Analysis) -> np.ndarray:
    """Every sample's mean residual at the SAE's hook, projected to at most 256 dimensions: float16 (n, dimensions)."""
    analysis.require("projection")
    return from_blobs(
        analysis.cursor().sql("SELECT vector FROM projection ORDER BY sample_id").to_arrow_table()["vector"], "f2"
    )


def massive_tokens(analysis: Analysis) -> np.ndarray:
    """How many scored tokens of every sample have a massive norm at the hook, int32 (n)."""
    analysis.require("projection")
    rows = analysis.cursor().execute("SELECT massive_tokens FROM samples ORDER BY sample_id").fetchnumpy()
    return np.asarray(rows["massive_tokens"])


def _pieces(analysis: Analysis, query: str, dtype: str = "f2") -> Iterator[np.ndarray]:
    reader = analysis.cursor().sql(query).to_arrow_reader(PIECE)
    for batch in reader:
        yield from_blobs(batch.column(0), dtype)


def _neurons(analysis: Analysis, where: str) -> Neurons:
    table = analysis.cursor().sql(f"SELECT neuron_ids, means FROM neurons WHERE {where}").to_arrow_table()
    every = analysis.contents.neurons == EVERY
    return Neurons(None if every else from_blobs(table["neuron_ids"], "u2"), from_blobs(table["means"], "f2"))


def check_neuron(analysis: Analysis, layer: int, neuron: int, *, site: str = "mlp") -> None:
    """Raise `GamutError` where the model of an analysis has no such neuron, or dimension of its residual stream."""
    shape = analysis.contents.shape
    width = shape.neurons if site == "mlp" else shape.width
    if not (0 <= layer < shape.layers and 0 <= neuron < width):
        raise GamutError(
            f"There is no neuron {layer}.{neuron}; layers go from 0 to {shape.layers - 1}, numbers to {width - 1}."
        )


def _check_layer(analysis: Analysis, layer: int) -> None:
    layers = analysis.contents.shape.layers
    if not 0 <= layer < layers:
        raise GamutError(f"There is no layer {layer}; this model has layers 0 to {layers - 1}.")


def _check_sample(analysis: Analysis, sample_id: int) -> None:
    if not 0 <= sample_id < analysis.n_samples:
        raise GamutError(f"There is no sample {sample_id}; this analysis has samples 0 to {analysis.n_samples - 1}.")
