"""By what a subset is compared with its pool: length, turns, language, source, copies, flags, and the data set's columns."""

from __future__ import annotations

import numpy as np

from core.datasets.column_roles import ROWS_A_LEVEL
from core.datasets.metadata import Column
from core.scores.bias import Facet, Marks, Numbers, Repeats, Shares
from core.selection.known import Grouping
from core.selection.known_analysis import IN_TENTHS, LENGTH, REPEAT, RESPONSE_LENGTH, of_every
from core.selection.pool import Pool
from core.selection.quotas import CAP, SHARE, Quota
from core.store.datasets import Dataset
from core.store.groups import MOST

JOINT = " + "  # between the flags of one sample
NO_FLAG = "none"
BUILT_IN = ("language", "turns")
TOKENS, RESPONSE_TOKENS, COPIES, FLAGS = "tokens", "response tokens", "copies", "flags"
TENTHS = {TOKENS: LENGTH, RESPONSE_TOKENS: RESPONSE_LENGTH}


def facets_of(pool: Pool, dataset: Dataset) -> list[Facet]:
    """Every facet that a data set has; the columns that are none are told by `left_out`."""
    repeated, flags = pool.known.duplicate_of, of_every(FLAGS, dataset)
    found: list[Facet] = [
        Numbers(of_every(TOKENS, dataset), pool.conversation_tokens.astype(np.float64), "tokens"),
        Numbers(of_every(RESPONSE_TOKENS, dataset), pool.response_tokens.astype(np.float64), "tokens"),
        Repeats(of_every(COPIES, dataset), np.where(repeated < 0, np.arange(pool.n_samples), repeated)),
        _flags(flags, pool.known.groups(flags)),
    ]
    for name in dict.fromkeys([*(of_every(name, dataset) for name in BUILT_IN), *categories(dataset)]):
        groups = pool.known.groups(name)
        if len(groups.names) <= MOST:
            found.append(Shares(name, groups.codes, groups.names))
    return found + [Numbers(name, pool.known.score(name)) for name in scores(dataset)]


def repair_of(facet: Facet, dataset: Dataset) -> Quota:
    """The quota under which a selection no longer differs from its pool by a facet, numbers by their tenths."""
    if isinstance(facet, Repeats):
        return Quota(kind=CAP, column=of_every("duplicate", dataset), value=REPEAT, amount=0)
    if isinstance(facet, Numbers):
        lengths = {of_every(tokens, dataset): length for tokens, length in TENTHS.items()}
        return Quota(kind=SHARE, column=of_every(lengths.get(facet.name, facet.name + IN_TENTHS), dataset))
    return Quota(kind=SHARE, column=facet.name)


def categories(dataset: Dataset) -> list[str]:
    """The columns of a data set that group its samples: its categories, and texts of somewhat more values."""
    return [column.name for column in dataset.columns if column.role == "category" or _groups(column, len(dataset))]


def _groups(column: Column, rows: int) -> bool:
    few = 1 < column.distinct <= min(MOST, (rows - column.missing) // ROWS_A_LEVEL)
    return not column.role and column.type == "text" and few


def scores(dataset: Dataset) -> list[str]:
    """The columns of numbers that say something of a sample."""
    return [column.name for column in dataset.columns if column.role == "score"]


def left_out(dataset: Dataset) -> list[str]:
    """The columns by which no subset is compared: free text, ids, dates, running numbers."""
    compared = {*categories(dataset), *scores(dataset)}
    return [column.name for column in dataset.columns if column.name not in compared]


def _flags(name: str, groups: Grouping) -> Marks:
    """Each flag by itself: in `groups` the samples stand by all their flags together."""
    together = [tuple(flag for flag in name.split(JOINT) if flag != NO_FLAG) for name in groups.names]
    flags = tuple(sorted({flag for own in together for flag in own}))
    has = np.array([[flag in own for own in together] for flag in flags], bool).reshape(len(flags), len(together))
    return Marks(name, has[:, groups.codes], flags)
