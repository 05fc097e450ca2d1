"""`analyse` and `analyses …`: run the forward pass, list and show what is there."""

import sys
from typing import Annotated

import typer

from core.activations.identity import BUNDLED, AnalysisIdentity, absolute, identify, identify_all
from core.activations.pair import check_pilot
from core.activations.pilot_report import PILOT, PilotReport, pilot_path, read_actual, read_report
from core.activations.places import find_sae
from core.activations.pool_analysis import check_groups
from core.activations.refs import short_name
from core.activations.settings import AnalysisSettings
from core.cluster import LOCAL, Cluster, cluster_of, engine_words
from core.commands.engine_options import Address, Engine, Workers
from core.commands.label import make
from core.commands.layout import start_layout
from core.commands.output import ProgressLine, Session, facts, plain, session_of, table
from core.commands.pass_options import (
    Device,
    Dtype,
    ExampleBytes,
    GroupBy,
    HookOnly,
    KeepMassive,
    MaxLength,
    Model,
    Saes,
    Template,
    TrustRemoteCode,
    VectorBytes,
    known_dtype,
    pass_words,
)
from core.commands.pilot import as_values, estimate_words, fit_words, together_words
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
MOST_NAME = 57  # letters of the name of one of several, so that the beginning of an id fits behind it


