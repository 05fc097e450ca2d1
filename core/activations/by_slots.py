"""Tokens of conversations as LLaMA-Factory makes them: every piece of its template tokenised by itself.

Source: LLaMA-Factory 0.9.5, `Template._encode`, `Llama2Template._encode`, `Template.fix_special_tokens` and
`SupervisedDatasetProcessor._encode_data_example`: trained on is the whole piece of an answer, what ends it included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.activations.trainer_templates import BOS, EOS, SLOTS, WORDS, SlotTemplate
from core.datasets.sample import Turn
from core.errors import GamutError

NO_EOS = "<|endoftext|>"  # what LLaMA-Factory gives a tokenizer that has no end of text
LINE = "\n"  # between an instruction and its input, as its reader of Alpaca records joins them
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


def tokens_by_slots(
    conversations: Sequence[tuple[int, tuple[Turn, ...]]], tokenizer: PreTrainedTokenizerBase, name: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Token ids int32 (t) and which are trained on, bool (t), of each conversation; raises `GamutError` for tool calls."""
    pieces = [_pieces(sample_id, turns, SLOTS[name]) for sample_id, turns in conversations]
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


def _pieces(sample_id: int, turns: tuple[Turn, ...], template: SlotTemplate) -> list[Pieces]:
    system, messages = _messages(sample_id, turns)
    system = system or template.default_system
    told = [(piece, False) for piece in template.prefix]
    if system and not template.system_in_user:
        told += [(piece, False) for piece in _filled(template.system, system)]
    for number, (role, words) in enumerate(messages):
        if role == "assistant":
            told += [(piece, True) for piece in _filled(template.assistant, words)]
            continue
        before = _filled(template.system, system)[0] if system and template.system_in_user and not number else ""
        told += [(piece, False) for piece in _filled(template.user, before + words)]
    return told


def _filled(slots: Sequence[str], words: str) -> list[str]:
    return [slot.replace(WORDS, words, 1) for slot in slots]


def _messages(sample_id: int, turns: tuple[Turn, ...]) -> tuple[str, list[tuple[str, str]]]:
    """The system text, and questions and answers with each input joined to its instruction."""
    system, rest = (turns[0].text, turns[1:]) if turns and turns[0].role == "system" else ("", turns)
    messages: list[tuple[str, str]] = []
    for turn in rest:
        if turn.role in ("tool_call", "tool"):
            raise GamutError(
                f"Sample {sample_id} calls tools, which LLaMA-Factory writes by code of its own for each template; preview it "
                "by the tokenizer's own template."
            )
        if turn.role == "input" and messages and messages[-1][0] == "user":
            messages[-1] = ("user", messages[-1][1] + LINE + turn.text)
        else:
            messages.append(("assistant" if turn.role == "assistant" else "user", turn.text))
    return system, messages
