"""Raw records to samples and problems: formats file by file, maps, nested records, and nothing that goes missing."""

import json

import pytest

from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, Reading, samples
from core.datasets.read import RawRecord, open_source
from core.datasets.sample import Sample
from core.errors import GamutError
from tests.made import write_jsonl

ALPACA = {"instruction": "a", "output": "b"}
TALK = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}


def raw(value, file="f.jsonl", line=1, **more) -> RawRecord:
    return RawRecord(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), file, line, value, **more)


def read(*found: RawRecord, many: bool = False, **said) -> tuple[list, Reading]:
    reading = Reading(iter(found), ImportOptions(**said), many=many)
    return list(reading), reading


def test_each_file_is_read_by_its_own_format():
    items, reading = read(raw(ALPACA, "a"), raw(TALK, "b"), raw(ALPACA, "b"), raw(TALK, "b"), many=True)
    assert [item.sample_id if isinstance(item, Sample) else item.reason for item in items] == [
        0,
        1,
        "'messages' is not a list of messages",
        2,
    ]
    assert {file: form.name for file, form in reading.formats.items()} == {"a": "alpaca", "b": "messages"}
    assert reading.format_name == "alpaca, messages"


def test_a_file_of_many_that_is_not_recognised_becomes_problems_and_a_single_one_is_refused():
    items, _ = read(raw({"x": 1}, "a"), raw({"x": 2}, "a"), raw(ALPACA, "b"), many=True)
    assert [isinstance(item, Problem) for item in items] == [True, True, False]
    assert "The format of a was not recognised" in items[1].reason and items[1].record == b'{"x": 2}'
    with pytest.raises(GamutError, match="was not recognised"):
        read(raw({"x": 1}))


def test_records_that_could_not_be_read_keep_their_reason_even_where_all_are():
    items, _ = read(RawRecord(b"{", "f", 1, reason="broken"), RawRecord(b"[", "f", 2, reason="broken too"))
    assert [(item.line, item.reason, item.record) for item in items] == [(1, "broken", b"{"), (2, "broken too", b"[")]


def test_what_is_left_of_a_record_becomes_extras_and_what_was_mended_is_told():
    odd = raw(
        {**ALPACA, "note": "a\x00b\ud83d", "deep": [{"k\x00": float("nan")}], "big": float("inf")},
        repairs=("read as Latin",),
    )
    [sample], _ = read(odd)
    assert sample.extras == {"note": "ab�", "deep": [{"k": None}], "big": "Infinity"}
    assert sample.repairs == (
        "read as Latin",
        "NUL characters were removed from its columns",
        "half characters (lone surrogates) in its columns were replaced by �",
    )


def test_a_record_that_is_no_object_is_a_problem():
    items, _ = read(raw(ALPACA), raw(["a", "b"]), raw("text"))
    assert [getattr(item, "reason", "")[:31] for item in items] == ["", *["the record is not an object; re"] * 2]


def test_a_map_names_its_format_and_reads_numbers_as_written(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"q": 1.50, "a": "x"}\n{"q": null, "a": "y"}\n')
    options = ImportOptions(map=(("user", "{q}?"), ("assistant", "{a}")))
    reading = samples(open_source(path, options), options)
    first, second = list(reading)
    assert first.turns[0].text == "1.50?" and reading.format_name == "map"
    assert second.reason == "'q' is null, the user turn needs it"


def test_a_map_of_a_column_that_is_not_there_stops_before_anything_is_read():
    with pytest.raises(GamutError, match="names the column 'Q', which f.jsonl does not have; its columns are q, a"):
        next(Reading(iter([raw({"q": "x", "a": "y"})]), ImportOptions(map=(("user", "{Q}"),)), many=False))


def test_nested_records_count_one_by_one_and_empty_ones_are_named():
    tasks = [{"instruction": "i", "instances": [{"input": "1", "output": "x"}, {"input": "2", "output": "y"}]},
             {"instruction": "j", "instances": []}, {"instruction": "k"}]  # fmt: skip
    items, _ = read(*(raw(task, line=line) for line, task in enumerate(tasks, start=1)), records="instances[]")
    assert [(item.line, isinstance(item, Sample)) for item in items] == [(1, True), (1, True), (2, False), (3, False)]
    assert json.loads(items[1].record) == {"instruction": "i", "input": "2", "output": "y"}
    assert [turn.text for turn in items[1].turns] == ["i", "2", "y"]
    assert items[2].reason == "'instances' is an empty list: there is no record in it"
    assert json.loads(items[3].record) == {"instruction": "k"}


def test_a_wrong_path_names_the_right_ones():
    with pytest.raises(GamutError, match=r"lists of objects in it: instances\[\]"):
        read(raw({"instruction": "i", "instances": [{"output": "x"}]}), records="items[]")


def test_a_long_file_is_recognised_from_its_beginning_and_read_to_its_end(tmp_path):
    file = write_jsonl(tmp_path / "long.jsonl", [ALPACA | {"n": number} for number in range(1_000)])
    assert [sample.extras["n"] for sample in samples(open_source(file))] == list(range(1_000))
