"""The analysis of a pool: each member by itself, those that are missing first, then all of them merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.activations.identity import AnalysisIdentity
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store.analyses import Analysis, free_name
from core.store.datasets import Dataset, dataset_with_hash
from core.store.finalise import take_final_name
from core.store.merge import merge_analyses
from core.store.pools import SOURCE, Member, members_of
from core.workspace import Workspace

Run = Callable[[Dataset, AnalysisIdentity, str], Path]


def analyse_pool(
    workspace: Workspace,
    dataset: Dataset,
    identity: AnalysisIdentity,
    *,
    name: str,
    partial: Path,
    final: Path,
    run: Run,
) -> Path:
    """Have every member analysed by `run` (which returns at once what is there already) and merge what came of it.

    So a pool costs what its new members cost, and has the same numbers whether its members were analysed before or not.
    """
    check_groups(workspace, dataset, identity.settings)
    members = [_analysed(workspace, member, _for_members(identity), run) for member in members_of(dataset)]
    one = members[0]
    vocabulary = [text for (text,) in one.cursor().execute("SELECT text FROM vocabulary ORDER BY token_id").fetchall()]
    seconds = sum(float(member.meta["seconds"]) for member in members)
    meta = {key: value for key, value in one.meta.items() if key not in ("format_version", "content_hash")}
    meta |= {
        "id": identity.id, "name": name, "dataset": dataset.name, "dataset_hash": identity.dataset_hash,
        "started": min(m.meta["started"] for m in members), "finished": max(m.meta["finished"] for m in members),
        "seconds": f"{seconds:.1f}",
    }  # fmt: skip
    sources = [member.name for member in members_of(dataset)]
    by_source = identity.settings.group_by == SOURCE
    merge_analyses(partial, members, vocabulary=vocabulary, meta=meta, sources=sources, by_source=by_source)
    merged = Analysis(partial)
    assert merged.n_samples == len(dataset), f"{len(dataset)} samples in the pool, {merged.n_samples} analysed"
    merged.close()
    take_final_name(partial, final)
    return final


def check_groups(workspace: Workspace, dataset: Dataset, settings: AnalysisSettings) -> None:
    """Refuse, before anything runs, a column to group by that a member of the pool lacks."""
    column = settings.group_by
    if column is None or column == SOURCE:
        return
    for member in members_of(dataset):
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


def _analysed(workspace: Workspace, member: Member, identity: AnalysisIdentity, run: Run) -> Analysis:
    own = replace(identity, dataset=member.name, dataset_hash=member.content_hash)
    there = workspace.analyses / own.id
    if there.exists():
        return Analysis(there)
    dataset = dataset_with_hash(workspace, member.content_hash, name=member.name)
    if dataset is None:
        raise GamutError(
            f"The pool's data set {member.name!r} is not here any more and has no analysis with this model and SAE; "
            "add its file again."
        )
    return Analysis(run(dataset, own, free_name(workspace, dataset.name, id=own.id)))
