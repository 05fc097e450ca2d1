"""Rankings kept with their analysis: computed once, read as often as one likes, never trusted as proof."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import core
from core.files import json_hash, written_beside
from core.selection.leans import leans_of
from core.selection.method import Rank
from core.selection.pool import Pool
from core.selection.ranking import Ranking
from core.selection.specification import RankingSpec, rank_by
from core.store.analyses import Analysis
from core.workspace import Workspace


def kept_ranking(
    analysis: Analysis, pool: Pool, spec: RankingSpec, *, upto: int | None = None, by: Rank | None = None
) -> Ranking:
    """The ranking of a specification, at least `upto` long (None: all of it); read where it is kept, else made and kept.

    `by`: who makes it where that is not this process; the ranking is the same.
    """
    wanted = pool.available if upto is None else min(upto, pool.available)
    path = _path(analysis, spec)
    if path.exists():
        kept = _read(path, pool)
        if len(kept) >= wanted or kept.complete:
            return kept
    ranking = rank_by(pool, spec, upto=wanted, by=by)
    with suppress(OSError):  # keeping it saves time only: a full disk or a workspace to read from refuses no ranking
        _write(path, ranking)
    return ranking


def _path(analysis: Analysis, spec: RankingSpec) -> Path:
    leans = leans_of(Workspace(analysis.folder.parents[1]), spec)
    decides = f"{spec.hash}-{json_hash(leans)[:16]}" if leans else spec.hash
    return analysis.folder / "derived" / "rankings" / f"{core.__version__}-{decides}.parquet"


def _read(path: Path, pool: Pool) -> Ranking:
    table = pq.read_table(path)
    sample_ids, gains, rounds = (np.asarray(table[name]) for name in ("sample_id", "gain", "round"))
    said = json.loads((table.schema.metadata or {}).get(b"constrained", b"{}"))
    left_out = tuple((str(words), int(rows)) for words, rows in said.get("left_out", ()))
    return Ranking(
        sample_ids, gains, rounds, min(len(pool.pins), len(sample_ids)), pool.base,
        floor=said.get("floor", 0), left_out=left_out, complete=said.get("complete", False),
    )  # fmt: skip


def _write(path: Path, ranking: Ranking) -> None:
    table = pa.table({"sample_id": ranking.sample_ids, "gain": ranking.gains, "round": ranking.rounds})
    said = {"floor": ranking.floor, "left_out": ranking.left_out, "complete": ranking.complete}
    table = table.replace_schema_metadata({"constrained": json.dumps(said)})
    with written_beside(path) as out:
        pq.write_table(table, out, compression="zstd")
