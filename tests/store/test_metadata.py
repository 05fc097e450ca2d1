"""Columns beside the conversation: typed by all their values, named safely, none of them lost on the way."""

import json
from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.metadata import LIMIT, Columns
from core.datasets.sample import Sample, Turn
from core.store import metadata as store_metadata
from core.store.dataset_tables import create_tables, insert, sample_rows
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.metadata import Extras, create_metadata, quoted


def stored(extras: list[dict], *, file: str = "d.jsonl"):
    """A database with the metadata of these samples, added in chunks of two; its columns by name, and the collector."""
    connection = duckdb.connect()
    create_tables(connection)
    taken, columns = Extras(connection), Columns()
    made = [Sample(at, (Turn("user", "q"),), b"{}", file, at + 1, extra) for at, extra in enumerate(extras)]
    insert(connection, "samples", sample_rows(made)["samples"])
    for at in range(0, len(made), 2):
        taken.add(columns.add(made[at : at + 2]))
    known = create_metadata(connection, columns.finish())
    return connection, {column.name: column for column in known}, columns


def test_columns_are_typed_in_pieces_of_any_size_and_long_values_are_told_apart(monkeypatch):
    long = ["x" * 2_000 + str(at % 5) for at in range(11)]
    extras = [{"a": at, "text": text} if at != 4 else {} for at, text in enumerate(long)]
    for at_once in (1, 3_000, 5_000, store_metadata.AT_ONCE):
        monkeypatch.setattr(store_metadata, "AT_ONCE", at_once)
        connection, known, _ = stored(extras)
        rows = connection.execute("SELECT sample_id, a, text FROM metadata").fetchall()  # as they lie
        assert rows == [(at, at, text) if at != 4 else (4, None, None) for at, text in enumerate(long)]
        assert (known["text"].distinct, known["text"].missing, known["a"].distinct) == (5, 1, 10)
        assert not connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE starts_with(table_name, 'read_extras')"
        ).fetchall()


def values(connection, name: str) -> list:
    return [row[0] for row in connection.execute(f"SELECT {quoted(name)} FROM metadata ORDER BY sample_id").fetchall()]


@pytest.mark.parametrize(
    ("found", "type", "kept"),
    [
        ([1, 2, None], "integer", [1, 2, None]),
        ([1, 2.5], "number", [1.0, 2.5]),
        ([True, False], "boolean", [True, False]),
        (["x", "", None], "text", ["x", "", None]),
        (["007", "12"], "text", ["007", "12"]),
        ([1, ""], "integer", [1, None]),
        ([1, "x", True], "text", ["1", "x", "true"]),
        ([2**70, 1], "text", [str(2**70), "1"]),
        ([{"a": [1, "é"]}, [2], "t"], "json", ['{"a":[1,"é"]}', "[2]", '"t"']),
        (["2024-02-03", "2024-02-03T04:05:06+02:00", "2024-02-03 04:05:06.5Z"], "date",
         [datetime(2024, 2, 3), datetime(2024, 2, 3, 2, 5, 6), datetime(2024, 2, 3, 4, 5, 6, 500000)]),
        (["2024-02-30", "2024-02-03"], "text", ["2024-02-30", "2024-02-03"]),
    ],
)  # fmt: skip
def test_a_column_gets_the_type_that_holds_all_its_values(found, type, kept):
    connection, known, _ = stored([{"c": value} for value in found])
    assert known["c"].type == type and values(connection, "c") == kept
    assert known["c"].missing == sum(value is None or value == "" for value in found)


