"""Files to raw records: bytes and lines kept, every broken record named."""

import gzip
import json

import pytest

from core.datasets.read import open_source, records
from core.errors import GamutError


def read(tmp_path, content: bytes, name: str = "data.json"):
    path = tmp_path / name
    path.write_bytes(content)
    return list(records(open_source(path)))


def test_json_lines_keep_their_own_bytes_and_line_numbers(tmp_path):
    found = read(tmp_path, b'{"a":  1}\r\n\n  \n{"a": "\xc3\xa9"}\n{"b": 2}')
    assert [(record.raw, record.line, record.value) for record in found] == [
        (b'{"a":  1}', 1, {"a": 1}),
        (b'{"a": "\xc3\xa9"}', 4, {"a": "é"}),
        (b'{"b": 2}', 5, {"b": 2}),
    ]


def test_broken_json_lines_are_named_and_the_rest_is_kept(tmp_path):
    found = read(tmp_path, b'{"a": 1}\n{"a": \n{"a": "\x81"}\n[1]\n{"a": 2}\n')
    assert [record.reason is None for record in found] == [True, False, False, True, True]
    assert found[1].line == 2 and "broken JSON: Expecting value at column" in found[1].reason
    assert found[2].reason == "not UTF-8 at byte 8 of the line, and not Windows-1252 either"


def test_deep_nesting_is_a_problem_of_its_record_only(tmp_path):
    found = read(tmp_path, b'{"a": ' + b"[" * 100_000 + b"\n" + b'{"a": 1}\n')
    assert "broken JSON" in found[0].reason and found[1].value == {"a": 1}


def test_array_elements_keep_their_own_bytes_and_first_lines(tmp_path):
    text = '[\n  {"a": 1,\n   "b": "x]"},\n\n {"a": 2}\n]\n'
    found = read(tmp_path, text.encode())
    assert [(record.raw.decode(), record.line) for record in found] == [('{"a": 1,\n   "b": "x]"}', 2), ('{"a": 2}', 5)]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": ', '[{"a": 1} {"a": 2}]', '[{"a": 1},', '[{"a": 1}', '[{"a": 1}] x']
)
def test_an_array_that_breaks_off_loses_only_the_rest(tmp_path, text):
    found = read(tmp_path, text.encode())
    assert found[0].value == {"a": 1} and found[-1].reason is not None and len(found) == 2


def test_arrays_equal_the_json_library_on_random_values(tmp_path):
    values = [{"n": i, "t": '\n"]}[{,' * (i % 4), "deep": [[i], {"x": None}]} for i in range(50)]
    for indent in (None, 0, 3):
        found = read(tmp_path, json.dumps(values, indent=indent, ensure_ascii=False).encode())
        assert [record.value for record in found] == values
        assert [json.loads(record.raw) for record in found] == values


def test_gzip_and_byte_order_mark_are_seen_through(tmp_path):
    found = read(tmp_path, gzip.compress(b'\xef\xbb\xbf{"a": 1}\n', mtime=0), "data.jsonl.gz")
    assert found[0].value == {"a": 1} and found[0].raw == b'{"a": 1}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"instruction,output\n", "JSON (a list of records) or JSON Lines is needed"),
        (b"", "data.json is empty"),
        (gzip.compress(b"{}" * 100, mtime=0)[:-9], "damaged gzip"),
    ],
)
def test_what_is_no_json_is_refused_in_a_sentence(tmp_path, content, said):
    with pytest.raises(GamutError, match=said.replace("(", r"\(").replace(")", r"\)")):
        read(tmp_path, content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(GamutError, match="There is no file"):
        open_source(tmp_path / "none.json")
