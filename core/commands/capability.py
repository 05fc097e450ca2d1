"""`capability`: learn the directions of a capability, list what there is, and score a pool by it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as replace_in
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.activations.cancelled import Cancelled
from core.commands import capability_reports
from core.commands.constraint_options import filter_of
from core.commands.output import ProgressLine, duration, facts, plain, session_of, table
from core.errors import GamutError
from core.jobs.run import JobCancelled, RunningJob, running
from core.numbers import PLAIN, whole
from core.scores.alignment import POOLINGS, PRINCIPAL, AlignmentSettings, projections
from core.scores.alignment_summary import summary
from core.scores.capability import Capability, all_capabilities, capability_names, load_capability, save_capability
from core.scores.capability_files import remove_capability, rename_capability, take_in
from core.scores.capability_quality import FIGURES, at_a_glance, quality_words
from core.scores.capability_source import CapabilitySource
from core.scores.directions import FEWEST
from core.scores.learn_capability import RANDOM_SETS, learn_capability, learn_words
from core.scores.project import ProjectionEstimate, estimate_projection, project_words
from core.scores.project import project as project_pool
from core.scores.readings import reading_name
from core.selection.capability_in_use import refuse_in_use
from core.store.analyses import open_analysis
from core.store.sample_filter import SampleFilter
from core.workspace import check_name

app = typer.Typer(
    help="Learn directions of a capability from a few samples, and score data by them.", no_args_is_help=True
)
app.command()(capability_reports.readings)
app.command()(capability_reports.together)
app.command("find")(capability_reports.find_rows)
Site = Annotated[str, typer.Option(help="mlp (neurons) or residual (the stream after each block)")]


@app.command()
def learn(
    context: typer.Context,
    name: str,
    analysis: Annotated[str, typer.Option(help="the analysis whose model is asked; its data set gives random samples")],
    files: Annotated[list[Path] | None, typer.Argument(help="files with samples of the capability")] = None,
    from_dataset: Annotated[str | None, typer.Option("--from", help="take samples of this imported data set")] = None,
    column: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE of --from; may be repeated")] = None,
    ids: Annotated[str | None, typer.Option(help="sample ids of --from, with commas")] = None,
    only: Annotated[str | None, typer.Option(help="only samples of --from that a filter lets through, as JSON")] = None,
    map: Annotated[list[str] | None, typer.Option(help="ROLE=TEMPLATE with {column} in braces; may be repeated")] = None,
    records: Annotated[str | None, typer.Option(help="where the rows lie inside nested records: a[].b[]")] = None,
    strip: Annotated[str, typer.Option(help="a pattern to take out of every text, such as '<<[^>]*>>'")] = "",
    samples_at_most: Annotated[int | None, typer.Option("--samples", min=FEWEST, help="take a seeded draw of so many")] = None,
    seed: Annotated[int, typer.Option(min=0, help="decides the draw, the halves and the random sets")] = 0,
    random_sets: Annotated[int, typer.Option(min=0, max=50, help="sets of random samples to stand beside it")] = RANDOM_SETS,
    stored: Annotated[
        bool, typer.Option("--stored", help="without a pass, of the residual stream only, from samples of the analysis itself")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="replace a capability of this name")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:  # fmt: skip
    """Learn the directions of a capability from files, or from a category or chosen samples of a data set."""
    session = session_of(context)
    check_name(name, of="capability")
    if name in capability_names(session.workspace):
        if not replace:
            raise GamutError(f"There is a capability {name!r} already; choose another name or say --replace.")
        refuse_in_use(session.workspace, name, "replaced")
    opened = open_analysis(session.workspace, analysis)
    source = CapabilitySource(
        files=tuple(files or ()), map=tuple(map or ()), records=records, dataset=from_dataset or "",
        only=_filter(column or [], ids, only), strip=strip, at_most=samples_at_most, seed=seed,
    )  # fmt: skip
    command = learn_words(name, analysis=opened, source=source, random_sets=random_sets, stored=stored, replace=True)
    with running(session.workspace, id=job, title=f"Learn {name}", command=command, unit="tokens") as me:
        with told(me) as progress:
            learned = learn_capability(
                session.workspace, name, analysis=opened, source=source, random_sets=random_sets, stored=stored,
                progress=progress, stop=me.stop,
            )  # fmt: skip
        saved = save_capability(session.workspace, learned, replace=replace)
    session.say(_values(saved), _words(saved))


@contextmanager
def told(me: RunningJob) -> Iterator[Callable[[int, int, str], None]]:
    """The progress of a job that reads a model, told to the job and on the line; a wish to stop ends the job."""
    line = ProgressLine("tokens")

    def progress(done: int, total: int, note: str) -> None:
        me.progress(done, total, note)
        line(done, total, note)

    try:
        yield progress
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()


@app.command("list")
def list_capabilities(context: typer.Context) -> None:
    """List the capabilities of the workspace, and the files among them that cannot be read."""
    session = session_of(context)
    found, damaged = all_capabilities(session.workspace)
    rows = [("name", "samples", "layers", "stability", "random", "model", "created")]
    for one in found:
        quality = next(iter(one.quality.values()))
        stable = at_a_glance(quality)[FIGURES.index("stability")]
        random = "–" if stable.high is None else f"{stable.low:.2f}–{stable.high:.2f}"
        rows.append((one.name, str(one.learned.samples), str(quality.layers), f"{stable.own:.2f}", random, one.learned.model,
                     one.learned.created))  # fmt: skip
    words = table(rows) if found else "No capabilities yet: python -m core capability learn NAME FILE --analysis A"
    if damaged:
        words = "\n".join([words, "", f"Cannot be read: {len(damaged)}.", *damaged.values()])
    unread = [{"name": name, "unreadable": why} for name, why in damaged.items()]
    session.say([*(_values(one) for one in found), *unread], words)


@app.command()
def show(context: typer.Context, name: str) -> None:
    """How good the directions of a capability are, layer by layer, beside those of random samples."""
    session = session_of(context)
    one = load_capability(session.workspace, name)
    session.say(_values(one), _words(one))


@app.command("open")
def open_file(
    context: typer.Context,
    file: Path,
    name: Annotated[str | None, typer.Option(help="what to call it here (default: as the file)")] = None,
) -> None:
    """Take in a capability that was learned elsewhere."""
    session = session_of(context)
    found = take_in(session.workspace, file, name=name or "")
    session.say(
        {"name": found.name}, f"{found.name}: {found.learned.samples} samples, learned on {found.learned.model}"
    )


@app.command()
def rename(context: typer.Context, name: str, to: str) -> None:
    """Give a capability another name; refused while a saved selection calls it by the old one."""
    session = session_of(context)
    refuse_in_use(session.workspace, name, "renamed")
    found = rename_capability(session.workspace, name, to)
    session.say({"name": found.name}, f"{name} is called {found.name} now.")


@app.command()
def remove(context: typer.Context, name: str) -> None:
    """Remove a capability; refused while a saved selection was chosen by it."""
    session = session_of(context)
    refuse_in_use(session.workspace, name, "removed")
    remove_capability(session.workspace, name)
    session.say({"removed": name}, f"{name} is removed.")


@app.command()
def project(
    context: typer.Context,
    names: list[str],
    analysis: Annotated[str, typer.Option(help="the analysis whose samples are read again")],
    estimate: Annotated[bool, typer.Option("--estimate", help="only tell what it would cost")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Read an analysis' samples again for scores that it cannot tell from what it keeps, and keep only these."""
    session = session_of(context)
    opened = open_analysis(session.workspace, analysis)
    found = [load_capability(session.workspace, name) for name in dict.fromkeys(names)]
    told_cost = estimate_projection(session.workspace, opened, found)
    if estimate:
        session.say(told_cost, _cost_words(told_cost))
        return
    command = project_words([one.name for one in found], opened)
    title = f"Project {', '.join(one.name for one in found)}"
    with running(session.workspace, id=job, title=title, command=command, unit="tokens") as me, told(me) as progress:
        made = project_pool(session.workspace, opened, found, progress=progress, stop=me.stop)
    session.say({"made": made}, f"{made} readings can be scored now." if made else "Nothing waits for a pass.")


