"""Templates by trainers' names give the tokens and the loss mask of the trainer's own code."""

import json
import shutil
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from core.activations.template import TODAY
from core.activations.tokenizer_files import FILES, NotFetched, tokenizer_key
from core.activations.trained_tokens import load_tokenizer, prepared, trained_rows
from core.activations.trainer_templates import BY_TRAINER, JINJA, OWN, SLOTS, TEMPLATES, trainer_of
from core.datasets.sample import Turn
from core.errors import GamutError
from core.workspace import BUNDLED_MODEL

ASKED, SAID = Turn("user", "Name a river,\nplease. "), Turn("assistant", " The Rhône: 812 km — naïve?\n")
AGAIN, MORE = Turn("user", "Another {one}'s <b>"), Turn("assistant", "The Po.")
TOLD = Turn("system", "Be brief.")
CALL = Turn("tool_call", json.dumps({"name": "length_of", "arguments": {"river": "Rhône", "unit": "km"}}))
CALLS = Turn("tool_call", f"<think>\nTwo.\n</think>\n\n[{CALL.text}, {CALL.text}]")
FOUND = Turn("tool", '{"km": 812}')
CALLING = [(ASKED, CALL, FOUND, SAID), (TOLD, ASKED, CALL, FOUND, SAID, AGAIN, CALL, FOUND, MORE), (ASKED, SAID)]
TOOLS = [{
    "name": "length_of", "description": "The length.", "parameters": {"type": "object", "required": ["river"], "properties": {
        "river": {"type": "string", "description": "Which."}, "unit": {"type": "string", "enum": ["km", "mi"]},
        "parts": {"type": "array", "items": {"type": "string"}}}}}]  # fmt: skip
WRAPPED = [{"type": "function", "function": TOOLS[0]}, TOOLS[0]]
TALKS = [(ASKED, SAID), (ASKED, SAID, AGAIN, MORE), (TOLD, ASKED, SAID), (TOLD, ASKED, SAID, AGAIN, MORE)]


def rows(template, talks, tools=""):
    tokenizer = prepared(load_tokenizer("bundled"), template)
    return tokenizer, list(
        trained_rows(enumerate(talks), tokenizer, template=template, tools=lambda ids: [tools] * len(ids))
    )


def labels(row):
    return np.where(row.trained, row.ids, -100).tolist()


@pytest.mark.skipif(find_spec("llamafactory") is None, reason="LLaMA-Factory is not installed")
@pytest.mark.parametrize("name", SLOTS)
def test_a_template_of_llama_factory_gives_the_tokens_and_the_mask_of_its_own_code(name, monkeypatch):
    from llamafactory.data import tool_utils
    from llamafactory.data.processor.supervised import SupervisedDatasetProcessor
    from llamafactory.data.template import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments

    monkeypatch.setattr(tool_utils, "datetime", SimpleNamespace(now=lambda: TODAY))  # Llama 3's tools tell the day
    data_args = DataArguments(template=name, cutoff_len=10_000)
    theirs = load_tokenizer("bundled")
    template = get_template_and_fix_tokenizer(theirs, data_args)
    processor = SupervisedDatasetProcessor(template=template, tokenizer=theirs, processor=None, data_args=data_args)
    thinking = (
        [] if SLOTS[name].system_in_user else [(ASKED, CALLS, FOUND, SAID)]
    )  # the others cannot read what is thought
    roles = {"tool_call": "function", "tool": "observation"}
    for tools in ("", json.dumps(TOOLS), json.dumps(WRAPPED), "[]"):
        talks = TALKS + CALLING + thinking
        for row, turns in zip(rows(f"llama-factory:{name}", talks, tools)[1], talks, strict=True):
            said = [
                {"role": roles.get(turn.role, turn.role), "content": turn.text}
                for turn in turns
                if turn.role != "system"
            ]
            system = turns[0].text if turns[0].role == "system" else None
            ids, mask = processor._encode_data_example(said[:-1], said[-1:], system, tools, [], [], [])
            assert (row.ids.tolist(), labels(row)) == (ids, mask)


