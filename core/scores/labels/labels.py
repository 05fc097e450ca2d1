"""The labels of an analysis from every origin, each with its fidelity: what a screen asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.scores.labels.fidelity import Fidelity
from core.scores.labels.judge import Judged, read_judged
from core.scores.labels.kept import (
    fidelity_of_row,
    imported_paths,
    llm_paths,
    offline_path,
    read_fidelity,
    sae_hash,
)  # fmt: skip
from core.store.analyses import Analysis
from core.store.derived import read_derived
from core.store.own_labels import own_labels
from core.workspace import Workspace

OWN, LLM, IMPORTED, OFFLINE = "own", "llm", "imported", "offline"
ORIGINS = (OWN, LLM, IMPORTED, OFFLINE)  # the first that a feature has is its best
ORIGIN_WORDS = {
    OWN: "your own words", LLM: "written by a language model", IMPORTED: "imported", OFFLINE: "from your data"
}  # fmt: skip
SCHEMA = pa.schema(
    [("feature_id", pa.int32()), ("text", pa.string()), ("origin", pa.string()), ("who", pa.string()),
     ("place", pa.int32()), ("auroc", pa.float32()), ("null_auroc", pa.float32()), ("explains", pa.bool_())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """What a feature is about: in whose words (`by` names the explainer), and how far that holds, None if not measured."""

    feature_id: int
    text: str
    origin: str
    by: str
    fidelity: Fidelity | None
    judged: Judged | None = None

    @property
    def explains(self) -> bool | None:
        """Whether it tells more than its null; None where that was not or cannot be measured. A reader's word counts first."""
        if self.judged is not None and self.judged.explains is not None:
            return self.judged.explains
        return self.fidelity.explains if self.fidelity else None

    def origin_words(self) -> str:
        """From your data · imported (gpt-4o-mini)."""
        return ORIGIN_WORDS[self.origin] + (f" ({self.by})" if self.by else "")

    def fidelity_words(self) -> str:
        """Its fidelity in one line, and by what it was judged."""
        if self.judged is not None and self.judged.accuracy.measured:
            return self.judged.words()
        if self.fidelity is None:
            return "fidelity not measured"
        judged = "" if self.origin == OFFLINE or not self.fidelity.measured else ", judged by its words alone"
        return self.fidelity.words() + judged


@dataclass(frozen=True)
class Source:
    """One file of labels: its place in the order of preference, who wrote it, where it lies."""

    origin: str
    by: str
    path: Path
    place: int


class Labels:
    """All labels of an analysis as one table in memory, whatever the number of features; a cursor per thread."""

    def __init__(self, analysis: Analysis, sources: list[Source], own: dict[int, str]) -> None:
        self.analysis, self.sources = analysis, tuple(sources)
        self._fidelity = {source.place: read_fidelity(analysis, source.path) for source in sources}
        self._judged = {s.place: read_judged(analysis, s.path) for s in sources if s.origin != OFFLINE}
        self._connection = duckdb.connect()
        self._connection.register("given", self._every(own))
        self._connection.execute("CREATE TABLE labels AS SELECT * FROM given ORDER BY feature_id, place")
        self._connection.unregister("given")
        for place, table in self._fidelity.items():
            if table is not None:
                self._connection.register("given", table)
                self._connection.execute(f"CREATE TABLE fidelity_{place} AS SELECT * FROM given")
                self._connection.unregister("given")

    def _every(self, own: dict[int, str]) -> pa.Table:
        """A row for each label of each feature."""
        n = len(own)
        said = {"feature_id": list(own), "text": list(own.values()), "origin": [OWN] * n, "who": [""] * n, "place": [0] * n,
                "auroc": [None] * n, "null_auroc": [None] * n, "explains": [None] * n}  # fmt: skip
        tables = [pa.table(said, schema=SCHEMA)]
        for source in self.sources:
            kept = read_derived(source.path)
            assert kept is not None  # it was just listed
            texts, fidelity = kept[1].select(["feature_id", "text"]), self._fidelity[source.place]
            tables.append(_joined(texts, fidelity, source, self._judged.get(source.place, {})))
        return pa.concat_tables(tables)

    @cached_property
    def table(self) -> pa.Table:
        """Every label, by feature and preference (`SCHEMA`): to be joined and searched by SQL."""
        return self._connection.cursor().sql("SELECT * FROM labels ORDER BY feature_id, place").to_arrow_table()

    @cached_property
    def best_table(self) -> pa.Table:
        """A row a feature: its best label as in `table`, and in `search` the words of all its labels, in small letters."""
        every = self.table
        feature = every["feature_id"].to_numpy()
        first = np.flatnonzero(np.r_[True, feature[1:] != feature[:-1]][: len(feature)])
        best = every.take(pa.array(first)).drop_columns(["place"])
        search = pc.utf8_lower(best["text"].combine_chunks())
        several = np.diff(np.r_[first, len(feature)]) > 1
        if several.any():  # putting words together takes many times longer than the rest
            query = (
                "SELECT lower(string_agg(text, ' | ' ORDER BY place)) FROM labels "
                "WHERE feature_id IN (SELECT unnest(?::INTEGER[])) GROUP BY feature_id ORDER BY feature_id"
            )
            ids = feature[first[several]].tolist()
            joined = [said for (said,) in self._connection.cursor().execute(query, [ids]).fetchall()]
            search = pc.replace_with_mask(search, pa.array(several), pa.array(joined, pa.string()))
        return best.append_column("search", search)

    def all(self, feature_id: int) -> list[Label]:
        """Every label of a feature, the preferred first."""
        return self.of([feature_id]).get(int(feature_id), [])

    def best(self, feature_id: int) -> Label | None:
        """The preferred label of a feature, None where it has none."""
        return next(iter(self.all(feature_id)), None)

    def of(self, ids: Iterable[int]) -> dict[int, list[Label]]:
        """The labels of many features at once, the preferred first."""
        wanted = sorted({int(feature_id) for feature_id in ids})
        cursor = self._connection.cursor()
        rows = cursor.execute(
            "SELECT feature_id, text, origin, who, place FROM labels WHERE feature_id IN (SELECT unnest(?::INTEGER[])) "
            "ORDER BY feature_id, place",
            [wanted],
        ).fetchall()
        measured = {place: self._measured(place, wanted) for place in {row[4] for row in rows}}
        found: dict[int, list[Label]] = {}
        for feature_id, text, origin, by, place in rows:
            judged = self._judged.get(place, {}).get(feature_id)
            label = Label(feature_id, text, origin, by, measured[place].get(feature_id), judged)
            found.setdefault(feature_id, []).append(label)
        return found

    def _measured(self, place: int, wanted: list[int]) -> dict[int, Fidelity]:
        if self._fidelity.get(place) is None:
            return {}
        query = f"SELECT * FROM fidelity_{place} WHERE feature_id IN (SELECT unnest(?::INTEGER[]))"
        cursor = self._connection.cursor().execute(query, [wanted])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {row["feature_id"]: fidelity_of_row(row) for row in rows}

    def measured(self, place: int) -> bool:
        """Whether the fidelity of a source is known."""
        return self._fidelity.get(place) is not None

    def evidence(self, feature_id: int) -> list[tuple[str, float, int]]:
        """Of the offline label every piece of evidence: its words, log-odds, and contexts of those looked at that hold it."""
        source = next((source for source in self.sources if source.origin == OFFLINE), None)
        kept = read_derived(source.path) if source else None
        if kept is None:
            return []
        row = kept[1].filter(pc.equal(kept[1]["feature_id"], int(feature_id))).to_pylist()
        return list(zip(row[0]["phrases"], row[0]["weights"], row[0]["support"], strict=True)) if row else []


