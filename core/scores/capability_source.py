"""Where the samples come from that a capability is learned from: files, or samples of a data set, as one plain value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.datasets.options import ImportOptions, read_map_words
from core.datasets.parse import Problem, samples
from core.datasets.read import open_source
from core.datasets.sample import Turn, content_hash
from core.errors import GamutError
from core.scores.coverage import seeded_order
from core.scores.directions import FEWEST
from core.store.datasets import Dataset
from core.store.sample_filter import SampleFilter, matching
from core.workspace import Workspace

ANY = SampleFilter()
Conversations = list[tuple[Turn, ...]]


@dataclass(frozen=True, kw_only=True)
class CapabilitySource:
    """Files, or a `dataset` with what its samples must have: a category by `only.columns`, hand-picked ones by `only.ids`.

    `map` (ROLE=TEMPLATE) and `records` say how files are read, as an import would. `strip`: a pattern that is taken out of
    every text, such as the marks by which a set is known. `at_most`: a seeded draw of so many samples.
    """

    files: tuple[Path, ...] = ()
    map: tuple[str, ...] = ()
    records: str | None = None
    dataset: str = ""
    only: SampleFilter = ANY
    strip: str = ""
    at_most: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if bool(self.files) == bool(self.dataset):
            raise GamutError("Samples come from files or from a data set: give files, or --from DATASET, not both.")
        if self.files and self.only:
            raise GamutError("A category or sample ids choose among the samples of a data set: give --from DATASET.")
        try:
            re.compile(self.strip)
        except re.error as error:
            raise GamutError(f"{self.strip!r} is no pattern of Python's kind ({error}).") from None

    def words(self) -> list[str]:
        """The words of `capability learn NAME …` that say the same."""
        said = [str(path.resolve()) for path in self.files]
        said += [word for each in self.map for word in ("--map", each)]
        said += ["--records", self.records] if self.records else []
        said += ["--from", self.dataset] if self.dataset else []
        said += ["--only", json.dumps(self.only.as_dict())] if self.only else []
        said += ["--strip", self.strip] if self.strip else []
        said += ["--samples", str(self.at_most)] if self.at_most else []
        return [*said, "--seed", str(self.seed)]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The samples of a source. `ids`: of the data set `dataset_hash`, ascending, in the same order; None of files.

    `sources`: a line for each file or data set, with its hash. `hashes`: the content hashes of the samples, as they stand in
    the source and as they are read.
    """

    conversations: Conversations
    sources: list[dict[str, Any]]
    ids: list[int] | None = None
    dataset_hash: str = ""
    hashes: frozenset[str] = frozenset()


def gather(workspace: Workspace, source: CapabilitySource) -> Gathered:
    """Read the samples of a source; `GamutError` where there are too few."""
    found = _of_dataset(workspace, source) if source.dataset else _of_files(source)
    if len(found.conversations) < FEWEST:
        where = f" of {source.dataset} with {source.only.words()}" if source.only else ""
        raise GamutError(
            f"{len(found.conversations)} samples{where} were found; a direction needs at least {FEWEST}, better hundreds."
        )
    read = _stripped(found.conversations, source.strip)
    hashes = frozenset(content_hash(turns) for turns in (*found.conversations, *read))
    return replace(found, conversations=read, hashes=hashes)


def _of_files(source: CapabilitySource) -> Gathered:
    options = ImportOptions(map=read_map_words(list(source.map)), records=source.records)
    found: Conversations = []
    sources = []
    for path in source.files:
        opened = open_source(path, options)
        items = list(samples(opened, options))
        kept = [item.turns for item in items if not isinstance(item, Problem)]
        found += kept
        sources.append(
            {"file": opened.name, "sha256": opened.sha256(), "rows": len(kept), "left_out": len(items) - len(kept),
             "options": options.as_dict()}
        )  # fmt: skip
    return Gathered(conversations=[found[i] for i in _drawn(len(found), source)], sources=sources)


def _of_dataset(workspace: Workspace, source: CapabilitySource) -> Gathered:
    dataset = Dataset(workspace, source.dataset)
    chosen = matching(dataset, source.only)
    ids = [chosen[i] for i in _drawn(len(chosen), source)]
    turns = [turns for _, turns in dataset.conversations(ids)] if ids else []
    said = {"dataset": dataset.name, "content_hash": dataset.content_hash, "filter": source.only.as_dict(), "ids": ids}
    return Gathered(conversations=turns, sources=[said], ids=ids, dataset_hash=dataset.content_hash)


def _drawn(n: int, source: CapabilitySource) -> list[int]:
    """Which of n samples are taken, ascending."""
    return sorted(seeded_order(n, source.seed)[: source.at_most or n].tolist())


def _stripped(conversations: Conversations, pattern: str) -> Conversations:
    if not pattern:
        return conversations
    found = re.compile(pattern)
    return [tuple(replace(turn, text=found.sub("", turn.text)) for turn in turns) for turns in conversations]
