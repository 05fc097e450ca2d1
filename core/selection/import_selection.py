"""Samples chosen elsewhere become a selection: a file of records or of ids is matched with the samples of a data set."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.datasets.options import ImportOptions
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.errors import GamutError
from core.selection.budget import Budget
from core.selection.methods.imported_ids import NAME, ids_text
from core.selection.saved import Selection, load_selection, save_selection, selection_names
from core.selection.specification import RankingSpec, pool_of, select_by
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.metadata import quoted
from core.store.pools import members_of
from core.workspace import Workspace, check_name

RECORDS, IDS = "records", "ids"
TOLD = 5  # misses that are named
ENDINGS = (".json", ".jsonl", ".txt", ".csv", ".tsv", ".ids")  # of files that may be a list of ids
HEADINGS = ("sample_id", "id")
HEAD = 1 << 20  # bytes that tell records from ids
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of the entries of a file: `ids` are the samples found, in the file's order, each once.

    what: "records" or "ids". entries: all of the file; unreadable: records that could not be read, with the first
    reason; missed: entries that match no sample, the first of them in `misses`; repeated: entries whose sample was
    taken by an earlier one already; several: samples taken whose content others of the data set have too (the first
    free one was taken). entries = len(ids) + unreadable + missed + repeated.
    """

    what: str
    read_as: str
    ids: tuple[int, ...]
    entries: int
    unreadable: int
    reason: str
    missed: int
    misses: tuple[str, ...]
    repeated: int
    several: int

    def words(self) -> str:
        """480 of 500 records matched; 12 match no sample (line 3, …); 8 repeat an earlier one."""
        found = [f"{len(self.ids)} of {self.entries} {self.what} matched ({self.read_as})"]
        if self.missed:
            more = ", …" if self.missed > len(self.misses) else ""
            found += [f"{self.missed} match no sample ({', '.join(self.misses)}{more})"]
        if self.repeated:
            found += [f"{self.repeated} repeat an earlier one"]
        if self.unreadable:
            found += [f"{self.unreadable} could not be read (the first: {self.reason})"]
        if self.several:
            found += [f"{self.several} have copies in the data set, of which the first free one was taken"]
        return "; ".join(found) + "."


def match_file(
    dataset: Dataset, path: Path, *, column: str | None = None, progress: Progress = lambda done, of: None
) -> Matched:
    """The samples that a file names.

    A JSON list of ids, an object with `ids` or a manifest's `content_hashes`, or a text of one id a line are ids; with
    `column`, values of that column of the data set. Anything else that can be imported is records, matched by the
    content hash of the sample: read as their file tells, or as the data set was imported where more of them match so.
    """
    found = _named_ids(path, column)
    if found is not None:
        return _match_ids(dataset, *found, column)
    if column is not None:
        raise GamutError(f"{path.name} is no list of values of {column!r}; give a JSON list or a text of one a line.")
    return _best_reading(dataset, path, progress)


def _best_reading(dataset: Dataset, path: Path, progress: Progress) -> Matched:
    """Of the ways to read a file of records the one by which most match; of equals the first: as the file tells."""
    best: Matched | None = None
    refusal: GamutError | None = None
    for options in _ways_to_read(dataset):
        try:
            found = _match_records(dataset, path, options, progress)
        except GamutError as error:
            refusal = refusal or error
            continue
        if best is None or len(found.ids) > len(best.ids):
            best = found
        if best.entries == len(best.ids) + best.repeated:
            break
    if best is None:
        raise refusal or GamutError(f"{path.name} could not be read.")
    return best


def import_selection(
    workspace: Workspace,
    path: Path,
    *,
    analysis: Analysis,
    dataset: Dataset,
    name: str,
    column: str | None = None,
    replace: bool = False,
    progress: Progress = lambda done, of: None,
) -> tuple[Selection, Matched]:
    """Match a file and save what it names as a selection; `GamutError` if it names no sample of the data set."""
    check_name(name, of="selection")
    there = load_selection(workspace, name) if name in selection_names(workspace) else None
    if there is not None and not replace:
        raise GamutError(f"There is a selection {name!r} already (revision {there.revision}); choose another name.")
    matched = match_file(dataset, path, column=column, progress=progress)
    if not matched.ids:
        raise GamutError(f"{path.name} names no sample of data set {dataset.name!r}: {matched.words()}")
    spec = RankingSpec(analysis=analysis.id, method=NAME, options={"ids": ids_text(matched.ids)}, with_no_response=True)
    pool = pool_of(analysis, dataset, spec)
    selected = select_by(pool, spec, Budget(rows=len(matched.ids)))
    if selected.sample_ids.tolist() != list(matched.ids):
        raise RuntimeError("the imported selection is not what was matched")
    revision = there.revision if there is not None else None
    return save_selection(workspace, name, analysis=analysis, spec=spec, selected=selected, replaces=revision), matched