@app.command()
def scores(
    context: typer.Context,
    name: str,
    analysis: Annotated[str, typer.Option(help="the analysis whose samples are scored")],
    rule: Annotated[
        str,
        typer.Option(help="principal (NAIT), or a control beside it: difference of means, cosine at the last layer"),
    ] = PRINCIPAL,
    site: Site = "mlp",
    pooling: Annotated[str, typer.Option(help=" or ".join(POOLINGS))] = "mean",
    by_change: Annotated[bool, typer.Option("--by-change", help="the sign that the mean change gives")] = False,
    layer_z: Annotated[bool, typer.Option("--layer-z", help="every layer on one scale")] = False,
    length_z: Annotated[bool, typer.Option("--length-z", help="compare a sample with others of like length")] = False,
    top: Annotated[int, typer.Option(min=1, help="how many to list")] = 20,
) -> None:
    """Score every sample of an analysis by how far it points along a capability."""
    session = session_of(context)
    opened, one = open_analysis(session.workspace, analysis), load_capability(session.workspace, name)
    settings = AlignmentSettings(
        rule=rule, site=site, pooling=pooling, by_change=by_change, layer_z=layer_z, length_z=length_z
    )
    found = summary(projections(opened, one, settings), opened.counts.scored_tokens, settings)
    rows = [("sample", "score"), *((str(i), f"{found.scores[i]:.4g}") for i in found.highest(top).tolist())]
    told = ", ".join(f"{layer}: {share:.0%}" for layer, share in enumerate(found.shares.tolist()))
    session.say(
        {"scores": found.scores.tolist(), "layer_shares": found.shares.tolist()},
        f"{table(rows)}\n\nShare of each layer in the variance of the score: {told}",
    )


