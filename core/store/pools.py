"""Pools: several data sets joined into one, each row with its source, some of them marked as what is trained on already."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.datasets.metadata import Column
from core.errors import GamutError
from core.files import json_hash
from core.store.dataset_tables import SCHEMAS, create_tables
from core.store.dataset_writer import count, finish
from core.store.datasets import Dataset, DatasetSummary
from core.store.duck import written_database
from core.store.import_dataset import IMPORT_MEMORY, new_dataset
from core.store.metadata import DUCK_TYPES, create_columns, quoted
from core.workspace import Workspace

BATCH = 10_000  # rows copied at once
SOURCE = "source"  # the column that says which member a sample came from
OWN_SOURCE = "own source"  # a column that a member had under that name already
COPIED = {
    "samples": "sample_id + {first} AS sample_id, * EXCLUDE sample_id FROM samples ORDER BY sample_id",
    "turns": "sample_id + {first} AS sample_id, * EXCLUDE sample_id FROM turns ORDER BY sample_id, turn",
    "records": "sample_id + {first} AS sample_id, * EXCLUDE sample_id FROM records ORDER BY sample_id",
    "problems": "* FROM problems ORDER BY file, line, reason, record",
    "repairs": "sample_id + {first} AS sample_id, * EXCLUDE sample_id FROM repairs ORDER BY sample_id",
    "flags": "sample_id + {first} AS sample_id, * EXCLUDE sample_id FROM flags ORDER BY sample_id",
    "read_facts": "sample_id + {first} AS sample_id, * EXCLUDE (sample_id, duplicate_of) FROM facts ORDER BY sample_id",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A data set within a pool: its samples are `first` up to (not including) `first + rows` there.

    `file`, `file_sha256` and `options` say how it was imported, so that anybody can make the pool again.
    """

    name: str
    content_hash: str
    first: int
    rows: int
    base: bool
    file: str
    file_sha256: str
    options: dict[str, Any]


def members_of(dataset: Dataset) -> tuple[Member, ...]:
    """The members of a pool in order; none for a data set that was imported."""
    return tuple(Member(**said) for said in json.loads(dataset.meta.get("members", "[]")))


def join_datasets(
    workspace: Workspace, names: Sequence[str], *, name: str, base: Collection[str] = ()
) -> DatasetSummary:
    """Join data sets into the pool `name`, in the order given; `base` names those that are trained on already.

    A pool among them stands for its members. Samples keep their order, `sample_id` counts on from member to member,
    and the column `source` says where each came from.
    """
    members = _members(workspace, names, base)
    with new_dataset(workspace, name) as database, written_database(database, memory=IMPORT_MEMORY) as connection:
        create_tables(connection)
        for member, dataset in members:
            _copy(connection, dataset, member)
        assert count(connection, "samples") == sum(member.rows for member, _ in members)
        hashes = [member.content_hash for member, _ in members]
        finish(
            connection,
            {
                "format": "pool",
                # records of a JSON list may span lines: with one such member a line for each is not to be had
                "layout": "json" if any(dataset.meta["layout"] == "json" for _, dataset in members) else "jsonl",
                "file": " + ".join(member.name for member, _ in members),
                "file_sha256": json_hash(hashes),
                "options": "{}",
                "members": json.dumps([asdict(member) for member, _ in members]),
            },
            describe=lambda: _join_metadata(connection, members),
        )
    return Dataset(workspace, name).summary


def _members(workspace: Workspace, names: Sequence[str], base: Collection[str]) -> list[tuple[Member, Dataset]]:
    if stray := sorted(set(base) - set(names)):
        raise GamutError(
            f"{', '.join(stray)} cannot be the base: only a data set that is joined can; add it to the pool."
        )
    found: list[tuple[Member, Dataset]] = []
    for wanted in names:
        opened = Dataset(workspace, wanted)
        inner = members_of(opened)
        parts = [(m.name, Dataset(workspace, m.name), m.base) for m in inner] or [(wanted, opened, False)]
        for part, dataset, was_base in parts:
            for m in inner:
                if m.name == part and m.content_hash != dataset.content_hash:
                    raise GamutError(
                        f"Data set {part!r} is no longer what the pool {wanted!r} was made of; join others."
                    )
            first = found[-1][0].first + found[-1][0].rows if found else 0
            is_base = was_base or wanted in base
            meta = dataset.meta
            found.append(
                (
                    Member(
                        part, dataset.content_hash, first, len(dataset), is_base, meta["file"], meta["file_sha256"],
                        json.loads(meta["options"]),
                    ),
                    dataset,
                )
            )  # fmt: skip
    seen = [member.name for member, _ in found]
    if twice := sorted({part for part in seen if seen.count(part) > 1}):
        raise GamutError(f"{', '.join(twice)} would be in the pool twice; name every data set once.")
    if len(found) < 2:
        raise GamutError("A pool joins at least two data sets; name another one.")
    if all(member.base for member, _ in found):
        raise GamutError("Every data set of the pool is marked as base; leave at least one to choose from.")
    return found


