"""How long the selection methods take on generated rows in the paper's shape, and greedy coverage beside other programs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from core.scores.feature_sets import Activity, FeatureSets, feature_sets, thresholds
from core.selection.known import Given
from core.selection.methods.registry import find, parse_options
from core.selection.ranking import Ranking
from tests.bench import million
from tests.bench.contenders import CONTENDERS, Measured, MiB, forget_peak, measured, peak, write_rows
from tests.bench.zipf import generate, pool_of

ROWS, PICKS, TENTH, WIDTH = 52_000, 1_000, 5_200, 384
SMALL, SMALL_PICKS = 5_200, 100  # what slow contenders are given
AIMS = {"submodlib": 5.0, "numpy": 1.1}  # how many times Gamut's time they should take for the selection alone

Row = tuple[str, float, str]


def bench() -> Iterator[Row]:
    """Rows (what, value, note) as they are measured: seconds, medians of 3 unless told, one thread, kernels compiled."""
    seconds, features = _once(lambda: generate(ROWS))
    entries = (
        f"{ROWS:,} rows, {len(features.indices):,} entries, {features.live:,} of {features.n_features:,} features live"
    )
    yield "generate rows (setup, once)", seconds, entries
    yield from _methods(features)
    yield _million()
    yield from _sets(features)
    yield from _others(features)
    yield from _slow_others()


def _methods(features: FeatureSets) -> Iterator[Row]:
    rng = np.random.default_rng(1)
    strengths = rng.gamma(2, 1, len(features.indices)).astype(np.float32)
    plain = pool_of(features, known=Given(given_strengths=strengths))
    spread = pool_of(features, known=Given(given_vectors=rng.normal(size=(ROWS, WIDTH)).astype(np.float32)))
    centres = rng.normal(size=(200, WIDTH))
    drawn = centres[rng.integers(200, size=ROWS)] + 0.5 * rng.normal(size=(ROWS, WIDTH))
    clustered = pool_of(features, known=Given(given_vectors=drawn.astype(np.float32)))
    common = pool_of(generate(ROWS, n_features=4_096, per_row=60, exponent=0.8))
    jobs: list[tuple[str, Any, str, dict, int | None, float | None]] = [
        ("full order", plain, "sae-greedy", {}, None, 1.5),
        (f"k = {PICKS:,}", plain, "sae-greedy", {}, PICKS, None),
        ("full order, 4,096 features, 60 a row", common, "sae-greedy", {}, None, None),
        ("full order, gain per token", plain, "sae-greedy", {"per_token": True}, None, None),
        ("full order, wanted 3", plain, "sae-greedy", {"wanted": 3}, None, None),
        ("full order, idf", plain, "sae-greedy", {"rarity": "idf"}, None, None),
        ("full order, one pass", plain, "sae-greedy", {"one_pass": True}, None, None),
        (f"pool, k = {TENTH:,}", plain, "sae-simscale", {}, TENTH, 0.8),
        ("Jaccard 0.8, full order", plain, "sae-simscale", {"similarity": "jaccard"}, None, 20.0),
        (f"cosine 0.8, k = {TENTH:,}", plain, "sae-simscale", {"similarity": "cosine"}, TENTH, None),
        (f"k = {TENTH:,}", plain, "feature-coverage", {}, TENTH, None),
        (f"k = {PICKS:,}, {WIDTH} dimensions, spread evenly", spread, "k-center", {}, PICKS, 1.5),
        (f"k = {PICKS:,}, {WIDTH} dimensions, 200 clusters", clustered, "k-center", {}, PICKS, 1.5),
        (f"k = {TENTH:,}, {WIDTH} dimensions, 200 clusters", clustered, "repr-filter", {}, TENTH, None),
    ]
    yield from (_timed(*job) for job in jobs)


def _timed(what: str, pool: Any, name: str, said: dict, upto: int | None, aim: float | None) -> Row:
    method = find(name)
    options = parse_options(method, said)
    method.rank(pool, options, upto=1)
    before = forget_peak()
    seconds, ranking = _median_of_3(lambda: method.rank(pool, options, upto=upto))
    note = f"{_rounds(ranking)}, memory +{(peak() - before) / MiB:.0f} MiB"
    if aim is not None:
        note += f"; aim ≤ {aim:g} s: {'met' if seconds <= aim else 'MISSED'}"
    return f"{name}, {what}", seconds, note


def _rounds(ranking: Ranking) -> str:
    picks = np.bincount(ranking.rounds)[1:]
    if len(picks) == 1:
        return f"{len(ranking):,} picks in one round"
    return f"{len(ranking):,} picks, {len(picks)} rounds of {picks[0]:,}, {picks[1]:,} …"


def _million() -> Row:
    found = million.measured()
    seconds, gigabytes = found["seconds"], found["gigabytes"]
    met = "met" if seconds <= 5 and gigabytes <= 4 else "MISSED"
    what = f"sae-greedy, k = {million.PICKS:,} of {million.ROWS:,} × {million.PER_ROW}"
    note = f"{found['entries']:,} entries, {gigabytes:.1f} GB with the rows; aim ≤ 5 s and 4 GB: {met}"
    return what, seconds, note


def _sets(features: FeatureSets) -> Iterator[Row]:
    """Thresholds and sets from the long table, with made-up strengths: what comes before every selection."""
    table: dict[str, Any] = {
        "sample": np.repeat(np.arange(features.n_samples, dtype=np.int32), features.richness),
        "feature": features.indices,
        "strength": np.random.default_rng(1).gamma(2, 1, len(features.indices)).astype(np.float32),
        "n_samples": features.n_samples,
        "n_features": features.n_features,
    }
    seconds, (cut, quantile) = _median_of_3(lambda: thresholds(Activity(), **table))
    yield "thresholds from the long table, automatic quantile", seconds, f"quantile {quantile:.3f}"
    seconds, sets = _median_of_3(lambda: feature_sets(cut, **table))
    yield "the long table to compressed rows", seconds, f"{len(sets.indices):,} entries kept"


def _others(features: FeatureSets) -> Iterator[Row]:
    """Greedy coverage by everybody on the same job, conversion and selection apart."""
    names = [name for name in CONTENDERS if name != "apricot"]
    yield from _beside(features, PICKS, names, f"k = {PICKS:,} of {ROWS:,}")


def _slow_others() -> Iterator[Row]:
    yield from _beside(generate(SMALL), SMALL_PICKS, ["gamut", "apricot"], f"k = {SMALL_PICKS} of {SMALL:,}")


def _beside(features: FeatureSets, k: int, names: list[str], job: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        write_rows(features, Path(folder))
        ours = measured("gamut", Path(folder), k)
        assert ours is not None
        for name in names:
            found = ours if name == "gamut" else measured(name, Path(folder), k)
            title = f"{CONTENDERS[name].title}, {job}"
            if found is None:
                yield title, float("nan"), f"not installed: pip install {CONTENDERS[name].package}"
            else:
                yield from _figures(name, title, found, ours)


def _figures(name: str, title: str, found: Measured, ours: Measured) -> Iterator[Row]:
    runs = "" if CONTENDERS[name].runs == 3 else ", one run"
    note = f"reached {found.reached:,} features, memory +{found.peak:.0f} MiB{runs}"
    if found is ours:
        yield f"{title}: selection", found.select, f"{note}; no conversion: it reads compressed rows"
        return
    picks = "same first 20 picks" if found.first == ours.first else "other picks among ties"
    alone = found.select / ours.select
    both = (found.convert + found.select) / (ours.convert + ours.select)
    said = "Gamut is ahead" if alone > 1 else "GAMUT IS BEHIND"
    aim = f"; aim ≥ {AIMS[name]:g}: {'met' if alone >= AIMS[name] else 'MISSED'}" if name in AIMS else ""
    yield f"{title}: conversion", found.convert, found.version
    yield f"{title}: selection", found.select, f"{note}, {picks}"
    yield "  ÷ Gamut, selection alone", alone, said + aim
    yield "  ÷ Gamut, with conversion", both, "Gamut is ahead" if both > 1 else "GAMUT IS BEHIND"


def _once(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def _median_of_3(call: Callable[[], Any]) -> tuple[float, Any]:
    runs = [_once(call) for _ in range(3)]
    return median(seconds for seconds, _ in runs), runs[-1][1]
