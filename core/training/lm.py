"""Trains the bundled language model: a small Llama on permissively licensed instruction data."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.training.card import model_card
from core.training.evaluate import evaluate
from core.training.lm_steps import train_steps
from core.training.ngram import train_ngram
from core.training.parts import prepare, read_facts
from core.training.run import Progress, threads
from core.training.settings import LmSettings
from core.training.windows import Stream


def train_lm(
    *, source: Path, to: Path, work: Path, settings: LmSettings, progress: Progress, stop: Callable[[], bool]
) -> bool:
    """Train on the files in `source` and save a Hugging Face model folder `to`; True when it is finished.

    `work` keeps tokens and checkpoints: the same call again goes on where it stopped, to the same weights.
    `stop` is asked after every step; a stopped run returns False. Raises GamutError on a folder without
    source files and on a checkpoint made with other settings.
    """
    with threads(settings.threads):
        tokenizer, parts = prepare(source=source, work=work, split=settings.split)
        model = new_model(settings, tokenizer)
        done = train_steps(
            model=model,
            stream=Stream(tokens=parts["train"], seed=settings.seed),
            work=work,
            settings=settings,
            progress=progress,
            stop=stop,
        )
        if done:
            save_model(model=model, tokenizer=tokenizer, to=to)
            progress(settings.steps, settings.steps, "measuring the held-out losses")
            trigram = train_ngram(tokens=parts["train"], vocabulary=settings.vocabulary)
            losses = evaluate(folder=to, parts=parts, trigram=trigram, context=settings.context)
            model_card(
                to=to,
                settings=dataclasses.asdict(settings),
                parts=parts,
                losses=losses,
                facts=read_facts(source=source, work=work, split=settings.split),
            )
    return done


def new_model(settings: LmSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama with fresh seeded weights (fp32); the global random state is left as it was."""
    config = LlamaConfig(
        vocab_size=settings.vocabulary,
        hidden_size=settings.hidden,
        intermediate_size=settings.intermediate,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return LlamaForCausalLM(config).float()


def save_model(*, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, to: Path) -> None:
    """Write the model in bf16 and its tokenizer as a Hugging Face folder; a card there stays."""
    beside = to.parent / f".{to.name}.writing"
    beside.mkdir(parents=True, exist_ok=True)
    rounded: Any = copy.deepcopy(model)
    rounded.to(torch.bfloat16).save_pretrained(str(beside))
    tokenizer.save_pretrained(str(beside))
    to.mkdir(parents=True, exist_ok=True)
    for file in sorted(beside.iterdir()):
        file.replace(to / file.name)
    beside.rmdir()
