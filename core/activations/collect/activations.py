"""Samples, their tokens and their active features: the rows that every screen starts from."""

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.tokens import PROMPT, RESPONSE
from core.store.tables import SCHEMAS

TABLES = ("samples", "activations", "tokens")


class ActivationRows:
    """Keeps a row a sample, a row a sample, feature and side, and each sample's token ids and roles."""

    def __init__(self) -> None:
        self._waiting: list[dict[str, pa.Table]] = []

    def add(self, batch: Batch) -> None:
        """Make the batch's rows."""
        self._waiting.append(activation_tables(batch))

    def take(self) -> dict[str, pa.Table]:
        """The rows since the last call."""
        made = {name: pa.concat_tables([tables[name] for tables in self._waiting]) for name in TABLES}
        self._waiting = []
        return made


def activation_tables(batch: Batch) -> dict[str, pa.Table]:
    """The rows of one batch, by table."""
    tokens, ids, pooled, pointer = batch.tokens, batch.ids, batch.pooled, batch.pointer
    new = np.r_[True, (pooled.sample[1:] != pooled.sample[:-1]) | (pooled.feature[1:] != pooled.feature[:-1])]
    per_side = [np.add.reduceat(batch.sides == side, pointer[:-1]) for side in (PROMPT, RESPONSE)]
    columns = {
        "samples": (
            ids, np.diff(pointer), per_side[0] + per_side[1], per_side[0], per_side[1], tokens.words[ids], tokens.cut[ids],
            np.bincount(pooled.sample[new[: len(pooled.sample)]], minlength=len(ids)), batch.states.massive,
        ),
        "activations": (
            ids[pooled.sample], pooled.feature, pooled.side, pooled.max, pooled.sum, pooled.count, pooled.position
        ),
        "tokens": (ids, _lists(pointer, batch.token_ids), _lists(pointer, batch.roles)),
    }  # fmt: skip
    return {
        name: pa.table(
            [pa.array(values, field.type) for values, field in zip(columns[name], SCHEMAS[name], strict=True)],
            schema=SCHEMAS[name],
        )
        for name in TABLES
    }


def _lists(pointer: np.ndarray, values: np.ndarray) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(pointer, pa.int32()), pa.array(values))