def _ways_to_read(dataset: Dataset) -> list[ImportOptions]:
    """As the file tells; then as the data set, or each member of a pool, was imported."""
    members = [member.options for member in members_of(dataset)]
    said = members or [json.loads(dataset.meta.get("options", "{}"))]
    found = [ImportOptions()]
    for options in said:
        if (read := ImportOptions.from_dict(options)) not in found:
            found.append(read)
    return found


def _match_records(dataset: Dataset, path: Path, options: ImportOptions, progress: Progress) -> Matched:
    source = open_source(path, options)
    reading = samples(source, options, lambda done: progress(done, source.size))
    entries = list(_hashed(reading))
    read_as = f"read as {reading.format_name}" if reading.format_name else "not read"
    return _taken(dataset.content_hashes(), entries, RECORDS, f"{read_as}, by content")


def _hashed(reading: Iterable[Any]) -> Iterator[tuple[str | None, str]]:
    """(content hash, where it stood), or (None, why it could not be read)."""
    for item in reading:
        if isinstance(item, Problem):
            yield None, f"line {item.line}: {item.reason}"
        else:
            yield item.content_hash, f"line {item.line}"


def _match_ids(dataset: Dataset, what: str, values: list[str], column: str | None) -> Matched:
    entries = [(value, value[:40]) for value in values]
    if what == "content_hashes":
        return _taken(dataset.content_hashes(), [(h, h[:12]) for h in values], RECORDS, "content hashes of a manifest")
    if column is None:
        known = [str(sample_id) for sample_id in range(len(dataset))]
        return _taken(known, entries, IDS, "sample ids")
    names = [own.name for own in dataset.columns]
    if column not in names:
        raise GamutError(
            f"Data set {dataset.name!r} has no column {column!r}; there are: {', '.join(names) or 'none'}."
        )
    query = f"SELECT {quoted(column)}::VARCHAR FROM metadata ORDER BY sample_id"
    values_of = [value for (value,) in dataset.cursor().execute(query).fetchall()]
    return _taken(values_of, entries, IDS, f"values of {column}")


def _taken(keys: Sequence[str | None], entries: Sequence[tuple[str | None, str]], what: str, read_as: str) -> Matched:
    """Each entry takes the first sample with its key that no earlier entry took."""
    free: dict[str | None, deque[int]] = defaultdict(deque)
    for sample_id, key in enumerate(keys):
        free[key].append(sample_id)
    copies = {key for key, ids in free.items() if len(ids) > 1}
    ids: list[int] = []
    misses: list[str] = []
    unreadable, missed, repeated, several, reason = 0, 0, 0, 0, ""
    for key, where in entries:
        if key is None:
            unreadable, reason = unreadable + 1, reason or where
        elif key not in free:
            missed += 1
            misses += [where] if len(misses) < TOLD else []
        elif not free[key]:
            repeated += 1
        else:
            ids.append(free[key].popleft())
            several += key in copies
    return Matched(
        what, read_as, tuple(ids), len(entries), unreadable, reason, missed, tuple(misses), repeated, several
    )


def _named_ids(path: Path, column: str | None) -> tuple[str, list[str]] | None:
    """("ids" or "content_hashes", their texts) if a file is a list of such, else None."""
    text = _text(path)
    if text is None:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return _lines(text, column)
    if isinstance(said, dict) and "manifest_version" in said and isinstance(said.get("content_hashes"), list):
        return "content_hashes", [str(value) for value in said["content_hashes"]]
    values = said.get("ids") if isinstance(said, dict) else said if isinstance(said, list) else [said]
    if not isinstance(values, list) or not values or not all(_may_be_id(value, column) for value in values):
        return None
    return IDS, [str(value) for value in values]


def _lines(text: str, column: str | None) -> tuple[str, list[str]] | None:
    """One id a line, under a heading or not."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].lower() in (*HEADINGS, (column or HEADINGS[0]).lower()):
        lines = lines[1:]
    whole = all(line.isascii() and line.isdigit() for line in lines)
    return (IDS, lines) if lines and (whole or column is not None) else None


def _may_be_id(value: object, column: str | None) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (column is not None and isinstance(value, str))


def _text(path: Path) -> str | None:
    """The text of a file that may be a list of ids; None for one that is packed, no UTF-8, or plainly holds records."""
    if not path.is_file() or path.suffix.lower() not in ENDINGS:
        return None
    with path.open("rb") as source:
        head = source.read(HEAD).decode("utf-8-sig", "replace").lstrip()
    if head[:1] == "[" and head[1:].lstrip()[:1] == "{":
        return None
    with suppress(ValueError, RecursionError):
        first, rest = head.split("\n", 1)
        if isinstance(json.loads(first), dict) and rest.strip():
            return None  # JSON Lines
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None
