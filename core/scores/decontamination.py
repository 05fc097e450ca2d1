"""Checks of a data set against evaluation sets: kept on disk, never made twice, their hits banned or taken back.

`datasets/<name>/decontamination/<hash>.json`, named by the hash of what decides the result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.files import json_hash, write_json
from core.scores.contamination import Contamination, Hit, Rules, find_contamination
from core.scores.evaluation import Evaluation, EvaluationRow, evaluation_rows
from core.store.datasets import Dataset
from core.store.people import BAN, PIN, clear_marks, marked, marked_with_reasons, set_marks
from core.workspace import Workspace

VERSION = 1  # raised where the same inputs would give another result
FOLDER = "decontamination"
REASON = "decontamination: "

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A finished check: what was compared by which rules, what was found, and the evaluation rows that hits name.

    `against` is the evaluation set's name, `kind` "file" or "data set", `options` how a file was read.
    """

    key: str
    dataset_hash: str
    against: str
    kind: str
    options: dict[str, Any]
    content_hash: str
    read_as: str
    unread: int
    rules: Rules
    found: Contamination
    evaluation: dict[int, EvaluationRow]

    @property
    def reason(self) -> str:
        """The reason of the bans that this check makes."""
        return f"{REASON}{self.against} ({self.key[:8]})"

    @property
    def ids(self) -> tuple[int, ...]:
        """The samples that hit, in order."""
        return tuple(hit.sample_id for hit in self.found.hits)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` is the way back."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return said | {
            "version": VERSION,
            "rules": asdict(self.rules),
            "found": asdict(self.found),
            "evaluation": [[row, *asdict(place).values()] for row, place in sorted(self.evaluation.items())],
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Check:
        """The check that `as_dict` wrote."""
        given = {key: value for key, value in values.items() if key != "version"}
        found = dict(given["found"])
        found["hits"] = tuple(_hit(hit) for hit in found["hits"])
        rows = {
            row: EvaluationRow(file, line, tuple((name, text) for name, text in texts))
            for row, file, line, texts in given["evaluation"]
        }
        return Check(**given | {"rules": Rules(**given["rules"]), "found": Contamination(**found), "evaluation": rows})


def _hit(values: dict[str, Any]) -> Hit:
    spans = {name: tuple(values[name]) for name in ("turn_span", "field_span", "rules")}
    return Hit(**values | spans)


def decontaminate(
    dataset: Dataset,
    against: str,
    *,
    options: ImportOptions | None = None,
    rules: Rules | None = None,
    progress: Progress = lambda *_: None,
) -> Check:
    """Check a data set against an evaluation file or imported data set; a check that was made before is read back.

    `progress` hears samples done, samples in all, and what is going on. No mark is touched: see `ban_hits`.
    """
    options, rules = options or ImportOptions(), rules or Rules()
    evaluation = evaluation_rows(dataset.workspace, against, options)
    key = _key(dataset, evaluation, rules)
    path = _folder(dataset) / f"{key}.json"
    if path.is_file():
        return _read(path)
    total = len(dataset)
    found = find_contamination(
        dataset.conversations(),
        evaluation.rows,
        rules=rules,
        progress=lambda done: progress(done, total, f"comparing with {evaluation.name}"),
    )
    assert found.samples == total, f"{total} samples in the data set, {found.samples} compared"
    check = Check(
        key=key, dataset_hash=dataset.content_hash, against=evaluation.name, kind=evaluation.kind,
        options=evaluation.options, content_hash=evaluation.content_hash, read_as=evaluation.read_as,
        unread=evaluation.unread, rules=rules, found=found,
        evaluation={hit.row: evaluation.rows[hit.row] for hit in found.hits},
    )  # fmt: skip
    write_json(path, check.as_dict())
    return check


def _key(dataset: Dataset, evaluation: Evaluation, rules: Rules) -> str:
    decides = {
        "version": VERSION, "dataset": dataset.content_hash, "evaluation": evaluation.content_hash,
        "against": [evaluation.name, evaluation.kind, evaluation.options], "rules": asdict(rules),
    }  # fmt: skip
    return json_hash(decides)[:16]


def _folder(dataset: Dataset) -> Path:
    return dataset.workspace.datasets / dataset.name / FOLDER


def kept_checks(dataset: Dataset) -> list[Check]:
    """All checks made of a data set, by the name of the evaluation set."""
    found = [_read(path) for path in sorted(_folder(dataset).glob("[!.]*.json"))]
    made = [check for check in found if check.dataset_hash == dataset.content_hash]
    return sorted(made, key=lambda check: (check.against, check.key))


def kept_check(dataset: Dataset, key: str) -> Check | None:
    """The check of that key, None where it was not made here."""
    return next((check for check in kept_checks(dataset) if check.key == key), None)


def _read(path: Path) -> Check:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["version"] > VERSION:
            raise GamutError(f"The check {path} was made by a newer Gamut; update this one to read it.")
        return Check.from_dict(said)
    except (ValueError, KeyError, TypeError) as error:
        raise GamutError(f"The check {path} is damaged ({error!r}); delete the file and check again.") from None


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a check's hits: banned, pinned in spite of it, or neither, as sorted ids."""

    banned: tuple[int, ...]
    pinned: tuple[int, ...]
    taken_back: tuple[int, ...]


def standing(workspace: Workspace, check: Check) -> Standing:
    """How the hits of a check are marked now, whoever banned them."""
    banned = set(marked(workspace, check.dataset_hash, BAN))
    pinned = set(marked(workspace, check.dataset_hash, PIN))
    ids = set(check.ids)
    return Standing(*(tuple(sorted(part)) for part in (ids & banned, ids & pinned, ids - banned - pinned)))


def ban_hits(
    workspace: Workspace, check: Check, *, ids: Iterable[int] | None = None, keep: Iterable[int] = ()
) -> Standing:
    """Ban the hits of a check, all or `ids`; pinned ones are left alone, and those to `keep` lose this check's ban.

    Raises `GamutError` if a sample named is no hit.
    """
    kept, wanted = set(keep), set(check.ids if ids is None else ids)
    if unknown := sorted((kept | wanted) - set(check.ids)):
        raise GamutError(f"{_listed(unknown)} no hit against {check.against}; name samples that are.")
    pinned = set(marked(workspace, check.dataset_hash, PIN))
    set_marks(workspace, check.dataset_hash, sorted(wanted - pinned - kept), BAN, check.reason)
    return take_back(workspace, check, ids=sorted(kept))


def take_back(workspace: Workspace, check: Check, *, ids: Iterable[int] | None = None) -> Standing:
    """Lift the bans that this check made, of all its hits or of `ids`; bans by hand or by other checks stay."""
    clear_marks(workspace, check.dataset_hash, mark=BAN, reason=check.reason, ids=ids)
    return standing(workspace, check)


def other_reasons(workspace: Workspace, check: Check) -> dict[int, tuple[str, ...]]:
    """The hits that are banned for other reasons than this check too, with those ("" is by hand)."""
    reasons = marked_with_reasons(workspace, check.dataset_hash, BAN)
    others = {at: tuple(why for why in reasons.get(at, ()) if why != check.reason) for at in check.ids}
    return {sample_id: found for sample_id, found in others.items() if found}


def said_of(check: Check) -> list[str]:
    """What counts as a hit by this check, and what it could not look for, a sentence each."""
    rules, found = check.rules, check.found
    said = [
        f"Read as {check.read_as}.",
        f"Overlap: a run of {rules.words} words in both. Near-duplicate: Jaccard of {rules.shingle}-word runs ≥ {rules.alike}.",
        f"Boilerplate, in more than {rules.common} rows: {found.common_runs} runs of {rules.words} words and "
        f"{found.common_shingles} of {rules.shingle} count for nothing.",
    ]
    told = (
        (found.whole_rows, f"rows under {rules.words} words were looked for by their whole text"),
        (found.too_short, f"rows under {rules.whole_from} words cannot be looked for"),
        (found.only_common, "rows are nothing but boilerplate and cannot be looked for"),
        (found.too_short_near, f"rows under {rules.fewest} runs of {rules.shingle} words have no near-duplicates"),
        (check.unread, "records could not be read or hold no text"),
    )
    return said + [f"{count} {what}." for count, what in told if count]


def _listed(ids: list[int]) -> str:
    named = ", ".join(f"#{sample_id}" for sample_id in ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return f"{named} {'is' if len(ids) == 1 else 'are'}"
