"""Any bytes end in records, problems or a sentence; any records survive every container unchanged."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.read import open_source, records
from core.datasets.sources import unpack
from core.datasets.sources.json_array import json_list
from core.datasets.sources.lines import lines
from core.errors import GamutError
from tests.datasets.awkward import FILES, ipc, packed_parquet

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ENDINGS = ["json", "jsonl", "csv", "tsv", "txt", "parquet", "arrow", "odd"]
# What makes readers stumble, more often than chance would.
PIECES = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\r", b"\\", b"\0", b"\xff", b"\xfe", b"\xef\xbb\xbf",
                     b'{"a": 1}', b'{"a": "b"}\n', b"NaN", b"1e999", b" ", b"\t", b'""', b"PAR1", b"ARROW1\0\0", b"\x1f\x8b"])
    | st.binary(max_size=6), max_size=30,
).map(b"".join)  # fmt: skip


def read(folder, content, name):
    path = folder / name
    path.write_bytes(content)
    return list(records(open_source(path)))


@QUICK
@given(content=PIECES, ending=st.sampled_from(ENDINGS))
def test_any_bytes_raise_nothing_but_a_sentence(tmp_path, content, ending):
    try:
        found = read(tmp_path, content, f"any.{ending}")
    except GamutError as error:
        assert "\n" not in str(error)
        return
    for record in found:
        assert (record.reason is None) or record.value is None
        if record.reason is None:
            json.dumps(record.value, allow_nan=False)


@QUICK
@given(
    file=st.sampled_from([file for file in FILES if len(file.content) < 20_000]),
    at=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans(),
)  # fmt: skip
def test_a_file_with_one_byte_changed_or_its_end_cut_raises_nothing_but_a_sentence(tmp_path, file, at, byte, cut):
    place = int(at * len(file.content))
    content = file.content[:place] + (b"" if cut else bytes([byte]) + file.content[place + 1 :])
    try:
        read(tmp_path, content, file.name)
    except GamutError as error:
        assert str(error)


MIXED = pa.table({"a": ["x", "yy", None] * 9, "n": [[1], [2, 3], None] * 9, "s": [{"q": "w"}] * 27})
TABLES = {"x.parquet": packed_parquet(MIXED), "x.arrow": ipc(MIXED, stream=True), "y.arrow": ipc(MIXED, stream=False)}


@QUICK
@given(
    name=st.sampled_from(list(TABLES)),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=5),
)
def test_a_damaged_table_neither_ends_the_process_nor_raises_more_than_a_sentence(tmp_path, name, changes):
    content = bytearray(TABLES[name])
    for at, byte in changes:
        content[int(at * len(content))] = byte
    try:
        assert all(record.line > 0 for record in read(tmp_path, bytes(content), name))
    except GamutError as error:
        assert "\n" not in str(error)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ROW = st.fixed_dictionaries({"a": TEXT, "b": TEXT, "long": st.integers(0, 300).map("x\n".__mul__)})
ROWS = st.lists(ROW, min_size=1, max_size=8)
PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def written(rows, ending):
    if ending == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1).encode()
    if ending == "jsonl":
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    if ending == "parquet":
        return packed_parquet(pa.Table.from_pylist(rows))
    if ending in ("arrow", "feather"):
        return ipc(pa.Table.from_pylist(rows), stream=ending == "arrow")
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, ["a", "b", "long"], delimiter="," if ending == "csv" else "\t", quoting=csv.QUOTE_ALL)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


@QUICK
@given(
    rows=ROWS, ending=st.sampled_from(["json", "jsonl", "csv", "tsv", "parquet", "arrow", "feather"]),
    pack=st.sampled_from(list(PACK)), piece=st.sampled_from([1, 7, 64, 1 << 18]),
)  # fmt: skip
def test_random_records_survive_every_container_unchanged(tmp_path, rows, ending, pack, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpack, "CHUNK", piece)
        patch.setattr(unpack, "ZSTD_PIECE", piece)
        found = read(tmp_path, PACK[pack](written(rows, ending)), f"rows.{ending}{pack}")
    assert [record.reason for record in found] == [None] * len(rows)
    assert [record.value for record in found] == rows
    assert [json.loads(record.raw) for record in found] == rows


@QUICK
@given(
    content=st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bc"]), max_size=20).map(b"".join), cut=st.integers(1, 5)
)
def test_lines_are_those_of_the_whole_content_however_it_is_cut(content, cut):
    pieces = (content[at : at + cut] for at in range(0, len(content), cut))
    whole = content.split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert [(number, line) for number, line, _ in lines(pieces)] == list(enumerate(expected, start=1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(values=st.lists(JSON, max_size=6), indent=st.sampled_from([None, 0, 3]), cut=st.integers(1, 9))
def test_lists_equal_the_json_library_however_they_are_cut(values, indent, cut):
    content = json.dumps(values, indent=indent, ensure_ascii=False).encode()
    pieces = (content[at : at + cut] for at in range(0, len(content), cut))
    found = list(json_list(pieces, file="x", codec="utf-8"))
    assert [record.value for record in found] == values
    assert [json.loads(record.raw) for record in found] == values
    if indent:  # each begins a line of its own
        rows = content.split(b"\n")
        assert all(rows[record.line - 1].lstrip(b" ").startswith(record.raw[:1]) for record in found)


BROKEN = [b'{"n": ', b'{"n": "x}', b'{"n": [1}', b'{"n": "a"b"}', b'{"n": 1,}', b"{]"]


def one_a_line(records):
    return b"[\n" + b",\n".join(records) + b"\n]\n"


@QUICK
@given(broken=st.integers(0, 5), how=st.sampled_from(BROKEN))
def test_a_broken_element_of_a_list_with_one_a_line_loses_itself_alone(broken, how):
    elements = [b'{"n": %d}' % n for n in range(6)]
    elements[broken] = how
    found = list(json_list(iter([one_a_line(elements)]), file="x", codec="utf-8"))
    good = [record.value["n"] for record in found if record.reason is None]
    lost = [record.line for record in found if record.reason is not None]
    assert good == [n for n in range(6) if n != broken]
    assert lost == [broken + 2]
