"""`datasets add`: what its options overrule, and the sentences that refuse them."""

import json

import pytest

from core.__main__ import run
from core.datasets.options import ImportOptions
from core.store.datasets import Dataset
from tests.made import write_jsonl


def add(workspace, *words) -> int:
    return run(["--workspace", str(workspace.root), "datasets", "add", *map(str, words)])


def test_a_map_reads_any_table_and_its_words_read_it_again(workspace, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("q,choices,a\nWhy?,x,B\n")
    assert (
        add(
            workspace,
            file,
            "--name",
            "t",
            "--map",
            r"system=Be brief.\n{a}",
            "--map",
            "user={q}",
            "--map",
            "assistant={{{a}}}",
        )
        == 0
    )
    dataset = Dataset(workspace, "t")
    assert [(turn.role, turn.text) for turn in dataset.turns(0)] == [
        ("system", "Be brief.\nB"),
        ("user", "Why?"),
        ("assistant", "{B}"),
    ]
    again = ImportOptions.from_dict(json.loads(dataset.meta["options"])).words()
    assert add(workspace, file, "--name", "again", *again) == 0
    assert Dataset(workspace, "again").content_hash == dataset.content_hash


def test_nested_records_and_tables_without_a_header(workspace, tmp_path):
    nested = write_jsonl(
        tmp_path / "n.jsonl", [{"instruction": "i", "instances": [{"input": "", "output": str(at)} for at in range(3)]}]
    )
    assert add(workspace, nested, "--name", "n", "--records", "instances[]") == 0
    bare = tmp_path / "b.tsv"
    bare.write_text("Why?\tBecause.\n")
    assert add(workspace, bare, "--name", "b", "--no-header", "--map", "user={1}", "--map", "assistant={2}") == 0
    assert (len(Dataset(workspace, "n")), Dataset(workspace, "b").turns(0)[1].text) == (3, "Because.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--map", "user"), "--map 'user' has no '='; write ROLE=TEMPLATE, such as user={question}."),
        (("--map", "robot={a}"), "The map names the role 'robot'; use one of system, user"),
        (("--map", "user={a"), "has a single brace"),
        (("--map", "user={b}"), "names the column 'b', which d.jsonl does not have; its columns are a."),
        (("--map", "user={a}", "--format", "alpaca"), "Both a format and a map were given"),
        (("--format", "csv"), "There is no format 'csv'; use one of"),
        (("--records", "x[]"), "x[] leads to no records in the first record of d.jsonl; lists of objects in it: none."),
        ((), "The format of d.jsonl was not recognised: its keys are a."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(workspace, tmp_path, capsys, words, sentence):
    file = write_jsonl(tmp_path / "d.jsonl", [{"a": "x"}])
    assert add(workspace, file, "--name", "d", *words) == 2
    said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said
    assert not list(workspace.datasets.glob("*"))


def test_columns_beyond_the_limit_are_said(workspace, tmp_path, capsys):
    file = write_jsonl(
        tmp_path / "wide.jsonl", [{"prompt": "p", "completion": "c"} | {f"c{at}": at for at in range(203)}]
    )
    assert add(workspace, file, "--name", "wide") == 0
    assert "3 columns beyond the first 200 stay in the records only" in capsys.readouterr().out
