"""The files of a tokenizer: of the bundled model, of a folder, or of a model on the Hugging Face hub; none of them is loaded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.activations.hub import TOKENIZER, fetch, from_the_cache
from core.activations.refs import BUNDLED, HUB, hub_place
from core.errors import GamutError
from core.files import file_hash, json_hash
from core.workspace import BUNDLED_MODEL

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")  # what decides its tokens and its template


class NotFetched(GamutError):
    """The tokenizer of a model on the hub that is not on this machine yet."""


def tokenizer_folder(ref: str) -> Path:
    """The folder of the tokenizer that `ref` names: "bundled", a folder, or `hf:owner/name`; nothing is fetched."""
    if ref.startswith(HUB):
        place = hub_place(ref)
        try:
            with from_the_cache():
                found = fetch(place, FILES[0])
        except GamutError:
            raise NotFetched(
                f"The tokenizer of {ref} is not on this machine yet; it is fetched when you ask for it."
            ) from None
        assert found is not None
        return found.parent
    folder = BUNDLED_MODEL if ref == BUNDLED else Path(ref).expanduser()
    if not (folder / FILES[0]).is_file():
        raise GamutError(
            f"{folder} holds no tokenizer.json; give the folder of a model or of its tokenizer, hf:owner/name, or 'bundled'."
        )
    return folder


def fetch_tokenizer(ref: str) -> None:
    """Fetch the tokenizer of a model on the hub, where that is what `ref` names; raises `GamutError` where it cannot be had."""
    if ref.startswith(HUB):
        place = hub_place(ref)
        for name in TOKENIZER:
            fetch(place, name, optional=name != FILES[0])


def tokenizer_key(ref: str) -> str:
    """The first 16 hex digits of a hash over the files of a tokenizer: the same wherever they lie."""
    folder = tokenizer_folder(ref)
    stamps = tuple((folder / name).stat().st_mtime_ns for name in FILES if (folder / name).is_file())
    return _hash_of(str(folder.resolve()), stamps)


@lru_cache(maxsize=64)
def _hash_of(folder: str, stamps: tuple[int, ...]) -> str:
    files = (Path(folder) / name for name in FILES)
    return json_hash([[file.name, file_hash(file)] for file in files if file.is_file()])[:16]
