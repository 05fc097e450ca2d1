"""What a finding says, in sentences that follow from its figures alone."""

from __future__ import annotations

from core.scores.finding import FEW_TASKS, NAIT, SHARE, Figure, Finding, Found

FLOOR = "Finding rows of one's own kind is a floor: it is no evidence that training on them helps."
CONTROLS = ("difference-of-means", "embedding-similarity", "bm25")
UNMATCHED = "No other row is as long as those of the kind: nothing can be matched."
NO_WIDTH = "without a verdict, every draw being the same, beside"
TITLES = {
    NAIT: "NAIT", "difference-of-means": "difference of means", "embedding-similarity": "embedding similarity", "bm25": "BM25",
    "mona": "MONA", "neuron-overlap": "neuron overlap", "random": "random", "length": "length alone",
}  # fmt: skip


def verdict(finding: Finding) -> tuple[str, ...]:
    """The honest verdict on NAIT, sentence by sentence; what cannot be told is said so."""
    named = {found.method: found for found in finding.plain}
    if NAIT not in named:
        return (f"NAIT cannot be told here: {finding.missing.get(NAIT, 'it was not asked for')}", FLOOR)
    own = named[NAIT]
    said = [_head(finding, own), _against(finding.plain, "")]
    can_match = finding.unmatched < finding.rows
    said.append(_matched(finding) if can_match else UNMATCHED)
    said += _few_tasks(finding)
    return (*(sentence for sentence in said if sentence), FLOOR)


def drawn_over(finding: Finding) -> str:
    """What the intervals were drawn over, in a few words."""
    if finding.tasks is None or finding.other_tasks is None:
        return "rows"
    own = "rows of the kind" if finding.tasks < FEW_TASKS else _tasks(finding.tasks)
    if not finding.other_tasks:
        return own
    return f"{own}, and {'rows' if finding.other_tasks == 1 else _tasks(finding.other_tasks)} of the others"


def left_out_words(finding: Finding) -> str:
    """How many samples count nowhere because they were learned from, and what is not known of them."""
    n = finding.left_out
    if not n:
        return finding.caveat or "None of the samples that the capability was learned from is in this pool."
    said = f"{n} of its own samples in this pool {'counts' if n == 1 else 'count'} nowhere."
    return f"{said} {finding.caveat}".strip()


def _few_tasks(finding: Finding) -> list[str]:
    """What an interval says where tasks are too few to be drawn."""
    said = []
    if finding.tasks is not None and finding.tasks < FEW_TASKS:
        said.append(
            f"All rows of the kind come from {_tasks(finding.tasks)}: the interval is over rows and says little of other tasks."
        )
    if finding.other_tasks == 1:
        said.append("All other rows come from one task: the interval is over its rows and says little of other tasks.")
    return said


def _tasks(n: int) -> str:
    return "one task" if n == 1 else f"{n} tasks"


def _head(finding: Finding, own: Found) -> str:
    times = own.precision.value / finding.base
    most = f" (all of them would be {100 * finding.base / SHARE:.0f} %)" if finding.base < SHARE else ""
    return (
        f"Of the best 10 % by NAIT {_percent(own.precision)} are of the kind{most}, {times:.1f} times as many as the "
        f"{100 * finding.base:.1f} % of the pool; AUROC {_words(own.auroc)}."
    )


def _against(found: tuple[Found, ...], where: str) -> str:
    """NAIT beside the controls: which it beats, which beat it, from which it cannot be told apart."""
    groups: dict[str, list[str]] = {"better than": [], "worse than": [], "not to be told from": [], NO_WIDTH: []}
    for one in found:
        if one.behind is None or one.method not in (*CONTROLS, "random", "length"):
            continue
        groups[_kind(one.behind)].append(f"{TITLES[one.method]} ({one.auroc.value:.2f})")
    parts = [f"{kind} {_list(names)}" for kind, names in groups.items() if names]
    return f"By AUROC NAIT is {'; '.join(parts)}{where}." if parts else ""


def _kind(behind: Figure) -> str:
    if behind.apart:
        return "better than" if behind.low > 0 else "worse than"
    return NO_WIDTH if behind.without_width and behind.value else "not to be told from"


def _matched(finding: Finding) -> str:
    own = next(found for found in finding.matched if found.method == NAIT)
    said = _against(finding.matched, "").removeprefix("By AUROC NAIT is ")
    return f"With lengths matched its AUROC is {_words(own.auroc)}: {said}"


def _words(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _percent(figure: Figure) -> str:
    return f"{100 * figure.value:.0f} % ({100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
