"""`pilot`: how the pair fits and what the whole will take, before it starts."""

from collections.abc import Sequence
from typing import Annotated

import typer

from core.activations.fit_card import THRESHOLDS, Fit, FitCard
from core.activations.identity import BUNDLED, absolute, identify_all
from core.activations.pilot_report import Actual, PilotReport
from core.activations.pool_analysis import check_groups
from core.activations.settings import AnalysisSettings
from core.commands.output import ProgressLine, duration, facts, plain, session_of, table
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
from core.jobs.run import JobCancelled, running
from core.jobs.state import jobs
from core.store.contents import Budgets
from core.store.datasets import Dataset

UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def pilot(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="the data set's name")],
    model: Model = BUNDLED,
    sae: Saes = None,
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
    samples: Annotated[
        int | None, typer.Option(help="samples to read at most (default: 300, or one in five of fewer)", min=1)
    ] = None,
    tokens: Annotated[int, typer.Option(help="tokens to read at most, about", min=1)] = 24_000,
    seed: Annotated[int, typer.Option(help="decides which samples are drawn", min=0)] = 0,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Try a model and an SAE on a small sample: how they fit, and what the analysis will take."""
    session = session_of(context)
    settings = AnalysisSettings(
        max_length=max_length, dtype=known_dtype(dtype, device), template=template, group_by=group_by,
        example_bytes=example_bytes, vector_bytes=vector_bytes,
        every_layer=not hook_only, mask_massive=not keep_massive,
    )  # fmt: skip
    model, saes = absolute(model), [absolute(each) for each in sae or [BUNDLED]]
    command = ["pilot", dataset, "--model", model, *(word for each in saes for word in ("--sae", each))]
    command += [*settings.words(), *pass_words(device, trust_remote_code)]
    command += ["--samples", str(samples)] if samples else []
    command += ["--tokens", str(tokens), "--seed", str(seed)]
    if job is None:
        Dataset(session.workspace, dataset)  # a misspelt name is no job
    beside = any(not other.ended and other.spec.id != job for other in jobs(session.workspace))
    line = ProgressLine("steps")
    with running(session.workspace, id=job, title=f"Pilot {dataset}", command=command, unit="steps", heavy=False) as me:
        from core.activations.analyse import Cancelled  # torch: only this command needs it
        from core.activations.machines import Machines
        from core.activations.pilot import pilot as run_pilot

        def progress(done: int, total: int, note: str) -> None:
            me.progress(done, total, note)
            line(done, total, note)

        try:
            source = Dataset(session.workspace, dataset)
            check_groups(session.workspace, source, settings)
            identities = identify_all(source, model=model, saes=saes, settings=settings, with_code=trust_remote_code)
            machines = Machines({"device": device, "trust": trust_remote_code})
            reports = [
                run_pilot(
                    session.workspace, source, identity, progress=progress, stop=me.stop, samples=samples, tokens=tokens,
                    seed=seed, beside=beside, machines=machines,
                )
                for identity in identities
            ]  # fmt: skip
        except Cancelled:
            raise JobCancelled from None
        finally:
            line.end()
    said = [f"{fit_words(report.fit)}\n\n{estimate_words(report)}" for report in reports]
    if len(reports) > 1:
        said = [f"SAE {report.sae}\n\n{words}" for report, words in zip(reports, said, strict=True)]
    values = [as_values(report) for report in reports]
    session.say(values if len(values) > 1 else values[0], "\n\n".join(said))


def as_values(report: PilotReport, actual: Actual | None = None) -> dict:
    """A report as JSON carries it, with what is derived from it."""
    values = plain(report)
    assert isinstance(values, dict)
    values["verdict"], values["notes"] = report.fit.verdict, report.fit.notes
    values["fit"] = as_fit_values(report.fit)
    return values | ({"actual": plain(actual)} if actual else {})


def as_fit_values(card: FitCard) -> dict:
    """A fit card as JSON carries it, with the loss recovered."""
    values = plain(card)
    assert isinstance(values, dict)
    values["whole"]["loss_recovered"] = card.whole.loss_recovered
    return values


def fit_words(card: FitCard) -> str:
    """The fit card for a terminal."""
    groups = [("", card.whole), *((kind, fit) for kind, fits in card.groups.items() for fit in fits)]
    head = ("", "tokens", "explained variance", "L0 mean", "median", "loss", "spliced", "zeros", "mean", "recovered")
    rows = [head, *(_fit_row(kind, fit) for kind, fit in groups)]
    own = f"{card.l0_own:g}" if card.l0_own else "not told"
    others: dict[str, object] = {
        "dead features": f"{card.dead} of {card.features}, never active in these {card.whole.tokens} tokens",
        "L0 by the SAE's own word": own,
        "tokens of massive norm": f"{card.massive} (more than 10 times the median)",
        "explained variance without them": _number(card.ordinary_variance),
        "samples cut": f"{card.cut_samples} of {card.samples}; {card.cut_tokens} of {card.all_tokens} tokens",
    }
    said = [card.verdict, *card.notes, table(rows), facts(others), THRESHOLDS]
    return "\n\n".join(said)


def _fit_row(kind: str, fit: Fit) -> tuple[str, ...]:
    losses = (fit.loss_clean, fit.loss_spliced, fit.loss_zero, fit.loss_mean, fit.loss_recovered)
    return (
        f"{kind} {fit.group}".strip(), str(fit.tokens), _number(fit.explained_variance), f"{fit.l0_mean:.1f}",
        f"{fit.l0_median:g}", *map(_number, losses),
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def estimate_words(report: PilotReport, actual: Actual | None = None) -> str:
    """The estimate for a terminal, beside what it really took where that is known."""
    said = report.estimate
    rows = [("", "estimated", *(("took", "off by") if actual else ()))]
    took = (actual.seconds, actual.memory_bytes, actual.disk_bytes) if actual else (0.0, 0, 0)
    told = (said.seconds, said.memory_bytes, said.disk_bytes)
    for what, before, after, words in zip(("time", "memory", "disk"), told, took, (duration, size, size), strict=True):
        rows.append((what, words(before), *((words(after), off(before, after)) if actual else ())))
    tables = ", ".join(f"{name} {size(each)}" for name, each in said.bytes_a_sample.items())
    lines = [
        f"The whole: {said.samples} samples, about {said.tokens} tokens at {said.tokens_a_second:.0f} tokens/s "
        f"(pilot: {report.samples} samples, {report.tokens} tokens, {report.seconds:.0f} s).",
        table(rows),
        f"While it is made, {size(said.working_bytes)} on disk. Bytes a sample: {tables}.",
    ]
    if said.ready:
        lines.append(
            f"{said.ready} of the samples are analysed already as members of the pool: the time is without them."
        )
    if report.beside:
        lines.append("Another job was running beside the pilot: the time is likely too long.")
    return "\n".join(lines)


def together_words(reports: Sequence[PilotReport]) -> str:
    """How long several analyses take that share their passes, as a sentence that goes on; nothing without estimates."""
    if len(reports) < 2:
        return ""
    told = [report.estimate.seconds for report in reports]
    return (
        f" All of them take at least {duration(max(told))}, as the longest alone, and at most {duration(sum(told))}: "
        "the model runs once for those that share a pass, each SAE and each store take their own time."
    )


def off(told: float, took: float) -> str:
    """How far an estimate was off, of what it took: +12 % is told too high."""
    return f"{100 * (told - took) / took:+.0f} %" if took else "–"


def size(n: float) -> str:
    for unit, letters in UNITS:
        if n >= unit:
            return f"{n / unit:.3g} {letters}"
    return f"{n:.0f} B"
