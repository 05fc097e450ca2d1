"""What a target's name stands for now: analyses and selections can be replaced under a name, rankings kept by it cannot tell."""

from __future__ import annotations

from contextlib import suppress

from core.errors import GamutError
from core.files import json_hash
from core.selection.saved import load_selection
from core.selection.specification import RankingSpec
from core.selection.targets import load_target
from core.store.analyses import open_analysis
from core.workspace import Workspace


def target_stamp(workspace: Workspace, spec: RankingSpec) -> str:
    """Eight hex digits that change with what the method's target stands for; "" without a target that could change.

    A group of the pool cannot. What is not there has no stamp either: whoever ranks by it says so.
    """
    kind, colon, name = str(spec.options.get("target", "")).partition(":")
    with suppress(GamutError):
        if colon and kind == "analysis":
            return json_hash(open_analysis(workspace, name).content_hash)[:8]
        if colon and kind == "selection":
            saved = load_selection(workspace, name)
            return json_hash([saved.analysis_hash, list(saved.ids)])[:8]
        if colon and kind == "features":
            return load_target(workspace, name).hash[:8]
    return ""
