"""All collectors of one pass."""

import numpy as np
import pyarrow as pa

from core.activations.batch import Batch
from core.activations.collect.activations import ActivationRows
from core.activations.collect.collector import Collector
from core.activations.collect.examples import Examples
from core.activations.collect.histograms import Histograms
from core.activations.collect.layer_sums import LayerSums
from core.activations.collect.vectors import SampleVectors
from core.store.contents import Contents


class Collection:
    """Shows every batch to every collector that the contents ask for; `groups` int (samples) as `LayerSums` takes it."""

    def __init__(self, contents: Contents, groups: np.ndarray | None) -> None:
        self.collectors: list[Collector] = [
            ActivationRows(),
            Histograms(contents.shape.n_features),
            SampleVectors(contents),
        ]
        if contents.examples:
            self.collectors.append(Examples(contents.shape.n_features, kept=contents.examples))
        if contents.layers:
            self.collectors.append(LayerSums(groups, len(contents.groups)))

    def add(self, batch: Batch) -> None:
        """Look at a batch."""
        for collector in self.collectors:
            collector.add(batch)

    def take(self) -> dict[str, pa.Table]:
        """The rows of all tables since the last call."""
        return {name: table for collector in self.collectors for name, table in collector.take().items()}
