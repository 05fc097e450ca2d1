"""The values of a column and their rows, commonest first."""

import pytest

from core.errors import GamutError
from core.store.column_values import column_values
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import made_records, write_jsonl


def test_values_come_commonest_first_ties_by_name_and_no_value_apart(workspace, tmp_path):
    kinds = ["b", "a", "", "c", "c", "c", "a", "b", None]
    records = [{**record, "kind": kind} for record, kind in zip(made_records(9), kinds, strict=True)]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    assert column_values(dataset, "kind", limit=9) == [("c", 3), ("a", 2), ("b", 2), (None, 2)]
    assert column_values(dataset, "kind", limit=1) == [("c", 3)]
    with pytest.raises(GamutError, match="has no column 'x'; there are: 'kind'"):
        column_values(dataset, "x", limit=3)
