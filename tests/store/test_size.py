"""The bytes told of tables are those of the file."""

from core.store.analyses import open_analysis
from core.store.size import file_bytes, table_bytes


def test_every_table_takes_some_of_the_files_blocks(made):
    analysis = open_analysis(made, "made")
    taken = table_bytes(analysis)
    rows = analysis.cursor().execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert set(taken) == {name for (name,) in rows} >= {"neurons", "vectors", "examples", "activations"}
    assert list(taken.values()) == sorted(taken.values(), reverse=True)
    assert 0 < max(taken.values()) <= file_bytes(analysis) == (analysis.folder / "activations.duckdb").stat().st_size
