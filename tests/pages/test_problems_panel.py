"""The panel of what was left out and what was mended."""

import base64
import json

import pytest

from core.errors import GamutError
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from pages.data.panels.problems_panel import PAGE, SHOWN, left_out, places, shown
from tests.made import CANARY
from tests.pages.conftest import said

GOOD = b'{"instruction": "a", "output": "caf\xe9"}\n'


@pytest.fixture
def mended(made, tmp_path):
    """A data set with six mended records, more left out than one page holds, and hostile text among it."""
    hostile = json.dumps({"instruction": CANARY}).encode() + b"\n"
    bad = b"".join(b'{"number": %d, \n' % number for number in range(PAGE))
    (tmp_path / "odd.jsonl").write_bytes(GOOD * 6 + hostile + b'{"a": "\x81"}\n' + bad)
    import_dataset(made, tmp_path / "odd.jsonl", name="odd")
    return made


def test_every_record_left_out_can_be_paged_through_with_file_line_and_reason(mended, open_app):
    app = open_app(mended, "Data sets", dataset="odd")
    table = next(frame.value for frame in app.dataframe if "reason" in frame.value)
    assert len(table) == PAGE and set(table["file"]) == {"odd.jsonl"} and min(table["line"]) == 7
    assert "52 records left out" in said(app).replace("\\", "")
    assert "<script>" not in "".join(str(element.value) for element in [*app.markdown, *app.caption])


def test_every_rule_of_repair_is_shown_with_its_count_and_first_places(mended, open_app):
    app = open_app(mended, "Data sets", dataset="odd")
    table = next(frame.value for frame in app.dataframe if "rule" in frame.value)
    assert list(table["rule"]) == ["bytes that are not UTF-8 were read as Windows-1252"]
    assert list(table["records"]) == [6]
    assert list(table["first places"]) == [", ".join(f"odd.jsonl:{line}" for line in range(1, 6)) + ", …"]


def test_the_download_holds_every_record_and_the_bytes_of_those_that_are_no_text(mended):
    lines = [json.loads(line) for line in left_out(Dataset(mended, "odd")).split(b"\n")[:-1]]
    assert [line["line"] for line in lines] == list(range(7, 7 + PAGE + 2))
    odd = [line for line in lines if "record_base64" in line]
    assert [base64.b64decode(line["record_base64"]) for line in odd] == [b'{"a": "\x81"}']
    assert all(line["reason"] and line["record"] for line in lines)


def test_a_data_set_without_problems_says_so(made, open_app):
    app = open_app(made, "Data sets", dataset="made")
    assert "nothing was left out" in said(app) and "No record had to be mended" in said(app).replace("\\", "")


def test_mended_records_are_listed_one_by_one_too(mended):
    dataset = Dataset(mended, "odd")
    assert [(repair.sample_id, repair.line) for repair in dataset.repairs(limit=2, offset=4)] == [(4, 5), (5, 6)]
    (rule,) = dataset.repair_rules()
    assert places(rule).startswith("odd.jsonl:1, ") and len(shown(dataset.problems()[0])) <= SHOWN


def test_a_source_of_which_no_record_is_good_is_refused_and_leaves_no_data_set(made, tmp_path):
    (tmp_path / "bad.jsonl").write_bytes(b'{"a": \n')
    with pytest.raises(GamutError):
        import_dataset(made, tmp_path / "bad.jsonl", name="bad")
    assert not (made.datasets / "bad").exists()
