"""What a trainer is told of an exported file: LLaMA-Factory's registry entry, axolotl's stanza, a TRL script.

Which fields a file has follows from its format; a verbatim file keeps those of its source. Nothing here runs a trainer.
Sources: LLaMA-Factory's data/README.md, axolotl's documentation of `datasets`, TRL's documentation of dataset formats.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.activations.trainer_templates import OWN, trainer_of
from core.errors import GamutError
from core.export.formats import VERBATIM
from core.export.layouts import FOLDER
from core.export.manifest import read_manifest
from core.export.render import DATA

MODEL = "YOUR_MODEL"
READERS = {"json": "json", "jsonl": "json", "parquet": "parquet", "csv": "csv", FOLDER: "parquet"}
ALPACA, DOLLY, PAIR, SHAREGPT, MESSAGES = "alpaca", "dolly", "prompt-completion", "sharegpt", "messages"
FIELDS = {  # instruction, input, answer
    ALPACA: ("instruction", "input", "output"),
    DOLLY: ("instruction", "context", "response"),
    PAIR: ("prompt", None, "completion"),
}
ADDED = (
    "LLaMA-Factory reads tools in messages by its reader called openai, which adds 'detailed thinking off' to the system text "
    "of every row without tools."
)
# Columns that LLaMA-Factory reads with a conversation, under these names.
BESIDE = ("tools", "images", "videos", "audios")
OPENAI_TAGS = {
    "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
    "observation_tag": "tool", "function_tag": "function", "system_tag": "system",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainerFile:
    """A file for a trainer: its name, its language and its text, the line that then starts the training, and what it hides."""

    trainer: str
    name: str
    language: str
    text: str
    command: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a trainer's file needs to know of an export: where it is, how it lies, its records' shape, their columns and calls."""

    path: Path
    layout: str
    shape: str
    columns: frozenset[str]
    calling: bool = False

    @property
    def data(self) -> str:
        """The path that a trainer is given."""
        return str(self.path.resolve())


def written_of(manifest: Path) -> Written:
    """The export that a manifest describes, as trainers need to know it; raises `GamutError` where none can read it."""
    said = read_manifest(manifest)
    file, format = said["file"], said["file"]["format"]
    if "columns" not in file:
        raise GamutError(
            f"{manifest.name} does not say which columns its file has; export once more with this version."
        )
    shape = shape_of(format, said["dataset"]["format"])
    columns = frozenset(file["columns"])
    return Written(manifest.parent / file["name"], file["layout"], shape, columns, bool(file.get("calling")))


def shape_of(format: str, source_format: str) -> str:
    """The shape of the records of an export; raises `GamutError` where no trainer has a reader for it."""
    shape = source_format if format == VERBATIM else format
    if shape in FIELDS or shape in (SHAREGPT, MESSAGES):
        return shape
    raise GamutError(
        f"A verbatim export keeps the records of its source ({shape}), for which trainers have no reader; choose Alpaca, "
        "ShareGPT, OpenAI messages or prompt / completion."
    )


def llama_factory(written: Written, template: str, cutoff: int, packing: bool) -> TrainerFile:
    """The entry of LLaMA-Factory's `dataset_info.json`; `tests` load it with LLaMA-Factory's own code where that is installed.

    Messages are registered as its documentation has it, by the reader of ShareGPT with other tags; only tools need the one
    called openai, which adds words of its own.
    """
    inside = written.path / DATA  # of a folder: it reads all that lies beside each other, a card too
    entry: dict[str, Any] = {"file_name": str(inside.parent.resolve()) if written.layout == FOLDER else written.data}
    openai = written.shape == MESSAGES and (written.calling or "tools" in written.columns)
    if written.shape in FIELDS:
        asked, second, said = FIELDS[written.shape]
        columns = {"prompt": asked, "query": second, "response": said}
        columns |= {name: name for name in ("system", "history") if written.shape == ALPACA}
    else:
        entry["formatting"] = "openai" if openai else "sharegpt"
        columns = {"messages": "messages" if written.shape == MESSAGES else "conversations"}
        columns |= {"system": "system"}
        entry |= {"tags": OPENAI_TAGS} if written.shape == MESSAGES else {}
    columns |= {name: name for name in BESIDE}
    entry["columns"] = {key: name for key, name in columns.items() if name in written.columns}
    name = written.path.name.split(".")[0]
    text = json.dumps({name: entry}, ensure_ascii=False, indent=2)
    words = ["llamafactory-cli", "train", "--stage", "sft", "--do_train", "--model_name_or_path", MODEL, "--dataset_dir", ".",
             "--dataset", name, "--template", template or "TEMPLATE", "--cutoff_len", str(cutoff),
             *(["--packing", "true"] if packing else []), "--output_dir", "out"]  # fmt: skip
    return TrainerFile("LLaMA-Factory", "dataset_info.json", "json", text, shlex.join(words), ADDED if openai else "")


