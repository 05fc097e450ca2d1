"""The analysis of a pool: each member by itself, those that are missing first, then all of them merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.activations.identity import AnalysisIdentity
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store.analyses import Analysis, free_name
from core.store.datasets import Dataset, dataset_with_hash
from core.store.finalise import take_final_name
from core.store.groups import groups_of
from core.store.merge import merge_analyses
from core.store.pools import SOURCE, Member, members_of
from core.store.replanned import KEY
from core.store.replanned import together as of_members
from core.workspace import Workspace

Progress = Callable[..., None]  # (done, total, note), and the samples read where tokens are counted
Named = tuple[AnalysisIdentity, str]
Run = Callable[[Dataset, list[Named], Progress], None]


def analyse_members(
    workspace: Workspace, dataset: Dataset, wanted: Sequence[AnalysisIdentity], *, run: Run, progress: Progress
) -> None:
    """Have every member without an analysis analysed by `run`, by all the SAEs that it misses at once.

    So a pool costs what its new members cost, and has the same numbers whether its members were analysed before or not.
    """
    for identity in wanted:
        check_groups(workspace, dataset, identity.settings)
    missing = [{member.first for member in _missing(workspace, dataset, identity)} for identity in wanted]
    due = [member for member in members_of(dataset) if any(member.first in firsts for firsts in missing)]
    steps = _Steps(dataset, due, progress)
    for member in due:
        owns = [_own(_for_members(identity), member) for identity in wanted]
        owns = [own for own in owns if not (workspace.analyses / own.id).exists()]
        if owns:  # a member that stands in the pool twice is read once
            found = _dataset(workspace, member)
            run(found, _named(workspace, found.name, owns), steps.of(member))


def analyse_pool(
    workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity, *, name: str, partial: Path, final: Path,
    progress: Progress,
) -> Path:  # fmt: skip
    """Merge the analyses of a pool's members, which are all there, into its own."""
    own = _for_members(identity)
    progress(0, 0, "joining the members")
    members = [Analysis(workspace.analyses / _own(own, member).id) for member in members_of(dataset)]
    one = members[0]
    vocabulary = [text for (text,) in one.cursor().execute("SELECT text FROM vocabulary ORDER BY token_id").fetchall()]
    seconds = sum(float(member.meta["seconds"]) for member in members)
    meta = {
        key: value for key, value in one.meta.items() if key not in ("format_version", "content_hash", "read_with", KEY)
    }
    meta |= {
        "id": identity.id, "name": name, "dataset": dataset.name, "dataset_hash": identity.dataset_hash,
        "started": min(m.meta["started"] for m in members), "finished": max(m.meta["finished"] for m in members),
        "seconds": f"{seconds:.1f}",
    }  # fmt: skip
    replanned = of_members([member.replanned for member in members])
    meta |= replanned.as_meta() if replanned else {}
    sources = [member.name for member in members_of(dataset)]
    by_source = identity.settings.group_by == SOURCE
    merge_analyses(partial, members, vocabulary=vocabulary, meta=meta, sources=sources, by_source=by_source)
    merged = Analysis(partial)
    assert merged.n_samples == len(dataset), f"{len(dataset)} samples in the pool, {merged.n_samples} analysed"
    merged.close()
    take_final_name(partial, final)
    return final


def check_groups(workspace: Workspace, dataset: Dataset, settings: AnalysisSettings) -> None:
    """Refuse, before anything runs, a column to group by that the data set, or a member of the pool, lacks."""
    column, members = settings.group_by, members_of(dataset)
    if column is not None and not members:
        groups_of(dataset, column)
    if column is None or column == SOURCE:
        return
    for member in members:
        found = dataset_with_hash(workspace, member.content_hash, name=member.name)
        if found is not None and column not in {known.name for known in found.columns}:
            raise GamutError(
                f"Data set {member.name!r} of the pool has no column {column!r} to group by; group by {SOURCE!r}, or by a "
                "column that every member has."
            )


def _for_members(identity: AnalysisIdentity) -> AnalysisIdentity:
    """What the members are analysed by: a pool's column `source` is not theirs."""
    if identity.settings.group_by != SOURCE:
        return identity
    return replace(identity, settings=replace(identity.settings, group_by=None))


def ready_samples(workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity) -> np.ndarray:
    """Which samples of a pool need no pass because their member has an analysis, bool (n); none of any other data set."""
    ready = np.full(len(dataset), bool(members_of(dataset)))
    for member in _missing(workspace, dataset, identity):
        ready[member.first : member.first + member.rows] = False
    return ready


def _missing(workspace: Workspace, dataset: Dataset, identity: AnalysisIdentity) -> list[Member]:
    own = _for_members(identity)
    return [member for member in members_of(dataset) if not (workspace.analyses / _own(own, member).id).exists()]


class _Steps:
    """One progress over all members that must run: each one's tokens count on from those before it.

    How many tokens the later members will have is told from their characters, at the rate of those read so far.
    """

    def __init__(self, dataset: Dataset, due: list[Member], progress: Progress) -> None:
        rows = dataset.cursor().execute("SELECT characters FROM samples ORDER BY sample_id").fetchnumpy()
        long = np.asarray(rows["characters"], np.int64)
        self._due = due
        self._characters = {member.first: int(long[member.first : member.first + member.rows].sum()) for member in due}
        self._progress = progress
        self._tokens = self._rows = self._read = 0  # of the members before: tokens, samples, characters

    def of(self, member: Member) -> Progress:
        """The progress of one member's run."""
        own = self._characters[member.first]
        place = f"{self._due.index(member) + 1} of {len(self._due)}, {member.name}"
        tokens, before, read = self._tokens, self._rows, self._read

        def said(done: int, total: int, note: str, rows: int = 0) -> None:
            if not total:
                return self._progress(0, 0, f"{note} ({place})")
            rate = (tokens + total) / max(1, read + own)
            left = sum(self._characters.values()) - read - own
            every = tokens + total + round(rate * left)
            self._progress(tokens + done, every, f"{note} ({place})", before + rows)
            if done == total:  # told at its end, once by every SAE that read it
                self._tokens, self._rows, self._read = tokens + total, before + member.rows, read + own

        return said


def _own(identity: AnalysisIdentity, member: Member) -> AnalysisIdentity:
    return replace(identity, dataset=member.name, dataset_hash=member.content_hash)


def _dataset(workspace: Workspace, member: Member) -> Dataset:
    dataset = dataset_with_hash(workspace, member.content_hash, name=member.name)
    if dataset is None:
        raise GamutError(
            f"The pool's data set {member.name!r} is not here any more and has no analysis with this model and SAE; "
            "add its file again."
        )
    return dataset


def _named(workspace: Workspace, name: str, owns: Sequence[AnalysisIdentity]) -> list[Named]:
    """What the analyses of a member are called: as their data set, the others with the beginning of their ids."""
    free = [free_name(workspace, name, id=own.id) for own in owns]
    return [(own, free[0] if own is owns[0] else f"{name}-{own.id[:6]}") for own in owns]
