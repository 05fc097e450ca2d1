"""`train-lm` and `train-bundled-sae`: make the bundled model and autoencoder anew, or others like them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import ProgressLine, session_of
from core.jobs.run import JobCancelled, RunningJob, running
from core.training.settings import LmSettings, SaeSettings
from core.workspace import BUNDLED_MODEL, Workspace

Source = Annotated[Path, typer.Option(help="the folder with the source files that the model card lists")]
Work = Annotated[Path | None, typer.Option(help="where tokens and checkpoints are kept (default: in the workspace)")]
Job = Annotated[str | None, typer.Option(hidden=True)]
LM, SAE = LmSettings(), SaeSettings()


def train_lm(
    context: typer.Context, source: Source, to: Annotated[Path, typer.Option(help="the model folder to write")],
    work: Work = None, steps: int = LM.steps, seed: int = LM.seed, threads: int = LM.threads, job: Job = None,
) -> None:  # fmt: skip
    """Train a small language model; the same command goes on after a stop."""
    workspace = session_of(context).workspace
    source, to = source.resolve(), to.resolve()
    settings = LmSettings(steps=steps, seed=seed, threads=threads)
    words = [
        "train-lm",
        "--source",
        str(source),
        "--to",
        str(to),
        "--steps",
        str(steps),
        "--seed",
        str(seed),
        "--threads",
        str(threads),
    ]

    def train(me: RunningJob, progress: ProgressLine) -> bool:
        from core.training.lm import train_lm as run_training  # torch: only this command needs it

        said = _both(me, progress)
        return run_training(
            source=source, to=to, work=_work(work, workspace, "lm"), settings=settings, progress=said, stop=me.stop
        )

    _as_job(context, job, f"Train a language model into {to.name}", words + _work_words(work), train)


def train_bundled_sae(
    context: typer.Context, source: Source, to: Annotated[Path, typer.Option(help="the SAE folder to write")],
    model: Annotated[Path, typer.Option(help="the model whose residuals it reads")] = BUNDLED_MODEL, work: Work = None,
    steps: int = SAE.steps, k: int = SAE.k, features: int = SAE.features, seed: int = SAE.seed, threads: int = SAE.threads,
    job: Job = None,
) -> None:  # fmt: skip
    """Train the autoencoder that ships, from the bundled model's source files; `train-sae` is for data of your own."""
    workspace = session_of(context).workspace
    source, to = source.resolve(), to.resolve()
    settings = SaeSettings(steps=steps, k=k, features=features, seed=seed, threads=threads)
    words = [
        "train-bundled-sae",
        "--source",
        str(source),
        "--to",
        str(to),
        "--model",
        str(model.resolve()),
        "--steps",
        str(steps),
        "--k",
        str(k),
    ]
    words += ["--features", str(features), "--seed", str(seed), "--threads", str(threads)]

    def train(me: RunningJob, progress: ProgressLine) -> bool:
        from core.training.sae import train_sae as run_training  # torch: only this command needs it

        said, where = _both(me, progress), _work(work, workspace, "sae")
        return run_training(
            model=model, source=source, to=to, work=where, settings=settings, progress=said, stop=me.stop
        )

    _as_job(context, job, f"Train an SAE into {to.name}", words + _work_words(work), train)


def _as_job(
    context: typer.Context,
    id: str | None,
    title: str,
    words: list[str],
    train: Callable[[RunningJob, ProgressLine], bool],
) -> None:
    session = session_of(context)
    line = ProgressLine("steps")
    with running(session.workspace, id=id, title=title, command=words, unit="steps") as me:
        try:
            if not train(me, line):
                raise JobCancelled
        finally:
            line.end()
    session.say({"done": True}, f"{title}: done")


def _both(me: RunningJob, line: ProgressLine) -> Callable[[int, int, str], None]:
    def progress(done: int, total: int, note: str) -> None:
        me.progress(done, total, note)
        line(done, total, note)

    return progress


def _work(work: Path | None, workspace: Workspace, kind: str) -> Path:
    return work or workspace.root / "training" / kind


def _work_words(work: Path | None) -> list[str]:
    return ["--work", str(work.resolve())] if work else []
