"""What trainers are told of an export is what their own code takes, and they read the same conversations from it."""

import json
from importlib.util import find_spec

import pytest
import yaml

from core.__main__ import run as command_line
from core.datasets.formats import FORMATS
from core.errors import GamutError
from core.export.options import ExportOptions
from core.export.trainers import TRAINERS, shape_of, trainer_file, written_of
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
    known = {"prompt", "query", "response", "history", "messages", "system", "tools"}
    assert set(entry["columns"]) <= known and set(entry["columns"].values()) <= written.columns


@pytest.mark.skipif(find_spec("llamafactory") is None, reason="LLaMA-Factory is not installed")
@pytest.mark.parametrize("format", SHAPED)
def test_llama_factory_itself_reads_the_same_conversations(talks, tmp_path, format):
    from datasets import load_dataset
    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.parser import get_dataset_list

    written, turns = export(talks, tmp_path / "out.jsonl", format=format)
    attributes = get_dataset_list(["out"], json.loads(trainer_file("llama-factory", written).text))[0]
    convert = get_dataset_converter(attributes.formatting, attributes, None)
    rows = load_dataset("json", data_files=attributes.dataset_name, split="train", cache_dir=str(tmp_path / "cache"))
    for row, (asked, said) in zip(rows, turns, strict=True):
        made = convert(row)
        assert [turn["content"] for turn in made["_prompt"] + made["_response"]] == [asked.text, said.text]


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
    assert "max_length=700" in trainer_file("trl", written, cutoff=700).text
    pairs, _ = export(talks, tmp_path / "pairs.jsonl", format="alpaca")
    with pytest.raises(GamutError, match="puts the template chatml only round messages and ShareGPT"):
        trainer_file("axolotl", pairs, template="axolotl:chatml")


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
