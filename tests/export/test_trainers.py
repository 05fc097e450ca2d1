"""What trainers are told of an export is what their own code takes, and they read the same conversations from it."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from core.__main__ import run as command_line
from core.datasets.formats import FORMATS
from core.errors import GamutError
from core.export.options import ExportOptions
from core.export.trainers import BESIDE, TRAINERS, Written, shape_of, trainer_file, written_of
from core.export.write import write_export
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.export.test_export import selected
from tests.export.varied import varied_records
from tests.made import made_analysis, write_jsonl

SHAPED = ["alpaca", "prompt-completion", "sharegpt", "messages"]
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}[a]{% generation %}{{ m['content'] or '' }}</s>{% endgeneration %}"
    "{% else %}[u]{{ m['content'] }}{% endif %}{% endfor %}"
)


CALL = {"name": "km", "arguments": {"river": "Po"}}
OPENAI_CALL = [{"id": "1", "type": "function", "function": {"name": "km", "arguments": '{"river": "Po"}'}}]
TOOLS = [
    {
        "name": "km",
        "description": "Length.",
        "parameters": {"type": "object", "properties": {"river": {"type": "string"}}},
    }
]


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    """Conversations of one exchange with a column beside them, and their workspace."""
    from core.workspace import Workspace

    folder = tmp_path_factory.mktemp("talks")
    workspace = Workspace(folder / "workspace")
    records = [{"prompt": f"Say {i}", "completion": f"{i}.", "category": "x"} for i in range(12)]
    import_dataset(workspace, write_jsonl(folder / "d.jsonl", records), name="talks")
    made_analysis(workspace, Dataset(workspace, "talks"))
    return workspace


def export(workspace, to, *, format, analysis="talks"):
    selection, opened, dataset = selected(workspace, analysis=analysis, rows=6, pins=(), bans=(), name=f"s{format}")
    write_export(selection, analysis=opened, dataset=dataset, options=ExportOptions(format=format), to=to)
    turns = [turns for _, turns in dataset.conversations(list(selection.ids))]
    return written_of(to.with_name(to.name + ".manifest.json")), turns


@pytest.mark.parametrize("layout", [".jsonl", ".json", ".parquet", ""])
@pytest.mark.parametrize("format", SHAPED)
def test_trl_loads_each_format_in_each_layout_and_trains_on_the_answers(talks, tmp_path, format, layout):
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    written, turns = export(talks, tmp_path / f"out{layout}", format=format)
    script = trainer_file("trl", written).text
    prepared = script[: script.index("\ntrainer =")].replace("from trl import SFTConfig, SFTTrainer\n", "")
    found: dict = {}
    exec(compile(prepared, "train.py", "exec"), found)
    data = found["data"]
    assert len(data) == len(turns) and callable(load_dataset)
    for row, told in zip(data, turns, strict=True):
        asked, said = told
        if format in ("alpaca", "prompt-completion"):
            assert (row["prompt"], row["completion"]) == (asked.text, said.text) and not is_conversational(row)
        else:
            assert is_conversational(row)
            assert [(turn["role"], turn["content"]) for turn in row["messages"]] == [
                ("user", asked.text),
                ("assistant", said.text),
            ]


@pytest.mark.parametrize("format", ["prompt-completion", "messages"])
def test_trl_itself_masks_all_but_the_answers(talks, tmp_path, format, monkeypatch):
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from tests.tiny import tiny_model

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    written, turns = export(talks, tmp_path / "out.jsonl", format=format)
    script = trainer_file("trl", written).text
    model = tiny_model(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(model)
    script = script.replace("YOUR_MODEL", str(model)).replace("trainer.train()", "")
    script = script.replace(
        'output_dir="out"', f'output_dir="{tmp_path / "run"}", use_cpu=True, bf16=False, report_to=[]'
    )
    found: dict = {"SFTConfig": SFTConfig, "SFTTrainer": SFTTrainer}
    exec(compile(script, "train.py", "exec"), found)
    batch = found["trainer"].data_collator([found["trainer"].train_dataset[row] for row in range(len(turns))])
    for labels, (_, said) in zip(batch["labels"].tolist(), turns, strict=True):
        assert tokenizer.decode([token for token in labels if token >= 0]) == said.text + "</s>"


@pytest.mark.parametrize("format", SHAPED)
def test_the_entry_for_llama_factory_keeps_to_its_documented_keys(talks, tmp_path, format):
    written, _ = export(talks, tmp_path / "out.json", format=format)
    ((name, entry),) = json.loads(trainer_file("llama-factory", written).text).items()
    assert name == "out" and entry["file_name"] == str(tmp_path / "out.json")
    assert set(entry) <= {"file_name", "formatting", "columns", "tags"}
    assert entry.get("formatting", "alpaca") in ("alpaca", "sharegpt", "openai")
    known = {"prompt", "query", "response", "history", "messages", "system", *BESIDE}
    assert set(entry["columns"]) <= known and set(entry["columns"].values()) <= written.columns
    seen = json.loads(trainer_file("llama-factory", replace(written, columns=written.columns | {"images"})).text)["out"]
    assert seen["columns"] == entry["columns"] | {"images": "images"}


@pytest.mark.skipif(find_spec("llamafactory") is None, reason="LLaMA-Factory is not installed")
@pytest.mark.parametrize("layout", [".jsonl", ".json", ".parquet", ""])
@pytest.mark.parametrize("format", SHAPED)
def test_llama_factory_itself_reads_the_same_conversations(talks, tmp_path, format, layout):
    written, turns = export(talks, tmp_path / f"out{layout}", format=format)
    for made, (asked, said) in zip(_read_by_llama_factory(written, tmp_path), turns, strict=True):
        assert [turn["content"] for turn in made["_prompt"] + made["_response"]] == [asked.text, said.text]
        assert not made["_system"] and not made["_tools"]


def _read_by_llama_factory(written, folder):
    """What LLaMA-Factory's own loader makes of each row by the entry that it is given."""
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments, ModelArguments
    from transformers import Seq2SeqTrainingArguments

    (folder / "dataset_info.json").write_text(trainer_file("llama-factory", written).text)
    (attributes,) = get_dataset_list([written.path.name.split(".")[0]], str(folder))
    model = ModelArguments(model_name_or_path="tiny", cache_dir=str(folder / "cache"))
    training = Seq2SeqTrainingArguments(str(folder / "out"), use_cpu=True)
    return list(_load_single_dataset(attributes, model, DataArguments(dataset_dir=str(folder)), training))


