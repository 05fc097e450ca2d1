"""The card of an SAE that a user trained: what it reads, made of what, how well it fits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.activations.fit_card import Fit, FitCard
from core.training.card import write_card
from core.training.own.settings import ARCHITECTURES, TrainingPlan

CARD = """---
library_name: saelens
tags: [sparse-autoencoder, interpretability]
---
# An SAE on {hook}

{architecture}; {width:,} features, k = {k}. It reads `{hook}` of the model `{model}` (SHA-256 of its files {sha256})
and takes raw activations: the scaling to norm √d of the training is folded into the weights. Load it with
`sae_lens.SAE.load_from_disk`, or give its folder as `--sae`.

## Made of what

Data set `{dataset}` (content hash {dataset_hash}): {samples:,} samples with {available:,} scored tokens, of which
{tokens:,} were read in {steps:,} steps of {batch:,} ({epochs:.2f} times the data), by sae-lens' `SAETrainer`. Rendered by:
{rendering}; cut at {max_length:,} tokens ({cut_samples:,} samples lost {cut_tokens:,} tokens). The first token of a text,
special tokens and template were left out, as analyses leave them out.{pieces}

## Fit

Measured on {held:,} held-out samples ({fit_tokens:,} scored tokens), none of which, nor any copy of which, was trained on.

{verdict}

| text | tokens | explained variance | active a token | loss recovered |
|---|--:|--:|--:|--:|
{fits}

{dead:,} of {features:,} features were never active in these tokens.
"""


PIECES = (
    " Memory ran out while activations were read, so at most {tokens:,} tokens of the model's batches were read at once: with"
    " more memory the last digits of the weights may differ."
)


def write_own_card(folder: Path, facts: dict[str, Any]) -> None:
    """Write `README.md` and `training.json` into the folder; `facts` with `plan` and `fit` as they are."""
    plan: TrainingPlan = facts["plan"]
    card: FitCard = facts["fit"]
    settings = facts["settings"]
    fits = [("all", card.whole), *((f"{kind} {fit.group}", fit) for kind, fits in card.groups.items() for fit in fits)]
    pieces = PIECES.format(tokens=facts["read_in_pieces_of"]) if facts["read_in_pieces_of"] else ""
    body = CARD.format(
        pieces=pieces,
        hook=facts["hook"], architecture=ARCHITECTURES[settings["architecture"]], k=settings["k"],
        model=facts["model"]["ref"], sha256=facts["model"]["sha256"], dataset=facts["dataset"]["name"],
        dataset_hash=facts["dataset"]["hash"], rendering=facts["rendering"], max_length=facts["max_length"],
        held=card.samples, fit_tokens=card.whole.tokens, verdict=" ".join([card.verdict, *card.notes]),
        fits="\n".join(_row(name, fit) for name, fit in fits), dead=card.dead, features=card.features,
        tokens=plan.tokens, epochs=plan.epochs, width=plan.width, steps=plan.steps, batch=plan.batch,
        available=plan.available, samples=plan.samples, cut_samples=plan.cut_samples, cut_tokens=plan.cut_tokens,
    )  # fmt: skip
    write_card(folder, body, {**facts, "plan": asdict(plan), "fit": asdict(card)})


def _row(name: str, fit: Fit) -> str:
    return f"| {name} | {fit.tokens:,} | {_number(fit.explained_variance)} | {fit.l0_mean:.1f} | {_number(fit.loss_recovered)} |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
