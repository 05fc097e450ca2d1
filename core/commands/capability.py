"""`capability`: learn the directions of a capability, list what there is, and score a pool by it."""

import json
import re
import shutil
from dataclasses import replace as replace_in
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.activations.identity import AnalysisIdentity, identify
from core.activations.settings import AnalysisSettings
from core.commands.output import ProgressLine, Session, facts, session_of, table
from core.datasets.options import ImportOptions, read_map_words
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.datasets.sample import Turn
from core.errors import GamutError
from core.jobs.run import JobCancelled, running
from core.scores.alignment import PRINCIPAL, AlignmentSettings, layer_shares, projections, scores_of
from core.scores.capability import (
    Capability,
    Learned,
    capability_names,
    load_capability,
    read_capability,
    save_capability,
)
from core.scores.coverage import seeded_order
from core.scores.directions import FEWEST, Directions, learn_directions
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset, dataset_with_hash
from core.store.sample_filter import SampleFilter, matching
from core.workspace import check_name

app = typer.Typer(
    help="Learn directions of a capability from a few samples, and score data by them.", no_args_is_help=True
)
Conversations = list[tuple[Turn, ...]]
Site = Annotated[str, typer.Option(help="mlp (neurons) or residual (the stream after each block)")]


@app.command()
def learn(
    context: typer.Context,
    name: str,
    files: Annotated[list[Path] | None, typer.Argument(help="files with samples of the capability")] = None,
    analysis: Annotated[str, typer.Option(help="the analysis whose model is asked; its data set gives random samples")] = "",
    from_dataset: Annotated[str | None, typer.Option("--from", help="take samples of this imported data set")] = None,
    column: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE of --from; may be repeated")] = None,
    ids: Annotated[str | None, typer.Option(help="sample ids of --from, with commas")] = None,
    map: Annotated[list[str] | None, typer.Option(help="ROLE=TEMPLATE with {column} in braces; may be repeated")] = None,
    records: Annotated[str | None, typer.Option(help="where the rows lie inside nested records: a[].b[]")] = None,
    strip: Annotated[str | None, typer.Option(help="a pattern to take out of every text, such as '<<[^>]*>>'")] = None,
    samples_at_most: Annotated[int | None, typer.Option("--samples", min=FEWEST, help="take a seeded draw of so many")] = None,
    seed: Annotated[int, typer.Option(min=0, help="decides the draw and the halves")] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="replace a capability of this name")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:  # fmt: skip
    """Learn the directions of a capability from files, or from samples of an imported data set."""
    session = session_of(context)
    check_name(name, of="capability")
    if name in capability_names(session.workspace) and not replace:
        raise GamutError(f"There is a capability {name!r} already; choose another name or say --replace.")
    opened = open_analysis(session.workspace, analysis)
    pool = dataset_with_hash(session.workspace, opened.dataset_hash, name=opened.dataset)
    if pool is None:
        raise GamutError(f"The data set {opened.dataset!r} of analysis {opened.name!r} is not here; add it again.")
    options = ImportOptions(map=read_map_words(map or []), records=records)
    own, sources = _gathered(session, files or [], options, from_dataset, column or [], ids)
    order = seeded_order(len(own), seed)[: samples_at_most or len(own)]
    own = _stripped([own[i] for i in sorted(order.tolist())], strip)
    null = [turns for _, turns in pool.conversations(sorted(seeded_order(len(pool), seed)[: len(own)].tolist()))]
    identity = _identity(opened, pool)
    command = ["capability", "learn", name, *map_words(files, opened, from_dataset, column, ids, map, records, strip)]
    command += ["--samples", str(samples_at_most)] if samples_at_most else []
    command += ["--seed", str(seed), "--replace"]
    with running(session.workspace, id=job, title=f"Learn {name}", command=command, unit="tokens") as me:
        learned = _learn(identity, own, null, name, opened, sources, seed, me)
    saved = save_capability(session.workspace, learned, replace=replace)
    session.say(_values(saved), _words(saved))


def map_words(files, opened, from_dataset, column, ids, map, records, strip) -> list[str]:
    """The options of `learn` as typed, so that the job can be started again."""
    words = [str(path.resolve()) for path in files or []] + ["--analysis", opened.id]
    words += ["--from", from_dataset] if from_dataset else []
    words += [word for each in column or [] for word in ("--column", each)]
    words += ["--ids", ids] if ids else []
    words += [word for each in map or [] for word in ("--map", each)]
    words += ["--records", records] if records else []
    return words + (["--strip", strip] if strip else [])


