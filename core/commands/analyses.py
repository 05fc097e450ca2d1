"""`analyse` and `analyses …`: run the forward pass, list and show what is there."""

import sys
from typing import Annotated

import typer

from core.activations.identity import BUNDLED, AnalysisIdentity, absolute, identify
from core.activations.pilot_report import PILOT, PilotReport, read_actual, read_report
from core.activations.pool_analysis import check_groups
from core.activations.settings import AnalysisSettings
from core.commands.label import make
from core.commands.layout import start_layout
from core.commands.output import ProgressLine, Session, facts, session_of, table
from core.commands.pass_options import (
    Device,
    Dtype,
    ExampleBytes,
    GroupBy,
    HookOnly,
    KeepMassive,
    MaxLength,
    Model,
    Sae,
    Template,
    TrustRemoteCode,
    VectorBytes,
    known_dtype,
    pass_words,
)
from core.commands.pilot import as_values, estimate_words, fit_words
from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob, running
from core.scores.labels.make import offline_there
from core.scores.overview import overview
from core.store.analyses import Analysis, all_analyses, free_name, open_analysis
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import DEMO_FILE, check_name

app = typer.Typer(help="Finished analyses.", no_args_is_help=True)
DEMO = "demo"


def analyse(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="the data set's name")],
    model: Model = BUNDLED,
    sae: Sae = BUNDLED,
    name: Annotated[str | None, typer.Option(help="what to call the analysis (default: the data set's name)")] = None,
    max_length: MaxLength = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    template: Template = "auto",
    trust_remote_code: TrustRemoteCode = False,
    group_by: GroupBy = None,
    example_bytes: ExampleBytes = Budgets.examples,
    vector_bytes: VectorBytes = Budgets.vectors,
    hook_only: HookOnly = False,
    keep_massive: KeepMassive = False,
    part_seconds: Annotated[
        float, typer.Option(help="seconds between two saved parts: what a kill can cost", min=0.0)
    ] = 30.0,
    no_pilot: Annotated[bool, typer.Option("--no-pilot", help="start without trying it on a sample first")] = False,
    layout: Annotated[bool, typer.Option("--layout", help="draw the map afterwards, as a job of its own")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a data set through model and SAE; run it again to go on after a stop."""
    session = session_of(context)
    settings = AnalysisSettings(
        max_length=max_length, dtype=known_dtype(dtype, device), template=template, group_by=group_by,
        example_bytes=example_bytes, vector_bytes=vector_bytes,
        every_layer=not hook_only, mask_massive=not keep_massive,
    )  # fmt: skip
    model, sae = absolute(model), absolute(sae)
    command = [
        "analyse",
        dataset,
        "--model",
        model,
        "--sae",
        sae,
        *settings.words(),
        *pass_words(device, trust_remote_code),
    ]
    command += ["--name", name] if name else []
    command += ["--part-seconds", f"{part_seconds:g}"]
    command += [*(["--no-pilot"] if no_pilot else []), *(["--layout"] if layout else [])]
    if job is None:
        Dataset(session.workspace, dataset)  # a misspelt name is no job
    with running(session.workspace, id=job, title=f"Analyse {dataset}", command=command, unit="tokens") as me:
        source = Dataset(session.workspace, dataset)
        identity = identify(
            source, model=model, sae=sae, settings=settings, with_pilot=not no_pilot, with_code=trust_remote_code
        )
        check_groups(session.workspace, source, settings)
        there = (session.workspace.analyses / identity.id).exists()
        where = {"device": device, "trust": trust_remote_code}
        analysis = _run(session, source, identity, name, part_seconds, not no_pilot, me, where)
    if layout and not there:
        start_layout(session.workspace, analysis)
    said = "was there already" if there else "done"
    session.say(
        {"id": analysis.id, "name": analysis.name, "samples": analysis.n_samples},
        f"{analysis.name} ({analysis.id}): {said}",
    )


def _run(
    session: Session, source: Dataset, identity: AnalysisIdentity, name: str | None, part_seconds: float,
    with_pilot: bool, me: RunningJob, where: dict,
) -> Analysis:  # fmt: skip
    from core.activations.analyse import Cancelled  # torch: only this command needs it
    from core.activations.measured import analyse_measured

    chosen = _free_name(session, name, identity)
    line = ProgressLine("tokens")

    def progress(done: int, total: int, note: str, rows: int = 0) -> None:
        me.progress(done, total, note, rows)
        line(done, total, note)

    def tell(report: PilotReport) -> None:
        line.end()
        print(f"{report.fit.verdict}\n{estimate_words(report)}", file=sys.stderr)

    try:
        folder = analyse_measured(
            session.workspace, source, identity, name=chosen, progress=progress, stop=me.stop,
            part_seconds=part_seconds, with_pilot=with_pilot, tell=tell, where=where,
        )  # fmt: skip
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()
    return Analysis(folder)


def _free_name(session: Session, name: str | None, identity: AnalysisIdentity) -> str:
    """The name asked for, or the data set's, made unlike the names of other analyses."""
    if (session.workspace.analyses / identity.id).exists():
        return identity.id  # finished already: it keeps the name it has
    wanted = check_name(name or identity.dataset, of="analysis")
    free = free_name(session.workspace, wanted, id=identity.id)
    if name and free != name:
        raise GamutError(f"There is another analysis called {name!r}; choose another name.")
    return free


def demo(context: typer.Context, job: Annotated[str | None, typer.Option(hidden=True)] = None) -> None:
    """Import, analyse and label the demo that ships with the project; does nothing where that is done."""
    session = session_of(context)
    if not (session.workspace.datasets / DEMO).exists():
        import_dataset(session.workspace, DEMO_FILE, name=DEMO)
    identity = identify(Dataset(session.workspace, DEMO), model=BUNDLED, sae=BUNDLED, settings=AnalysisSettings())
    if not (session.workspace.analyses / identity.id).exists() or job is not None:
        print("Analysing the demo data set; this happens once.", file=sys.stderr)
        analyse(context, DEMO, dtype="float32", job=job)  # the same analysis whatever the machine
    if not offline_there(open_analysis(session.workspace, identity.id)):
        make(context, identity.id)


@app.command("list")
def list_analyses(context: typer.Context) -> None:
    """List all finished analyses."""
    session = session_of(context)
    found, damaged = all_analyses(session.workspace)
    for sentence in damaged:
        print(sentence, file=sys.stderr)
    rows = [("name", "id", "data set", "samples", "finished")]
    rows += [(a.name, a.id, a.dataset, str(a.n_samples), a.meta["finished"]) for a in found]
    values = [{"name": a.name, "id": a.id, "dataset": a.dataset, "samples": a.n_samples} for a in found]
    session.say(values, table(rows) if found else "No analyses yet: python -m core analyse DATASET")


@app.command()
def show(
    context: typer.Context,
    analysis: str,
    hash: Annotated[bool, typer.Option("--hash", help="recompute the content hash and print only that")] = False,
) -> None:
    """Show what is known of an analysis."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    if hash:
        now = opened.recompute_hash()
        if now != opened.content_hash:
            raise GamutError(
                f"Analysis {opened.id} holds {now} but was finished with {opened.content_hash}: it is damaged."
            )
        session.say({"content_hash": now}, now)
        return
    shown = overview(opened)
    report, actual = read_report(opened.folder / PILOT), read_actual(opened.folder)
    values, words = vars(shown), facts({key.replace("_", " "): value for key, value in vars(shown).items()})
    if report is not None:
        words += f"\n\n{fit_words(report.fit)}\n\n{estimate_words(report, actual)}"
    session.say({**values, "pilot": as_values(report, actual) if report else None}, words)
