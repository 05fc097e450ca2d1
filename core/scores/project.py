"""The projection pass: what an analysis does not keep is read from the model again, and only scores of it are kept.

For every capability and every reading that asks for it, the projections of every sample, as files beside the analysis; from
then on these readings score without the model. A pass that was stopped goes on from its last part.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from core.activations.pilot_report import read_actual
from core.errors import GamutError
from core.files import json_hash, written_beside
from core.scores.alignment import (
    COSINE,
    DIFFERENCE,
    PRINCIPAL,
    AlignmentSettings,
    cosines,
    keep_projections,
    needs_pass,
    toward,
)
from core.scores.capability import SITES, Capability
from core.scores.learn_capability import identity_of
from core.scores.pool_means import pool_mean
from core.scores.readings import PLAIN
from core.store.analyses import Analysis, all_analyses
from core.store.datasets import dataset_with_hash
from core.workspace import Workspace

PART_SECONDS = 30.0  # what a kill can cost
CONTROLS = tuple(AlignmentSettings(rule=rule, site=site) for rule in (DIFFERENCE, COSINE) for site in SITES)
READING = "reading samples"

Progress = Callable[[int, int, str], None]
Stop = Callable[[], bool]
Job = tuple[Capability, AlignmentSettings]
States = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, slots=True)
class ProjectionEstimate:
    """What a projection pass will cost: `tokens` to read, `seconds` as the analysis took for as many, None where nobody
    measured that, and `disk_bytes` of what is kept. `readings`: capability and reading, in words, that wait for it.
    """

    tokens: int
    seconds: float | None
    disk_bytes: int
    readings: tuple[tuple[str, AlignmentSettings], ...]


def waiting(analysis: Analysis, capabilities: Sequence[Capability]) -> list[Job]:
    """Every capability and reading that cannot be told without a projection pass, and can with one."""
    found = []
    for capability in capabilities:
        capability.require(analysis)
        for settings in (*PLAIN, *CONTROLS):
            if _readable(analysis, capability, settings) and needs_pass(analysis, capability, settings):
                found.append((capability, settings))
    return found


def _readable(analysis: Analysis, capability: Capability, settings: AlignmentSettings) -> bool:
    """Whether a pass could tell: neurons are known, the capability has the site, and controls know the pool's mean."""
    held = analysis.contents
    if settings.site == "mlp" and not held.shape.neurons:
        return False
    if settings.rule == PRINCIPAL:
        return settings.site in capability.directions
    return settings.site in capability.means and "layer_sums" not in held.absent


def estimate_projection(
    workspace: Workspace, analysis: Analysis, capabilities: Sequence[Capability]
) -> ProjectionEstimate:
    """What a pass for these capabilities costs; told without loading a model."""
    tokens, jobs = int(analysis.counts.tokens.sum()), waiting(analysis, capabilities)
    layers = analysis.contents.shape.layers
    columns = sum(1 if settings.rule == COSINE else layers for _, settings in jobs)
    rate = _tokens_a_second(workspace, analysis)
    return ProjectionEstimate(
        tokens if jobs else 0, None if rate is None else tokens / rate if jobs else 0.0, 4 * columns * analysis.n_samples,
        tuple((capability.name, settings) for capability, settings in jobs),
    )  # fmt: skip


def project_words(names: Sequence[str], analysis: Analysis) -> list[str]:
    """The words of the command that makes the pass, for a job."""
    return ["capability", "project", *names, "--analysis", analysis.id]


