"""The shape that all collectors share."""

from typing import Protocol

import pyarrow as pa

from core.activations.batch import Batch


class Collector(Protocol):
    """Takes batches in the order of the plan and gives, whenever a part is written, what came since the last."""

    def add(self, batch: Batch) -> None:
        """Look at a batch."""

    def take(self) -> dict[str, pa.Table]:
        """The rows, by table, of all batches since the last call. They say nothing of earlier ones."""
