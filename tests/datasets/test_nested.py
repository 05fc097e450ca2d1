"""Records inside records: which objects a path leads to, and what they keep of the objects around them."""

import json

import pytest

from core.datasets.nested import Lost, as_raw, check_path, list_paths, nested, read_path, written_path
from core.errors import GamutError

SQUAD = {
    "version": "1.1",
    "data": [
        {"title": "T", "paragraphs": [
            {"context": "C1", "qas": [{"id": 1, "question": "q1"}, {"id": 2, "question": "q2", "title": "own"}]},
            {"context": "C2", "qas": [{"id": 3, "question": "q3"}]}]},
    ],
}  # fmt: skip


def test_inner_objects_come_in_order_with_the_fields_around_them_that_they_lack():
    found = list(nested(SQUAD, read_path("data[].paragraphs[].qas[]")))
    assert [(each["id"], each["context"], each["title"]) for each in found] == [
        (1, "C1", "T"),
        (2, "C1", "own"),
        (3, "C2", "T"),
    ]
    assert all(each["version"] == "1.1" and not {"data", "paragraphs", "qas"} & each.keys() for each in found)
    assert json.loads(as_raw(found[0])) == found[0]


def test_objects_between_lists_are_gone_into():
    assert list(nested({"a": {"b": [{"x": 1}]}, "k": 2}, read_path("a.b[]"))) == [{"k": 2, "x": 1}]


def test_the_last_list_needs_no_brackets():
    assert written_path(read_path("data[].qas")) == "data[].qas[]"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"a": []}, "'a' is an empty list: there is no record in it"),
        ({"b": 1}, "'a' is missing, a list of objects is needed"),
        ({"a": 1}, "'a' is a number, a list of objects is needed"),
        ({"a": ["x"]}, "a[0] is text, an object is needed"),
        ([1], "the record is a list, an object is needed"),
    ],
)
def test_a_place_without_records_says_so_and_keeps_what_stands_there(record, reason):
    [found] = nested(record, read_path("a[]"))
    assert isinstance(found, Lost) and found.reason == reason
    assert found.value in (record, "x")


def test_a_path_that_leads_nowhere_names_those_that_lead_somewhere():
    assert list_paths(SQUAD) == ["data[]", "data[].paragraphs[]", "data[].paragraphs[].qas[]"]
    with pytest.raises(
        GamutError, match=r"items\[\] leads to no records in the first record of f.json; lists of objects in it: data"
    ):
        check_path(read_path("items[]"), SQUAD, file="f.json")
    check_path(read_path("data[]"), SQUAD, file="f.json")


@pytest.mark.parametrize("path", ["", "a..b", "[]", "a[].[]"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(GamutError, match="is no path to records"):
        read_path(path)
