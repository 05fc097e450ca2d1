"""Any table to conversations by a map: each turn a role and a template of columns in braces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.datasets.formats import Format, Parsed, Record, seen_keys
from core.datasets.formats.record import BadRecord, kind, parsed
from core.datasets.sample import Turn
from core.errors import GamutError

PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
STEP = re.compile(r"\.([^.\[\]]+)|\[([^\[\]]+)\]")
OPTIONAL = {"input", "system"}  # may stay empty; every other turn must say something
LETTER = re.compile(r"[A-Za-z]")


class Written(float):
    """A number of a JSON text that remembers how it was written: 51.0 stays 51.0, 1e3 stays 1e3."""

    written: str

    def __new__(cls, written: str) -> Written:
        number = super().__new__(cls, written)
        number.written = written
        return number


@dataclass(frozen=True, slots=True)
class Field:
    """What stands between two braces: the whole text, a column, and the steps into its value."""

    text: str
    column: str
    steps: tuple[str | int, ...]  # a name after a dot, an index; "[name]" where a column holds the index


@dataclass(frozen=True, slots=True)
class Template:
    """The turn of a role: pieces of text and fields in order."""

    role: str
    pieces: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Field))


def read_template(role: str, text: str) -> Template:
    """Read a template; raises `GamutError` for braces that do not pair or a field that cannot be read."""
    pieces: list[str | Field] = []
    at = 0
    for found in PIECE.finditer(text):
        pieces.append(text[at : found.start()])
        at = found.end()
        if found[0] in ("{{", "}}"):
            pieces.append(found[0][0])
        elif found[1] is None:
            raise GamutError(
                f"The template {text!r} has a single brace; name a column as {{column}}, a brace as {{{{ or }}}}."
            )
        else:
            pieces.append(_field(found[1], text))
    pieces.append(text[at:])
    template = Template(role, tuple(piece for piece in pieces if piece != ""))
    if not template.fields:
        raise GamutError(
            f"The template {text!r} of the role {role} names no column; write one in braces, such as {{text}}."
        )
    return template


def _field(text: str, template: str) -> Field:
    column = re.split(r"[.\[]", text, maxsplit=1)[0]
    rest = text[len(column) :]
    steps = [(name or index) and (name or _index(index)) for name, index in STEP.findall(rest)]
    if not column or "".join(found[0] for found in STEP.finditer(rest)) != rest:
        raise GamutError(
            f"{{{text}}} in the template {template!r} cannot be read; write {{column}}, {{a.b}} or {{a[0].b}}."
        )
    return Field(text, column, tuple(steps))


def _index(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() else f"[{text.strip()}]"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The turns of a map, in order."""

    templates: tuple[Template, ...]

    def as_format(self) -> Format:
        """The map as a format, so that a sample is made by it as by any other."""
        title = "the map " + " ".join(template.role for template in self.templates)
        rule = "The turns that the map names, in its order. Columns that it does not name become metadata."
        return Format("map", title, rule, "a map", lambda record: isinstance(record, dict), self.read)

    def read(self, record: Record) -> Parsed:
        """A record's turns; a column named whole is used up, one of which a part is named stays as metadata too."""
        turns = [Turn(template.role, _fill(template, record)) for template in self.templates]
        fields = [field for template in self.templates for field in template.fields]
        return parsed(turns, {field.text if field.text in record else field.column for field in fields
                              if field.text in record or not field.steps})  # fmt: skip

    def check(self, records: Iterable[Any], *, file: str) -> None:
        """Raise `GamutError` where a template names a column that none of these records has."""
        records = [record for record in records if isinstance(record, dict)]
        columns = {key for record in records for key in record}
        named = [field for template in self.templates for field in template.fields if field.text not in columns]
        wanted = [column for field in named for column in (field.column, *_index_columns(field))]
        lost = list(dict.fromkeys(column for column in wanted if column not in columns))
        if records and lost:
            raise GamutError(
                f"The map names {_listed(lost)}, which {file} does not have; its columns are {seen_keys(records)}."
            )


def read_map(said: Iterable[tuple[str, str]]) -> Mapping:
    """The map of (role, template) pairs; raises `GamutError` for a template that cannot be read."""
    return Mapping(tuple(read_template(role, text) for role, text in said))


def with_written_numbers(raw: bytes) -> Any:
    """A JSON text's value with numbers that remember how they were written."""
    return json.loads(raw, parse_float=Written)


def _index_columns(field: Field) -> list[str]:
    return [step[1:-1] for step in field.steps if isinstance(step, str) and step.startswith("[")]


def _listed(names: list[str]) -> str:
    return ("the column " if len(names) == 1 else "the columns ") + ", ".join(repr(name) for name in names)


def _fill(template: Template, record: Record) -> str:
    texts = [piece if isinstance(piece, str) else _shown(piece, record, template.role) for piece in template.pieces]
    return "".join(texts)


def _shown(field: Field, record: Record, role: str) -> str:
    value = _value(field, record)
    if value is None:
        if role in OPTIONAL:
            return ""
        raise BadRecord(
            f"{field.text!r} is {'missing' if field.column not in record else 'null'}, the {role} turn needs it"
        )
    return _text(value, field)


def _value(field: Field, record: Record) -> Any:
    if field.text in record:  # a column may have dots or brackets in its own name
        return record[field.text]
    value = record.get(field.column)
    for step in field.steps:
        if value is None:
            return None
        value = _step(value, step, record, field)
    return value


def _step(value: Any, step: str | int, record: Record, field: Field) -> Any:
    if isinstance(step, str) and not step.startswith("["):
        if not isinstance(value, dict):
            raise BadRecord(f"{field.text!r}: {step!r} is looked for in {kind(value)}, an object is needed")
        return value.get(step)
    place = step if isinstance(step, int) else _place(record, step[1:-1], field)
    if not isinstance(value, list):
        raise BadRecord(f"{field.text!r}: an index into {kind(value)}, a list is needed")
    if place >= len(value):
        raise BadRecord(f"{field.text!r}: there is no item {place} in a list of {len(value)} (counted from 0)")
    return value[place]


def _place(record: Record, column: str, field: Field) -> int:
    """The index that another column holds: a whole number from 0, or one letter, A for the first."""
    said = record.get(column)
    if isinstance(said, str) and LETTER.fullmatch(said.strip()):
        return ord(said.strip().upper()) - ord("A")
    if isinstance(said, str) and said.strip().isascii() and said.strip().isdigit():
        return int(said)
    if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
        return said
    raise BadRecord(f"{field.text!r}: {column!r} is {said!r}, a number from 0 or a letter is needed as an index")


def _text(value: Any, field: Field) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Written):
        return value.written
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) or item is None for item in value):
        return "\n".join(_text(item, field) for item in value)
    inside = "a list of more than texts and numbers" if isinstance(value, list) else kind(value)
    raise BadRecord(
        f"{field.text!r} is {inside}; name the part wanted, such as {{{field.column}{'[0]' * isinstance(value, list)}.text}}"
    )