def _copy(connection, dataset: Dataset, member: Member) -> None:
    for table, query in COPIED.items():
        reader = dataset.cursor().sql("SELECT " + query.format(first=member.first)).to_arrow_reader(BATCH)
        for batch in reader:
            connection.register("new_rows", batch)
            columns = ", ".join(SCHEMAS[table].names)
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new_rows")
            connection.unregister("new_rows")


def _join_metadata(connection, members: list[tuple[Member, Dataset]]) -> None:
    """The members' columns under each other, a column of one name being one, and `source` before them."""
    types: dict[str, Column] = {}
    for _, dataset in members:
        names = _names_in_pool(dataset)
        for column in dataset.columns:
            name = names[column.name]
            type = "text" if column.type == "integer" and _is_large(dataset, column) else column.type
            there = types.setdefault(name.casefold(), Column(name, type, name, len(types) + 1))
            types[name.casefold()] = replace(there, type=_type_of_both(there.type, type))
    shape = "".join(f", {quoted(column.name)} {DUCK_TYPES[column.type]}" for column in types.values())
    connection.execute(f"CREATE TABLE metadata (sample_id INTEGER, {SOURCE} VARCHAR{shape})")
    for member, dataset in members:
        _copy_columns(connection, member, dataset, types)
    found = [Column(SOURCE, "text", SOURCE, 0), *types.values()]
    create_columns(connection, [_with_present(connection, column) for column in found])


def _names_in_pool(dataset: Dataset) -> dict[str, str]:
    """What each column of a member is called in the pool: one called `source` makes way for the pool's own."""
    taken = {column.name.casefold() for column in dataset.columns}
    free, number = OWN_SOURCE, 1
    while free in taken:
        number += 1
        free = f"{OWN_SOURCE} ({number})"
    return {column.name: free if column.name.casefold() == SOURCE else column.name for column in dataset.columns}


def _is_large(dataset: Dataset, column: Column) -> bool:
    """Whether whole numbers would change where they are kept as floating-point ones."""
    name = quoted(column.name)
    query = f"SELECT coalesce(max(greatest({name}::HUGEINT, -{name}::HUGEINT)), 0) > {2**53} FROM metadata"
    return dataset.cursor().execute(query).fetchall()[0][0]


def _type_of_both(one: str, other: str) -> str:
    if one == other:
        return one
    return "number" if {one, other} == {"integer", "number"} else "text"


def _copy_columns(connection, member: Member, dataset: Dataset, types: dict[str, Column]) -> None:
    called = _names_in_pool(dataset)
    own = [f"{quoted(column.name)} AS {quoted(called[column.name])}" for column in dataset.columns]
    query = f"SELECT {', '.join(['sample_id', *own])} FROM metadata ORDER BY sample_id"
    names = [types[called[column.name].casefold()].name for column in dataset.columns]
    into = ", ".join(["sample_id", SOURCE, *map(quoted, names)])
    taken = ", ".join([f"sample_id + {member.first}", "?", *(quoted(called[c.name]) for c in dataset.columns)])
    for batch in dataset.cursor().sql(query).to_arrow_reader(BATCH):
        connection.register("new_rows", batch)
        connection.execute(f"INSERT INTO metadata ({into}) SELECT {taken} FROM new_rows", [member.name])
        connection.unregister("new_rows")


def _with_present(connection, column: Column) -> Column:
    name = quoted(column.name)
    empty = f"AND {name} <> ''" if column.type == "text" else ""
    query = f"SELECT count(*) FROM metadata WHERE {name} IS NOT NULL {empty}"
    return replace(column, present=connection.execute(query).fetchall()[0][0])
