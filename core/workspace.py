"""Where everything of one workspace lies; the only place that knows the folder names."""

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHIPPED = Path(__file__).resolve().parent.parent / "data"
DEMO_FILE = SHIPPED / "demo" / "demo.jsonl"
BUNDLED_MODEL = SHIPPED / "model"
BUNDLED_SAE = SHIPPED / "sae"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of data sets, analyses, selections and jobs."""

    root: Path

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def analyses(self) -> Path:
        return self.root / "analyses"

    @property
    def selections(self) -> Path:
        return self.root / "selections"

    @property
    def targets(self) -> Path:
        return self.root / "targets"

    @property
    def groups(self) -> Path:
        return self.root / "groups"

    @property
    def capabilities(self) -> Path:
        return self.root / "capabilities"

    @property
    def saes(self) -> Path:
        return self.root / "saes"

    @property
    def training(self) -> Path:
        return self.root / "training"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def people(self) -> Path:
        return self.root / "people.sqlite"


def check_name(name: str, *, of: str) -> str:
    """Return `name` if it can name a file on any system, else raise `GamutError` saying what is allowed."""
    if not NAME.fullmatch(name):
        article = "an" if of == "SAE" or of[0] in "aeiou" else "a"
        raise GamutError(
            f"{name!r} cannot name {article} {of}: use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or "
            "digit."
        )
    return name
