"""What neurons and residual stream say on average, layer by layer: over all samples, and over each group of them."""

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.store.fixed import to_fixed
from core.store.tables import MLP, RESIDUAL, SCHEMAS


class LayerSums:
    """Sums over scored tokens, by group, layer and site; `groups` int (samples): 0 for no group, else its number.

    Group 0 of the rows is every sample.
    """

    def __init__(self, groups: np.ndarray | None, n_groups: int) -> None:
        self._groups = groups
        self._n_groups = n_groups
        self._sums: dict[tuple[int, int], np.ndarray] = {}
        self._tokens: np.ndarray = np.zeros((n_groups + 1, 1), np.int64)

    def add(self, batch: Batch) -> None:
        """Add the batch's sums."""
        states = batch.states
        member = self._members(batch.ids)
        counted = np.einsum("gs,ls->gl", member.astype(np.int64), states.counted)
        self._tokens = self._tokens + counted
        for site, sums in ((MLP, states.neurons), (RESIDUAL, states.residuals)):
            for layer, of_samples in enumerate(() if sums is None else sums):
                own = to_fixed(member @ of_samples.astype(np.float64))
                held = self._sums.get((layer, site))
                self._sums[layer, site] = own if held is None else held + own

    def take(self) -> dict[str, pa.Table]:
        """The sums since the last call, of the groups that had tokens."""
        rows = [
            (group, layer, site, int(self._tokens[group, layer]), sums[group].astype("<i8").tobytes())
            for (layer, site), sums in sorted(self._sums.items())
            for group in range(self._n_groups + 1)
            if group == 0 or self._tokens[group, layer]
        ]
        self._sums, self._tokens = {}, np.zeros((self._n_groups + 1, 1), np.int64)
        schema = SCHEMAS["layer_sums"]
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        return {
            "layer_sums": pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
        }

    def _members(self, ids: np.ndarray) -> np.ndarray:
        """Which sample of the batch counts for which group: float64 (groups + 1, n) of 0 and 1."""
        member = np.zeros((self._n_groups + 1, len(ids)))
        member[0] = 1
        if self._groups is not None:
            grouped = self._groups[ids]
            member[grouped, np.arange(len(ids))] = 1
        return member