@pytest.mark.parametrize(
    ("cells", "type", "kept"),
    [
        (["1", "", "-3"], "integer", [1, None, -3]),
        (["1.5", "2", "1e3"], "number", [1.5, 2.0, 1000.0]),
        (["007", "12"], "text", ["007", "12"]),
        (["true", "FALSE"], "boolean", [True, False]),
        (["1", "x", ""], "text", ["1", "x", None]),
        (["1e999", "1"], "text", ["1e999", "1"]),
        (["", ""], "text", [None, None]),
    ],
)
def test_cells_of_tables_become_numbers_where_all_of_them_are(cells, type, kept):
    connection, known, _ = stored([{"c": cell} for cell in cells], file="folder/d.CSV.gz")
    assert known["c"].type == type and values(connection, "c") == kept


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    st.sampled_from(["12", "1.5", "-0", ".5", "1e-999", "2024-01-31", "Infinity", "null", "{}", '"', "\\"]),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.lists(VALUES, min_size=4, max_size=4), min_size=10, max_size=10), st.sampled_from(["d.jsonl", "d.csv"])
)
def test_no_value_is_lost_whatever_the_mixture(columns, file):
    rows = [{f"c{at}": column[row] for at, column in enumerate(columns)} for row in range(4)]
    connection, known, _ = stored(rows, file=file)
    for at, found in enumerate(columns):
        kept = values(connection, f"c{at}")
        assert [value is None or value == "" for value in kept] == [value is None or value == "" for value in found]
        if known[f"c{at}"].type == "text" and all(isinstance(value, str) for value in found):
            assert [value or "" for value in kept] == found
        if known[f"c{at}"].type == "json" and file.endswith("jsonl"):
            assert [None if value is None else json.loads(value) for value in kept] == [
                value if value != "" else None for value in found
            ]


def test_names_are_safe_and_differ_whatever_their_case():
    keys = ["id", "ID", "sample_id", "a\"b'c; DROP TABLE x", "line\nend", "", "x" * 200, "Id (2)"]
    connection, known, _ = stored([{key: at for at, key in enumerate(keys)}])
    assert list(known) == [
        "id",
        "ID (2)",
        "sample_id (2)",
        "a\"b'c; DROP TABLE x",
        "line end",
        "(no name)",
        "x" * 79 + "…",
        "Id (2) (2)",
    ]
    assert [values(connection, name)[0] for name in known] == list(range(len(keys)))


def test_columns_beyond_the_limit_are_counted():
    _, known, columns = stored([{f"c{at}": at for at in range(LIMIT + 3)}, {"c202": 1, "c203": 1}])
    assert len(known) == LIMIT and columns.left_out == 4


def roles(extras: list[dict]) -> dict[str, str]:
    _, known, _ = stored(extras)
    return {name: column.role for name, column in known.items()}


def test_scores_categories_and_ids_are_told_apart():
    rows = [
        {"uid": f"t{at}", "number": at, "reward": at / 7, "rating": at % 5, "version": at % 3, "kind": "ab"[at % 2],
         "text": f"text {at}", "ok": at % 2 == 0, "constant": 1, "characters": (at * at) % 997}
        for at in range(60)
    ]  # fmt: skip
    assert roles(rows) == {
        "uid": "id", "number": "id", "reward": "score", "rating": "score", "version": "category", "kind": "category",
        "text": "", "ok": "category", "constant": "", "characters": "score",
    }  # fmt: skip


def test_the_most_telling_category_comes_first():
    rows = [{"n": at, "domain_name": str(at % 3), "flag": at % 2 == 0, "category": str(at % 4)} for at in range(40)]
    _, known, _ = stored(rows)
    assert list(known) == ["category", "domain_name", "flag", "n"]
    assert [column.place for column in known.values()] == [0, 1, 2, 3]


def test_a_repeated_id_keeps_its_row_and_is_told():
    connection, known, _ = stored([{"id": f"x{min(at, 18)}"} for at in range(20)])
    assert known["id"].role == "id" and len(values(connection, "id")) == 20
    assert connection.execute("SELECT sample_id, line, rule FROM repairs").fetchall() == [
        (19, 20, "id 'x18' stands at line 19 too")
    ]


def test_samples_without_columns_have_an_empty_row_each():
    connection, known, _ = stored([{}, {}])
    assert known == {} and connection.execute("SELECT * FROM metadata ORDER BY ALL").fetchall() == [(0,), (1,)]


def test_an_import_keeps_its_columns(workspace, tmp_path):
    rows = [{"instruction": "a", "output": "b", "score": at / 2, "task": "xy"[at % 2]} for at in range(12)]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_dataset(workspace, tmp_path / "d.jsonl", name="d")
    cursor = Dataset(workspace, "d").cursor()
    assert cursor.execute("SELECT name, type, role FROM columns ORDER BY place").fetchall() == [
        ("task", "text", "category"), ("score", "number", "score"),
    ]  # fmt: skip
    assert cursor.execute("SELECT score FROM metadata WHERE sample_id = 3").fetchall() == [(1.5,)]
