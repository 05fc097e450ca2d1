"""A data set of file format 1 opens as one of today, says the same and keeps its hash."""

import duckdb
import pytest

from core.store.dataset_migration import migrate_dataset
from core.store.dataset_tables import DATABASE, FORMAT_VERSION
from core.store.datasets import Dataset
from core.store.duck import open_read
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_records, write_jsonl


@pytest.fixture
def old(workspace: Workspace, tmp_path) -> Workspace:
    """A data set as format version 1 left it: four tables, and meta without options."""
    records = [record | {"score": number / 2} for number, record in enumerate(made_records())]
    file = write_jsonl(tmp_path / "d.jsonl", records)
    file.write_text(file.read_text() + "{broken\n")
    import_dataset(workspace, file, name="d")
    with duckdb.connect(str(workspace.datasets / "d" / DATABASE)) as connection:
        for table in ("facts", "flags", "repairs", "metadata", "columns"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'format_version'")
        connection.execute("DELETE FROM meta WHERE key = 'options'")
    return workspace


def test_an_old_data_set_is_migrated_when_it_is_opened_and_keeps_its_hash_and_its_rows(old, tmp_path) -> None:
    fresh = Workspace(tmp_path / "fresh")
    import_dataset(fresh, tmp_path / "d.jsonl", name="d")
    migrated, new = Dataset(old, "d"), Dataset(fresh, "d")
    assert migrated.meta["format_version"] == str(FORMAT_VERSION)
    assert migrated.content_hash == migrated.recompute_hash() == new.content_hash
    assert list(migrated.conversations()) == list(new.conversations())
    assert migrated.problems() == new.problems() != []
    for table in ("facts", "flags", "repairs", "metadata", "columns"):
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert migrated.cursor().execute(query).fetchall() == new.cursor().execute(query).fetchall(), table


def test_who_has_the_old_file_open_reads_on_while_it_is_migrated(old) -> None:
    path = old.datasets / "d" / DATABASE
    reader = open_read(path)
    before = reader.execute("SELECT count(*) FROM turns").fetchall()
    migrate_dataset(path)
    assert reader.execute("SELECT count(*) FROM turns").fetchall() == before
    reader.close()
    assert not list(path.parent.glob("*.tmp*"))
    migrate_dataset(path)  # a second one finds it done
