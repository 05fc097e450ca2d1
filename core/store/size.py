"""What an analysis takes on disk, table by table."""

from __future__ import annotations

from core.store.analyses import Analysis
from core.store.tables import DATABASE


def table_bytes(analysis: Analysis) -> dict[str, int]:
    """Bytes of the blocks that each table's rows lie in, largest first; a block that tables share counts for each."""
    cursor = analysis.cursor()
    (size,) = cursor.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_size != '0 bytes'"
    ).fetchall()[0]
    tables = [name for (name,) in cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    taken = {}
    for table in tables:
        query = f"SELECT block_id, additional_block_ids FROM pragma_storage_info('{table}') WHERE block_id >= 0"
        blocks = {block for first, others in cursor.execute(query).fetchall() for block in (first, *(others or ()))}
        taken[table] = len(blocks) * size
    return dict(sorted(taken.items(), key=lambda item: (-item[1], item[0])))


def file_bytes(analysis: Analysis) -> int:
    """Bytes of the database as a whole."""
    return (analysis.folder / DATABASE).stat().st_size
