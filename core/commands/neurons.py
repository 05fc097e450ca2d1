"""`neurons`: which neurons a set of samples exercises, how two sets differ, and one neuron by itself."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.activations.identity import AnalysisIdentity, identify
from core.activations.settings import AnalysisSettings
from core.commands.output import ProgressLine, Session, duration, session_of, table
from core.commands.selection import opened_pair
from core.errors import GamutError
from core.files import written_beside
from core.jobs.run import JobCancelled, running
from core.scores.heatmap import strongest_of
from core.scores.neuron_samples import ends_of, kept_words, values_of_neuron
from core.selection.neuron_again import MOST, Again, Reading, again, read_command
from core.selection.neuron_answer import SPREAD, UNITS, NeuronRow, rows_of, sentence, table_csv
from core.selection.neuron_picture import NeuronPicture, NotKept, picture
from core.selection.neuron_sides import WAYS, Asked, NeuronQuestion, parse_side, resolve
from core.store.analyses import Analysis

app = typer.Typer(
    help="Which neurons data exercises: a sample, a set, a capability, or two of them.", no_args_is_help=True
)

SideWords = Annotated[str, typer.Argument(help=WAYS)]
OtherWords = Annotated[str | None, typer.Argument(help="what A is compared with, named alike; none: A by itself")]
Site = Annotated[str, typer.Option(help="mlp (neurons) or residual (the stream after each block)")]
Equal = Annotated[
    bool, typer.Option("--equal-length/--any-length", help="compare within groups of like length, or not")
]
MODEL_MOVED = "The model {ref!r} is not the one that analysis {name!r} was made with: its files have changed."


@app.command()
def compare(
    context: typer.Context, analysis: str, a: SideWords, b: OtherWords = None, site: Site = "mlp", equal_length: Equal = True,
    unit: Annotated[str, typer.Option(help="spread (differences over each neuron's spread) or value: what ranks")] = SPREAD,
    top: Annotated[int, typer.Option(min=1, help="neurons to print")] = 20,
    csv: Annotated[Path | None, typer.Option(help="write every neuron to this file")] = None,
) -> None:  # fmt: skip
    """The neurons that A exercises most, or in which A and B differ most, beside what random groups would give."""
    session = session_of(context)
    if unit not in UNITS:
        raise GamutError(f"There is no unit {unit!r}; use one of {', '.join(UNITS)}.")
    asked = _asked(session, analysis, a, b, site, equal_length)
    try:
        found = picture(asked)
    except NotKept as error:
        words = ["neurons", "read", analysis, *read_command(asked, MOST)[3:]]  # named as it was typed
        raise GamutError(f"{error} {_cost(again(asked))}: python -m core {shlex.join(words)}") from None
    if csv is not None:
        every = [(layer, neuron) for layer, neuron in np.ndindex(found.a.shape)]
        with written_beside(csv) as out:
            for line in table_csv(found, unit, every):
                out.write(line.encode())
    _say(session, found, rows_of(found, unit, strongest_of(found.values(unit), top)))


@app.command()
def read(
    context: typer.Context, analysis: str, a: SideWords, b: OtherWords = None, site: Site = "mlp", equal_length: Equal = True,
    most: Annotated[int, typer.Option(min=0, help="samples of a side at most, drawn by seed; 0 for all")] = MOST,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:  # fmt: skip
    """Read samples again for what the store does not hold, and keep the answer beside the analysis."""
    session = session_of(context)
    asked = _asked(session, analysis, a, b, site, equal_length)
    plan = again(asked, most=most or None)
    opened = asked.sources[0].analysis
    command = read_command(asked, most)
    title = f"Neurons of {asked.question.a.words()}"
    with running(session.workspace, id=job, title=title, command=command, unit="tokens") as me:
        found = _read(plan, _identity(session, opened), me)
    _say(session, found, rows_of(found, SPREAD, strongest_of(found.values(SPREAD), 20)))


@app.command()
def one(
    context: typer.Context, analysis: str,
    neuron: Annotated[str, typer.Argument(help="LAYER.NUMBER, such as 3.217")],
    site: Site = "mlp",
    top: Annotated[int, typer.Option(min=1, help="samples at either end")] = 10,
) -> None:  # fmt: skip
    """The samples in which a neuron is highest and lowest, by its mean over their tokens."""
    session = session_of(context)
    opened, _ = opened_pair(session, analysis)
    values = values_of_neuron(opened, *parse_neuron(neuron), site=site)
    ends = {name: ids.tolist() for name, ids in zip(("highest", "lowest"), ends_of(values, top), strict=True)}
    said = {name: [{"sample": i, "mean": float(values[i])} for i in ids] for name, ids in ends.items()}
    rows = [("highest in", "mean", "lowest in", "mean")]
    for up, down in zip(said["highest"], said["lowest"], strict=True):
        rows.append((up["sample"], f"{up['mean']:.4g}", down["sample"], f"{down['mean']:.4g}"))  # type: ignore[arg-type]
    note = kept_words(opened) if site == "mlp" else ""
    session.say(said, "\n".join([table(rows), *([note] if note else [])]))


def parse_neuron(text: str) -> tuple[int, int]:
    """Layer and number out of “3.217”."""
    layer, dot, number = text.partition(".")
    if not (dot and layer.isdecimal() and number.isdecimal()):
        raise GamutError(f"{text!r} names no neuron; write LAYER.NUMBER, such as 3.217.")
    return int(layer), int(number)


def _asked(session: Session, analysis: str, a: str, b: str | None, site: str, equal_length: bool) -> Asked:
    opened, dataset = opened_pair(session, analysis)
    sides = [None if text is None else parse_side(text, dataset) for text in (a, b)]
    assert sides[0] is not None
    question = NeuronQuestion(a=sides[0], b=sides[1], site=site, equal_length=equal_length)
    return resolve(session.workspace, opened, dataset, question)


def _identity(session: Session, opened: Analysis) -> AnalysisIdentity:
    """The very model and SAE of an analysis, every layer of it; `GamutError` where the model's files have changed."""
    model, sae = (json.loads(opened.meta[kind]) for kind in ("model", "sae"))
    _, dataset = opened_pair(session, opened.id)
    settings = replace(AnalysisSettings.from_dict(opened.settings), every_layer=True)
    identity = identify(dataset, model=model["ref"], sae=sae["ref"], settings=settings)
    if identity.model.sha256 != model["sha256"]:
        raise GamutError(MODEL_MOVED.format(ref=model["ref"], name=opened.name))
    return identity