def _joined(texts: pa.Table, fidelity: pa.Table | None, source: Source, judged: dict[int, Judged]) -> pa.Table:
    """The labels of a file with what was measured of them."""
    n, columns = texts.num_rows, {"feature_id": texts["feature_id"], "text": texts["text"]}
    place = np.full(n, -1)
    if fidelity is not None and fidelity.num_rows:
        known = fidelity["feature_id"].to_numpy()
        at = np.minimum(np.searchsorted(known, texts["feature_id"].to_numpy()), len(known) - 1)
        place = np.where(known[at] == texts["feature_id"].to_numpy(), at, -1)
    rows = pa.array(place, pa.int64(), mask=place < 0)
    for name, column in (("auroc", "auroc"), ("null_auroc", "null"), ("explains", "explains")):
        absent = pa.nulls(n, SCHEMA.field(name).type)
        columns[name] = absent if fidelity is None else fidelity[column].combine_chunks().take(rows)
    if judged:
        said = zip(texts["feature_id"].to_pylist(), columns["explains"].to_pylist(), strict=True)
        found = [judged[f].explains if f in judged else known for f, known in said]
        columns["explains"] = pa.array(found, pa.bool_())
    columns |= {"origin": [source.origin] * n, "who": [source.by] * n, "place": [source.place] * n}
    return pa.table({name: columns[name] for name in SCHEMA.names}).cast(SCHEMA)


def labels_of(workspace: Workspace, analysis: Analysis) -> Labels:
    """The labels that there are for an analysis: the user's own, a language model's, imported ones, those from the data."""
    sae = sae_hash(analysis)
    found = [(LLM, path) for path in llm_paths(analysis)] + [
        (IMPORTED, path) for path in imported_paths(workspace, sae)
    ]
    if (offline := offline_path(analysis)).is_file():
        found.append((OFFLINE, offline))
    sources = []
    for place, (origin, path) in enumerate(found, 1):
        kept = read_derived(path)
        if kept is not None:
            sources.append(Source(origin, kept[0].get("by", ""), path, place))
    return Labels(analysis, sources, own_labels(workspace, sae))


def labels_stamp(workspace: Workspace, analysis: Analysis) -> str:
    """A plain value that changes whenever a label does: what a cache of `labels_of` is keyed by."""
    paths = [*llm_paths(analysis), *imported_paths(workspace, sae_hash(analysis)), offline_path(analysis)]
    for pattern in ("fidelity-*.parquet", "judged-*.parquet"):
        paths += sorted((analysis.folder / "derived").glob(pattern))
    stamps = [f"{path.name}:{path.stat().st_mtime_ns}" for path in paths if path.is_file()]
    own = own_labels(workspace, sae_hash(analysis))
    return "|".join([*stamps, *(f"{feature}={text}" for feature, text in sorted(own.items()))])
