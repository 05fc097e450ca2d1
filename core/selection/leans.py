"""What a ranking leans on beside its data set and analysis: what its options and constraints call by name.

A name can come to mean something else; its hash cannot. So kept rankings are told apart by these hashes, and a manifest
holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from core.files import json_hash
from core.scores.capability import load_capability
from core.selection.constraints import Constraints
from core.selection.known_analysis import IN_GROUP
from core.selection.method import parse_options
from core.selection.methods.mixture import MixtureOptions, parts_of
from core.selection.methods.registry import find
from core.selection.saved import load_selection
from core.selection.specification import RankingSpec
from core.selection.targets import load_target
from core.store.analyses import open_analysis
from core.store.sample_groups import group_names, load_group
from core.workspace import Workspace


def leans_of(workspace: Workspace, spec: RankingSpec) -> dict[str, str]:
    """Everything else that a specification calls by name, with its hash; empty for most.

    Raises `GamutError` for a name that means nothing here.
    """
    named = dict(_named(workspace, parse_options(find(spec.method), spec.options)))
    return dict(sorted((named | dict(_groups(workspace, spec.constraints))).items()))


def _groups(workspace: Workspace, constraints: Constraints) -> Iterator[tuple[str, str]]:
    """Saved groups of samples: who may be chosen at all, and quotas on who is in one."""
    quotas = [q.column.removeprefix(IN_GROUP) for q in constraints.quotas if q.column.startswith(IN_GROUP)]
    for name in (*constraints.only.groups, *quotas):
        if name in group_names(workspace) or name in constraints.only.groups:  # a column may be called so, too
            yield f"group:{name}", load_group(workspace, name).hash


def _named(workspace: Workspace, options: Any) -> Iterator[tuple[str, str]]:
    if isinstance(options, MixtureOptions):
        for part in parts_of(options.parts):
            yield from _named(workspace, part.options)
        return
    names = {field.name for field in fields(options)}
    if "capabilities" in names:
        for name in filter(None, (word.strip() for word in options.capabilities.split(","))):
            yield f"capability:{name}", load_capability(workspace, name).sha256
    if "target" in names:
        yield from _target(workspace, options.target)


def _target(workspace: Workspace, said: str) -> Iterator[tuple[str, str]]:
    """A group of the pool itself leans on nothing else."""
    kind, _, name = said.partition(":")
    if "=" in kind or not name:
        return
    if kind == "features":
        yield said, load_target(workspace, name).hash
    elif kind == "group":
        yield said, load_group(workspace, name).hash
    elif kind == "analysis":
        yield said, open_analysis(workspace, name).content_hash
    elif kind == "selection":
        saved = load_selection(workspace, name)
        yield said, json_hash([saved.analysis_hash, list(saved.ids)])
