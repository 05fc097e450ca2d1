"""Exports: every format reads back as what it carries, verbatim is byte for byte, loss is refused."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.formats import FORMATS
from core.datasets.sample import Turn
from core.errors import GamutError
from core.export.formats import EXPORT_FORMATS, CannotCarry, join_inputs
from core.export.manifest import read_manifest
from core.export.options import ExportOptions
from core.export.write import write_export
from core.selection.budget import Budget
from core.selection.saved import load_selection, save_selection
from core.selection.specification import RankingSpec, pool_of, select_by
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.made import made_analysis, write_jsonl

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)  # import removes NUL
SHORT = st.tuples(TEXT.filter(str.strip), TEXT, TEXT)


def selected(workspace, *, analysis="made", rows=12, pins=(5,), bans=(2,), name="s"):
    opened = open_analysis(workspace, analysis)
    dataset = Dataset(workspace, opened.dataset)
    spec = RankingSpec(analysis=opened.id, method="sae-greedy", pins=pins, bans=bans)
    chosen = select_by(pool_of(opened, dataset, spec), spec, Budget(rows=rows))
    return save_selection(workspace, name, analysis=opened, spec=spec, selected=chosen), opened, dataset


@pytest.mark.parametrize("format", ["verbatim", *EXPORT_FORMATS])
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_each_format_is_written_read_back_and_told(made, tmp_path, format, ending):
    selection, analysis, dataset = selected(made)
    to = tmp_path / f"out{ending}"
    written = write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format=format), to=to)
    text = to.read_text()
    records = [json.loads(line) for line in text.splitlines()] if ending == ".jsonl" else json.loads(text)
    assert len(records) == written.rows == 12
    said = read_manifest(written.manifest)
    assert said["selection"]["ids"] == list(selection.ids) and said["selection"]["ids"][0] == 5
    assert said["file"]["sha256"] == written.sha256 and said["file"]["rows"] == 12
    assert said["content_hashes"] == [dataset.content_hashes()[i] for i in selection.ids]


def test_verbatim_keeps_the_lines_of_the_source_byte_for_byte(made, tmp_path):
    selection, analysis, dataset = selected(made)
    to = tmp_path / "out.jsonl"
    write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=to)
    source = (tmp_path / "made.jsonl").read_bytes().splitlines(keepends=True)
    assert to.read_bytes() == b"".join(source[i] for i in selection.ids)


def test_verbatim_of_a_json_list_keeps_each_record_as_it_stands(workspace, tmp_path):
    source = '[\n  {"prompt":  "a", "completion": "b", "x": 1.50},\n  {"prompt": "c",\n   "completion": "d"}\n]'
    (tmp_path / "d.json").write_text(source)
    import_dataset(workspace, tmp_path / "d.json", name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    selection, analysis, dataset = selected(workspace, analysis="d", rows=2, pins=(1,), bans=())
    write_export(
        selection,
        analysis=analysis,
        dataset=dataset,
        options=ExportOptions(format="verbatim"),
        to=tmp_path / "out.json",
    )
    first, second = '{"prompt":  "a", "completion": "b", "x": 1.50}', '{"prompt": "c",\n   "completion": "d"}'
    assert (tmp_path / "out.json").read_text() == f"[\n{second},\n{first}\n]\n"
    lines = write_export(
        selection, analysis=analysis, dataset=dataset, options=ExportOptions(), to=tmp_path / "out.jsonl"
    )
    one_line = second.replace("\n", " ")
    assert (tmp_path / "out.jsonl").read_text() == f"{one_line}\n{first}\n"
    assert [(change.samples, change.first, change.loss) for change in lines.changes] == [(1, 1, False)]


@given(st.lists(SHORT, min_size=1, max_size=4), st.booleans(), st.sampled_from(sorted(EXPORT_FORMATS)))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_format_carries_reads_back_the_same(exchanges, system, name):
    turns = [Turn("system", "Be exact.")] if system else []
    for asked, more, said in exchanges:
        turns += [Turn("user", asked), *([Turn("input", more)] if more else []), Turn("assistant", said)]
    form = EXPORT_FORMATS[name]
    carried = form.carried(tuple(turns))
    try:
        record = form.record(carried)
    except CannotCarry:
        assert name in ("alpaca", "prompt-completion") and (system or len(exchanges) > 1)
        return
    assert FORMATS[name].parse(json.loads(json.dumps(record))) == carried


def test_an_input_is_joined_to_its_instruction_for_chat_formats():
    assert join_inputs((Turn("user", "a"), Turn("input", "b"), Turn("assistant", "c"))) == (
        Turn("user", "a\n\nb"),
        Turn("assistant", "c"),
    )


def test_what_would_be_lost_is_refused_with_its_count(workspace, tmp_path):
    talk = {"messages": [{"role": role, "content": "x"} for role in ("user", "assistant") * 2]}
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", [talk] * 3), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    selection, analysis, dataset = selected(workspace, analysis="d", rows=3, pins=(), bans=())
    to = tmp_path / "out.jsonl"
    with pytest.raises(GamutError, match=r"cannot hold other turns than .* \(in 3 samples, sample 0 first\)"):
        write_export(
            selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="prompt-completion"), to=to
        )
    assert not to.exists() and not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize(
    ("format", "to", "said"), [("csv", "o.json", "no export format 'csv'"), ("alpaca", "o.txt", "end it in .jsonl")]
)
def test_wrong_words_are_sentences(made, tmp_path, format, to, said):
    selection, analysis, dataset = selected(made)
    with pytest.raises(GamutError, match=said):
        write_export(
            selection, analysis=analysis, dataset=dataset, options=ExportOptions(format=format), to=tmp_path / to
        )


def test_a_saved_selection_is_replaced_only_by_who_has_seen_it(made):
    first, *_ = selected(made)
    assert selected(made)[0].revision == 1, "saving the same again changes nothing"
    with pytest.raises(GamutError, match=r"There is a selection 's' already \(revision 1, 12 rows\)"):
        selected(made, rows=3)
    assert load_selection(made, "s") == first


@pytest.mark.parametrize("format", ["alpaca", "prompt-completion"])
def test_a_conversation_without_an_answer_at_its_end_is_refused_not_broken(workspace, tmp_path, format):
    talk = {"messages": [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]}
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", [talk] * 3), name="d")
    made_analysis(workspace, Dataset(workspace, "d"))
    selection, analysis, dataset = selected(workspace, analysis="d", rows=3, pins=(), bans=())
    with pytest.raises(GamutError, match=r"would lose something: .* cannot hold no answer|other turns .*in 3 samples"):
        write_export(
            selection,
            analysis=analysis,
            dataset=dataset,
            options=ExportOptions(format=format),
            to=tmp_path / "out.jsonl",
        )


def test_a_file_that_no_export_wrote_is_left_alone(made, tmp_path):
    selection, analysis, dataset = selected(made)
    to = tmp_path / "made.jsonl"  # the user's own source
    before = to.read_bytes()
    with pytest.raises(GamutError, match="is there already and no manifest calls it an export"):
        write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=to)
    assert to.read_bytes() == before
    mine = tmp_path / "out.jsonl"
    for _ in range(2):  # an export of ours may be written again
        write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=mine)
    mine.write_text("edited by hand")
    with pytest.raises(GamutError, match="is there already"):
        write_export(selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=mine)
    write_export(
        selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=mine, replace=True
    )


def test_an_empty_selection_is_not_saved(made):
    opened = open_analysis(made, "made")
    spec = RankingSpec(analysis=opened.id, method="longest")
    chosen = select_by(pool_of(opened, Dataset(made, "made"), spec), spec, Budget(tokens=1))
    with pytest.raises(GamutError, match="too small for a single row"):
        save_selection(made, "s", analysis=opened, spec=spec, selected=chosen)
