"""A few samples of a data set as a data set of their own: what a pilot is run on."""

from collections.abc import Sequence

import pyarrow as pa

from core.store.datasets import DATABASE, Dataset
from core.store.duck import columns_of, written_database
from core.workspace import Workspace

LEFT_OUT = {"problems": " LIMIT 0", "meta": " WHERE key <> 'members'"}


def write_subset(dataset: Dataset, ids: Sequence[int], workspace: Workspace) -> Dataset:
    """Write the samples `ids` of `dataset`, numbered from 0 in that order, as a data set of the same name in `workspace`.

    Every table with a `sample_id` keeps the rows of `ids`, problems are left out; `meta`, the content hash of the whole
    with it, is copied, but the subset of a pool is a plain data set.
    """
    to = workspace.datasets / dataset.name / DATABASE
    source = dataset.cursor()
    numbered = pa.table({"old_id": pa.array(ids, pa.int32()), "new_id": pa.array(range(len(ids)), pa.int32())})
    source.register("numbered", numbered)
    with written_database(to) as made:
        for table, columns in columns_of(source).items():
            rows = source.sql(_query(table, columns)).to_arrow_table()
            made.register("rows", rows)
            made.execute(f'CREATE TABLE "{table}" AS SELECT * FROM rows')
            made.unregister("rows")
    return Dataset(workspace, dataset.name)


def _query(table: str, columns: list[str]) -> str:
    if "sample_id" not in columns:
        return f'SELECT * FROM "{table}"' + LEFT_OUT.get(table, "")
    wanted = ", ".join("n.new_id AS sample_id" if name == "sample_id" else f't."{_quoted(name)}"' for name in columns)
    # every order of rows within a sample is its table's own
    return f'SELECT {wanted} FROM "{table}" AS t JOIN numbered AS n ON t.sample_id = n.old_id ORDER BY ALL'


def _quoted(name: str) -> str:
    return name.replace('"', '""')
