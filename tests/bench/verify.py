"""How many changed bytes, words and orders `verify` finds: a thousand and more changes, each alone, none of which may pass.

Changed are: a bit of the exported file, in each layout; any word of the manifest as it stands; what decides the choice with
the manifest's own hash made anew, as somebody would who means to; the data, the activations; and a bit of the source, where
that alone is at hand.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from core.export.manifest import sealed
from core.export.options import ExportOptions
from core.export.verify import DIFFERS, SAME, verify
from core.export.verify_source import verify_with_source
from core.export.write import Export, write_export
from core.workspace import Workspace
from tests.export.test_export import selected
from tests.made import made_workspace

BITS, WORDS, ORDERS, ROWS, SOURCES = 125, 300, 150, 80, 200
TABLES = {
    "datasets/made/samples.duckdb": [
        ("turns", "text", "text || '.'"), ("records", "record", "record || ' '::BLOB"), ("samples", "content_hash", "'0'"),
    ],
    "analyses/0123456789abcdef/activations.duckdb": [
        ("activations", "max", "max * 1.001"), ("tokens", "roles", "roles || roles"),
    ],
}  # fmt: skip


def bench() -> Iterator[tuple[str, float, str]]:
    """Rows (what was changed, share found, how many); raises where a change passed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workspace = made_workspace(folder)
        kinds: list[tuple[str, tuple[int, int]]] = []
        for name in ("out.jsonl", "out.parquet", "out.csv", "out"):
            written = _export(workspace, folder / name)
            kinds.append((f"a bit of {name}", _count(_bits(written, BITS), workspace, written)))
        written = _export(workspace, folder / "out.jsonl")
        kinds.append(("a word of the manifest", _count(_words(written, WORDS), workspace, written)))
        kinds.append(("the order of two samples, hashed anew", _count(_orders(written, ORDERS), workspace, written)))
        for file, changes in TABLES.items():
            kinds.append(
                (f"a row of {Path(file).name}", _count(_rows(workspace, file, changes, ROWS), workspace, written))
            )
        kinds.append(
            ("a bit of the source, checked by the source alone", _sources(folder / "made.jsonl", written, SOURCES))
        )
        for what, (made, found) in [*kinds, ("all", tuple(map(sum, zip(*(count for _, count in kinds), strict=True))))]:
            assert made == found, f"{what}: {made - found} of {made} changes passed"
            yield what, found / made, f"{found} of {made} found"


def _export(workspace: Workspace, to: Path) -> Export:
    selection, analysis, dataset = selected(workspace, name="bench")
    options = ExportOptions(format="alpaca", formulas="keep")
    written = write_export(selection, analysis=analysis, dataset=dataset, options=options, to=to)
    analysis._connection.close()  # so that a changed file is read anew
    dataset.close()
    assert verify(workspace, written.manifest).code == SAME
    return written


def _count(changes: Iterator[Callable[[], None]], workspace: Workspace, written: Export) -> tuple[int, int]:
    made = found = 0
    for undo in changes:
        made += 1
        found += verify(workspace, written.manifest).code == DIFFERS
        undo()
    return made, found


def _bits(written: Export, many: int) -> Iterator[Callable[[], None]]:
    files = (
        [written.path] if written.path.is_file() else sorted(each for each in written.path.rglob("*") if each.is_file())
    )
    rng = random.Random(0)
    for _ in range(many):
        yield _flip(rng.choice(files), rng)


def _flip(file: Path, rng: random.Random) -> Callable[[], None]:
    before = file.read_bytes()
    place = rng.randrange(len(before))
    file.write_bytes(before[:place] + bytes([before[place] ^ (1 << rng.randrange(8))]) + before[place + 1 :])
    return lambda: file.write_bytes(before) and None


def _leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, key))
    else:
        yield path


def _other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x" if isinstance(value, str) else ["x"]


def _words(written: Export, many: int) -> Iterator[Callable[[], None]]:
    before = written.manifest.read_bytes()
    said, rng = json.loads(before), random.Random(1)
    leaves = [path for path in _leaves(said) if path != ("manifest_version",)]
    for path in rng.sample(leaves, min(many, len(leaves))):
        changed = copy.deepcopy(said)
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = _other(holder[path[-1]])
        written.manifest.write_text(json.dumps(changed))
        yield lambda: written.manifest.write_bytes(before) and None


def _orders(written: Export, many: int) -> Iterator[Callable[[], None]]:
    before = written.manifest.read_bytes()
    said, rng = json.loads(before), random.Random(2)
    for _ in range(many):
        changed = copy.deepcopy(said)
        ids = changed["selection"]["ids"]
        one, other = rng.sample(range(len(ids)), 2)
        ids[one], ids[other] = ids[other], ids[one]
        written.manifest.write_text(json.dumps(sealed(changed)))
        yield lambda: written.manifest.write_bytes(before) and None


def _rows(workspace: Workspace, file: str, changes: list, many: int) -> Iterator[Callable[[], None]]:
    at, rng = workspace.root / file, random.Random(3)
    kept = at.with_suffix(".before")
    shutil.copy(at, kept)
    for _ in range(many):
        name, column, value = rng.choice(changes)
        with duckdb.connect(str(at)) as connection:
            (rows,) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0]
            place = rng.randrange(rows)
            chosen = f"SELECT rowid FROM {name} ORDER BY rowid LIMIT 1 OFFSET {place}"
            connection.execute(f"UPDATE {name} SET {column} = {value} WHERE rowid = ({chosen})")
        yield lambda: shutil.copy(kept, at) and None
    kept.unlink()


def _sources(source: Path, written: Export, many: int) -> tuple[int, int]:
    rng, found = random.Random(4), 0
    for _ in range(many):
        undo = _flip(source, rng)
        found += verify_with_source(written.manifest, [source]).code == DIFFERS
        undo()
    return many, found