def project(
    workspace: Workspace, analysis: Analysis, capabilities: Sequence[Capability], *, progress: Progress, stop: Stop,
    part_seconds: float = PART_SECONDS,
) -> int:  # fmt: skip
    """Read the analysis' data set once and keep every projection that waits for it; returns how many were made.

    Raises `core.activations.analyse.Cancelled` when `stop()` turns true; the same call then goes on from what is there.
    """
    jobs = waiting(analysis, capabilities)
    if not jobs:
        return 0
    dataset = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
    if dataset is None:
        raise GamutError(f"The data set {analysis.dataset!r} of analysis {analysis.name!r} is not here; add it again.")
    from core.activations.projection_pass import PoolReader  # torch: only what reads a model needs it

    makers = [_maker(analysis, capability, settings) for capability, settings in jobs]
    reader = PoolReader(identity_of(analysis, dataset), dataset, progress=progress)
    parts = _Parts(_folder(analysis, jobs), part_seconds)
    try:
        for ids, states in reader.states(begin=parts.batches, stop=stop):
            parts.add(ids, [make(states) for make in makers])
    finally:
        parts.flush()
    for at, (capability, settings) in enumerate(jobs):
        keep_projections(analysis, capability, settings, parts.joined(at, analysis.n_samples))
    shutil.rmtree(parts.folder)
    return len(jobs)


def _maker(
    analysis: Analysis, capability: Capability, settings: AlignmentSettings
) -> Callable[[States], np.ndarray]:  # fmt: skip
    """What makes projections float32 (batch, layers) of the states of a batch."""
    site = settings.site
    if settings.rule == COSINE:
        wanted, middle = capability.mean_at(site)[-1], pool_mean(analysis, site)[-1]
        return lambda states: cosines(states[site]["mean"][-1], wanted, middle)[:, None]
    vectors = capability.at(site).vectors if settings.rule == PRINCIPAL else toward(analysis, capability, site)

    def make(states: States) -> np.ndarray:
        own = states[site]
        read = own["last"] - own["first"] if settings.pooling == "delta" else own[settings.pooling]
        return np.einsum("lbd,ld->bl", read, vectors).astype(np.float32)

    return make


class _Parts:
    """Projections on their way: a part is a file of the ids and projections of consecutive batches, complete or not there."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self._seconds, self._since = seconds, time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        self.batches = max((int(path.stem.split("-")[1]) for path in self._files()), default=0)
        self._first = self.batches
        self._ids: list[np.ndarray] = []
        self._made: list[list[np.ndarray]] = []

    def add(self, ids: np.ndarray, made: list[np.ndarray]) -> None:
        """Take the projections of the next batch, one array for each reading."""
        self._ids.append(ids)
        self._made.append(made)
        self.batches += 1
        if time.monotonic() - self._since >= self._seconds:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one part."""
        if self._ids:
            made = [np.concatenate(own) for own in zip(*self._made, strict=True)]
            with written_beside(self.folder / f"{self._first:08d}-{self.batches:08d}.npz") as out:
                np.savez(out, np.concatenate(self._ids), *made)  # named arr_0, arr_1, …
        self._ids, self._made, self._first, self._since = [], [], self.batches, time.monotonic()

    def joined(self, at: int, n: int) -> np.ndarray:
        """Reading `at` of all n samples, float32 (n, layers)."""
        out, seen = np.zeros((n, 0), np.float32), 0
        for path in self._files():
            with np.load(path, allow_pickle=False) as part:
                ids, made = part["arr_0"], part[f"arr_{at + 1}"]
            out = out if out.shape[1] else np.zeros((n, made.shape[1]), np.float32)
            out[ids] = made
            seen += len(ids)
        assert seen == n, f"{seen} rows of {n} samples were projected"
        return out

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.npz"))


def _folder(analysis: Analysis, jobs: list[Job]) -> Path:
    decides = [analysis.content_hash, [[capability.sha256, asdict(settings)] for capability, settings in jobs]]
    return analysis.folder / "derived" / f"projection-{json_hash(decides)[:16]}.partial"


def _tokens_a_second(workspace: Workspace, analysis: Analysis) -> float | None:
    """How fast this model read samples here: of this analysis, else the median of the others of the same model.

    The median, because one that was made while the machine was busy with other things would say anything.
    """
    rates = []
    for each in all_analyses(workspace)[0]:
        actual = read_actual(each.folder)
        seconds = actual.stages.get(READING, 0.0) if actual else 0.0
        if seconds > 0 and each.meta["model"] == analysis.meta["model"]:
            rate = int(each.counts.tokens.sum()) / seconds
            if each.id == analysis.id:
                return rate
            rates.append(rate)
    return median(rates) if rates else None
