"""The batch plan: every sample once, within the limits, decided by lengths alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.activations.batch_plan import plan_batches
from core.activations.settings import AnalysisSettings

LENGTHS = st.lists(st.integers(1, 200), max_size=80).map(lambda values: np.array(values, dtype=np.int64))


@given(LENGTHS, st.integers(1, 500), st.integers(1, 9))
def test_every_sample_once_within_the_limits(lengths, batch_tokens, batch_samples):
    batches = plan_batches(lengths, AnalysisSettings(batch_tokens=batch_tokens, batch_samples=batch_samples))
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= batch_samples
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= batch_tokens


@given(LENGTHS)
def test_longest_first_and_ties_by_sample_id(lengths):
    order = [i for batch in plan_batches(lengths, AnalysisSettings()) for i in batch.tolist()]
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
