"""Small things that people name and keep, one JSON file each; none ever changes under its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from core.errors import GamutError
from core.files import write_json
from core.workspace import NAME

VERSION = 1


class Named(Protocol):
    """A dataclass with a name, and a hash of what it says whatever it is called."""

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFiles(Generic[Kind]):
    """The saved things of one kind. `of`: what one is called; `read`: one of what a file says, checked;
    `others`: "12 other samples", how many it holds.
    """

    folder: Path
    of: str
    read: Callable[[dict], Kind]
    others: Callable[[Kind], str]

    def names(self) -> list[str]:
        """The names of all, sorted."""
        return sorted(path.stem for path in self.folder.glob("[!.]*.json"))

    def save(self, new: Kind) -> Kind:
        """Write it under its name; one that says the same there already is left as it is, another is `GamutError`."""
        path = self._path(new.name)
        if path.exists():
            there = self.load(new.name)
            if there.hash == new.hash:
                return there
            raise GamutError(
                f"There is a {self.of} {new.name!r} already, of {self.others(there)}; choose another name."
            )
        write_json(path, {"version": VERSION, **asdict(new)})  # type: ignore[call-overload]
        return new

    def load(self, name: str) -> Kind:
        """The one of that name; `GamutError` naming those there are, or saying what is wrong with its file."""
        path = self._path(name)
        if not NAME.fullmatch(name) or not path.is_file():
            raise GamutError(f"There is no {self.of} {name!r}; there are: {', '.join(self.names()) or 'none yet'}.")
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said.pop("version") > VERSION:
                raise GamutError(f"The {self.of} {name!r} was saved by a newer Gamut; update this one to open it.")
            return self.read(said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GamutError(f"The {self.of} {path} is damaged ({error!r}); make it again.") from None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
