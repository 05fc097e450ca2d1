"""Where labels, their contexts and their fidelity lie: derived files, each named by the hash of what decides it."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.files import json_hash
from core.scores.labels.auroc import Area
from core.scores.labels.contexts import Contexts, DrawSettings
from core.scores.labels.fidelity import KINDS, VERSION, Fidelity, Nature
from core.scores.labels.offline import OfflineLabels, OfflineSettings
from core.store.analyses import Analysis
from core.store.bins import BANDS, STEPS
from core.store.derived import derived_path, read_derived, write_derived
from core.store.features import histograms
from core.workspace import Workspace

DRAW_VERSION = 1


def sae_hash(analysis: Analysis) -> str:
    """The content hash of the SAE: what labels from elsewhere and the user's own words belong to."""
    return json.loads(analysis.meta["sae"])["sha256"]


def contexts_path(analysis: Analysis, settings: DrawSettings | None = None) -> Path:
    """The file of the contexts that labels of an analysis are tested on."""
    said = OfflineSettings(draw=settings or DrawSettings()).as_dict()["draw"]
    decides = [analysis.content_hash, analysis.dataset_hash, said, DRAW_VERSION]
    return derived_path(analysis, f"contexts-{json_hash(decides)[:16]}")


def offline_path(analysis: Analysis, settings: OfflineSettings | None = None) -> Path:
    """The file of the offline labels."""
    decides = [analysis.content_hash, analysis.dataset_hash, (settings or OfflineSettings()).as_dict(), DRAW_VERSION]
    return derived_path(analysis, f"labels-offline-{json_hash(decides)[:16]}")


def fidelity_path(analysis: Analysis, labels: Path) -> Path:
    """The file of the fidelity of a file of labels on the contexts of an analysis."""
    decides = [labels.stem, contexts_path(analysis).stem, VERSION]
    return derived_path(analysis, f"fidelity-{json_hash(decides)[:16]}")


def imported_folder(workspace: Workspace, sae: str) -> Path:
    """The folder of imported labels of an SAE: they serve every analysis with it."""
    return workspace.root / "labels" / sae[:16]


def llm_paths(analysis: Analysis) -> list[Path]:
    """The files of labels that a language model wrote from this analysis, the newest first."""
    return _newest((analysis.folder / "derived").glob("labels-llm-*.parquet"))


def imported_paths(workspace: Workspace, sae: str) -> list[Path]:
    """The files of imported labels of an SAE, the newest first."""
    return _newest(imported_folder(workspace, sae).glob("imported-*.parquet"))


def _newest(paths) -> list[Path]:
    return sorted(paths, key=lambda path: (-path.stat().st_mtime_ns, path.name))


def write_offline(analysis: Analysis, labels: OfflineLabels, contexts: Contexts, settings: OfflineSettings) -> Path:
    """Write offline labels and their contexts beside the analysis; the labels come last, so that they are never alone."""
    about = {"random": contexts.random.tolist(), "settings": settings.as_dict()["draw"]}
    write_derived(contexts_path(analysis, settings.draw), about, contexts.columns())
    path = offline_path(analysis, settings)
    write_derived(path, {"origin": "offline", "by": "", "settings": settings.as_dict()}, labels.columns())
    return path


def read_contexts(analysis: Analysis) -> Contexts | None:
    """The contexts that labels are tested on, None while none were drawn."""
    kept = read_derived(contexts_path(analysis))
    if kept is None:
        return None
    about, table = kept
    return Contexts.read(table, np.array(about["random"], np.int64))


def write_fidelity(analysis: Analysis, labels: Path, found: dict[int, Fidelity]) -> Path:
    """Write the fidelity of a file of labels."""
    path = fidelity_path(analysis, labels)
    columns: dict[str, object] = {"feature_id": pa.array(list(found), pa.int32())}
    columns["positives"] = pa.array([own.positives for own in found.values()], pa.int32())
    for kind in KINDS:
        for part in ("value", "low", "high"):
            values = [getattr(own.areas[kind], part) for own in found.values()]
            columns[f"{kind}_{part}"] = pa.array(values, pa.float32())
        columns[f"{kind}_n"] = pa.array([own.areas[kind].n for own in found.values()], pa.int32())
    for name in ("null", "recall", "precision"):
        columns[name] = pa.array([getattr(own, name) for own in found.values()], pa.float32())
    columns["heard"] = pa.array([own.heard for own in found.values()], pa.bool_())
    columns["auroc"] = pa.array([own.headline.value for own in found.values()], pa.float32())
    columns["explains"] = pa.array([own.explains for own in found.values()], pa.bool_())
    write_derived(path, {"labels": labels.stem}, columns)
    return path


def read_fidelity(analysis: Analysis, labels: Path) -> pa.Table | None:
    """The table of the fidelity of a file of labels, None while it was not measured."""
    kept = read_derived(fidelity_path(analysis, labels))
    return kept[1] if kept else None


def fidelity_of_row(row: dict) -> Fidelity:
    """One row of that table."""
    areas = {}
    for kind in KINDS:
        value, low, high = (_number(row[f"{kind}_{part}"]) for part in ("value", "low", "high"))
        areas[kind] = Area(value, low, high, row[f"{kind}_n"])
    null, recall, precision = (_number(row[name]) for name in ("null", "recall", "precision"))
    return Fidelity(row["positives"], areas, null, recall, precision, row["heard"])


def _number(value: float | None) -> float:
    return nan if value is None else value


def nature_of(analysis: Analysis) -> Nature:
    """How often each feature is active by nature, from the tables of an analysis."""
    rows = analysis.cursor().execute("SELECT tokens FROM features ORDER BY feature_id").fetchnumpy()
    scored = max(1, int(analysis.counts.scored_tokens.sum(dtype=np.int64)))
    bins = histograms(analysis).strength
    bands = bins[:, 1:-1].reshape(len(bins), BANDS, STEPS).sum(axis=2)
    bands[:, 0] += bins[:, 0]
    bands[:, -1] += bins[:, -1]
    return Nature(np.asarray(rows["tokens"], np.float64) / scored, bands)