def analyse(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="the data set's name")],
    model: Model = BUNDLED,
    sae: Saes = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="what to call the analysis (default: the data set's name); with several SAEs, each adds its own name"
        ),
    ] = None,
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
    engine: Engine = LOCAL,
    address: Address = None,
    workers: Workers = None,
    layout: Annotated[bool, typer.Option("--layout", help="draw the map afterwards, as a job of its own")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a data set through model and SAE, or several SAEs in one pass; run it again to go on after a stop."""
    session = session_of(context)
    cluster = cluster_of(engine, address, workers)
    dtype = known_dtype(dtype, "auto" if cluster else device)  # the devices of a cluster are not this machine's
    settings = AnalysisSettings(
        max_length=max_length, dtype=dtype, template=template, group_by=group_by,
        example_bytes=example_bytes, vector_bytes=vector_bytes,
        every_layer=not hook_only, mask_massive=not keep_massive,
    )  # fmt: skip
    model, saes = absolute(model), [absolute(each) for each in sae or [BUNDLED]]
    command = ["analyse", dataset, "--model", model, *(word for each in saes for word in ("--sae", each))]
    command += [*settings.words(), *pass_words(device, trust_remote_code)]
    command += ["--name", name] if name else []
    command += ["--part-seconds", f"{part_seconds:g}", *engine_words(cluster)]
    command += [*(["--no-pilot"] if no_pilot else []), *(["--layout"] if layout else [])]
    if job is None:
        Dataset(session.workspace, dataset)  # a misspelt name is no job
    with running(session.workspace, id=job, title=f"Analyse {dataset}", command=command, unit="tokens") as me:
        source = Dataset(session.workspace, dataset)
        check_groups(session.workspace, source, settings)
        identities = identify_all(
            source, model=model, saes=saes, settings=settings, with_pilot=not no_pilot, with_code=trust_remote_code
        )
        if cluster:  # where no pilot is run
            _refuse_unpiloted(session, identities)
        named = _named(session, name, identities)
        there = {each.id for each in identities if (session.workspace.analyses / each.id).exists()}
        where = {"device": device, "trust": trust_remote_code}
        made = _run(session, source, named, part_seconds, not no_pilot, me, where, cluster)
    for analysis in made if layout else ():
        if analysis.id not in there:
            start_layout(session.workspace, analysis)
    _say(session, made, there)


def _say(session: Session, made: list[Analysis], there: set[str]) -> None:
    values = [{"id": each.id, "name": each.name, "samples": each.n_samples} for each in made]
    lines = [f"{each.name} ({each.id}): {'was there already' if each.id in there else 'done'}" for each in made]
    lines += [f"{each.name}: {each.replanned.sentence}" for each in made if each.replanned]
    session.say(values if len(values) > 1 else values[0], "\n".join(lines))


def _refuse_unpiloted(session: Session, identities: list[AnalysisIdentity]) -> None:
    """What only a pilot can justify needs one that was run before."""
    for each in identities:
        if read_report(pilot_path(session.workspace, each.id)) is None:
            assert each.facts is not None
            check_pilot(each.facts, find_sae(each.sae.ref).facts, with_pilot=False)


def _run(
    session: Session, source: Dataset, named: list[tuple[AnalysisIdentity, str]], part_seconds: float,
    with_pilot: bool, me: RunningJob, where: dict, cluster: Cluster | None,
) -> list[Analysis]:  # fmt: skip
    from core.activations.analyse import Cancelled, Wanted  # torch: only this command needs it
    from core.activations.measured import analyse_measured

    line = ProgressLine("tokens")
    reports: list[PilotReport] = []

    def progress(done: int, total: int, note: str, rows: int = 0) -> None:
        me.progress(done, total, note, rows)
        line(done, total, note)

    def tell(report: PilotReport) -> None:
        line.end()
        reports.append(report)
        whose = f"SAE {report.sae}\n" if len(named) > 1 else ""
        print(f"{whose}{report.fit.verdict}\n{estimate_words(report)}", file=sys.stderr)

    def say(sentence: str) -> None:
        line.end()
        print(f"{sentence}{'' if cluster else together_words(reports)}", file=sys.stderr)

    try:
        folders = analyse_measured(
            session.workspace, source, [Wanted(*each) for each in named], progress=progress, stop=me.stop,
            part_seconds=part_seconds, with_pilot=with_pilot, tell=tell, say=say, where=where, cluster=cluster,
        )  # fmt: skip
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()
    return [Analysis(folder) for folder in folders]


def _named(
    session: Session, name: str | None, identities: list[AnalysisIdentity]
) -> list[tuple[AnalysisIdentity, str]]:
    """Each analysis with its name: of several, the name asked for (or the data set's) and that of its SAE."""
    if len(identities) == 1:
        return [(identities[0], _free_name(session, name, identities[0]))]
    stem = check_name(name or identities[0].dataset, of="analysis")
    found: dict[str, AnalysisIdentity] = {}
    for each in identities:
        wanted = free_name(session.workspace, f"{stem}-{short_name(each.sae.ref)}"[:MOST_NAME], id=each.id)
        found[f"{wanted}-{each.id[:6]}" if wanted in found else wanted] = each
    return [(each, called) for called, each in found.items()]


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


def made_how(analysis: Analysis) -> dict[str, object]:
    """What JSON says of an analysis that was not made alone or as planned."""
    replanned = {"replanned": plain(analysis.replanned)} if analysis.replanned else {}
    return {**replanned, **({"read_with": analysis.read_with} if analysis.read_with else {})}


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
                f"Analysis {opened.id} holds {now} but was finished with {opened.content_hash}: it is damaged; "
                f"remove its folder {opened.folder} and analyse the data set again."
            )
        if opened.replanned:
            print(opened.replanned.sentence, file=sys.stderr)
        session.say({"content_hash": now, **({"replanned": True} if opened.replanned else {})}, now)
        return
    shown = overview(opened)
    report, actual = read_report(opened.folder / PILOT), read_actual(opened.folder)
    values, words = vars(shown), facts({key.replace("_", " "): value for key, value in vars(shown).items()})
    if opened.replanned:
        words = f"{opened.replanned.sentence}\n\n{words}"
    if opened.read_with:
        words += f"\n\nMade in one run with {', '.join(opened.read_with)}: time and memory are those of all."
    if report is not None:
        words += f"\n\n{fit_words(report.fit)}\n\n{estimate_words(report, actual)}"
    session.say({**values, **made_how(opened), "pilot": as_values(report, actual) if report else None}, words)
