"""`rank`, `select`, `export`, `verify`."""

import sys
from dataclasses import replace as replace_in
from pathlib import Path
from typing import Annotated

import typer

from core.activations.refs import BUNDLED
from core.activations.tokenizer_files import fetch_tokenizer
from core.activations.trainer_templates import OWN
from core.cluster import LOCAL, cluster_of
from core.commands.constraint_options import (
    Alike,
    Bounds,
    Caps,
    Floors,
    Languages,
    Only,
    ResponseTokens,
    Shares,
    SkipToFit,
    Tokens,
    Whole,
    Without,
    constraints_of,
    without_of,
)
from core.commands.engine_options import Address, Engine, Workers
from core.commands.output import Session, session_of, table
from core.commands.pilot import size
from core.commands.trainer_options import Cutoff, Template, Tokenizer, Trained, TrainedAs
from core.errors import GamutError
from core.export.options import ExportOptions
from core.export.verify import SAME
from core.export.verify import verify as verify_manifest
from core.export.verify_source import verify_with_source
from core.export.write import write_export
from core.scores.feature_sets import Activity
from core.scores.trainer_rows import Counted
from core.selection.budget import Budget, costs, needed
from core.selection.method import parse_options
from core.selection.methods.registry import METHODS, find
from core.selection.ranking import largest_first
from core.selection.rankings import kept_ranking
from core.selection.ray_greedy import rank_on
from core.selection.saved import load_selection, save_selection
from core.selection.sharded_greedy import Traffic
from core.selection.specification import NO_BASE, RankingSpec, default_base, pool_of, select_by
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset, dataset_with_hash
from core.store.people import BAN, PIN, marked

Method = Annotated[str, typer.Option(help=", ".join(METHODS))]
Options = Annotated[list[str] | None, typer.Option("--option", help="an option of the method as k=v; may be repeated")]
Ids = Annotated[list[str] | None, typer.Option(help="sample ids, with commas or repeated")]
Span = Annotated[str, typer.Option(help="conversation, response or prompt: which tokens count")]
Quantile = Annotated[
    float | None, typer.Option(help="a feature counts above this quantile of its own strengths (default: chosen)")
]
Theta = Annotated[float | None, typer.Option(help="a feature counts above this raw value, for all features alike")]
Base = Annotated[
    list[str] | None,
    typer.Option(
        help="a data set of the pool that is trained on already; 'none' for none (default: as the pool was joined)"
    ),
]
Marks = Annotated[
    bool,
    typer.Option(
        "--with-marks/--no-marks", help="heed the pins and bans made in the app or by checks, as the app does"
    ),
]
Unanswered = Annotated[bool, typer.Option("--with-no-response", help="let samples without a response be chosen")]


def rank(
    context: typer.Context, analysis: str, method: Method, option: Options = None,
    upto: Annotated[int | None, typer.Option(min=1)] = None,
    seed: int | None = None, pin: Ids = None, ban: Ids = None, span: Span = "conversation", quantile: Quantile = None,
    theta: Theta = None, with_no_response: Unanswered = False, base: Base = None, with_marks: Marks = True, cap: Caps = None,
    floor: Floors = None, share: Shares = None, near_duplicates: Alike = None, min_tokens: Tokens = None,
    max_tokens: Tokens = None, min_response_tokens: ResponseTokens = None, max_response_tokens: ResponseTokens = None,
    at_least: Bounds = None, at_most: Bounds = None, language: Languages = None, only: Only = None, constraints: Whole = None,
    without: Without = None, engine: Engine = LOCAL, address: Address = None, workers: Workers = None,
) -> None:  # fmt: skip
    """Rank the samples of an analysis and keep the ranking beside it."""
    session, elsewhere = session_of(context), rank_on(cluster_of(engine, address, workers), method, heard=_heard)
    opened, dataset = opened_pair(session, analysis)
    spec = _spec(opened, method, option, seed, pin, ban, span, quantile, theta, with_no_response, _base(dataset, base))
    kept_to = constraints_of(
        whole=constraints, cap=cap, floor=floor, share=share, near_duplicates=near_duplicates, only=only,
        tokens=(min_tokens, max_tokens), response_tokens=(min_response_tokens, max_response_tokens), at_least=at_least,
        at_most=at_most, language=language,
    )  # fmt: skip
    spec = replace_in(spec, constraints=kept_to, without=without_of(without))
    spec = _with_marks(session, dataset, spec) if with_marks else spec
    ranking = kept_ranking(opened, pool_of(opened, dataset, spec), spec, upto=upto, by=elsewhere)
    ranking = ranking if upto is None else ranking.head(upto)
    rows = list(zip(*(column.tolist() for column in (ranking.sample_ids, ranking.gains, ranking.rounds)), strict=True))
    values = [{"sample_id": sample, "gain": gain, "round": round_} for sample, gain, round_ in rows]
    session.say(values, table([("sample", "gain", "round"), *rows]))


