"""One row a sample with all that is known of its diversity: what the Samples tab shows, sorts and hands out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from core.scores.redundancy_search import Redundancy
from core.scores.response_loss import NAME as LOSS
from core.scores.response_loss import kept_loss
from core.scores.spectrum import Bounds
from core.selection.diversity_report import Diversity
from core.selection.facets import scores
from core.selection.ranking import Ranking
from core.store.column_pages import ColumnPages

SAMPLE, GROUP, PLACE, WITH = "sample", "group", "place", "most alike"
BUILT = {
    "turns": "turns", "words a sentence": "words_a_sentence", "clauses a sentence": "clauses_a_sentence",
    "code lines": "code_lines", "nesting": "nesting",
}  # fmt: skip
NOT_MEASURED = (SAMPLE, GROUP, PLACE, WITH)


def diversity_table(
    diversity: Diversity, *, by: str, bounds: Bounds, size: int, ranking: Ranking | None = None,
    redundancy: Redundancy | None = None,
) -> ColumnPages:  # fmt: skip
    """The table; `ranking` adds the gain and the place under it, `redundancy` the overlap, `by` the group."""
    n = diversity.features.n_samples
    columns: dict[str, object] = {SAMPLE: np.arange(n, dtype=np.int32)}
    if by:
        groups = diversity.known.groups(by)
        columns[GROUP] = pa.DictionaryArray.from_arrays(
            pa.array(groups.codes, pa.int32()), pa.array(list(groups.names))
        ).cast(pa.string())
    columns |= {
        "scored tokens": diversity.tokens,
        "richness": diversity.features.richness,
        rarefied_name(size): diversity.by_tokens.at(size),
        "novelty": diversity.novelty(bounds),
    }
    if redundancy is not None:
        found = redundancy.exact | (redundancy.nearest >= 0)  # MinHash tells nothing of overlaps under its floor
        columns |= {"redundancy": np.where(found, redundancy.overlap, np.nan), WITH: _or_missing(redundancy.nearest)}
    if ranking is not None:
        gain, place = np.full(n, np.nan), np.full(n, -1, np.int64)
        gain[ranking.sample_ids] = ranking.gains
        place[ranking.sample_ids] = np.arange(1, len(ranking) + 1)
        columns |= {"gain": gain, PLACE: _or_missing(place)}
    columns |= {name: diversity.complexity[measure] for name, measure in BUILT.items()}
    if (loss := kept_loss(diversity.analysis)) is not None:
        columns[LOSS] = loss
    known = set(columns)
    for name in scores(diversity.dataset):
        columns[name if name not in known else f"{name} (column)"] = diversity.known.score(name)
    return ColumnPages(columns)


def rarefied_name(size: int) -> str:
    return f"features in {size} tokens"


def measures_of(table: ColumnPages) -> list[str]:
    """The columns that measure something."""
    return [name for name in table.names if name not in NOT_MEASURED]


def quartiles(values: np.ndarray) -> tuple[float, float, float] | None:
    """Median, lower and upper quartile of what is known; None of nothing."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
    return float(middle), float(low), float(high)


def _or_missing(ids: np.ndarray) -> pa.Array:
    return pa.array(ids, pa.int64(), mask=np.asarray(ids) < 0)
