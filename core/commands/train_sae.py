"""`train-sae`: train a sparse autoencoder on the user's own data, for any model and place that analyses read."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.activations.cancelled import Cancelled
from core.activations.refs import absolute
from core.commands.output import ProgressLine, Session, facts, plain, session_of, table
from core.commands.pass_options import Device, Dtype, MaxLength, Template, TrustRemoteCode, known_dtype, pass_words
from core.commands.pilot import as_fit_values, duration, fit_words, size
from core.datasets.options import ImportOptions
from core.datasets.read import open_source
from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob, running
from core.jobs.state import jobs
from core.store.datasets import Dataset, dataset_names
from core.store.import_dataset import import_dataset
from core.training.own.forecast import TrainingEstimate
from core.training.own.identity import TrainingIdentity, identify_training
from core.training.own.settings import ARCHITECTURES, SITES, OwnSaeSettings
from core.training.own.trained import TrainedSae, find_trained, free_name, trained_sae
from core.training.own.work import check_copy, copy_to, forget
from core.workspace import check_name

GB = 10**9
DEFAULT = OwnSaeSettings(block=0)


def train_sae(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="'bundled', a local Hugging Face folder, or hf:OWNER/NAME (fetched)")],
    dataset: Annotated[str, typer.Argument(help="a data set of the workspace, or a file, which is imported first")],
    block: Annotated[int, typer.Option(help="which block is read, from 0")],
    site: Annotated[str, typer.Option(help="; ".join(f"{name}: {what}" for name, what in SITES.items()))] = DEFAULT.site,
    architecture: Annotated[str, typer.Option(help="; ".join(ARCHITECTURES.values()))] = DEFAULT.architecture,
    width: Annotated[int | None, typer.Option(help="features (default: 8 times the model's width, at most 16384)")] = None,
    k: Annotated[int, typer.Option(help="features active a token: exactly, on average, or aimed at")] = DEFAULT.k,
    tokens: Annotated[
        int | None, typer.Option(help="scored tokens to train on (default: all once; more read the data again)")
    ] = None,
    batch: Annotated[int, typer.Option(help="tokens of a step")] = DEFAULT.batch,
    lr: Annotated[float | None, typer.Option(help="learning rate (default: that of the architecture)")] = None,
    seed: Annotated[int, typer.Option(min=0, help="decides the first weights, the order and the held-out samples")] = 0,
    name: Annotated[str | None, typer.Option(help="what to call it (default: told from what it is made of)")] = None,
    out: Annotated[Path | None, typer.Option(help="copy the finished folder to this place too")] = None,
    max_length: MaxLength = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    template: Template = "auto",
    trust_remote_code: TrustRemoteCode = False,
    cache_gb: Annotated[
        float | None, typer.Option(min=0, help="keep activations on disk while training, at most so many GB (default: none)")
    ] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="only tell what it will take")] = False,
    throw_away: Annotated[
        bool, typer.Option("--forget", help="throw away what an unfinished training of these choices has left")
    ] = False,
    save_seconds: Annotated[float, typer.Option(min=0.0, help="seconds between checkpoints: what a kill can cost")] = 60.0,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:  # fmt: skip
    """Train a sparse autoencoder on a data set; the same command goes on after a stop."""
    session = session_of(context)
    settings = OwnSaeSettings(
        block=block, site=site, architecture=architecture, width=width, k=k, tokens=tokens, batch=batch, lr=lr, seed=seed,
        max_length=max_length, dtype=known_dtype(dtype, device), template=template,
    )  # fmt: skip
    if name is not None:
        check_name(name, of="SAE")
    source = dataset_or_file(session, dataset)
    model = absolute(model)
    command = ["train-sae", model, source.name, *settings.words(), "--dtype", settings.dtype]
    command += pass_words(device, trust_remote_code)
    command += ["--save-seconds", f"{save_seconds:g}"]
    command += [] if cache_gb is None else ["--cache-gb", f"{cache_gb:g}"]
    where = {"device": device, "trust": trust_remote_code}
    if throw_away:
        if any(not other.ended and other.spec.command[:1] == ["train-sae"] for other in jobs(session.workspace)):
            raise GamutError("A training is running; cancel it before anything is thrown away.")
        identity = identify_training(source, model=model, settings=settings, with_code=trust_remote_code)
        freed = forget(session.workspace, identity.id)
        session.say({"bytes": freed}, f"{size(freed)} of an unfinished training thrown away")
        return
    if estimate:
        _estimate(session, source, model, settings, where, cache_gb is not None, [*command, "--estimate"], job)
        return
    command += [*(["--out", str(out.resolve())] if out else []), *(["--name", name] if name else [])]
    title = f"Train SAE {name or 'on ' + source.name}"
    with running(session.workspace, id=job, title=title, command=command, unit="tokens") as me:
        identity = identify_training(source, model=model, settings=settings, with_code=trust_remote_code)
        if out is not None:
            check_copy(out, identity.id)
        there = find_trained(session.workspace, identity.id) is not None
        cache = None if cache_gb is None else int(cache_gb * GB)
        trained = _train(session, source, identity, name, cache, save_seconds, me, where)
        if out is not None:
            copy_to(out, trained.folder)
    session.say(_values(trained), _words(trained, "was there already" if there else "done"))


def dataset_or_file(session: Session, said: str) -> Dataset:
    """The data set of that name; else the file of that path, imported under its own name unless it was before."""
    path = Path(said).expanduser()
    if said in dataset_names(session.workspace) or not path.exists():
        return Dataset(session.workspace, said)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.split(".")[0]).strip("-_")[:64] or "data"
    if (session.workspace.datasets / name).exists():
        there = Dataset(session.workspace, name)
        if there.meta.get("file_sha256") == open_source(path, ImportOptions()).sha256():
            return there
        raise GamutError(
            f"There is a data set {name!r} already, which holds something else; import {path.name} under another name "
            "(datasets add FILE --name NAME) and say that name."
        )
    line = ProgressLine("bytes")
    try:
        import_dataset(session.workspace, path, name=name, progress=line)
    finally:
        line.end()
    return Dataset(session.workspace, name)


def _train(
    session: Session, source: Dataset, identity: TrainingIdentity, name: str | None, cache: int | None, save_seconds: float,
    me: RunningJob, where: dict,
) -> TrainedSae:  # fmt: skip
    from core.training.own.train import train_own_sae  # torch: only this command needs it

    line = ProgressLine("tokens")
    made_of = (source.name, identity.facts.name, identity.settings.hook, identity.settings.architecture)
    called = name or free_name(session.workspace, *made_of)

    def progress(done: int, total: int, note: str) -> None:
        me.progress(done, total, note)
        line(done, total, note)

    def tell(said: TrainingEstimate) -> None:
        line.end()
        print(estimate_words(said), file=sys.stderr)

    try:
        folder = train_own_sae(
            session.workspace, source, identity, name=called, progress=progress, stop=me.stop, cache=cache, tell=tell,
            where=where, save_every=save_seconds,
        )  # fmt: skip
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()
    return trained_sae(folder)


def _estimate(
    session: Session, source: Dataset, model: str, settings: OwnSaeSettings, where: dict, cache: bool, command: list[str],
    job: str | None,
) -> None:  # fmt: skip
    beside = any(not other.ended and other.spec.id != job for other in jobs(session.workspace))
    title = f"Estimate an SAE on {source.name}"
    with running(session.workspace, id=job, title=title, command=command, unit="steps", heavy=False) as me:
        identity = identify_training(source, model=model, settings=settings, with_code=where["trust"])
        from core.training.own.estimate import estimate_training  # torch: only this command needs it

        try:
            found = estimate_training(
                session.workspace, source, identity, progress=me.progress, stop=me.stop, cache=cache, beside=beside,
                where=where,
            )  # fmt: skip
        except Cancelled:
            raise JobCancelled from None
    values = plain(found)
    assert isinstance(values, dict)
    session.say({**values, "seconds": found.seconds, "warnings": found.plan.warnings}, estimate_words(found))


def estimate_words(said: TrainingEstimate) -> str:
    """The estimate for a terminal."""
    rows = {
        "features": said.plan.width,
        "time": f"{duration(said.seconds)} ({duration(said.read_seconds)} reading, {duration(said.step_seconds)} training)",
        "memory": size(said.memory_bytes),
        "disk": f"{size(said.disk_bytes)}; {size(said.working_bytes)} while it is made",
    }
    beside = ["Another job was running beside the estimate: the time is likely too long."] if said.beside else []
    return "\n".join([said.sentence, *said.plan.warnings, facts(rows), *beside])


def _values(trained: TrainedSae) -> dict:
    values = plain(trained)
    assert isinstance(values, dict)
    return values | {"sae": trained.ref, "fit": as_fit_values(trained.fit), "warnings": trained.plan.warnings}


def _words(trained: TrainedSae, state: str) -> str:
    first, last = trained.losses[0], trained.losses[-1]
    rows = [("loss at first", "at last"), (f"{first:.3g}", f"{last:.3g}")]
    took = f", {duration(trained.actual.seconds)}" if trained.actual else ""
    return "\n\n".join(
        [
            f"{trained.name}: {state}{took}; use it by --sae {trained.ref}",
            table(rows),
            fit_words(trained.fit),
        ]
    )
