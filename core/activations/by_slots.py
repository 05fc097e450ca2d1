"""Tokens of conversations as LLaMA-Factory makes them: every piece of its template tokenised by itself.

Source: LLaMA-Factory 0.9.5, `Template._encode`, `Llama2Template._encode`, `Template.fix_special_tokens` and
`SupervisedDatasetProcessor._encode_data_example`: trained on is the whole piece of an answer, what ends it included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.activations.tool_words import UNREADABLE, calls_in_words, tools_in_words
from core.activations.trainer_templates import BOS, EOS, SLOTS, WORDS, Slots, SlotTemplate
from core.datasets.sample import RESPONSE_ROLES, Turn
from core.errors import GamutError

NO_EOS = "<|endoftext|>"  # what LLaMA-Factory gives a tokenizer that has no end of text
LINE = "\n"  # between an instruction and its input, as its reader of Alpaca records joins them
ASKS, SAYS = ("user", "tool"), ("assistant", "tool_call")
OPENAI = {"id", "type", "function"}  # what a call in the OpenAI form holds
Message = tuple[str, str]  # of a role (user, assistant, tool_call, tool), and its words
Pieces = tuple[str, bool]  # a text or a mark of a token, and whether it is trained on


def prepare(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Give a tokenizer the tokens that end turns in this template, as LLaMA-Factory does before it reads any text."""
    template, stops = SLOTS[name], SLOTS[name].stops
    if template.replaces_eos:
        tokenizer.add_special_tokens({"eos_token": stops[0]})
        stops = stops[1:]
    elif tokenizer.eos_token_id is None:
        tokenizer.add_special_tokens({"eos_token": NO_EOS})
    if stops:
        tokenizer.add_tokens(list(stops), special_tokens=True)


def take_turns(turns: tuple[Turn, ...]) -> bool:
    """Whether asking and saying take turns, asking first and saying last, a system text before them apart; else it is dropped."""
    roles = [turn.role for turn in turns if turn.role != "input"]
    roles = roles[1:] if roles[:1] == ["system"] else roles
    wanted = (ASKS, SAYS)
    return bool(roles) and len(roles) % 2 == 0 and all(role in wanted[at % 2] for at, role in enumerate(roles))


def tokens_by_slots(
    conversations: Sequence[tuple[int, tuple[Turn, ...]]], tokenizer: PreTrainedTokenizerBase, name: str,
    tools: Sequence[str],
) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Token ids int32 (t) and which are trained on, bool (t), of each conversation, told of its `tools` (JSON, or "").

    Raises `GamutError` for the first sample whose tools or calls LLaMA-Factory could not read.
    """
    told_each = zip(conversations, tools, strict=True)
    pieces = [
        _pieces(turns, SLOTS[name], listed, partial(_readable, sample_id) if take_turns(turns) else _as_it_stands)
        for (sample_id, turns), listed in told_each
    ]
    texts = list(dict.fromkeys(text for told in pieces for text, _ in told if text and text not in (BOS, EOS)))
    encoded = (
        dict(zip(texts, tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"], strict=True))
        if texts
        else {}
    )
    one = {BOS: tokenizer.bos_token_id, EOS: tokenizer.eos_token_id}
    encoded |= {mark: [] if token is None else [token] for mark, token in one.items()}
    return [_joined([(encoded.get(text, []), on) for text, on in told]) for told in pieces]


def _joined(pieces: list[tuple[list[int], bool]]) -> tuple[np.ndarray, np.ndarray]:
    ids = [token for tokens, _ in pieces for token in tokens]
    return np.array(ids, np.int32), np.array([on for tokens, on in pieces for _ in tokens], bool)


def _pieces(
    turns: tuple[Turn, ...], template: SlotTemplate, tools: str, read: Callable[[str, str, Callable[[], str]], str]
) -> list[Pieces]:
    system, messages = _messages(turns)
    system = system or template.default_system
    if tools:
        system += read("list of tools", tools, partial(tools_in_words, tools, template.tools))
    before = _filled(template.system, system) if system or tools else []  # an empty list of tools is told as nothing
    told = [(piece, False) for piece in (*template.prefix, *([] if template.system_in_user else before))]
    for number, (role, words) in enumerate(messages):
        if role == "tool_call":
            calls = partial(calls_in_words, words, template.tools, thoughts=not template.system_in_user)
            words = read("tool call", words, calls)
        elif role == "user" and not number and before and template.system_in_user:
            words = before[0] + words
        told += [(piece, role in RESPONSE_ROLES) for piece in _filled(_slots_of(role, template), words)]
    return told


def _slots_of(role: str, template: SlotTemplate) -> Slots:
    return {
        "assistant": template.assistant,
        "tool_call": template.function or template.assistant,
        "tool": template.observation or template.user,
    }.get(role, template.user)


def _filled(slots: Sequence[str], words: str) -> list[str]:
    return [slot.replace(WORDS, words, 1) for slot in slots]


def _readable(sample_id: int, what: str, text: str, words: Callable[[], str]) -> str:
    try:
        return words()
    except UNREADABLE:
        how = " in the OpenAI form" if _in_openai_form(text) else ""
        raise GamutError(
            f"Sample {sample_id} has a {what}{how}, at which LLaMA-Factory's reader of ShareGPT stops: it takes JSON of names "
            "with their arguments, or of tools with their parameters; preview it by the tokenizer's own template."
        ) from None


def _as_it_stands(what: str, text: str, words: Callable[[], str]) -> str:
    """Of a row that is dropped before anybody reads its tools."""
    return text


def _in_openai_form(text: str) -> bool:
    try:
        return isinstance(calls := json.loads(text), list) and all(call.keys() <= OPENAI for call in calls)
    except UNREADABLE:
        return False


def _messages(turns: tuple[Turn, ...]) -> tuple[str, list[Message]]:
    """The system text, and what follows with each input joined to its instruction."""
    system, rest = (turns[0].text, turns[1:]) if turns and turns[0].role == "system" else ("", turns)
    messages: list[Message] = []
    for turn in rest:
        if turn.role == "input" and messages and messages[-1][0] == "user":
            messages[-1] = ("user", messages[-1][1] + LINE + turn.text)
        else:
            messages.append((turn.role, turn.text))
    return system, messages