@app.command("list")
def list_capabilities(context: typer.Context) -> None:
    """List the capabilities of the workspace."""
    session = session_of(context)
    found = [load_capability(session.workspace, name) for name in capability_names(session.workspace)]
    rows = [("name", "samples", "layers", "model", "created")]
    rows += [
        (one.name, str(one.learned.samples), str(len(next(iter(one.directions.values())).vectors)), one.learned.model,
         one.learned.created)
        for one in found
    ]  # fmt: skip
    words = table(rows) if found else "No capabilities yet: python -m core capability learn NAME FILE --analysis A"
    session.say([_values(one) for one in found], words)


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
    found = read_capability(file)
    to = session.workspace.capabilities / f"{check_name(name or file.stem, of='capability')}.safetensors"
    if to.exists():
        raise GamutError(f"There is a capability {to.stem!r} already; choose another name with --name.")
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f".{to.name}.tmp")
    shutil.copyfile(file, beside)
    beside.replace(to)
    session.say({"name": to.stem}, f"{to.stem}: {found.learned.samples} samples, learned on {found.learned.model}")


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
    pooling: Annotated[str, typer.Option(help="mean, or of the residual also last and delta")] = "mean",
    layer_z: Annotated[bool, typer.Option("--layer-z", help="every layer on one scale")] = False,
    length_z: Annotated[bool, typer.Option("--length-z", help="compare a sample with others of like length")] = False,
    top: Annotated[int, typer.Option(min=1, help="how many to list")] = 20,
) -> None:
    """Score every sample of an analysis by how far it points along a capability."""
    session = session_of(context)
    opened, one = open_analysis(session.workspace, analysis), load_capability(session.workspace, name)
    settings = AlignmentSettings(rule=rule, site=site, pooling=pooling, layer_z=layer_z, length_z=length_z)
    projected = projections(opened, one, settings)
    score = scores_of(projected, opened.counts.scored_tokens, settings)
    best = np.argsort(-score, kind="stable")[:top]
    shares = layer_shares(projected)
    rows = [("sample", "score"), *((str(i), f"{score[i]:.4g}") for i in best.tolist())]
    told = ", ".join(f"{layer}: {share:.0%}" for layer, share in enumerate(shares.tolist()))
    session.say(
        {"scores": score.tolist(), "layer_shares": shares.tolist()},
        f"{table(rows)}\n\nShare of each layer in the variance of the score: {told}",
    )


def _gathered(
    session: Session, files: list[Path], options: ImportOptions, from_dataset: str | None, column: list[str], ids: str | None
) -> tuple[Conversations, list[dict[str, Any]]]:  # fmt: skip
    """The conversations asked for, and a line for each source with its hash."""
    if bool(files) == bool(from_dataset):
        raise GamutError("Samples come from files or from a data set: give files, or --from DATASET, not both.")
    found: Conversations = []
    sources: list[dict[str, Any]] = []
    if from_dataset:
        dataset = Dataset(session.workspace, from_dataset)
        wanted = _filter(column, ids)
        chosen = matching(dataset, wanted)
        found = [turns for _, turns in dataset.conversations(chosen)] if chosen else []
        sources.append({"dataset": dataset.name, "content_hash": dataset.content_hash, "filter": wanted.as_dict()})
    else:
        for path in files:
            source = open_source(path, options)
            items = list(samples(source, options))
            kept = [item.turns for item in items if not isinstance(item, Problem)]
            found += kept
            sources.append(
                {"file": source.name, "sha256": source.sha256(), "rows": len(kept), "left_out": len(items) - len(kept),
                 "options": options.as_dict()}
            )  # fmt: skip
    if len(found) < FEWEST:
        raise GamutError(f"{len(found)} samples were found; a direction needs at least {FEWEST}, better hundreds.")
    return found, sources


def _filter(column: list[str], ids: str | None) -> SampleFilter:
    pairs = [word.partition("=") for word in column]
    if bad := [word for word, (_, equals, _) in zip(column, pairs, strict=True) if not equals]:
        raise GamutError(f"{bad[0]!r} is not of the form COLUMN=VALUE.")
    try:
        numbers = tuple(int(number) for number in ids.split(",")) if ids else None
    except ValueError:
        raise GamutError(f"{ids!r} are not sample ids: give whole numbers, with commas.") from None
    return SampleFilter(columns=tuple((name, value) for name, _, value in pairs), ids=numbers)


