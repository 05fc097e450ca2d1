"""imported: samples that were chosen elsewhere, in the order in which they came.

order by the place in `ids`; behind them all others in random order (seed 0).
Source: none, the choice was made elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.errors import GamutError
from core.scores.coverage import seeded_order
from core.selection.method import Method, option
from core.selection.pool import Pool
from core.selection.ranking import Ranking, ranking_along

NAME = "imported"
SEED = 0


def _ids_field() -> str:
    """The ids as one text: an option is a plain value everywhere. Not a field to type in, so screens leave it out."""
    field = option("", "sample ids with commas, in order", label="Samples")
    return dataclasses.field(default="", metadata={**field.metadata, "typed": False})


@dataclass(frozen=True, kw_only=True)
class ImportedOptions:
    ids: str = _ids_field()


def ids_text(ids: Iterable[int]) -> str:
    """Sample ids as the option says them."""
    return ",".join(str(int(sample_id)) for sample_id in ids)


def rank(pool: Pool, options: ImportedOptions, *, upto: int | None = None) -> Ranking:
    """Pins, then the imported samples that may be chosen in their order, then the others in the order of seed 0."""
    order = np.concatenate([_read(options.ids, pool.n_samples), seeded_order(pool.n_samples, SEED)])
    first = np.sort(np.unique(order, return_index=True)[1])
    candidate = np.zeros(pool.n_samples, bool)
    candidate[pool.candidates] = True
    order = order[first]
    return ranking_along(pool, order[candidate[order]], upto)


def _read(text: str, n: int) -> np.ndarray:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if stray := [word for word in words if not (word.isascii() and word.isdigit() and int(word) < n)]:
        raise GamutError(f"{stray[0][:40]!r} is no sample id of this pool; ids run from 0 to {n - 1}.")
    return np.array([int(word) for word in words], np.int32)


METHOD = Method(
    name=NAME,
    title="Imported",
    summary="Samples that were chosen elsewhere and imported, in the order in which they came.",
    source="–",
    group="more",
    notes=(
        "[choice] Records are matched with samples by the content of their conversation, ids by number or column.",
        "[choice] A budget beyond what was imported goes on with all other samples in random order (seed 0).",
    ),
    options=ImportedOptions,
    rank=rank,
)
