"""Filters: every condition against the rows read by eye; hostile names and values are only ever values."""

import json

import pytest

from core.errors import GamutError
from core.store.sample_filter import Range, SampleFilter, count_matching, matching
from core.workspace import Workspace
from tests.store.facts_made import HOSTILE, ROWS, facts_workspace


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filter")
    return facts_workspace(Workspace(folder / "workspace"), folder)


EVERY = [
    (SampleFilter(), list(range(len(ROWS)))),
    (SampleFilter(text="LAMP"), [0, 1]),
    (SampleFilter(text="äpfel"), [5]),
    (SampleFilter(text="%"), []),
    (SampleFilter(text="'; DROP TABLE samples; --"), []),
    (SampleFilter(flags=("refusal",)), [4]),
    (SampleFilter(flags=("refusal", "template_tokens")), [4, 7]),
    (SampleFilter(languages=("de",)), [1]),
    (SampleFilter(languages=("en", "?")), [0, 2, 3, 4, 5, 6, 7]),
    (SampleFilter(columns=(("topic", "sea"),)), [0, 1, 4]),
    (SampleFilter(columns=(("topic", "odd 'value'"),)), [7]),
    (SampleFilter(columns=(("topic", None),)), [5]),
    (SampleFilter(columns=(("score", 2),)), [3, 6]),
    (SampleFilter(columns=(("score", Range(0.5, 1.5)),)), [0, 1, 4]),
    (SampleFilter(columns=(("score", Range(high=0)),)), [5]),
    (SampleFilter(columns=(("score", Range()),)), list(range(len(ROWS)))),
    (SampleFilter(columns=((HOSTILE, "100%_\\"),)), [2]),
    (SampleFilter(columns=((HOSTILE, "x"), ("topic", "sea"))), [0]),
    (SampleFilter(duplicates_only=True), [3, 6]),
    (SampleFilter(no_response=True), [5]),
    (SampleFilter(ids=(6, 2, 99)), [2, 6]),
    (SampleFilter(ids=()), []),
    (SampleFilter(response_tokens=Range(0, 0)), [5]),
    (SampleFilter(tokens=Range(1, 10), ids=(0, 2, 3)), [2, 3]),
]


@pytest.mark.parametrize(
    ("wanted", "expected"), EVERY, ids=lambda value: value.words() if isinstance(value, SampleFilter) else ""
)
def test_a_filter_lets_through_what_it_says_and_survives_json(dataset, wanted, expected):
    assert matching(dataset, wanted) == expected
    assert count_matching(dataset, wanted) == len(expected)
    assert SampleFilter.from_dict(json.loads(json.dumps(wanted.as_dict()))) == wanted
    assert bool(wanted) is (wanted != SampleFilter())


def test_pages_of_a_filter_join_to_the_whole(dataset):
    wanted = SampleFilter(languages=("en", "?"))
    pages = [matching(dataset, wanted, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [sample for page in pages for sample in page] == matching(dataset, wanted)


def test_what_cannot_be_filtered_by_is_a_sentence(dataset):
    with pytest.raises(GamutError, match="no column 'gone'.*topic, score"):
        matching(dataset, SampleFilter(columns=(("gone", 1),)))
    with pytest.raises(GamutError, match="no column 'sample_id'"):
        matching(dataset, SampleFilter(columns=(("sample_id", 1),)))
    with pytest.raises(GamutError, match="'many' cannot be a value of the column 'score', which holds double"):
        matching(dataset, SampleFilter(columns=(("score", Range("many", 3)),)))
    with pytest.raises(GamutError, match="no flag 'ugly'.*refusal"):
        SampleFilter(flags=("ugly",))
    with pytest.raises(GamutError, match="no language 'tlh'"):
        SampleFilter(languages=("tlh",))
    with pytest.raises(GamutError, match="range 3 to 2 is empty"):
        Range(3, 2)


@pytest.mark.parametrize("odd", [{"ids": 3}, {"colour": "red"}, {"tokens": [1, 2]}, {"columns": [1]}, {"ids": ["x"]}])
def test_odd_json_is_no_filter(odd):
    with pytest.raises(GamutError, match="no filter of samples"):
        SampleFilter.from_dict(odd)


def test_a_filter_says_itself_in_words():
    wanted = SampleFilter(
        text="sea", flags=("refusal", "echo"), languages=("en",), columns=(("topic", "a"), ("score", Range(1)), ("x", None)),
        tokens=Range(high=9), response_tokens=Range(1, 2), duplicates_only=True, no_response=True, ids=(1, 2),
    )  # fmt: skip
    assert wanted.words() == (
        "holds “sea”, flagged refusal boilerplate or echo, in en, topic = a, score at least 1, x missing, at most 9 tokens, "
        "1 to 2 tokens in the answers, repeats an earlier sample, without a response, one of 2 samples"
    )
    assert SampleFilter().words() == "all samples"


@pytest.mark.parametrize(
    "said",
    [
        {"ids": [99999999999]},
        {"tokens": {"low": 10**30}},
        {"columns": [["a", {"low": [1], "high": 1}]]},
        {"columns": [["a", {"low": True}]]},
        {"text": "\ud800"},
        {"columns": [["a", "\ud800"]]},
    ],
)
def test_a_link_can_hold_anything_and_is_refused_in_a_sentence(said):
    with pytest.raises(GamutError):
        SampleFilter.from_dict(said)
