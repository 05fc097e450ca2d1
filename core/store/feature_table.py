"""The table of all features: searched, filtered, sorted and paged by the database, whatever the number of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.tables import held_keys

ORDERS = ("feature_id", "samples", "tokens", "max", "subset", "label")
NO_LABELS = pa.table(
    {"feature_id": pa.array([], pa.int32()), "text": pa.array([], pa.string()), "search": pa.array([], pa.string())}
)
NO_PEAKS = pa.table({"feature_id": pa.array([], pa.int32()), "token_id": pa.array([], pa.int32())})


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature in the table: its samples and scored tokens, its maximum, its samples in the subset, its label."""

    feature_id: int
    samples: int
    tokens: int
    max: float
    chosen: int | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """Some rows of the table, and how many there are in all."""

    rows: list[FeatureRow]
    total: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Beside:
    """What is known of features beside the analysis.

    labels: feature_id, text, and in `search` all that is said of the feature, in small letters. peaks: feature_id,
    token_id, the tokens features fire on. kept: bool (n_features), the features to show. chosen: int (n_features), in
    how many of `subset` samples each is active.
    """

    labels: pa.Table | None = None
    peaks: pa.Table | None = None
    kept: np.ndarray | None = None
    chosen: np.ndarray | None = None
    subset: int = 0


NOTHING = Beside()


def feature_page(
    analysis: Analysis,
    *,
    order: str = "samples",
    descending: bool = True,
    live: bool = True,
    search: str = "",
    beside: Beside = NOTHING,
    limit: int = 100,
    offset: int = 0,
) -> FeaturePage:
    """A page of the table by one of `ORDERS`, ties by feature id, unlabelled features last; `live`: only those ever active.

    "subset" orders by the share of the subset's samples less the share of all. search: an id, or words that stand in the
    label, in a token that the feature promotes, or in one that it fires on, whatever the case.
    """
    if order not in ORDERS:
        raise GamutError(f"Features cannot be ordered by {order!r}; use one of {', '.join(ORDERS)}.")
    if order == "subset" and beside.chosen is None:
        order = "samples"
    cursor = analysis.cursor()
    _register(cursor, analysis, beside)
    where = "beside.kept" + (" AND f.samples > 0" if live else "")
    if search.strip():
        cursor.register("found", _found(analysis, search.strip(), beside))
        where += " AND f.feature_id IN (SELECT feature_id FROM found)"
    found = f"FROM features AS f JOIN beside USING (feature_id) LEFT JOIN labels USING (feature_id) WHERE {where}"
    total = cursor.execute(f"SELECT count(*) {found}").fetchall()[0][0]
    by = {"label": "lower(labels.text)", "subset": _difference(analysis, beside)}.get(order, f"f.{order}")
    direction = "DESC" if descending else "ASC"
    rows = cursor.execute(
        f"SELECT f.feature_id, f.samples, f.tokens, f.max, beside.chosen, labels.text {found} "
        f"ORDER BY {by} {direction} NULLS LAST, f.feature_id LIMIT ? OFFSET ?",
        [limit, offset],
    ).fetchall()
    return FeaturePage([FeatureRow(*row) for row in rows], total)


def feature_row(analysis: Analysis, feature_id: int) -> FeatureRow:
    """One feature's row of the table; GamutError for an unknown id."""
    query = "SELECT feature_id, samples, tokens, max FROM features WHERE feature_id = ?"
    rows = analysis.cursor().execute(query, [feature_id]).fetchall()
    if not rows:
        raise GamutError(f"There is no feature {feature_id}; this SAE has features 0 to {analysis.n_features - 1}.")
    return FeatureRow(*rows[0])


def _difference(analysis: Analysis, beside: Beside) -> str:
    """Share of the subset less share of the pool, in whole numbers: no rounding decides an order."""
    return f"beside.chosen::BIGINT * {analysis.n_samples} - f.samples::BIGINT * {int(beside.subset)}"


def _register(cursor, analysis: Analysis, beside: Beside) -> None:
    n = analysis.n_features
    columns = {
        "feature_id": pa.array(np.arange(n, dtype=np.int32)),
        "kept": pa.array(np.ones(n, bool) if beside.kept is None else beside.kept),
        "chosen": pa.nulls(n, pa.int64()) if beside.chosen is None else pa.array(beside.chosen, pa.int64()),
    }
    cursor.register("beside", pa.table(columns))
    cursor.register("labels", NO_LABELS if beside.labels is None else beside.labels)
    cursor.register("peaks", NO_PEAKS if beside.peaks is None else beside.peaks)


def _found(analysis: Analysis, search: str, beside: Beside) -> pa.Table:
    """The ids of the features that were searched for, looked for once for all pages."""
    cursor = analysis.cursor()
    _register(cursor, analysis, beside)
    tokens = "SELECT token_id FROM vocabulary WHERE contains(lower(text), lower($search))"
    cursor.register("spelled", pa.table(cursor.execute(tokens, {"search": search}).fetchnumpy()))
    ways = [
        "SELECT feature_id FROM labels WHERE contains(search, lower($search))",
        "SELECT feature_id FROM peaks SEMI JOIN spelled USING (token_id)",
        "SELECT feature_id FROM features WHERE feature_id = $number",
    ]
    if "decoder" in held_keys(analysis.cursor()):
        promoted = "SELECT feature_id, unnest(promoted) AS token_id FROM decoder"
        ways.append(f"SELECT feature_id FROM ({promoted}) SEMI JOIN spelled USING (token_id)")
    number = search.removeprefix("#")
    values = {"search": search, "number": int(number[:9]) if number.isdecimal() else -1}
    return pa.table(cursor.execute(" UNION ".join(ways), values).fetchnumpy())


def samples_with(analysis: Analysis, ids: np.ndarray) -> np.ndarray:
    """In how many of the samples `ids` each feature is active, int64 (n_features)."""
    counted = np.zeros(analysis.n_features, np.int64)
    cursor = analysis.cursor()
    cursor.register("wanted", pa.table({"sample_id": pa.array(np.unique(ids), pa.int32())}))
    rows = cursor.execute(
        "SELECT feature_id, count(*) AS n FROM (SELECT DISTINCT sample_id, feature_id FROM activations "
        "SEMI JOIN wanted USING (sample_id)) GROUP BY feature_id"
    ).fetchnumpy()
    counted[rows["feature_id"]] = rows["n"]
    return counted
