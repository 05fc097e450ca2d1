"""What a user calls a model or an SAE: the bundled one, a folder, a hub id, or a place in sae-lens' list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError

BUNDLED = "bundled"
HUB, LISTED = "hf:", "sae-lens:"
COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_REF = re.compile(r"hf:(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?P<inside>(?:/[\w.-]+)*)(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A repository of the Hugging Face hub, a folder inside it ("" for the whole) and a revision (None: the newest)."""

    repo: str
    inside: str = ""
    revision: str | None = None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return bool(self.revision and COMMIT.fullmatch(self.revision))

    def at(self, commit: str) -> str:
        """The same place, pinned, as a user would write it."""
        return f"{HUB}{self.repo}{'/' + self.inside if self.inside else ''}@{commit}"


def short_name(ref: str) -> str:
    """What a model or SAE may be called in the name of something made with it: its folder, or its id in a list."""
    place = ref.partition("@")[0] if ref.startswith(HUB) else ref
    said = listed_place(ref)[1] if ref.startswith(LISTED) else Path(place.removeprefix(HUB)).name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", said).strip("-._") or "sae"


def absolute(ref: str) -> str:
    """A model or SAE as any process finds it again: a folder's whole path; all else as it was said."""
    return ref if ref == BUNDLED or ref.startswith((HUB, LISTED)) else str(Path(ref).resolve())


def hub_place(ref: str) -> HubPlace:
    """What `hf:owner/name`, `hf:owner/name/folder` or either with `@revision` names."""
    found = HUB_REF.fullmatch(ref)
    parts = found["repo"].split("/") if found else []
    if found is None or any(part.strip(".") == "" for part in [*parts, *found["inside"].split("/")[1:]]):
        raise GamutError(
            f"{ref!r} is no hub id; write hf:owner/name, or hf:owner/name@revision for one revision of it."
        )
    return HubPlace(found["repo"], found["inside"].strip("/"), found["revision"])


def listed_place(ref: str) -> tuple[str, str]:
    """Release and SAE id of `sae-lens:RELEASE/SAE_ID`."""
    release, _, sae_id = ref.removeprefix(LISTED).partition("/")
    if not release or not sae_id:
        raise GamutError(f"{ref!r} names no SAE; write sae-lens:RELEASE/ID, as `python -m core saes MODEL` lists them.")
    return release, sae_id


def same_ref(asked: str, kept: str) -> bool:
    """Whether a kept reference is what was asked for: kept ones are pinned to the commit that was fetched."""
    return asked == kept or (kept.startswith(HUB) and "@" not in asked and kept.rpartition("@")[0] == asked)
