"""Pool SAE activations over the tokens of each sample, prompt and response apart."""

import numba
import numpy as np

from core.activations.tokens import UNSCORED

SIDES = 2


@numba.njit(cache=True, nogil=True)
def pool(token_ptr, features, values, sample_ptr, sides, n_features):
    """Maximum, sum, count and position of the maximum of every active feature, by sample and side.

    `token_ptr` int64 (T+1): token t's entries are `features[token_ptr[t]:token_ptr[t+1]]` (int32) with their
    activations `values` (float32; those ≤ 0 are not active). `sample_ptr` int64 (n+1): the tokens of each sample.
    `sides` uint8 (T): PROMPT, RESPONSE or UNSCORED. Returns parallel arrays ordered by sample, feature, side:
    sample int32 (index into the batch), feature int32, side uint8, max float32, sum float32, count int32,
    position int32 (within the sample; the first of equal maxima).
    """
    most = features.shape[0]
    out_sample = np.empty(most, np.int32)
    out_feature = np.empty(most, np.int32)
    out_side = np.empty(most, np.uint8)
    out_max = np.empty(most, np.float32)
    out_sum = np.empty(most, np.float32)
    out_count = np.empty(most, np.int32)
    out_position = np.empty(most, np.int32)
    peak = np.zeros(SIDES * n_features, np.float32)
    total = np.zeros(SIDES * n_features, np.float64)
    count = np.zeros(SIDES * n_features, np.int32)
    position = np.zeros(SIDES * n_features, np.int32)
    touched = np.empty(SIDES * n_features, np.int32)
    written = 0
    for sample in range(sample_ptr.shape[0] - 1):
        n_touched = 0
        first = sample_ptr[sample]
        for token in range(first, sample_ptr[sample + 1]):
            side = sides[token]
            if side == UNSCORED:
                continue
            for entry in range(token_ptr[token], token_ptr[token + 1]):
                value = values[entry]
                if not value > 0:
                    continue
                cell = SIDES * features[entry] + side
                if count[cell] == 0:
                    touched[n_touched] = cell
                    n_touched += 1
                if value > peak[cell]:
                    peak[cell] = value
                    position[cell] = token - first
                total[cell] += value
                count[cell] += 1
        order = np.sort(touched[:n_touched])
        for cell in order:
            out_sample[written] = sample
            out_feature[written] = cell // SIDES
            out_side[written] = cell % SIDES
            out_max[written] = peak[cell]
            out_sum[written] = total[cell]
            out_count[written] = count[cell]
            out_position[written] = position[cell]
            written += 1
            peak[cell] = 0
            total[cell] = 0
            count[cell] = 0
    return (
        out_sample[:written],
        out_feature[:written],
        out_side[:written],
        out_max[:written],
        out_sum[:written],
        out_count[:written],
        out_position[:written],
    )
