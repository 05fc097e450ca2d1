"""Records without end: the memory is bounded, they are named, and what follows is read where that can be told."""

import json
import tracemalloc

import pytest

from core.datasets.read import open_source, records
from core.datasets.sources import delimited, lines, window
from core.datasets.sources.record import KEPT

LIMIT = 1 << 20


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (lines, window, delimited):
        monkeypatch.setattr(module, "LONGEST", LIMIT)


def read(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return list(records(open_source(tmp_path / name)))


def test_a_line_without_end_is_left_out_with_its_beginning_kept(tmp_path):
    found = read(tmp_path, "a.jsonl", b'{"a": 1}\n' + b"x" * (2 * LIMIT) + b'\n{"a": 2}\n')
    assert [record.value for record in found] == [{"a": 1}, None, {"a": 2}]
    assert found[1].line == 2 and "longer than" in found[1].reason and found[1].raw == b"x" * KEPT


def test_an_element_without_end_is_named_and_ends_the_reading(tmp_path):
    found = read(tmp_path, "a.json", b'[{"a": 1}, "' + b"x" * (3 * LIMIT) + b'", {"a": 2}]')
    assert found[0].value == {"a": 1} and len(found) == 2
    assert "nothing after it could be read" in found[1].reason and len(found[1].raw) == KEPT


def test_a_quote_without_end_in_a_table_costs_its_own_line_alone(tmp_path):
    rows = b"".join(b"%d,%s\n" % (n, b"x" * 200) for n in range(6_000))
    found = read(tmp_path, "a.csv", b'a,b\n"open,1,2\n' + rows)
    assert [record.line for record in found if record.reason] == [2]
    assert "never closed" in next(record.reason for record in found if record.reason)
    assert len(found) == 6_001 and found[-1].value == {"a": "5999", "b": "x" * 200}


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_reading_many_megabytes_holds_few(tmp_path, name):
    row = json.dumps({"a": "é" * 2_000}, ensure_ascii=False).encode()
    with (tmp_path / name).open("wb") as out:
        out.write(b"[" if name == "a.json" else b"")
        for number in range(6_000):  # 24 MB
            out.write(b"," if number and name == "a.json" else b"")
            out.write(row + b"\n")
        out.write(b"]" if name == "a.json" else b"")
    source = open_source(tmp_path / name)
    tracemalloc.start()
    assert sum(record.reason is None for record in records(source)) == 6_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000  # a window, a piece, a record
