"""What a finding says, in sentences that follow from its figures alone."""

from __future__ import annotations

from core.scores.finding import FEW_TASKS, NAIT, Figure, Finding, Found

FLOOR = "Finding rows of one's own kind is a floor: it is no evidence that training on them helps."
CONTROLS = ("difference-of-means", "embedding-similarity", "bm25")
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
    if any(found.auroc.value == found.auroc.value for found in finding.matched):
        said.append(_matched(finding))
    if finding.tasks is not None and finding.tasks < FEW_TASKS:
        tasks = "one task" if finding.tasks == 1 else f"{finding.tasks} tasks"
        said.append(f"All rows of the kind come from {tasks}: the intervals say little of others.")
    return (*(sentence for sentence in said if sentence), FLOOR)


def _head(finding: Finding, own: Found) -> str:
    times = own.precision.value / finding.base
    return (
        f"Of the best 10 % by NAIT {_percent(own.precision)} are of the kind, {times:.1f} times as many as the "
        f"{100 * finding.base:.1f} % of the pool; AUROC {_words(own.auroc)}."
    )


def _against(found: tuple[Found, ...], where: str) -> str:
    """NAIT beside the controls: which it beats, which beat it, from which it cannot be told apart."""
    groups: dict[str, list[str]] = {"better than": [], "worse than": [], "not to be told from": []}
    for one in found:
        if one.behind is None or one.method not in (*CONTROLS, "random", "length"):
            continue
        kind = "not to be told from" if not one.behind.apart else "better than" if one.behind.low > 0 else "worse than"
        groups[kind].append(f"{TITLES[one.method]} ({one.auroc.value:.2f})")
    parts = [f"{kind} {_list(names)}" for kind, names in groups.items() if names]
    return f"By AUROC NAIT is {'; '.join(parts)}{where}." if parts else ""


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
