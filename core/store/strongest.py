"""The strongest neurons of a sample and layer, where there is no room for all of them."""

import numpy as np

from core.store.contents import STRONGEST

TOP = 20  # of them that are a sample's circuit at a layer, where that is compared


def strongest(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids uint16 and means float16 (n, 64) of the neurons of largest absolute mean, largest first, ties to the lowest id.

    `means` float16 (n, neurons), at most 65,536 neurons. Size and id make one number each, all of them different: so
    a partial sort, far cheaper than a stable one, has one result only.
    """
    n_neurons = means.shape[1]
    assert n_neurons <= 1 << 16, f"{n_neurons} neurons in a layer are too many for a 16-bit id"
    size = (means.view(np.uint16) & 0x7FFF).astype(np.uint32)
    key = (size << 16) | (0xFFFF - np.arange(n_neurons, dtype=np.uint32))
    kept = min(STRONGEST, n_neurons)
    top = np.sort(np.partition(key, n_neurons - kept, axis=1)[:, n_neurons - kept :], axis=1)[:, ::-1]
    ids = (0xFFFF - (top & 0xFFFF)).astype(np.uint16)
    return ids, np.take_along_axis(means, ids.astype(np.int64), axis=1)