@pytest.mark.parametrize("format", ["sharegpt", "messages"])
def test_calls_of_tools_are_told_to_the_reader_that_takes_them_and_the_tools_to_trl(workspace, tmp_path, format):
    turns = {
        "sharegpt": {"conversations": [
            {"from": "human", "value": "How long?"}, {"from": "function_call", "value": json.dumps(CALL)},
            {"from": "observation", "value": "652"}, {"from": "gpt", "value": "652 km."}]},
        "messages": {"messages": [
            {"role": "user", "content": "How long?"}, {"role": "assistant", "content": None, "tool_calls": OPENAI_CALL},
            {"role": "tool", "content": "652"}, {"role": "assistant", "content": "652 km."}]},
    }[format]  # fmt: skip
    records = [turns | {"tools": json.dumps(TOOLS)} for _ in range(12)]
    source = write_jsonl(tmp_path / "d.jsonl", records)
    import_dataset(workspace, source, name="talks")
    made_analysis(workspace, Dataset(workspace, "talks"))
    for asked in ("verbatim", format):
        written, _ = export(workspace, tmp_path / f"{asked}.jsonl", format=asked)
        assert written.calling and set(source.read_text().splitlines()) == set(written.path.read_text().splitlines())
        made = trainer_file("llama-factory", written)
        entry = json.loads(made.text)[asked]
        assert entry["formatting"] == {"sharegpt": "sharegpt", "messages": "openai"}[format]
        assert entry["columns"]["tools"] == "tools" and ("detailed thinking off" in made.note) == (format == "messages")
        if find_spec("llamafactory"):
            (row, *_) = _read_by_llama_factory(written, tmp_path)
            told = [(turn["role"], turn["content"]) for turn in row["_prompt"] + row["_response"]]
            assert [role for role, _ in told] == ["user", "function", "observation", "assistant"]
            assert json.loads(told[1][1]) in (CALL, [OPENAI_CALL[0]["function"]]) and json.loads(row["_tools"]) == TOOLS
        script = trainer_file("trl", written).text
        found: dict = {}
        exec(script[: script.index("\n#")].replace("from trl import SFTConfig, SFTTrainer\n", ""), found)
        assert found["data"].column_names == ["tools", "messages"] or found["data"].column_names == [
            "messages",
            "tools",
        ]


