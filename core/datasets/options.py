"""How a source is to be read: what the user said of it, in one value that the app, the command line and manifests share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.datasets.sample import ROLES
from core.errors import GamutError


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What overrules recognition; the defaults recognise everything.

    `format`: a format's name. `map`: (role, template) in the order of the turns, instead of a format. `records`: where
    the records lie inside nested ones, such as "data[].paragraphs[].qas[]". `header`: False where the first line of a
    CSV or TSV is data already. `split`: of a hub or saved data set, all of them where None.
    """

    format: str | None = None
    map: tuple[tuple[str, str], ...] = ()
    records: str | None = None
    header: bool = True
    split: str | None = None

    def __post_init__(self) -> None:
        if self.format is not None and self.map:
            raise GamutError("Both a format and a map were given; a map replaces the format, so give one of them.")
        for role, _ in self.map:
            if role not in ROLES:
                raise GamutError(f"The map names the role {role!r}; use one of {', '.join(ROLES)}.")

    def as_dict(self) -> dict[str, Any]:
        """What differs from the defaults, as plain values for JSON; `from_dict` is the way back."""
        said = {"format": self.format, "map": [list(pair) for pair in self.map], "records": self.records,
                "header": self.header, "split": self.split}  # fmt: skip
        return {
            key: value for key, value in said.items() if value not in (None, []) and (key, value) != ("header", True)
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> ImportOptions:
        """The options that `as_dict` wrote."""
        return ImportOptions(**values | {"map": tuple((role, template) for role, template in values.get("map", ()))})

    def words(self) -> list[str]:
        """The words of the command line that say the same."""
        words = ["--format", self.format] if self.format else []
        for role, template in self.map:
            words += ["--map", f"{role}={written_template(template)}"]
        words += ["--records", self.records] if self.records else []
        words += [] if self.header else ["--no-header"]
        return words + (["--split", self.split] if self.split else [])


TYPED = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


def typed_template(text: str) -> str:
    """A template as a person types it in one line: \\n is a line end, \\t a tab and \\\\ a backslash."""
    return re.sub(r"\\[nt\\]", lambda found: TYPED[found[0]], text)


def written_template(template: str) -> str:
    """A template as it is typed in one line; `typed_template` is the way back."""
    return template.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def read_map_words(words: list[str]) -> tuple[tuple[str, str], ...]:
    """The (role, template) pairs of words such as "user={question}"; raises `GamutError` for a word without "="."""
    pairs = []
    for word in words:
        role, found, template = word.partition("=")
        if not found:
            raise GamutError(f"--map {word!r} has no '='; write ROLE=TEMPLATE, such as user={{question}}.")
        pairs.append((role.strip(), typed_template(template)))
    return tuple(pairs)