@pytest.mark.skipif(find_spec("axolotl") is None, reason="axolotl is not installed")
@pytest.mark.parametrize("name", JINJA)
def test_a_template_of_axolotl_gives_the_tokens_and_the_mask_of_its_own_code(name):
    from axolotl.prompt_strategies.chat_template import ChatTemplatePrompter, ChatTemplateStrategy
    from axolotl.utils.chat_templates import get_chat_template

    theirs = load_tokenizer("bundled")
    prompter = ChatTemplatePrompter(theirs, chat_template=get_chat_template(name), max_length=10_000)
    strategy = ChatTemplateStrategy(
        prompter,
        tokenizer=theirs,
        train_on_inputs=False,
        sequence_len=10_000,
        roles_to_train=["assistant"],
        train_on_eos="turn",
    )
    for turns in TALKS:
        prompt = {"messages": [{"role": turn.role, "content": turn.text} for turn in turns]}
        try:
            (row,) = rows(f"axolotl:{name}", [turns])[1]
        except GamutError:
            with pytest.raises(Exception, match=r"[Ss]ystem"):
                strategy.tokenize_prompt(prompt)
            continue
        made = strategy.tokenize_prompt(prompt)
        assert (row.ids.tolist(), labels(row)) == (made["input_ids"], made["labels"])


@pytest.mark.parametrize("template", TEMPLATES)
def test_whatever_the_template_the_answers_are_trained_on_and_the_questions_are_not(template):
    tokenizer, found = rows(template, TALKS[:2])
    for row, turns in zip(found, TALKS, strict=False):
        answers = [turn.text.strip() for turn in turns if turn.role == "assistant"]
        trained = tokenizer.decode(row.ids[row.trained], skip_special_tokens=True)
        rest = tokenizer.decode(row.ids[~row.trained])
        assert all(answer in trained and answer not in rest for answer in answers)
        assert "river" in rest and "river" not in trained and sum(row.runs) == len(row.ids)


def test_llama_factory_trains_on_all_that_ends_an_answer():
    tokenizer, (row,) = rows("llama-factory:qwen", [(ASKED, MORE)])
    assert tokenizer.decode(row.ids) == (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{ASKED.text}<|im_end|>\n<|im_start|>assistant\n{MORE.text}<|im_end|>\n"
    )
    assert tokenizer.decode(row.ids[row.trained]) == f"{MORE.text}<|im_end|>\n"
    assert len(row.runs) == 2 and tokenizer.eos_token == "<|im_end|>"


def test_an_input_is_joined_to_its_instruction():
    for template, between in (("llama-factory:chatml", "\n"), ("axolotl:chatml", "\n\n")):
        tokenizer, (row,) = rows(template, [(Turn("user", "Add."), Turn("input", "1 and 2"), MORE)])
        assert f"Add.{between}1 and 2<|im_end|>" in tokenizer.decode(row.ids)


def test_what_a_template_cannot_take_is_named_by_its_sample():
    openai = json.dumps([{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}])
    for text, how in (("length_of(Rhône)", ""), (openai, " in the OpenAI form")):
        with pytest.raises(
            GamutError, match=f"Sample 1 has a tool call{how}, at which LLaMA-Factory's reader of ShareGPT stops"
        ):
            rows("llama-factory:qwen", [(ASKED, SAID), (ASKED, Turn("tool_call", text), FOUND, MORE)])
    with pytest.raises(GamutError, match="Sample 0 has a list of tools, at which"):
        rows("llama-factory:alpaca", [(ASKED, SAID)], '[{"name": "f"}]')
    with pytest.raises(
        GamutError, match=r"axolotl's template gemma does not take sample 0 as it stands; choose another"
    ):
        rows("axolotl:gemma", [TALKS[2]])
    with pytest.raises(
        GamutError, match=r"There is no template 'qwen3' here; use 'tokenizer' \(its own\), llama-factory:NAME"
    ):
        trainer_of("qwen3")
    assert trainer_of(OWN) == ("", "") and len(TEMPLATES) == 1 + sum(len(names) for names in BY_TRAINER.values())


def test_a_tokenizer_of_the_hub_comes_from_the_cache_and_is_else_said_not_to_be_here(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotFetched, match="tokenizer of hf:own/tiny is not on this machine yet"):
        tokenizer_key("hf:own/tiny")
    commit = "0123456789" * 4
    cached = tmp_path / "models--own--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit)
    (cached / "snapshots" / commit).mkdir(parents=True)
    for name in FILES:
        if (BUNDLED_MODEL / name).is_file():
            shutil.copy(BUNDLED_MODEL / name, cached / "snapshots" / commit / name)
    assert tokenizer_key("hf:own/tiny") == tokenizer_key("bundled")  # the same files, wherever they lie
    assert load_tokenizer("hf:own/tiny").eos_token == load_tokenizer("bundled").eos_token
