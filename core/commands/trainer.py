"""`trainer`, `trainer-preview`, `trained-tokens`: what a trainer is told of an export, and what it would make of samples."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from core.activations.refs import BUNDLED
from core.activations.tokenizer_files import NotFetched, fetch_tokenizer, tokenizer_key
from core.activations.trainer_templates import OWN, trainer_of
from core.commands.output import Session, session_of, table
from core.commands.selection import opened_pair
from core.commands.trainer_options import Cutoff, Packing, Template, Tokenizer
from core.errors import GamutError
from core.export.trainers import trainer_file, written_of
from core.jobs.run import JobCancelled, running
from core.scores.trainer_rows import read_rows, rows_path, with_tokens, write_rows
from core.scores.treatment import treat, treated_by
from core.selection.saved import load_selection
from core.store.column_values import texts_of
from core.store.datasets import Dataset

TOOLS = "tools"  # the column that LLaMA-Factory is told of as one
HEAD = ("trainer", "rows", "cut", "dropped", "nothing trained", "tokens", "trained tokens", "sequences", "steps")


def trainer(
    context: typer.Context,
    manifest: Path,
    of: Annotated[str, typer.Option("--for", help="llama-factory, axolotl or trl")],
    template: Template = OWN,
    cutoff: Cutoff = 2048,
    packing: Packing = False,
) -> None:
    """Print what a trainer is told of an export: a registry entry, a stanza or a script, and the line that starts it."""
    made = trainer_file(of, written_of(manifest), template=template, cutoff=cutoff, packing=packing)
    session = session_of(context)
    session.say(made, made.text)
    if not session.json:
        if made.note:
            print(made.note, file=sys.stderr)
        print(made.command, file=sys.stderr)  # so that what is printed can be sent to the file that the trainer reads


def trainer_preview(
    context: typer.Context,
    selection: str,
    tokenizer: Tokenizer = BUNDLED,
    template: Template = OWN,
    cutoff: Cutoff = 2048,
    packing: Packing = False,
    batch_size: Annotated[int, typer.Option(min=1, help="sequences a step, over all devices")] = 16,
    epochs: Annotated[float, typer.Option(min=0.0, help="times through the rows")] = 3.0,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show what TRL, LLaMA-Factory and axolotl would cut, drop and train on, and in how many steps."""
    session = session_of(context)
    saved = load_selection(session.workspace, selection)
    trainers = treated_by(trainer_of(template)[0])

    def path() -> Path:
        return rows_path(
            session.workspace, saved.dataset_hash, key=tokenizer_key(tokenizer), template=template, ids=saved.ids
        )

    if job is not None or not _is_there(path):
        _, dataset = opened_pair(session, saved.spec.analysis)
        words = ["trainer-preview", selection, "--tokenizer", tokenizer, "--template", template]
        _tokenise(session, path, dataset, saved.ids, tokenizer, template, words, f"Trainer's view of {selection}", job)
    rows = read_rows(path())
    if rows is None:
        raise GamutError("The tokenised rows were taken away while they were read; run the command again.")
    found = [
        treat(((row.runs, row.alternates) for row in rows), trainer=name, cutoff=cutoff, packing=packing)
        for name in trainers
    ]
    values = [asdict(each) | {"steps": each.steps(batch=batch_size, epochs=epochs)} for each in found]
    lines = [
        (v["trainer"], v["rows"], v["cut"], sum(v["dropped"].values()), v["silent"], v["tokens"], v["trained"],
         v["sequences"], v["steps"])
        for v in values
    ]  # fmt: skip
    session.say(values, table([HEAD, *lines]))


def count_trained(
    context: typer.Context,
    dataset: str,
    tokenizer: Tokenizer = BUNDLED,
    template: Template = OWN,
    cutoff: Cutoff = 2048,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Tokenise a data set as trainers do, once, so that a budget can be one of trained tokens (select --trained-tokens)."""
    session = session_of(context)
    opened = Dataset(session.workspace, dataset)
    trainers = treated_by(trainer_of(template)[0])

    def path() -> Path:
        return rows_path(session.workspace, opened.content_hash, key=tokenizer_key(tokenizer), template=template)

    if job is not None or not _is_there(path):
        words = ["trained-tokens", dataset, "--tokenizer", tokenizer, "--template", template]
        _tokenise(session, path, opened, None, tokenizer, template, words, f"Trained tokens of {dataset}", job)
    rows = read_rows(path()) or []
    found = [treat(((row.runs, row.alternates) for row in rows), trainer=name, cutoff=cutoff) for name in trainers]
    said = [(each.trainer, each.rows, sum(each.dropped.values()), each.tokens, each.trained) for each in found]
    session.say(
        [asdict(each) for each in found],
        table([("trainer", "rows kept", "dropped", "tokens", "trained tokens"), *said])
        + f"\nselect --trained-tokens N --for {trainers[0]} --tokenizer {tokenizer} --template {template} --cutoff {cutoff}",
    )


def _is_there(path: Callable[[], Path]) -> bool:
    """Whether the rows are kept; not, where the tokenizer itself must be fetched first."""
    try:
        return path().is_file()
    except NotFetched:
        return False


def _tokenise(
    session: Session, path: Callable[[], Path], dataset: Dataset, ids: tuple[int, ...] | None, tokenizer: str,
    template: str, words: list[str], title: str, job: str | None,
) -> None:  # fmt: skip
    from core.activations.tokens import token_texts
    from core.activations.trained_tokens import load_tokenizer, prepared, trained_rows  # transformers: only here

    with running(session.workspace, id=job, title=title, command=words, unit="samples") as me:
        fetch_tokenizer(tokenizer)
        loaded = prepared(load_tokenizer(tokenizer), template)

        def progress(done: int) -> None:
            if me.stop():
                raise JobCancelled
            me.progress(done, len(dataset if ids is None else ids), "tokenising")

        told = dataset.conversations(None if ids is None else list(ids))
        made = trained_rows(told, loaded, template=template, tools=partial(texts_of, dataset, TOOLS), progress=progress)
        write_rows(path(), with_tokens(made, lambda ids: token_texts(loaded, ids.tolist())))