def _cost_words(cost: ProjectionEstimate) -> str:
    if not cost.readings:
        return "Nothing waits for a pass: everything can be scored from what is kept."
    return facts({
        "tokens to read": whole(cost.tokens, PLAIN),
        "time": "not known: nothing was read by this model here" if cost.seconds is None else f"about {duration(cost.seconds)}",
        "kept on disk, at most": f"{cost.disk_bytes / 1e6:.1f} MB",
        "readings": "; ".join(f"{name}: {reading_name(settings)}" for name, settings in cost.readings),
    })  # fmt: skip


def _filter(column: list[str], ids: str | None, only: str | None) -> SampleFilter:
    pairs = [word.partition("=") for word in column]
    if bad := [word for word, (_, equals, _) in zip(column, pairs, strict=True) if not equals]:
        raise GamutError(f"{bad[0]!r} is not of the form COLUMN=VALUE.")
    try:
        numbers = tuple(int(number) for number in ids.split(",")) if ids else None
    except ValueError:
        raise GamutError(f"{ids!r} are not sample ids: give whole numbers, with commas.") from None
    wanted = filter_of(only)
    columns = (*wanted.columns, *((name, value) for name, _, value in pairs))
    return replace_in(wanted, columns=columns, ids=numbers or wanted.ids)


def _values(one: Capability) -> dict[str, Any]:
    sites = {
        site: {
            "sizes": found.sizes.tolist(),
            "glance": plain(at_a_glance(found)),
            **{
                name: {"own": found.figure(name).tolist(), "random": found.of_random(name).tolist(),
                       "by_size": found.by_size[at].tolist()}
                for at, name in enumerate(FIGURES)
            },
        }
        for site, found in one.quality.items()
    }  # fmt: skip
    return {"name": one.name, "sha256": one.sha256, "learned": vars(one.learned), "sites": sites}


def _words(one: Capability) -> str:
    said = one.learned
    head = facts({
        "capability": one.name, "samples": said.samples, "left out": said.left_out, "model": said.model,
        "random samples": said.null or "none", "sha256": one.sha256,
    })  # fmt: skip
    return "\n\n".join([head, *(_site_words(one, site) for site in one.directions)])


def _site_words(one: Capability, site: str) -> str:
    """The figures of a site: at a glance, by layer beside random sets, and by number of samples."""
    found = one.quality[site]
    rows = [(site, *(word for name in FIGURES for word in (name, "random")))]
    for layer in range(found.layers):
        cells = [f"layer {layer}"]
        for name in FIGURES:
            cells += [f"{found.figure(name)[layer]:.2f}", _range(found.of_random(name)[:, layer])]
        rows.append(tuple(cells))
    curve = [("samples", *(f"{name} (range)" for name in FIGURES))]
    drawn = [found.curve(name) for name in FIGURES]
    for at, size in enumerate(found.sizes.tolist()):
        curve.append((size, *(f"{mid[at]:.2f} ({low[at]:.2f}–{high[at]:.2f})" for _, mid, low, high in drawn)))
    return "\n\n".join([quality_words(found), table(rows), table(curve)])


def _range(values: np.ndarray) -> str:
    return f"{values.min():.2f}–{values.max():.2f}" if len(values) else "–"
