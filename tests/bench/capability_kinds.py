"""Which rows of the pool are of a capability's kind, and from which task each row comes: the table that the evaluation rests on.

The pool: dolly, a sample of Natural Instructions (NI), code_alpaca, half of XQuAD in German, Spanish and Chinese, SVAMP.
The sets that capabilities are learned from are of other data sets, or of other articles (XQuAD).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.store.datasets import Dataset


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Rows whose `source` is one of these, and rows of NI by `domain`, `category` or beginning of the task's name; and why."""

    name: str
    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tasks: tuple[str, ...] = field(default=())
    why: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="gsm8k", sources=("svamp",), domains=("Mathematics",),
            why="SVAMP and the eight NI tasks of the domain Mathematics are sums in words or symbols, as GSM8K is",
        ),
        Kind(
            name="code", sources=("code_alpaca",),
            why="code_alpaca asks for code. NI's Program Execution does not: lists of numbers are changed, no line is written",
        ),
        Kind(name="xquad_de", sources=("xquad_de",), why="the articles of XQuAD that the capability never saw; NI is English"),
        Kind(name="xquad_es", sources=("xquad_es",), why="the articles of XQuAD that the capability never saw; NI is English"),
        Kind(name="xquad_zh", sources=("xquad_zh",), why="the articles of XQuAD that the capability never saw; NI is English"),
        Kind(
            name="bbh",
            categories=("Coreference Resolution", "Sentence Ordering", "Cause Effect Classification", "Program Execution"),
            tasks=(
                "task141_", "task142_", "task143_", "task151_", "task152_", "task082_", "task222_", "task861_prost", "task967_",
            ),
            why="what BIG-Bench Hard asks for by other words: who is meant, what comes first, what follows, lists step by step; "
            "the odd one out, stories of who is where (ToMQA, bAbI), choices (PROST, story cloze), rules (RuleTaker)",
        ),
    )
}  # fmt: skip


def rows_of_kind(dataset: Dataset, kind: Kind) -> np.ndarray:
    """The rows of a kind: bool (n)."""
    rows = dataset.cursor().execute(
        "SELECT source, coalesce(domain, ''), coalesce(category, ''), coalesce(task, '') FROM metadata ORDER BY sample_id"
    )
    return np.array(
        [
            source in kind.sources
            or (
                source == "ni"
                and (domain in kind.domains or category in kind.categories or task.startswith(kind.tasks))
            )
            for source, domain, category, task in rows.fetchall()
        ]
    )


def tasks_of(dataset: Dataset) -> np.ndarray:
    """From which task each row comes, int64 (n): NI by task, XQuAD by article (its languages together), else each row alone."""
    rows = dataset.cursor().execute(
        "SELECT CASE WHEN task IS NOT NULL THEN 'task ' || task WHEN article IS NOT NULL THEN 'article ' || article "
        "ELSE 'row ' || sample_id END FROM metadata ORDER BY sample_id"
    )
    return np.unique([name for (name,) in rows.fetchall()], return_inverse=True)[1]
