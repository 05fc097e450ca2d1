"""The cards of the bundled model and autoencoder: made of what, how good, and not good for what."""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file

from core.training.corpus import SOURCES
from core.training.evaluate import Loss, as_table
from core.training.windows import RESPONSE, TEMPLATE, Tokens

NOTES = "## Notes of the maker"  # what stands below this heading is kept when a card is written anew

MODEL_HEAD = """---
license: cc-by-sa-4.0
language: [en, zh]
library_name: transformers
pipeline_tag: text-generation
tags: [llama, tiny, interpretability]
---
# The bundled model

A small Llama, {parameters:,} parameters, trained from scratch in about an hour on two processor cores. It
ships so that the dashboard works on first use without a download: its residuals feed the sparse
autoencoder beside it. It is a specimen to look into, not an assistant to talk to.

## What it is not good for

Answering questions, following instructions, arithmetic, code or facts: what it writes is often grammatical
and mostly untrue. It has seen little Chinese and next to nothing of other languages. Features found in it
tell what a very small model notices (words, formats, topics, tasks), and a ranking made with it should be
checked with a larger model before money is spent on it. Nothing was done about the biases of the sources.
"""

MODEL_DATA = """## Data

Text is Alpaca-style (`### Instruction:`, `### Input:`, `### Response:`, no chat template), BOS in front
and EOS behind; Wikipedia and C4 are plain. The tokenizer is a byte-level BPE trained on this text, with
every digit a token of its own. Tokens include the template. Training read {read:,} tokens,
{epochs:.2f} times the text.

{sources}

Left out: Natural Instructions rows whose instance licence is `Unknown`, and its tasks made from XQuAD;
FLAN CoT (the licences of the sets beneath it were not read); everything non-commercial or of unclear
origin; the evaluation sets GSM8K test, MBPP, HumanEval, BBH, SVAMP, XQuAD, MMLU, ARC, TyDiQA, AlpacaEval
and Alpaca-GPT4. {duplicates:,} exact repeats were removed. A search for the questions of GSM8K test, MBPP,
HumanEval (docstrings), BBH, SVAMP and XQuAD (English, with its passages), word for word without regard to
case and punctuation and from six words up, found {leaked:,} rows that hold one; they were removed as well.
Rewordings and partial overlaps were not searched for.

Held out as whole tasks, together with every other task whose name begins with the same set ({count} tasks):
{tasks}.
Sets that go by another name but share passages with one of these (eQASC with QASC) were not looked for.
Also held out: {share:.0%} of the rows of each other source.

### Licence and attribution

Dolly (Databricks, CC BY-SA 3.0), Wikipedia (CC BY-SA 3.0) and some Natural Instructions tasks (CC BY-SA)
ask for attribution and share-alike. Whether weights are a derivative of their training text is unsettled;
to be on the safe side these weights are offered under CC BY-SA 4.0, the later version that CC BY-SA 3.0
admits. Some sources are output of OpenAI models (marked); the terms of its makers may matter to whoever
trains a rival with it.
"""

MODEL_LOSS = """## Losses

Nats per token of the saved weights (bf16, computed in fp32), each document alone from its BOS, up to
{context} tokens, beside an interpolated Kneser–Ney trigram with modified discounts, trained on all tokens of the
training text and scored on the same held-out tokens. Sources count response tokens (running text: all tokens);
positions count all tokens, BOS being position 0.

### Held-out tasks

{tasks}

### Held-out rows of the other sources

{rows}
"""

SAE_HEAD = """---
license: cc-by-sa-4.0
library_name: saelens
tags: [sparse-autoencoder, interpretability]
---
# The bundled sparse autoencoder

TopK, {features:,} features, k = {k}, on the output of block {layer} (the first is 0) of the bundled model,
`blocks.{layer}.hook_resid_post`; trained with sae_lens' `SAETrainer`. It takes raw residuals: the scaling
to norm √d used in training is folded into the weights. Load it with `sae_lens.SAE.load_from_disk`.

Trained and measured on tokens that count: those of the turns themselves and of running text. BOS, EOS and
the template (headers and blank lines between turns) were left out: on them the reconstruction means
nothing. The text is the training part of the model's corpus; data, held-out parts and licences are those
of the model's card.

## Figures

Explained variance is 1 − squared error / squared distance from the mean, over all tokens and dimensions.
Dead: never active in these tokens. Dense: active in more than a tenth of them.

{figures}

## What it is not good for

The model below it is tiny, and so is what its features know. A feature's label is a guess from examples.
It is of no use with any other model, nor at another block.
"""