def select(
    context: typer.Context, analysis: str, method: Method, name: Annotated[str, typer.Option(help="what to call the selection")],
    rows: Annotated[int | None, typer.Option()] = None, percent: Annotated[float | None, typer.Option()] = None,
    tokens: Annotated[int | None, typer.Option(help="of whole conversations, at most")] = None,
    trained_tokens: Trained = None, of: TrainedAs = None, tokenizer: Tokenizer = BUNDLED, template: Template = OWN,
    cutoff: Cutoff = 2048, option: Options = None, seed: int | None = None, pin: Ids = None,
    ban: Ids = None, span: Span = "conversation", quantile: Quantile = None, theta: Theta = None,
    with_no_response: Unanswered = False, base: Base = None, with_marks: Marks = True, cap: Caps = None, floor: Floors = None,
    share: Shares = None, near_duplicates: Alike = None, min_tokens: Tokens = None, max_tokens: Tokens = None,
    min_response_tokens: ResponseTokens = None, max_response_tokens: ResponseTokens = None, at_least: Bounds = None,
    at_most: Bounds = None, language: Languages = None, only: Only = None, constraints: Whole = None, without: Without = None,
    skip_to_fit: SkipToFit = False, engine: Engine = LOCAL, address: Address = None, workers: Workers = None,
    replace: Annotated[bool, typer.Option("--replace", help="replace a selection of this name")] = False,
) -> None:  # fmt: skip
    """Choose samples under a budget and save the selection."""
    session, elsewhere = session_of(context), rank_on(cluster_of(engine, address, workers), method, heard=_heard)
    if of:
        fetch_tokenizer(tokenizer)
    counted = Counted(trainer=of, tokenizer=tokenizer, template=template, cutoff=cutoff).keyed() if of else None
    budget = Budget(
        rows=rows,
        percent=percent,
        tokens=tokens,
        trained_tokens=trained_tokens,
        counted=counted,
        skip_to_fit=skip_to_fit,
    )
    opened, dataset = opened_pair(session, analysis)
    spec = _spec(opened, method, option, seed, pin, ban, span, quantile, theta, with_no_response, _base(dataset, base))
    kept_to = constraints_of(
        whole=constraints, cap=cap, floor=floor, share=share, near_duplicates=near_duplicates, only=only,
        tokens=(min_tokens, max_tokens), response_tokens=(min_response_tokens, max_response_tokens), at_least=at_least,
        at_most=at_most, language=language,
    )  # fmt: skip
    spec = replace_in(spec, constraints=kept_to, without=without_of(without))
    spec = _with_marks(session, dataset, spec) if with_marks else spec
    pool = pool_of(opened, dataset, spec)
    ranking = kept_ranking(opened, pool, spec, upto=needed(budget, pool), by=elsewhere)
    selected = select_by(pool, spec, budget, ranking=ranking)
    trained = None if trained_tokens is None else int(costs(budget, pool)[selected.sample_ids].sum(dtype="int64"))
    there = load_selection(session.workspace, name).revision if replace and _exists(session, name) else None
    saved = save_selection(session.workspace, name, analysis=opened, spec=spec, selected=selected, replaces=there)
    session.say(
        {
            "name": saved.name,
            "revision": saved.revision,
            "rows": len(saved.ids),
            "tokens": saved.tokens,
            "ids": saved.ids,
            "skipped": selected.skipped,
            "passed_over": [{"by": words, "rows": passed} for words, passed in ranking.left_out],
        },
        "\n".join(
            [
                f"{saved.name}: {len(saved.ids)} of {opened.n_samples} samples, {saved.tokens} tokens"
                + (f", {trained} trained tokens" if trained is not None else "")
                + (f"; {len(spec.pins)} pinned, {len(spec.bans)} banned" if spec.pins or spec.bans else "")
                + (f"; {selected.skipped} that did not fit were skipped" if selected.skipped else ""),
                *(
                    f"{words}: {passed} of the rows looked at were passed over"
                    for words, passed in largest_first(ranking.left_out)
                ),
            ]
        ),
    )


def export(
    context: typer.Context,
    selection: str,
    to: Annotated[
        Path, typer.Option(help="the file to write, ending in .jsonl, .json, .parquet or .csv; without ending a folder")
    ],
    format: Annotated[str, typer.Option(help="verbatim, alpaca, sharegpt, messages or prompt-completion")] = "verbatim",
    columns: Annotated[
        bool, typer.Option("--columns/--no-columns", help="a conversion takes other columns along")
    ] = True,
    lossy: Annotated[bool, typer.Option("--lossy", help="write it though something is lost; it is counted")] = False,
    formulas: Annotated[
        str, typer.Option(help="CSV texts that a spreadsheet would run: neutral puts a ' before them, keep does not")
    ] = "neutral",
    revision: Annotated[int | None, typer.Option(min=1, help="an earlier revision (default: the newest)")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="write over a file that no export wrote")] = False,
) -> None:
    """Write a selection for the trainer, and PATH.manifest.json beside it."""
    session = session_of(context)
    saved = load_selection(session.workspace, selection, revision=revision)
    opened, dataset = opened_pair(session, saved.spec.analysis)
    options = ExportOptions(format=format, columns=columns, lossy=lossy, formulas=formulas)
    written = write_export(saved, analysis=opened, dataset=dataset, options=options, to=to, replace=replace)
    told = [("lost: " if change.loss else "changed: ") + change.sentence for change in written.changes]
    read = "read back and compared" if any(change.loss for change in written.changes) else "read back and the same"
    said = f"{written.path}: {written.rows} rows, {written.bytes} bytes, {read}"
    session.say(written, "\n".join([said, *told, str(written.manifest)]))


