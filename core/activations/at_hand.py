"""Whether the weights of a model or an SAE lie on this machine: told from the names of files, nothing is fetched or read."""

from __future__ import annotations

from pathlib import Path

from core.activations.refs import BUNDLED, HUB, LISTED, hub_place, listed_place
from core.activations.registry import LOADERS, find
from core.errors import GamutError

CONFIGS = ("config.json", "cfg.json")  # of a model, of an SAE: the weights lie beside it
OPTIONAL = "config.json"  # of an SAE of the list


def at_hand(ref: str, *, bundled: Path) -> bool:
    """Whether what `ref` names is here: bundled, in its folder, or in the hub's cache."""
    try:
        if ref.startswith(LISTED):
            return _listed(ref)
        folder = _cached(ref) if ref.startswith(HUB) else bundled if ref == BUNDLED else Path(ref)
    except GamutError:  # no hub id, or nothing that the list has
        return False
    return folder is not None and any(folder.glob("*.safetensors"))


def _cached(ref: str) -> Path | None:
    """The folder in the hub's cache that holds the configuration; None where there is none."""
    place = hub_place(ref)
    inside = f"{place.inside}/" if place.inside else ""
    found = [_file(place.repo, inside + name, place.revision) for name in CONFIGS]
    return next((path.parent for path in found if path is not None), None)


def _listed(ref: str) -> bool:
    entry = find(*listed_place(ref))
    names = [name for name in LOADERS.get(entry.loader, ()) if name != OPTIONAL]
    return bool(names) and all(
        _file(entry.repo, f"{entry.path}/{name}" if name else entry.path) is not None for name in names
    )


def _file(repo: str, path: str, revision: str | None = None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # only for what came from the hub

    found = try_to_load_from_cache(repo, path, revision=revision)
    return Path(found) if isinstance(found, str) else None
