"""The redundancy of an analysis: searched for once by its feature sets, then kept beside it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.scores.feature_sets import Activity, FeatureSets
from core.scores.links import FIELDS, Links
from core.scores.minhash import Bands
from core.scores.redundancy_search import Progress, Redundancy, no_progress, redundancy
from core.store.analyses import Analysis
from core.store.derived import derived_path, read_derived, write_derived

VERSION = 2  # counts changes of what is kept


def redundancy_of(analysis: Analysis, features: FeatureSets, *, progress: Progress = no_progress) -> Redundancy:
    """The redundancy of an analysis' samples by these feature sets: computed once, then kept with the analysis."""
    kept = kept_redundancy(analysis, features)
    if kept is None:
        kept = redundancy(features, progress=progress)
        with suppress(OSError):  # keeping it saves time only: a full disk or a workspace to read from refuses nothing
            _write(_path(analysis, features_hash(features)), kept)
    return kept


def kept_redundancy(analysis: Analysis, features: FeatureSets) -> Redundancy | None:
    """What `redundancy_of` has kept, None where it has not run yet."""
    found = read_derived(_path(analysis, features_hash(features)))
    if found is None:
        return None
    about, table = found
    columns = {name: table[name].to_numpy() for name in table.column_names}
    linked = columns["a"] >= 0
    return Redundancy(
        about["floor"], columns["nearest"], columns["shared"], columns["union"],
        Links(*(columns[name][linked] for name in ("a", "b", "link_shared", "link_union"))),
        np.array(about["pairs"], np.int64), about["left_out"], Bands(*about["bands"]) if about["bands"] else None,
    )  # fmt: skip


def has_redundancy(analysis: Analysis, hash: str) -> bool:
    """Whether `redundancy_of` has run for the feature sets of that `features_hash`."""
    return _path(analysis, hash).is_file()


def redundancy_words(analysis: Analysis, *, span: str, activity: Activity) -> list[str]:
    """The command that computes it by these features, as words."""
    rule = ["--theta", repr(activity.theta)] if activity.mode == "raw" else ["--auto"]
    rule = ["--quantile", repr(activity.quantile)] if activity.quantile is not None else rule
    return ["redundancy", analysis.id, "--span", span, *rule]


def features_hash(features: FeatureSets) -> str:
    """The first 16 hex digits of the SHA-256 of feature sets: names what is derived from them alone."""
    decides = hashlib.sha256(f"{VERSION} {features.n_features} ".encode())
    decides.update(features.indptr.tobytes())
    decides.update(features.indices.tobytes())
    return decides.hexdigest()[:16]


def _path(analysis: Analysis, hash: str) -> Path:
    return derived_path(analysis, f"redundancy-{hash}")


def _write(path: Path, found: Redundancy) -> None:
    """As many rows as samples; there are fewer links, so their columns end in −1."""
    room = len(found.nearest) - len(found.links)
    links = {name: np.concatenate([getattr(found.links, name), np.full(room, -1, np.int32)]) for name in FIELDS}
    about = {
        "floor": found.floor, "pairs": found.pairs.tolist(), "left_out": found.left_out,
        "bands": [found.bands.bands, found.bands.rows] if found.bands else None,
    }  # fmt: skip
    columns = {"nearest": found.nearest, "shared": found.shared, "union": found.union, "a": links["a"], "b": links["b"]}
    write_derived(path, about, columns | {"link_shared": links["shared"], "link_union": links["union"]})
