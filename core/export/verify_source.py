"""Check an export on a machine that has neither the analysis nor the model: with the source file alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.datasets.options import ImportOptions
from core.datasets.read import open_source
from core.errors import GamutError
from core.export.file_claims import Difference, Missing, check_file, check_ids, render_again, same
from core.export.manifest import read_manifest
from core.export.verify import Verdict, judged
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets
from core.workspace import Workspace


def verify_with_source(
    manifest: Path, sources: Sequence[Path], *, progress: Callable[[str], None] = lambda _: None
) -> Verdict:
    """Import the source anew into a folder of its own and compare: the file, the source, every chosen sample, the bytes.

    That the ranking chose these samples is not checked: that takes the analysis. Sources are told apart by their hashes,
    whatever they are called here.
    """

    def steps(said: dict[str, Any]) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="gamut-verify-") as folder:
            yield from _steps(Workspace(Path(folder)), manifest, said, sources)

    done = "it holds what the manifest says of this source (that the ranking chose these samples needs the analysis)"
    return judged(lambda: read_manifest(manifest), steps, progress, done=done, name=manifest.name)


def _steps(workspace: Workspace, path: Path, said: dict[str, Any], sources: Sequence[Path]) -> Iterator[str]:
    file = check_file(path, said)
    yield "the file's SHA-256"
    if "source" not in said:
        raise Missing(f"{path.name} does not say how its source was read; it was written by an earlier Gamut.")
    given = _by_hash(sources, said["source"])
    yield "the source's SHA-256"
    dataset = _imported(workspace, said, given)
    same(dataset.content_hash, said["dataset"]["content_hash"], "the content hash of the data set made anew")
    same(len(dataset), said["dataset"]["rows"], "the rows of the data set made anew")
    yield "the data set's content hash, imported anew"
    check_ids(dataset, said)
    yield "the content of every chosen sample, in its order"
    yield render_again(file, dataset, said)


def _by_hash(sources: Sequence[Path], wanted: list[dict[str, Any]]) -> dict[str, Path]:
    """The given source of each hash that the manifest names."""
    found: dict[str, Path] = {}
    for source in sources:
        for each in wanted:
            options = ImportOptions.from_dict(each["options"])
            try:
                found[open_source(source, options).sha256()] = source
            except GamutError as error:
                raise Missing(str(error)) from None
    for each in wanted:
        if each["file_sha256"] not in found:
            name = each["file"]
            if len(wanted) == len(sources) == 1:
                raise Difference(f"The SHA-256 of {sources[0].name} is another one than that of {name}, the source.")
            raise Missing(
                f"None of the given sources is {name} (SHA-256 {each['file_sha256']}); give it with --source."
            )
    return found


def _imported(workspace: Workspace, said: dict[str, Any], given: dict[str, Path]) -> Dataset:
    """The data set made anew under the names it had: the names of files are part of what is hashed."""
    names = workspace.root / "sources"
    for number, each in enumerate(said["source"]):
        link = names / str(number) / each["file"]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(given[each["file_sha256"]].resolve())
        import_dataset(workspace, link, name=each["name"], options=ImportOptions.from_dict(each["options"]))
    members = [each["name"] for each in said["source"]]
    if "members" in said["dataset"]:
        base = {each["name"] for each in said["dataset"]["members"] if each["base"]}
        join_datasets(workspace, members, name=said["dataset"]["name"], base=base)
        return Dataset(workspace, said["dataset"]["name"])
    return Dataset(workspace, members[0])
