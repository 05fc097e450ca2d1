"""A proposal of whom to let go as bans of the data set, all with one reason, so that they are taken back together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.scores.feature_sets import FeatureSets
from core.scores.redundancy_search import Redundancy
from core.scores.redundant_groups import Proposal, in_order, propose
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, ban_unpinned, clear_marks, marked, marked_with_reasons
from core.workspace import Workspace

REASON = "repeats a sample that stays"


def proposal_of(
    workspace: Workspace, dataset: Dataset, features: FeatureSets, found: Redundancy, *, at: float, keep: str, tokens: np.ndarray,
    one_each: bool = False, also_firm: Iterable[int] = (),
) -> Proposal:  # fmt: skip
    """Who may go: pins and `also_firm` stay, samples banned for any other reason are out of it.

    tokens: int (n), by which the longest is told.
    """
    firm, out = np.zeros(features.n_samples, bool), np.zeros(features.n_samples, bool)
    pins, others = marks_of(workspace, dataset)
    firm[[*pins, *also_firm]] = True
    out[list(others)] = True
    places = in_order(features, tokens, keep=keep)
    return propose(found, features, at=at, places=places, firm=firm, out=out, one_each=one_each)


def marks_of(workspace: Workspace, dataset: Dataset) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What of the marks decides a proposal: the pins, and the samples banned for other reasons, ascending both."""
    bans = marked_with_reasons(workspace, dataset.content_hash, BAN)
    others = sorted(sample for sample, reasons in bans.items() if set(reasons) != {REASON})
    return tuple(sorted(marked(workspace, dataset.content_hash, PIN))), tuple(others)


def banned_so(workspace: Workspace, dataset: Dataset) -> tuple[int, ...]:
    """The samples that are banned because they repeat another, ascending."""
    bans = marked_with_reasons(workspace, dataset.content_hash, BAN)
    return tuple(sorted(sample for sample, reasons in bans.items() if REASON in reasons))


def ban_proposed(workspace: Workspace, dataset: Dataset, proposal: Proposal) -> int:
    """Ban who goes, and no longer who went by an earlier proposal; returns how many are banned so now."""
    take_back(workspace, dataset)
    ban_unpinned(workspace, dataset.content_hash, proposal.goes.tolist(), REASON)
    return len(banned_so(workspace, dataset))


def take_back(workspace: Workspace, dataset: Dataset) -> None:
    """Lift all bans of this reason; what is banned for another one too stays banned."""
    clear_marks(workspace, dataset.content_hash, mark=BAN, reason=REASON)
