"""The Python lines that make a selection again from a workspace."""

from __future__ import annotations

from pathlib import Path

from core.selection.budget import Budget
from core.selection.specification import RankingSpec

LINES = """\
from pathlib import Path

from core.selection.budget import Budget
from core.selection.specification import RankingSpec, pool_of, select_by
from core.store.analyses import open_analysis
from core.store.datasets import dataset_with_hash
from core.workspace import Workspace

workspace = Workspace(Path({workspace!r}))
analysis = open_analysis(workspace, {analysis!r})
dataset = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
spec = RankingSpec.from_dict({{
{spec}
}})
selected = select_by(pool_of(analysis, dataset, spec), spec, Budget({budget}))
ids = selected.sample_ids.tolist()
"""


def python_lines(spec: RankingSpec, budget: Budget, *, workspace: Path) -> str:
    """Lines that can be run in the folder of this program; `ids` are then the chosen samples in order."""
    said = "\n".join(f"    {key!r}: {value!r}," for key, value in spec.as_dict().items())
    bought = ", ".join(f"{key}={value!r}" for key, value in budget.as_dict().items())
    return LINES.format(workspace=str(workspace), analysis=spec.analysis, spec=said, budget=bought)
