"""Trains the bundled sparse autoencoder: TopK, on residuals of a middle block, with sae_lens' trainer."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from core.errors import GamutError
from core.training.card import sae_card
from core.training.features import Figures, figures
from core.training.parts import prepare
from core.training.residuals import cached
from core.training.run import Progress, threads
from core.training.sae_steps import finish, new_trainer, train_steps
from core.training.settings import SaeSettings
from core.training.tokenizer import load_tokenizer
from core.training.windows import Tokens


def train_sae(
    *,
    model: Path,
    source: Path,
    to: Path,
    work: Path,
    settings: SaeSettings,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Train on residuals of `model` over the texts in `source` and save to `to`; True when it is finished.

    Only the training part of the texts is used. `work` keeps tokens, residuals and checkpoints: the same
    call again goes on to the same weights. The saved autoencoder takes raw residuals. Raises GamutError on
    a checkpoint made with other settings.
    """
    with threads(settings.threads):
        tokenizer, parts = prepare(source=source, work=work, split=settings.split)
        refuse_other_tokens(model=model, vocabulary=tokenizer.get_vocab())
        residuals = cached(
            model=model,
            layer=settings.layer,
            tokens=parts["train"],
            wanted=settings.cached_tokens,
            context=settings.context,
            seed=settings.seed,
            work=work,
            progress=progress,
            stop=stop,
        )
        if residuals is None:
            return False
        trainer = new_trainer(residuals=residuals, settings=settings)
        done = train_steps(
            trainer=trainer,
            residuals=residuals,
            work=work,
            model=model,
            settings=settings,
            progress=progress,
            stop=stop,
        )
        if done:
            finish(trainer=trainer, to=to)
            done = describe(model=model, parts=parts, to=to, work=work, settings=settings, progress=progress, stop=stop)
    return done


def refuse_other_tokens(*, model: Path, vocabulary: dict[str, int]) -> None:
    """Raise GamutError where the model reads other tokens than its source files and split give."""
    if load_tokenizer(model).get_vocab() != vocabulary:
        raise GamutError(
            f"The tokenizer of {model} is not the one that these source files and this split give; "
            "name the source files that the model was trained on."
        )


def describe(
    *,
    model: Path,
    parts: dict[str, Tokens],
    to: Path,
    work: Path,
    settings: SaeSettings,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Measure the saved autoencoder on held-out and on unseen training documents, and write its card."""
    wanted = {
        "tasks": (parts["tasks"], len(parts["tasks"].ids), 0),
        "rows": (parts["rows"], len(parts["rows"].ids), 0),
        "unseen training documents": (parts["train"], settings.measured_tokens, settings.cached_tokens),
    }
    measured: dict[str, Figures] = {}
    for name, (tokens, count, after) in wanted.items():
        residuals = cached(
            model=model,
            layer=settings.layer,
            tokens=tokens,
            wanted=count,
            after=after,
            context=settings.context,
            seed=settings.seed,
            work=work,
            progress=progress,
            stop=stop,
        )
        if residuals is None:
            return False
        measured[name] = figures(folder=to, residuals=residuals)
    sae_card(to=to, settings=dataclasses.asdict(settings), figures=measured)
    return True