def model_card(
    *,
    to: Path,
    settings: Mapping[str, Any],
    parts: Mapping[str, Tokens],
    losses: Mapping[str, list[Loss]],
    facts: Mapping[str, Any],
) -> None:
    """Write `README.md` and, for programs, `training.json` into the model folder `to`."""
    parameters = _parameters(to)
    body = (
        MODEL_HEAD.format(parameters=parameters)
        + "\n"
        + MODEL_DATA.format(
            sources=sources_table(parts),
            read=settings["steps"] * settings["step_tokens"],
            epochs=settings["steps"] * settings["step_tokens"] / len(parts["train"].ids),
            duplicates=facts["duplicates"],
            leaked=facts["leaked"],
            count=len(facts["tasks"]),
            tasks=", ".join(f"`{task}`" for task in facts["tasks"]),
            share=settings["held_share"],
        )
        + "\n"
        + MODEL_LOSS.format(
            context=settings["context"],
            tasks=as_table(losses["tasks"]),
            rows=as_table(losses["rows"]),
        )
        + "\n"
        + how_made("train-lm", "--source FOLDER_WITH_THE_SOURCE_FILES --to data/model", settings)
    )
    write_card(
        to,
        body,
        {
            "parameters": parameters,
            "settings": settings,
            "facts": facts,
            "tokens_read": settings["steps"] * settings["step_tokens"],
            "losses": {part: [dataclasses.asdict(loss) for loss in rows] for part, rows in losses.items()},
        },
    )


def sae_card(*, to: Path, settings: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    """Write `README.md` and `training.json` of the autoencoder; `figures` are `features.Figures` by text."""
    lines = [
        "| text | tokens | explained variance | features a token | dead | dense |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {f.tokens:,} | {f.explained_variance:.3f} | {f.l0:.1f} | {f.dead:.1%} | {f.dense:.2%} |"
        for name, f in figures.items()
        if f.tokens
    ]
    body = SAE_HEAD.format(figures="\n".join(lines), **{n: settings[n] for n in ("features", "k", "layer")})
    command = "--model data/model --source FOLDER_WITH_THE_SOURCE_FILES --to data/sae"
    write_card(
        to,
        body + "\n" + how_made("train-bundled-sae", command, settings),
        {"settings": settings, "figures": {n: dataclasses.asdict(f) for n, f in figures.items() if f.tokens}},
    )


def sources_table(parts: Mapping[str, Tokens]) -> str:
    """Rows and tokens of each source, in training and held out, with licence and origin, as Markdown."""
    lines = [
        "| source | origin | licence | rows | tokens | of these response | rows held out |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    train = parts["train"]
    owner = np.repeat(train.sources, np.diff(train.starts))
    for index, source in enumerate(SOURCES):
        rows = int((train.sources == index).sum())
        held = sum(int((parts[part].sources == index).sum()) for part in ("tasks", "rows"))
        if rows or held:
            spoken = int(((owner == index) & (train.roles == RESPONSE)).sum())
            lines.append(
                f"| {source.name} | {source.origin} | {source.licence} | {rows:,} | "
                f"{int((owner == index).sum()):,} | {spoken:,} | {held:,} |"
            )
    lines.append(
        f"| all | | | {len(train):,} | {len(train.ids):,} | {int((train.roles == RESPONSE).sum()):,} | "
        f"{len(parts['tasks']) + len(parts['rows']):,} |"
    )
    template = float((train.roles == TEMPLATE).mean())
    return "\n".join(lines) + f"\n\n{template:.1%} of the tokens are template, BOS or EOS."


def how_made(command: str, options: str, settings: Mapping[str, Any]) -> str:
    """The section on making it again: the command line and every setting."""
    lines = "\n".join(f"| `{name}` | {value} |" for name, value in settings.items())
    return (
        f"## How it was made\n\n```\npython -m core {command} {options}\n```\n\n"
        "The same source files, settings, library versions (`requirements.txt`) and kind of processor give\n"
        "the same weights, also when stopped and resumed.\n\n"
        f"| setting | value |\n|---|---|\n{lines}\n"
    )


def write_card(to: Path, body: str, facts: Mapping[str, Any]) -> None:
    """Write both files beside, then rename; the maker's notes at the end of an old card stay."""
    card = to / "README.md"
    old = card.read_text(encoding="utf-8") if card.is_file() else ""
    notes = "\n" + old[old.index(NOTES) :] if NOTES in old else ""
    for path, text in (
        (card, body + notes),
        (to / "training.json", json.dumps(_plain(facts), indent=1) + "\n"),
    ):
        beside = path.with_suffix(".tmp")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def _plain(value: Any) -> Any:
    """JSON has no NaN: it becomes null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _parameters(folder: Path) -> int:
    weights = load_file(folder / "model.safetensors")
    return sum(value.numel() for value in weights.values())