def _read(plan: Again, identity: AnalysisIdentity, me) -> NeuronPicture:
    from core.activations.analyse import Cancelled  # torch: only this command needs it
    from core.activations.neuron_pass import read_samples_again

    line, reading = ProgressLine("tokens"), Reading(plan)

    def progress(done: int, total: int, note: str) -> None:
        me.progress(done, total, note)
        line(done, total, note)

    try:
        read_samples_again(
            identity, plan.wanted(), site=plan.asked.question.site, each=reading.add, progress=progress, stop=me.stop
        )
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()
    return reading.finish()


def _cost(plan: Again) -> str:
    return (
        f"{len(plan.places)} samples, {plan.tokens} tokens, about {duration(plan.seconds)} and the loading of the model"
    )


def _say(session: Session, found: NeuronPicture, rows: list[NeuronRow]) -> None:
    values = {
        "sentence": sentence(found), "n_a": found.n_a, "n_b": found.n_b, "how": found.how, "notes": list(found.notes),
        "chance": found.chance and {"limit": found.chance.limit, "median": found.chance.middle},
        "rows": [asdict(row) for row in rows],
    }  # fmt: skip
    head = ("rank", "layer", "neuron", "mean in A", "mean in B", "difference", "in spreads", "beyond chance")
    cells = [
        (row.rank, row.layer, row.neuron, _figure(row.a), _figure(row.b), _figure(row.difference), _figure(row.spreads),
         "" if row.beyond is None else "yes" if row.beyond else "no")
        for row in rows
    ]  # fmt: skip
    session.say(values, "\n".join([sentence(found), *found.notes, "", table([head, *cells])]))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"
