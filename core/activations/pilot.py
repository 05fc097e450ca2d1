"""A pilot: how a model and an SAE fit on a small sample of the data, and what the whole will take, before it starts."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.activations.analyse import Cancelled, Pass, Progress, Stop, analyse
from core.activations.back_off import told_when_out_of_memory
from core.activations.estimate import Rehearsal, draw, estimate, shapes_of, whole_lengths
from core.activations.fit import measure_fit
from core.activations.identity import AnalysisIdentity
from core.activations.machines import Machines
from core.activations.meter import peak_memory
from core.activations.pair import cautions
from core.activations.pilot_report import PilotReport, pilot_path, write_report
from core.activations.pool_analysis import ready_samples
from core.activations.tokens import Tokens
from core.store.analyses import PARTIAL
from core.store.bounds import growth_left
from core.store.contents import Contents
from core.store.datasets import Dataset
from core.store.duck import bytes_of_tables, columns_of, open_read
from core.store.subset import write_subset
from core.store.tables import DATABASE
from core.workspace import Workspace

SAMPLES, TOKENS, LOSS_TOKENS = 300, 24_000, 8_192  # read at most; the losses need four passes of the whole model
LEAST = 8  # samples, whatever they hold
SHARE = 5  # a pilot of a small data set reads one in so many of its samples
SEED = 0


def pilot(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, progress: Progress, stop: Stop,
    samples: int | None = None, tokens: int = TOKENS, seed: int = SEED, beside: bool = False,
    machines: Machines | None = None,
) -> PilotReport:  # fmt: skip
    """Run a pilot of the analysis and keep its report in the workspace.

    At most `samples` samples (default: 300, or one in five of fewer) and about `tokens` tokens are read, stratified
    over length by `seed`. `beside`: another job
    is running. `machines`: where model and SAEs are, or are to be, loaded. Raises `Cancelled` when `stop()` turns true.
    """
    began = time.monotonic()
    progress(0, 5, "loading the model")
    machine = (machines or Machines()).of(identity)
    load_seconds = time.monotonic() - began

    def check_stop() -> None:
        if stop():
            raise Cancelled

    check_stop()
    progress(1, 5, "drawing the sample")
    characters = _characters(dataset)
    ids, sample = _sample(machine, dataset, characters, samples=samples, most=tokens, seed=seed)
    machine.warm_up(sample, np.argsort(sample.lengths)[-4:].astype(np.int32))  # outside the clock
    scratch = workspace.root / "pilots" / f".{identity.id}.rehearsal"
    try:
        progress(2, 5, "rehearsing on a few samples")
        small = _rehearse(scratch, dataset, ids[: max(1, len(ids) // 4)], identity, machine, stop)
        progress(3, 5, "rehearsing on the sample")
        large = _rehearse(scratch, dataset, ids, identity, machine, stop)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress(4, 5, "measuring the fit")
    within = int(np.searchsorted(np.cumsum(sample.lengths), LOSS_TOKENS, side="right"))
    with told_when_out_of_memory("the fit was measured", "start without it (--no-pilot)"):
        card = measure_fit(
            machine.model, machine.sae, sample, settings=identity.settings, loss_samples=max(1, within),
            languages=languages_of(dataset, ids), cautions=_cautions(identity, machine), check_stop=check_stop,
        )  # fmt: skip
    lengths = whole_lengths(characters, ids, sample.lengths + sample.cut, max_length=machine.max_length)
    report = PilotReport(
        analysis=identity.id, dataset=dataset.name, model=identity.model.ref, sae=identity.sae.ref,
        max_length=identity.settings.max_length, dtype=identity.settings.dtype,
        template=identity.settings.template, seed=seed,
        samples=len(ids), tokens=len(sample.ids), seconds=time.monotonic() - began, beside=beside, fit=card,
        estimate=estimate(
            small, large, lengths, ready=ready_samples(workspace, dataset, identity), characters=characters,
            pilot_characters=int(characters[ids].sum()), load_seconds=load_seconds, settings=identity.settings,
        ),
    )  # fmt: skip
    write_report(pilot_path(workspace, identity.id), report)
    return report


def _cautions(identity: AnalysisIdentity, machine: Pass) -> tuple[str, ...]:
    trained_on = str(machine.sae.sae.cfg.metadata.get("model_name") or "")
    return cautions(identity.facts, trained_on) if identity.facts else ()


def _characters(dataset: Dataset) -> np.ndarray:
    rows = dataset.cursor().execute("SELECT characters FROM samples ORDER BY sample_id").fetchnumpy()
    return np.asarray(rows["characters"], dtype=np.int64)


def _sample(
    machine: Pass, dataset: Dataset, characters: np.ndarray, *, samples: int | None, most: int, seed: int
) -> tuple[np.ndarray, Tokens]:
    """The longest beginning of the drawn order within both limits, and its tokens."""
    limit = samples or min(SAMPLES, max(LEAST, -(-len(characters) // SHARE)))
    ids = draw(characters, seed=seed)[:limit]
    tokens = _tokens(machine, dataset, ids)
    fit = int(np.searchsorted(np.cumsum(tokens.lengths), most, side="right"))
    fit = min(len(ids), max(LEAST, fit))
    return (ids, tokens) if fit == len(ids) else (ids[:fit], _tokens(machine, dataset, ids[:fit]))


def _tokens(machine: Pass, dataset: Dataset, ids: np.ndarray) -> Tokens:
    return machine.tokenise(turns for _, turns in dataset.conversations(ids.tolist()))


def languages_of(dataset: Dataset, ids: np.ndarray) -> Sequence[str] | None:
    """The language of each sample where the data set knows it."""
    if "language" not in columns_of(dataset.cursor()).get("facts", []):
        return None
    known = dict(dataset.cursor().execute("SELECT sample_id, language FROM facts").fetchall())
    return [known.get(sample_id) or "" for sample_id in ids.tolist()]


def _rehearse(
    scratch: Path, dataset: Dataset, ids: np.ndarray, identity: AnalysisIdentity, machine: Pass, stop: Stop
) -> Rehearsal:
    """Run the analysis itself on a few samples, in a workspace of its own, and measure it."""
    shutil.rmtree(scratch, ignore_errors=True)
    place = Workspace(scratch)
    subset = write_subset(dataset, ids.tolist(), place)
    watch = _Watch(place.analyses / (identity.id + PARTIAL) / "parts")
    folder = analyse(
        place, subset, identity, name="pilot", progress=watch, stop=stop, part_seconds=1e9, machine=machine,
        as_of=len(dataset),
    )  # fmt: skip
    watch("", 0, "done")
    lengths = _tokens(machine, dataset, ids).lengths
    shapes = shapes_of(lengths, identity.settings)
    with open_read(folder / DATABASE) as connection:
        growing = frozenset(name for name, columns in columns_of(connection).items() if "sample_id" in columns)
        contents = dict(connection.execute("SELECT key, value FROM meta").fetchall())["contents"]
        most = growth_left(connection, Contents.from_json(contents))
    return Rehearsal(
        samples=len(ids),
        tokens=int(lengths.sum()),
        shapes=shapes,
        batch_seconds=np.array(watch.batches[: len(shapes)]),
        tokenise_seconds=watch.stages.get("tokenising", 0.0),
        store_seconds=watch.stages.get("writing the store", 0.0),
        part_bytes=watch.part_bytes,
        tables=bytes_of_tables(folder / DATABASE, scratch / "alone.duckdb"),
        growing=growing,
        most=most,
        memory_bytes=peak_memory(),
    )


class _Watch:
    """A progress callback that takes the time of each stage and of each batch, and the size of the parts."""

    def __init__(self, parts: Path) -> None:
        self.stages: dict[str, float] = {}
        self.batches: list[float] = []
        self.part_bytes = 0
        self._parts = parts
        self._note = ""
        self._since = time.monotonic()

    def __call__(self, _done: object, _total: int, note: str, *_more: object) -> None:
        now = time.monotonic()
        took, self._since = now - self._since, now
        self.stages[self._note] = self.stages.get(self._note, 0.0) + took
        if self._note == "reading samples":
            self.batches.append(took)
        if note == "writing the store" and not self.part_bytes:
            self.part_bytes = sum(path.stat().st_size for path in self._parts.glob("*"))
        self._note = note
