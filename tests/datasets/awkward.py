"""A folder of made awkward files, each with the rows that survive it and the problems and repairs that are named."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

GOOD = {"instruction": "a", "output": "b"}
LINE = b'{"instruction": "a", "output": "b"}\n'
# ruff: noqa: E501  # a file a line
LONG = "x" * 10_000_000


@dataclass(frozen=True)
class Awkward:
    """One file: its bytes, the records that survive, and (line, part of the reason) and rules that must be named.

    `refused` is part of the sentence with which the file as a whole is refused.
    """

    name: str
    content: bytes
    values: tuple = (GOOD,)
    problems: tuple[tuple[int, str], ...] = ()
    repairs: tuple[str, ...] = ()
    refused: str = ""


def text(*lines: str, codec: str = "utf-8") -> bytes:
    return "".join(line + "\n" for line in lines).encode(codec)


def packed_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def ipc(table: pa.Table, *, stream: bool) -> bytes:
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def odd_text() -> bytes:
    """An Arrow file whose second text is no UTF-8."""
    texts = pa.StringArray.from_buffers(3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffc"))
    return ipc(pa.table({"a": texts}), stream=False)


TABLE = pa.table({"instruction": ["a"], "output": ["b"]})
NAN = "NaN and Infinity are no JSON numbers: they were read as null"
TWICE = "a key that occurs twice in one object: the last value was taken"
CONTROL = "control characters inside a text, such as line breaks, were accepted"
WINDOWS = "bytes that are not UTF-8 were read as Windows-1252"
NUL = "NUL bytes were removed"
MARK = "a byte-order mark at the start of the file was removed"

FILES = (
    # JSON Lines
    Awkward("broken_line.jsonl", LINE + b'{"a": \n' + LINE, (GOOD, GOOD), ((2, "broken JSON: Expecting value at column 7"),)),
    Awkward("trailing_commas.jsonl", b'{"a": 1},\n{"a": 1,}\n' + LINE, (GOOD,),
            ((1, "broken JSON: Extra data at column 9"), (2, "broken JSON: "))),
    Awkward("windows_lines.jsonl", b'{"a": 1}\r\n\r\n{"a": 2}\r\n', ({"a": 1}, {"a": 2})),
    Awkward("lone_return.jsonl", b'{"a": "x\ry"}\n', ({"a": "x\ry"},), (), (CONTROL,)),
    Awkward("line_separator.jsonl", '{"a": "x\u2028y\x85z"}\n'.encode(), ({"a": "x\u2028y\x85z"},)),
    Awkward("nul.jsonl", b'{"a": "x\0y"}\n' + LINE, ({"a": "xy"}, GOOD), (), (NUL,)),
    Awkward("windows_1252.jsonl", b'{"a": "caf\xe9 \x93x\x94 \x80"}\n{"a": "\xc3\xa9\xe9"}\n',
            ({"a": "café “x” €"}, {"a": "éé"}), (), (WINDOWS, WINDOWS)),
    Awkward("undefined_byte.jsonl", b'{"a": "\x81"}\n' + LINE, (GOOD,), ((1, "not UTF-8 at byte 8 of the line, and not Windows-1252"),)),
    Awkward("chinese_gbk.jsonl", '{"a": "你好世界"}\n'.encode("gbk") + LINE, (GOOD,), ((1, "too many such bytes in a row"),)),
    Awkward("nan.jsonl", b'{"a": NaN, "b": -Infinity, "c": 1e999}\n', ({"a": None, "b": None, "c": None},), (), (NAN,)),
    Awkward("huge_number.jsonl", b'{"a": ' + b"9" * 400 + b'}\n{"a": ' + b"9" * 5000 + b"}\n" + LINE, (GOOD,),
            ((1, "a number of 400 digits"), (2, "a number of 5000 digits"))),
    Awkward("deep.jsonl", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n" + LINE, (GOOD,),
            ((1, "nested deeper than 200 levels"),)),
    Awkward("same_key.jsonl", b'{"a": 1, "a": 2}\n{"b": {"c": 1, "c": 1}}\n', ({"a": 2}, {"b": {"c": 1}}), (), (TWICE, TWICE)),
    Awkward("long_text.jsonl", json.dumps({"a": LONG}).encode() + b"\n" + LINE, ({"a": LONG}, GOOD)),
    Awkward("same_ids.jsonl", b'{"id": 1, "a": 1}\n{"id": 1, "a": 2}\n', ({"id": 1, "a": 1}, {"id": 1, "a": 2})),
    Awkward("half_a_character.jsonl", b'{"a": "\\ud83d"}\n', ({"a": "\ud83d"},)),
    Awkward("no_objects.jsonl", LINE + b'[1]\n"x"\n3\nnull\n', (GOOD, [1], "x", 3, None)),
    # Encodings
    Awkward("mark.jsonl", b"\xef\xbb\xbf" + LINE, (GOOD,), (), (MARK,)),
    Awkward("utf16_mark.json", json.dumps([GOOD, {"a": "é你😀"}], ensure_ascii=False).encode("utf-16"), (GOOD, {"a": "é你😀"}), (),
            ("the file is UTF-16-LE, told by its byte-order mark: it was read as UTF-8",)),
    Awkward("utf16_big.jsonl", LINE.decode().encode("utf-16-be"), (GOOD,), (),
            ("the file is UTF-16-BE, told by its NUL bytes; it has no byte-order mark: it was read as UTF-8",)),
    Awkward("utf16_cut.jsonl", (LINE * 2).decode().encode("utf-16-le")[:-3], (GOOD,), ((2, "half of a character"),),
            ("the file is UTF-16-LE, told by its NUL bytes; it has no byte-order mark: it was read as UTF-8",)),
    Awkward("utf32.csv", "\ufeffa,b\né,2\n".encode("utf-32-le"), ({"a": "é", "b": "2"},), (),
            ("the file is UTF-32-LE, told by its byte-order mark: it was read as UTF-8",)),
    Awkward("joined_marks.jsonl", LINE + b"\xef\xbb\xbf" + LINE, (GOOD, GOOD), (), ("a byte-order mark inside the file was removed",)),
    # JSON lists and objects
    Awkward("lines_called_list.json", LINE * 2, (GOOD, GOOD)),
    Awkward("list_called_lines.jsonl", json.dumps([GOOD, GOOD]).encode(), (GOOD, GOOD)),
    Awkward("list_of_lists.jsonl", b'[{"a": 1}]\n[{"a": 2}]\n', ([{"a": 1}], [{"a": 2}])),
    Awkward("broken_element.json", b'[\n{"a": 1},\n{"a": 2,},\n{"a": 3}\n]', ({"a": 1}, {"a": 3}), ((3, "broken JSON"),)),
    Awkward("open_quote.json", b'[\n{"a": 1},\n{"a": "x},\n{"a": 3},\n{"a": 4}]', ({"a": 1}, {"a": 3}, {"a": 4}), ((3, "broken JSON"),)),
    Awkward("open_brace_indented.json", b'[\n  {\n    "a": 1\n  },\n  {\n    "a": 2,\n  {\n    "a": [\n      {"x": 1}\n    ]\n  }\n]\n',
            ({"a": 1}, {"a": [{"x": 1}]}), ((5, "broken JSON"),)),
    Awkward("wrong_bracket.json", b'[{"a": 1], {"a": 2}]', (), ((1, "nothing after it could be read"),)),
    Awkward("no_comma.json", b'[{"a": 1} {"a": 2}, {"a": 3}]', ({"a": 1}, {"a": 3}), ((1, "the ',' before it is missing"),)),
    Awkward("two_commas.json", b'[{"a": 1},, {"a": 3}]', ({"a": 1}, {"a": 3}), ((1, "a value is missing here"),)),
    Awkward("breaks_off.json", b'[{"a": 1},\n{"a": 2', ({"a": 1},), ((2, "broken JSON, and nothing after it could be read"),)),
    Awkward("goes_on.json", b'[{"a": 1}]\n[{"a": 2}]', ([{"a": 1}], [{"a": 2}])),
    Awkward("more_after.json", b'[{"a": 1}] {"a": 2}', ({"a": 1},), ((1, "the list ends before this"),)),
    Awkward("long_in_list.json", json.dumps([{"a": LONG}, GOOD]).encode(), ({"a": LONG}, GOOD)),
    Awkward("one_object.json", json.dumps(GOOD, indent=2).encode(), (GOOD,)),
    Awkward("objects.json", (json.dumps(GOOD, indent=2) * 3).encode(), (GOOD, GOOD, GOOD)),
    Awkward("objects_in_a_line.json", json.dumps(GOOD).encode() * 3, (GOOD, GOOD, GOOD)),
    Awkward("wrapped.json", json.dumps({"version": "1.1", "data": [GOOD, GOOD], "n": 2}, indent=1).encode(), (GOOD, GOOD)),
    Awkward("wrapped_in_a_line.json", json.dumps({"data": [GOOD]}).encode(), (GOOD,)),
    Awkward("nan_in_list.json", b'[{"a": NaN}, {"a": "x\ty"}]', ({"a": None}, {"a": "x\ty"}), (), (NAN, CONTROL)),
    # Tables
    Awkward("quoted_break.csv", b'a,b\n"x\ny, z","say ""hi"""\n1,2\n', ({"a": "x\ny, z", "b": 'say "hi"'}, {"a": "1", "b": "2"})),
    Awkward("ragged.csv", b"a,b\n1\n1,2\n1,2,3\n", ({"a": "1", "b": "2"},),
            ((2, "the row has 1 field, the header 2"), (4, "the row has 3 fields, the header 2"))),
    Awkward("one_column.csv", b'text\n"a, b"\n\n""\n  \nc\n', ({"text": "a, b"}, {"text": ""}, {"text": "c"})),
    Awkward("semicolons.csv", b"a;b\n1,5;x\n2,5;y, z\n", ({"a": "1,5", "b": "x"}, {"a": "2,5", "b": "y, z"})),
    Awkward("bars.csv", b"a|b\r\n1|2\r\n", ({"a": "1", "b": "2"},)),
    Awkward("old_mac.csv", b"a,b\r1,2\r3,4\r", ({"a": "1", "b": "2"}, {"a": "3", "b": "4"})),
    Awkward("open_quote.csv", b'a,b\n"x,1\ny,2\n', ({"a": '"x', "b": "1"}, {"a": "y", "b": "2"}), (),
            ("a quote out of place: the row was read with its quotes as they stand",)),
    Awkward("names.csv", b"a,a,\n1,2,3\n", ({"a": "1", "a (2)": "2", "3": "3"},), (),
            ("several columns are called 'a': one of them is now 'a (2)'", "a column without a name is called by its number: 3")),
    Awkward("latin.csv", b"a,b\ncaf\xe9,2\n\x81,3\n", ({"a": "café", "b": "2"},), ((3, "not UTF-8 at byte 1"),), (WINDOWS,)),
    Awkward("long_field.csv", b"a,b\n" + LONG.encode() + b",2\n", ({"a": LONG, "b": "2"},)),
    Awkward("quotes.tsv", b'a\tb\n"Mix" is a word\tyes\n"whole"\tno\n', ({"a": '"Mix" is a word', "b": "yes"}, {"a": '"whole"', "b": "no"}),
            (), ("quotes in this file do not enclose fields: they were taken as they stand",)),
    Awkward("header_only.csv", b"a,b\n", (), ((0, "the table holds a header and no rows"),)),
    Awkward("table.parquet", packed_parquet(pa.table({"a": [1.5, float("nan")], "b": [b"x", b"\xff"]})),
            ({"a": 1.5, "b": "x"}, {"a": None, "b": None}), (), (NAN, "bytes that are no text were read as null")),
    Awkward("odd_text.arrow", odd_text(), ({"a": "a"}, {"a": "c"}), ((2, "a value of the row could not be read"),)),
    Awkward("file.arrow", ipc(TABLE, stream=False)),
    Awkward("stream.arrow", ipc(TABLE, stream=True)),
    Awkward("not_called_so.json", packed_parquet(TABLE)),
    Awkward("lines.txt", "one\n\n  \nzwei ü\r\n".encode(), ({"text": "one"}, {"text": "zwei ü"})),
    # Packed
    Awkward("packed.jsonl.gz", gzip.compress(LINE) + gzip.compress(LINE), (GOOD, GOOD)),
    Awkward("packed.csv.zst", zstandard.compress(b"a,b\n1,2\n"), ({"a": "1", "b": "2"},)),
    Awkward("packed.parquet.gz", gzip.compress(packed_parquet(TABLE))),
    Awkward("packed_unnamed.jsonl", zstandard.compress(LINE) + zstandard.compress(LINE), (GOOD, GOOD)),
    Awkward("unpacked_named.jsonl.gz", LINE),
    Awkward("cut.jsonl.gz", gzip.compress(LINE * 9)[:-9], (), (), (), "damaged gzip file"),
    Awkward("cut.jsonl.zst", zstandard.compress(LINE * 9)[:-3], (), (), (), "damaged Zstandard file"),
    # Nothing, or nothing of ours
    Awkward("empty.jsonl", b"", (), (), (), "is empty"),
    Awkward("blank.json", b" \n\t \n", (), (), (), "nothing but white space"),
    Awkward("prose.json", b"instruction,output\n", (), (), (), "JSON (a list of records) or JSON Lines is needed"),
    Awkward("book.csv", b"PK\x03\x04....", (), (), (), "a zip archive or an Office file"),
    Awkward("cut.parquet", packed_parquet(TABLE)[:-20], (), (), (), "damaged Parquet file"),
    Awkward("wrong.arrow", b"hello", (), (), (), "does not begin like it"),
)  # fmt: skip


def awkward_folder(folder: Path) -> Path:
    """Write all of them, with a hidden file, a hidden folder and a file about the data beside them."""
    for file in FILES:
        (folder / file.name).write_bytes(file.content)
    (folder / "README.txt").write_text("About.")
    (folder / "notes.docx").write_bytes(b"?")
    (folder / ".hidden.jsonl").write_bytes(LINE)
    (folder / ".git").mkdir()
    return folder


LEFT_OUT = {
    "README.txt": "left out: a file about the data, not data",
    "notes.docx": "left out: the ending '.docx' is not a data file's",
    ".hidden.jsonl": "left out: a hidden file",
    ".git": "left out: a hidden folder",
}