@pytest.mark.parametrize("layout", [".jsonl", ".parquet", ""])
@pytest.mark.parametrize("format", SHAPED)
def test_the_stanza_for_axolotl_is_yaml_of_its_documented_keys(talks, tmp_path, format, layout):
    written, _ = export(talks, tmp_path / f"out{layout}", format=format)
    (stanza,) = yaml.safe_load(trainer_file("axolotl", written).text)["datasets"]
    assert stanza["path"] == str(tmp_path / f"out{layout}")
    if find_spec("axolotl"):
        from axolotl.utils.schemas.datasets import SFTDataset

        SFTDataset.model_validate(stanza)
    if isinstance(stanza["type"], dict):
        fields = [stanza["type"][key] for key in ("field_instruction", "field_output")]
        assert set(fields) <= written.columns and "{instruction}" in stanza["type"]["format"]
    else:
        assert stanza["type"] == "chat_template" and stanza["field_messages"] in written.columns


def test_what_a_trainer_is_told_names_its_own_template_and_the_cutoff(talks, tmp_path):
    written, _ = export(talks, tmp_path / "talks.jsonl", format="messages")
    made = trainer_file("llama-factory", written, template="llama-factory:llama3", cutoff=700)
    assert made.command == (
        "llamafactory-cli train --stage sft --do_train --model_name_or_path YOUR_MODEL --dataset_dir . --dataset talks "
        "--template llama3 --cutoff_len 700 --output_dir out"
    )
    config = yaml.safe_load(trainer_file("axolotl", written, template="axolotl:chatml", cutoff=700).text)
    assert (config["chat_template"], config["sequence_len"], len(config["datasets"])) == ("chatml", 700, 1)
    assert "chat_template" not in yaml.safe_load(trainer_file("axolotl", written, template="llama-factory:qwen").text)
    assert "max_length=700, assistant_only_loss=True)" in trainer_file("trl", written, cutoff=700).text
    packed = {name: trainer_file(name, written, packing=True) for name in TRAINERS}
    assert "--packing true" in packed["llama-factory"].command and "packing=True" in packed["trl"].text
    assert yaml.safe_load(packed["axolotl"].text)["sample_packing"] is True
    pairs, _ = export(talks, tmp_path / "pairs.jsonl", format="alpaca")
    with pytest.raises(GamutError, match="puts the template chatml only round messages and ShareGPT"):
        trainer_file("axolotl", pairs, template="axolotl:chatml")


def test_a_folder_is_told_by_its_data_alone_and_conversations_in_csv_by_no_trainer(talks, tmp_path):
    written, _ = export(talks, tmp_path / "out", format="alpaca")
    entry = json.loads(trainer_file("llama-factory", written).text)["out"]
    assert [file.suffix for file in Path(entry["file_name"]).iterdir()] == [".parquet"]
    for name in TRAINERS:
        with pytest.raises(GamutError, match=r"out\.csv holds conversations as JSON text"):
            trainer_file(name, Written(tmp_path / "out.csv", "csv", "sharegpt", frozenset({"conversations"})))


def test_a_verbatim_export_has_the_fields_of_its_source(workspace, tmp_path):
    records = varied_records("alpaca", rows=12, seed=1)
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="talks")
    made_analysis(workspace, Dataset(workspace, "talks"))
    written, _ = export(workspace, tmp_path / "out.jsonl", format="verbatim")
    entry = json.loads(trainer_file("llama-factory", written).text)["out"]
    assert entry["columns"]["prompt"] == "instruction" and entry["columns"]["history"] == "history"
    with pytest.raises(GamutError, match="keeps the records of its source \\(question-answer\\)"):
        shape_of("verbatim", "question-answer")
    assert {shape_of("verbatim", name) for name in FORMATS if name in SHAPED} == set(SHAPED)


def test_the_command_line_prints_it(talks, tmp_path, capsys):
    export(talks, tmp_path / "out.jsonl", format="alpaca")
    for name in TRAINERS:
        words = ["trainer", str(tmp_path / "out.jsonl.manifest.json"), "--for", name]
        assert command_line(["--workspace", str(talks.root), *words]) == 0
        assert "out.jsonl" in capsys.readouterr().out
    assert command_line(["--workspace", str(talks.root), *words[:-1], "unsloth"]) != 0
    assert "There is no trainer 'unsloth'" in capsys.readouterr().err
