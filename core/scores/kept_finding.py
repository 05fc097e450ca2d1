"""What a capability finds, kept beside the analysis: it takes hundreds of draws, so each question is answered once."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np

from core.files import json_hash, write_json
from core.scores.alignment import AlignmentSettings
from core.scores.capability import Capability
from core.scores.find_by_capability import find_by_capability
from core.scores.finding import DRAWS, Figure, Finding, Found
from core.store.analyses import Analysis
from core.store.datasets import Dataset

VERSION = 2


def kept_finding(
    analysis: Analysis, dataset: Dataset, capability: Capability, kind: np.ndarray, *, tasks: np.ndarray | None,
    nait: AlignmentSettings,
) -> Finding:  # fmt: skip
    """As `find_by_capability`, made once for each kind, bool (n), and tasks, int (n)."""
    decides = [
        VERSION, DRAWS, analysis.content_hash, dataset.content_hash, capability.sha256, asdict(nait),
        np.flatnonzero(kind).tolist(), None if tasks is None else np.asarray(tasks).tolist(),
    ]  # fmt: skip
    path = analysis.folder / "derived" / f"finding-{json_hash(decides)[:16]}.json"
    if path.is_file():
        with suppress(ValueError, KeyError, TypeError, OSError):  # a damaged one is made again
            return _read(json.loads(path.read_text(encoding="utf-8")))
    found = find_by_capability(analysis, dataset, capability, kind, tasks=tasks, nait=nait)
    if not found.missing:  # what is missing today may be told after a pass
        with suppress(OSError):  # keeping it saves time only
            write_json(path, asdict(found) | {"missing": dict(found.missing)})
    return found


def _read(said: dict[str, Any]) -> Finding:
    sides = {side: tuple(_found(each) for each in said[side]) for side in ("plain", "matched")}
    return Finding(**said | sides)


def _found(said: dict[str, Any]) -> Found:
    figures = {
        name: Figure(**said[name]) if said[name] is not None else None
        for name in ("auroc", "precision", "precision_at_all", "behind")
    }
    return Found(**said | figures)
