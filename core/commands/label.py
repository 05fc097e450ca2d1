"""`label`: say what features are about, in words from the data, from elsewhere, or by a language model."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from core.commands.label_job import dataset_of, endpoint_words, imported_words, stoppable
from core.commands.output import session_of
from core.errors import GamutError
from core.jobs.run import running
from core.scores.labels.ask import what_to_ask
from core.scores.labels.endpoint import Endpoint
from core.scores.labels.judge import judge, prepare
from core.scores.labels.llm import write_with
from core.scores.labels.make import everything_there, label_and_measure
from core.scores.labels.measure_texts import corpus_of, free_texts
from core.scores.labels.neuronpedia import fetch_explanations, import_explanations, neuronpedia_id
from core.scores.labels.prompts import sum_of
from core.store.analyses import all_analyses, open_analysis

Job = Annotated[str | None, typer.Option(hidden=True)]


class Group(TyperGroup):
    """A group whose first word may be an analysis at once: `label mine` is `label make mine`."""

    def parse_args(self, ctx, args):
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(help="What features are about, in words: label ANALYSIS.", no_args_is_help=True, cls=Group)


@app.command()
def make(context: typer.Context, analysis: str, job: Job = None) -> None:
    """Label every live feature from the data itself, and measure how far each label holds on held-out samples."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    there = everything_there(session.workspace, opened)
    if not there or job is not None:
        title, command = f"Labels of {opened.name}", ["label", "make", opened.id]
        with running(session.workspace, id=job, title=title, command=command, unit="features") as me:
            dataset = dataset_of(session.workspace, opened)
            label_and_measure(session.workspace, opened, dataset, progress=stoppable(me))
    session.say({"analysis": opened.id}, f"Labels of {opened.name}: {'were there already' if there else 'done'}")


@app.command("import")
def import_labels(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="a batch-N.jsonl.gz of Neuronpedia, or a folder of them")],
    analysis: Annotated[str | None, typer.Option(help="an analysis with the SAE that they explain")] = None,
) -> None:
    """Import explanations that Neuronpedia exports; they serve every analysis with the same SAE."""
    session = session_of(context)
    if analysis is None:
        names = [found.name for found in all_analyses(session.workspace)[0]]
        if len(names) != 1:
            raise GamutError(f"Say which SAE they explain: --analysis NAME, one of {', '.join(names) or 'none yet'}.")
        analysis = names[0]
    opened = open_analysis(session.workspace, analysis)
    told = import_explanations(session.workspace, opened, path)
    session.say(imported_words(told), f"{told.words()} To measure them: label {opened.name}")


@app.command()
def fetch(
    context: typer.Context,
    analysis: str,
    id: Annotated[
        str | None, typer.Option(help="the SAE's id at Neuronpedia (default: what its cfg.json says)")
    ] = None,
    job: Job = None,
) -> None:
    """Fetch the explanations that Neuronpedia has of an SAE, import and measure them: the one command that goes out for it."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    source = id or neuronpedia_id(opened)
    if source is None:
        raise GamutError(f"The SAE of {opened.name!r} names no id of Neuronpedia; give --id MODEL/SOURCE.")
    title, command = f"Fetch labels of {source}", ["label", "fetch", opened.id, "--id", source]
    with running(session.workspace, id=job, title=title, command=command, unit="features") as me:
        progress = stoppable(me)
        with tempfile.TemporaryDirectory() as folder:
            fetch_explanations(source, Path(folder), progress=progress)
            told = import_explanations(session.workspace, opened, Path(folder))
        label_and_measure(session.workspace, opened, dataset_of(session.workspace, opened), progress=progress)
    session.say(imported_words(told), told.words())


@app.command()
def write(
    context: typer.Context,
    analysis: str,
    most: Annotated[int, typer.Option(help="how many features, those of most samples first", min=1)] = 100,
    price_in: Annotated[float, typer.Option(help="price of a million tokens read", min=0)] = 0.0,
    price_out: Annotated[float, typer.Option(help="price of a million tokens written", min=0)] = 0.0,
    at_once: Annotated[int, typer.Option(help="questions under way together", min=1, max=64)] = 4,
    yes: Annotated[bool, typer.Option("--yes", help="ask at once, without telling the cost first")] = False,
    job: Job = None,
) -> None:
    """Let a language model write labels; without --yes only tells what it would cost. Run it again to go on."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    endpoint = Endpoint.of_environment()
    dataset = dataset_of(session.workspace, opened)
    question = what_to_ask(opened, dataset, endpoint.model, most)
    if not yes:
        session.say(*endpoint_words(question.cost, endpoint.model, price_in, price_out))
        return
    title = f"Labels of {opened.name} by {endpoint.model}"
    command = ["label", "write", opened.id, "--most", str(most), "--at-once", str(at_once), "--yes"]
    with running(session.workspace, id=job, title=title, command=command, unit="features") as me:
        progress = stoppable(me)
        told = write_with(
            opened, question.corpus, endpoint, question.features, progress=progress, at_once=at_once
        )  # fmt: skip
        label_and_measure(session.workspace, opened, dataset, progress=progress)
    values = {"new": told.new, "labels": told.labels, "failed": told.failed}
    session.say(values, told.words())


@app.command("judge")
def judge_labels(
    context: typer.Context,
    analysis: str,
    most: Annotated[int, typer.Option(help="how many features, the commonest first", min=1)] = 100,
    price_in: Annotated[float, typer.Option(help="price of a million tokens read", min=0)] = 0.0,
    price_out: Annotated[float, typer.Option(help="price of a million tokens written", min=0)] = 0.0,
    at_once: Annotated[int, typer.Option(help="questions under way together", min=1, max=64)] = 4,
    yes: Annotated[bool, typer.Option("--yes", help="ask at once, without telling the cost first")] = False,
    job: Job = None,
) -> None:
    """Let a language model judge free-text labels by yes or no on held-out contexts; without --yes only tells the cost."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    endpoint = Endpoint.of_environment()
    texts = free_texts(session.workspace, opened)
    corpus = corpus_of(opened, dataset_of(session.workspace, opened))
    trials = [prepare(opened, corpus, path, endpoint.model, most=most) for path in texts]
    if not yes:
        session.say(*endpoint_words(sum_of(trial.cost for trial in trials), endpoint.model, price_in, price_out))
        return
    title = f"Judge labels of {opened.name} by {endpoint.model}"
    command = ["label", "judge", opened.id, "--most", str(most), "--at-once", str(at_once), "--yes"]
    with running(session.workspace, id=job, title=title, command=command, unit="questions") as me:
        progress = stoppable(me)
        judged = sum(judge(opened, trial, endpoint, progress=progress, at_once=at_once) for trial in trials)
    too_few = sum(trial.too_few for trial in trials)
    said = f"{judged} labels judged; {too_few} have fewer than 30 held-out contexts of either kind"
    session.say({"judged": judged, "too_few": too_few}, said)