def _stripped(conversations: Conversations, pattern: str | None) -> Conversations:
    if not pattern:
        return conversations
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise GamutError(f"{pattern!r} is no pattern of Python's kind ({error}).") from None
    return [tuple(replace_in(turn, text=found.sub("", turn.text)) for turn in turns) for turns in conversations]


def _identity(opened: Analysis, pool: Dataset) -> AnalysisIdentity:
    """The very model, SAE and settings of an analysis; `GamutError` where the model's files have changed."""
    model, sae = (json.loads(opened.meta[kind]) for kind in ("model", "sae"))
    identity = identify(pool, model=model["ref"], sae=sae["ref"], settings=AnalysisSettings.from_dict(opened.settings))
    if identity.model.sha256 != model["sha256"]:
        raise GamutError(
            f"The model {model['ref']!r} is not the one that analysis {opened.name!r} was made with: its files have changed."
        )
    return identity


def _learn(identity, own, null, name, opened: Analysis, sources, seed: int, me) -> Capability:
    from core.activations.analyse import Cancelled  # torch: only this command needs it
    from core.activations.capability_pass import read_capability_states

    line = ProgressLine("tokens")

    def progress(done: int, total: int, note: str) -> None:
        me.progress(done, total, note)
        line(done, total, note)

    try:
        states = read_capability_states(identity, own, null, progress=progress, stop=me.stop)
    except Cancelled:
        raise JobCancelled from None
    finally:
        line.end()
    kept = len(next(iter(states.own.values())).rows)
    if kept < FEWEST:
        raise GamutError(f"Only {kept} samples have a token that counts; a direction needs at least {FEWEST}.")
    learned = Learned(
        model=identity.model.ref, model_sha256=identity.model.sha256, sae_sha256=identity.sae.sha256,
        max_length=states.max_length, template=states.template, settings=identity.settings.as_dict(), samples=kept,
        left_out=len(own) - kept, sources=sources, seed=seed, null=f"{opened.dataset}, {len(null)} random samples",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip
    me.progress(0, 0, "learning the directions")
    return Capability(
        name=name, learned=learned,
        directions={site: _directions(ends, seed) for site, ends in states.own.items()},
        means={site: ends.mean.mean(axis=1) for site, ends in states.own.items()},
        firsts={site: ends.first.mean(axis=1) for site, ends in states.own.items()},
        profile={name: value for name, value in vars(states.profile).items() if value is not None},
        null={site: _directions(ends, seed) for site, ends in states.null.items() if len(ends.rows) >= FEWEST},
    )  # fmt: skip


def _directions(ends, seed: int) -> Directions:
    return learn_directions(ends.last - ends.first, ends.mean, seed=seed)


def _values(one: Capability) -> dict[str, Any]:
    sites = {
        site: {part: getattr(found, part).tolist() for part in Directions.__dataclass_fields__ if part != "vectors"}
        for site, found in one.directions.items()
    }
    return {"name": one.name, "sha256": one.sha256, "learned": vars(one.learned), "sites": sites}


def _words(one: Capability) -> str:
    said = one.learned
    head = facts({
        "capability": one.name, "samples": said.samples, "left out": said.left_out, "model": said.model,
        "random samples": said.null, "sha256": one.sha256,
    })  # fmt: skip
    return "\n\n".join([head, *(_site_words(one, site) for site in one.directions)])


def _site_words(one: Capability, site: str) -> str:
    found, null = one.directions[site], one.null.get(site)
    rows = [(site, "explained", "random", "sign margin", "random", "stability", "random",
             *(f"n={size}" for size in found.sizes.tolist()))]  # fmt: skip
    for layer in range(len(found.vectors)):
        cells = [f"layer {layer}"]
        for part in ("explained", "margin", "stability"):
            cells += [f"{getattr(found, part)[layer]:.2f}", f"{getattr(null, part)[layer]:.2f}" if null else "–"]
        rows.append((*cells, *(f"{agreement[layer]:.2f}" for agreement in found.agreement)))
    return table(rows)
