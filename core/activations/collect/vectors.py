"""What is kept of every sample by itself: its neurons, its residual vectors and a projection of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.store.blobs import to_blobs
from core.store.contents import ABSENT, EVERY, PROJECTED, Contents
from core.store.strongest import strongest
from core.store.tables import SCHEMAS

if TYPE_CHECKING:
    from core.activations.states import States

SEED = 20
HALF_MAX = float(np.finfo(np.float16).max)


class SampleVectors:
    """Means over each sample's tokens, float16: neurons and residuals by layer as far as `contents` says, and `projection`."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._matrix = projection_matrix(contents.shape.width)
        self._reset()

    def _reset(self) -> None:
        self._ids: list[np.ndarray] = []
        self._columns: dict[tuple[str, str], list[np.ndarray]] = {}

    def add(self, batch: Batch) -> None:
        """Keep the batch's vectors, (layers, n, width) each."""
        states = batch.states
        self._ids.append(batch.ids)
        if self._contents.neurons != ABSENT and states.neurons is not None:
            means = to_half(_means(states.neurons, states))
            if self._contents.neurons == EVERY:
                self._keep("neurons", "means", means)
            else:
                flat_ids, flat_means = strongest(means.reshape(-1, means.shape[2]))
                self._keep("neurons", "neuron_ids", flat_ids.reshape(*means.shape[:2], -1))
                self._keep("neurons", "means", flat_means.reshape(*means.shape[:2], -1))
        means = _means(states.residuals, states)
        if self._contents.vectors:
            self._keep("vectors", "mean", to_half(means))
            self._keep("vectors", "last", to_half(states.last))
        hook = means[states.block]
        self._keep("projection", "vector", to_half(hook if self._matrix is None else hook @ self._matrix)[None])

    def take(self) -> dict[str, pa.Table]:
        """The rows since the last call, layer by layer."""
        tables = {}
        ids = np.concatenate(self._ids) if self._ids else np.empty(0, np.int32)
        for table in dict.fromkeys(table for table, _ in self._columns):
            found = {name: np.concatenate(rows, axis=1) for (of, name), rows in self._columns.items() if of == table}
            layers = len(next(iter(found.values())))
            made = {name: to_blobs(rows.reshape(-1, rows.shape[2])) for name, rows in found.items()}
            made |= {"layer": np.repeat(np.arange(layers), len(ids)), "sample_id": np.tile(ids, layers)}
            schema = SCHEMAS[table]
            tables[table] = pa.table(
                [
                    pa.array(made[f.name], f.type) if f.name in made else pa.nulls(layers * len(ids), f.type)
                    for f in schema
                ],
                schema=schema,
            )
        self._reset()
        return tables

    def _keep(self, table: str, column: str, rows: np.ndarray) -> None:
        self._columns.setdefault((table, column), []).append(rows)


def _means(sums: np.ndarray, states: States) -> np.ndarray:
    return sums / np.maximum(states.counted, 1)[:, :, None].astype(np.float32)


def to_half(values: np.ndarray) -> np.ndarray:
    """Values as float16, those beyond its range at its end."""
    return np.clip(values, -HALF_MAX, HALF_MAX).astype(np.float16)


def projection_matrix(width: int) -> np.ndarray | None:
    """A seeded matrix of signs / √256, float32 (width, 256), that keeps distances on average; None where width ≤ 256."""
    if width <= PROJECTED:
        return None
    signs = np.random.Generator(np.random.PCG64(SEED)).integers(0, 2, size=(width, PROJECTED))
    return ((2 * signs - 1) / np.sqrt(PROJECTED)).astype(np.float32)
