"""Where strengths tie or silence is rare, the rules still decide: the lowest sample, and the one that is left."""

from dataclasses import replace

import duckdb
import numpy as np

from core.store.contents import Budgets
from core.store.contrast import write_contrast
from core.store.datasets import Dataset
from core.store.features import examples_of
from core.store.import_dataset import import_dataset
from tests.made import FEATURES, SHAPE, made_analysis, made_batches, made_records, write_jsonl

KEPT = 2


def test_equal_strengths_go_to_the_lowest_sample_though_it_comes_last(workspace, tmp_path):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(60)), name="d")
    batches = [
        replace(batch, values=np.ceil(batch.values)) for batch in reversed(made_batches(np.random.default_rng(0), 60))
    ]
    budgets = Budgets(examples=KEPT * SHAPE.n_features * 16 * 96)
    analysis = made_analysis(workspace, Dataset(workspace, "d"), batches=batches, budgets=budgets)
    peaks = {}
    for batch in batches:
        found = batch.pooled
        for sample, feature, strength in zip(batch.ids[found.sample], found.feature, found.max, strict=True):
            peaks[int(feature), int(sample)] = max(peaks.get((int(feature), int(sample)), 0), float(strength))
    tied = 0
    for feature in range(FEATURES):
        expected = []
        for band in (3, 2, 1, 0):  # strengths 8, 4, 2 and 1 to below the next
            own = sorted(
                (-value, s) for (f, s), value in peaks.items() if f == feature and 2**band <= value < 2 ** (band + 1)
            )
            tied += len(own) > KEPT and own[KEPT - 1][0] == own[KEPT][0]
            expected += own[:KEPT]
        assert [(-e.strength, e.sample_id) for e in examples_of(analysis, feature)] == expected
    assert tied > 20


def test_the_one_silent_sample_of_a_large_bin_is_found_and_taken_once():
    samples, silent = 3000, 1234
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE samples AS SELECT range::INTEGER AS sample_id, 40 AS tokens, 39 AS scored_tokens FROM range({samples})"
        )
        connection.execute(
            f"CREATE TABLE activations_by_feature AS SELECT 0 AS feature_id, sample_id FROM samples WHERE sample_id <> {silent}"
        )
        connection.execute(f"CREATE TABLE features AS SELECT 0 AS feature_id, {samples - 1} AS samples")
        connection.execute(
            "CREATE TABLE examples AS SELECT 0 AS feature_id, 3 AS band, range::INTEGER AS rank, range::INTEGER AS sample_id, "
            "(50 - range)::INTEGER AS position FROM range(2)"
        )
        write_contrast(connection, 1)
        rows = connection.execute("SELECT * FROM contrast").fetchall()
    assert rows == [(0, 0, silent, 39, 0)]  # at the example's position, or the last token of a shorter one
