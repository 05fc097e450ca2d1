"""`trainer`, `trainer-preview`: what a trainer is told of an export, and what it would make of a selection."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import session_of, table
from core.commands.selection import opened_pair
from core.errors import GamutError
from core.export.trainer_rows import read_rows, rows_path, with_tokens, write_rows
from core.export.trainers import trainer_file, written_of
from core.export.treatment import RULES, treat
from core.jobs.run import JobCancelled, running
from core.selection.saved import load_selection

HEAD = ("trainer", "rows", "cut", "dropped", "nothing trained", "tokens", "trained tokens", "sequences", "steps")


def trainer(
    context: typer.Context,
    manifest: Path,
    of: Annotated[str, typer.Option("--for", help="llama-factory, axolotl or trl")],
) -> None:
    """Print what a trainer is told of an export: a registry entry, a stanza or a script."""
    made = trainer_file(of, written_of(manifest))
    session_of(context).say(made, made.text)


def trainer_preview(
    context: typer.Context,
    selection: str,
    tokenizer: Annotated[str, typer.Option(help="'bundled', or the folder of a model or of its tokenizer")] = "bundled",
    cutoff: Annotated[int, typer.Option(min=1, help="the most tokens of a row")] = 2048,
    packing: Annotated[bool, typer.Option("--packing", help="several rows in one sequence")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="sequences a step, over all devices")] = 16,
    epochs: Annotated[float, typer.Option(min=0.0, help="times through the rows")] = 3.0,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show what TRL, LLaMA-Factory and axolotl would cut, drop and train on, and in how many steps."""
    session = session_of(context)
    saved = load_selection(session.workspace, selection)
    path = rows_path(session.workspace, saved, tokenizer)
    if read_rows(path) is None or job is not None:
        _, dataset = opened_pair(session, saved.spec.analysis)
        words = ["trainer-preview", selection, "--tokenizer", tokenizer]
        with running(
            session.workspace, id=job, title=f"Trainer's view of {selection}", command=words, unit="samples"
        ) as me:
            _tokenise(path, dataset, list(saved.ids), tokenizer, me)
    rows = read_rows(path)
    if rows is None:
        raise GamutError(f"{path} was taken away while it was read; run the command again.")
    found = [
        treat(((row.runs, row.alternates) for row in rows), trainer=name, cutoff=cutoff, packing=packing)
        for name in RULES
    ]
    values = [asdict(each) | {"steps": each.steps(batch=batch_size, epochs=epochs)} for each in found]
    lines = [
        (v["trainer"], v["rows"], v["cut"], sum(v["dropped"].values()), v["silent"], v["tokens"], v["trained"],
         v["sequences"], v["steps"])
        for v in values
    ]  # fmt: skip
    session.say(values, table([HEAD, *lines]))


def _tokenise(path: Path, dataset, ids: list[int], tokenizer: str, me) -> None:
    from core.activations.trained_tokens import load_tokenizer, trained_rows  # transformers: only here

    loaded = load_tokenizer(tokenizer)

    def progress(done: int) -> None:
        if me.stop():
            raise JobCancelled
        me.progress(done, len(ids), "tokenising")

    def texts(token_ids) -> list[str]:
        return [str(loaded.decode([token], clean_up_tokenization_spaces=False)) for token in token_ids.tolist()]

    write_rows(path, with_tokens(trained_rows(dataset.conversations(ids), loaded, progress=progress), texts))