def axolotl(written: Written, template: str, cutoff: int, packing: bool) -> TrainerFile:
    """A configuration of axolotl but for what is the user's own to say of training; values are JSON, which YAML reads."""
    stanza: list[tuple[str, Any]] = [("path", written.data), ("ds_type", READERS[written.layout])]
    if written.layout == FOLDER:
        stanza = [("path", written.data), ("split", "train")]
    if written.shape in FIELDS:
        if template:
            raise GamutError(
                f"axolotl puts the template {template} only round messages and ShareGPT; export as one of these, or take the "
                "tokenizer's own template, which it then leaves out for this file."
            )
        asked, second, said = FIELDS[written.shape]
        fields = {
            "field_instruction": asked,
            "field_output": said,
            "format": "{instruction}",
            "no_input_format": "{instruction}",
        }
        if second in written.columns:
            fields |= {"field_input": second, "format": "{instruction}\n\n{input}"}
        if "system" in written.columns:
            fields["field_system"] = "system"
        stanza.append(("type", fields))
    else:
        stanza += [
            ("type", "chat_template"),
            ("field_messages", "messages" if written.shape == MESSAGES else "conversations"),
        ]
        if written.shape == SHAREGPT:
            stanza.append(("message_property_mappings", {"role": "from", "content": "value"}))
            stanza.append(("roles", {"user": ["human"], "assistant": ["gpt", "function_call"], "tool": ["observation"],
                                     "system": ["system"]}))  # fmt: skip
        stanza += [("roles_to_train", ["assistant"]), ("train_on_eos", "turn")]
    lines = [f"{'- ' if not number else '  '}{key}: {_yaml(value)}" for number, (key, value) in enumerate(stanza)]
    above = [f"base_model: {MODEL}", f"sequence_len: {cutoff}", *(["sample_packing: true"] if packing else [])]
    above += [f"chat_template: {template}"] if template else []
    text = "\n".join([*above, "datasets:", *(f"  {line}" for line in lines)])
    return TrainerFile("axolotl", "config.yaml", "yaml", text, "axolotl train config.yaml")


def _yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


LOADED = """from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

data = load_dataset({reader!r}, data_files={data!r}, split="train")
"""
TO_PAIR = """

def to_pair(row):
    asked = [{system}row[{asked!r}]{second}]
    return {{"prompt": "\\n\\n".join(text for text in asked if text), "completion": row[{said!r}]}}


data = data.map(to_pair, remove_columns=data.column_names)
"""
ONLY = "data = data.select_columns([{names}])\n"
TO_MESSAGES = """
ROLES = {"human": "user", "gpt": "assistant", "function_call": "assistant", "observation": "tool", "system": "system"}


def to_messages(row):
    return {"messages": [{"role": ROLES[turn["from"]], "content": turn["value"]} for turn in row["conversations"]]}


data = data.map(to_messages, remove_columns=[name for name in data.column_names if name != "tools"])
"""
TRAINED = """{note}
trainer = SFTTrainer(model="YOUR_MODEL", args=SFTConfig(output_dir="out", max_length={cutoff}{loss}), train_dataset=data)
trainer.train()
"""


NOTE = "# the loss of assistant turns alone needs a chat template that marks them with {% generation %}"


def trl(written: Written, template: str, cutoff: int, packing: bool) -> TrainerFile:
    """A script that loads the file and hands it to TRL's `SFTTrainer`."""
    data = f"{written.data}/data/*.parquet" if written.layout == FOLDER else written.data
    text, loss = LOADED.format(reader=READERS[written.layout], data=data), ""
    if written.shape == PAIR:
        text += ONLY.format(names='"prompt", "completion"')
    elif written.shape in FIELDS:
        asked, second, said = FIELDS[written.shape]
        text += TO_PAIR.format(
            asked=asked, said=said, second=f", row[{second!r}]" if second in written.columns else "",
            system='row["system"], ' if "system" in written.columns else "",
        )  # fmt: skip
    else:
        names = '"messages", "tools"' if "tools" in written.columns else '"messages"'
        text += TO_MESSAGES if written.shape == SHAREGPT else ONLY.format(names=names)
        loss = ", assistant_only_loss=True"
    loss += ", packing=True" if packing else ""
    text += TRAINED.format(loss=loss, note=NOTE if written.shape not in FIELDS else "", cutoff=cutoff)
    return TrainerFile("TRL", "train.py", "python", text, "python train.py")


TRAINERS: dict[str, Callable[[Written, str, int, bool], TrainerFile]] = {
    "llama-factory": llama_factory,
    "axolotl": axolotl,
    "trl": trl,
}


def trainer_file(
    name: str, written: Written, *, template: str = OWN, cutoff: int = 2048, packing: bool = False
) -> TrainerFile:
    """What the trainer of that name is told, its own template named where it is one; raises `GamutError` for an unknown one."""
    if name not in TRAINERS:
        raise GamutError(f"There is no trainer {name!r}; there are {', '.join(TRAINERS)}.")
    if written.layout == "csv" and written.shape not in FIELDS:
        raise GamutError(
            f"{written.path.name} holds conversations as JSON text, as CSV knows no lists, and trainers read them as one text; "
            "export as JSON Lines, JSON or Parquet."
        )
    of, called = trainer_of(template)
    return TRAINERS[name](written, called if of == name else "", cutoff, packing)