def verify(
    context: typer.Context,
    manifest: Path,
    deep: Annotated[int, typer.Option(min=0, help="run this many random samples through the model again")] = 0,
    source: Annotated[
        list[Path] | None,
        typer.Option(help="check with this source file alone, where there is no analysis; repeat for a pool's members"),
    ] = None,
) -> None:
    """Check an export against its manifest: exit 0 same, 1 differs, 2 cannot check."""
    session = session_of(context)
    quiet = session.json

    def progress(step: str) -> None:
        if not quiet:
            print(f"same: {step}", file=sys.stderr)

    if source and deep:
        raise GamutError(
            "Both --source and --deep were given; the model is not asked where only the source is at hand."
        )
    if source:
        verdict = verify_with_source(manifest, source, progress=progress)
    else:
        verdict = verify_manifest(session.workspace, manifest, deep=deep, progress=progress)
    session.say({"code": verdict.code, "checked": verdict.checked, "sentence": verdict.sentence}, verdict.sentence)
    if verdict.code != SAME:
        raise typer.Exit(verdict.code)


def opened_pair(session: Session, analysis: str) -> tuple[Analysis, Dataset]:
    """An analysis with the data set it was made from."""
    opened = open_analysis(session.workspace, analysis)
    dataset = dataset_with_hash(session.workspace, opened.meta["dataset_hash"], name=opened.dataset)
    if dataset is None:
        raise GamutError(
            f"The data set that analysis {opened.id} was made from ({opened.dataset!r}) is not here; add it again."
        )
    return opened, dataset


def _heard(traffic: Traffic, shards: int) -> None:
    print(
        f"Ranked over {shards} shards in {traffic.exchanges} exchanges: {traffic.rows} rows came, "
        f"{size(traffic.bytes_in)} in and {size(traffic.bytes_out)} out.",
        file=sys.stderr,
    )


def _exists(session: Session, name: str) -> bool:
    return (session.workspace.selections / f"{name}.json").exists()


def _spec(
    analysis: Analysis, method: str, option: list[str] | None, seed: int | None, pin: list[str] | None, ban: list[str] | None,
    span: str, quantile: float | None, theta: float | None, with_no_response: bool, base: tuple[str, ...],
) -> RankingSpec:  # fmt: skip
    if quantile is not None and theta is not None:
        raise GamutError("Both --quantile and --theta were given; a feature counts by one rule, so give one of them.")
    options: dict[str, object] = {}
    for word in option or []:
        key, equals, value = word.partition("=")
        if not equals:
            raise GamutError(f"The option {word!r} is not of the form k=v.")
        # a list of ids may be too long for one word: its pieces are joined
        options[key] = f"{options[key]},{value}" if key in options else value
    if seed is not None:
        options["seed"] = seed
    parsed = parse_options(find(method), options)
    activity = Activity(mode="raw", theta=theta) if theta is not None else Activity(quantile=quantile)
    return RankingSpec(
        analysis=analysis.id, method=method, options={key: getattr(parsed, key) for key in options}, span=span,
        activity=activity, pins=_ids(pin), bans=tuple(sorted(set(_ids(ban)))), with_no_response=with_no_response,
        base=base,
    )  # fmt: skip


def _base(dataset: Dataset, names: list[str] | None) -> tuple[str, ...]:
    if names is None:
        return default_base(dataset)
    return () if names == [NO_BASE] else tuple(sorted(names))


def _with_marks(session: Session, dataset: Dataset, spec: RankingSpec) -> RankingSpec:
    """The marks kept for the data set, pins first in their order, then what the line says; the line wins over a mark."""
    pins = [pin for pin in marked(session.workspace, dataset.content_hash, PIN) if pin not in {*spec.pins, *spec.bans}]
    bans = set(marked(session.workspace, dataset.content_hash, BAN)) - set(spec.pins)
    return replace_in(spec, pins=(*pins, *spec.pins), bans=tuple(sorted(bans | set(spec.bans))))


def _ids(words: list[str] | None) -> tuple[int, ...]:
    try:
        return tuple(int(number) for word in words or [] for number in word.split(",") if number.strip())
    except ValueError:
        raise GamutError(
            f"{', '.join(words or [])!r} are not sample ids: give whole numbers, with commas or repeated."
        ) from None
