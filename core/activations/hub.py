"""Files of the Hugging Face hub: taken from the cache of this machine, fetched only where the user named a hub id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.activations.refs import HubPlace
from core.errors import GamutError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
OLDER_TOKENIZER = ("vocab.json", "merges.txt", "tokenizer.model", "spiece.model")


def fetch(place: HubPlace, name: str, *, optional: bool = False) -> Path | None:
    """A file of a repository; None where it is `optional` and there is none. Raises `GamutError` in all other cases."""
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    path = f"{place.inside}/{name}" if place.inside else name
    try:
        return Path(hf_hub_download(place.repo, path, revision=place.revision))
    except LocalEntryNotFoundError:
        if optional:
            return None
        why = (
            "HF_HUB_OFFLINE forbids fetching it" if constants.HF_HUB_OFFLINE else "the hub cannot be reached from here"
        )
        raise GamutError(
            f"{path} of hf:{place.repo} is not in the cache of this machine and {why}; "
            "fetch it where there is a connection, or give a local folder."
        ) from None
    except GatedRepoError:
        raise GamutError(
            f"hf:{place.repo} is gated: accept its terms on its page at the Hugging Face hub, log in with `hf auth login`, "
            "and try again."
        ) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise GamutError(
            f"The Hugging Face hub has no {place.repo}, or it is private; check the id, or log in with `hf auth login`."
        ) from None
    except RevisionNotFoundError:
        raise GamutError(f"hf:{place.repo} has no revision {place.revision!r}; leave it out for the newest.") from None
    except EntryNotFoundError:
        if optional:
            return None
        raise GamutError(f"hf:{place.repo} has no file {path}; check the id.") from None
    except (OSError, RuntimeError) as error:  # no connection, a proxy's answer, a full disk
        raise GamutError(
            f"{path} of hf:{place.repo} could not be fetched: {str(error).splitlines()[0]}; try again, or give a local folder."
        ) from None


def pinned(place: HubPlace, found: Path) -> HubPlace:
    """The place at the very commit that a fetched file is of: the rest then comes from the same."""
    commit = found.parts[found.parts.index("snapshots") + 1]
    return HubPlace(place.repo, place.inside, commit)


def fetch_config(place: HubPlace) -> tuple[Path, HubPlace]:
    """The folder that holds a model's configuration so far, and the place pinned."""
    found = fetch(place, "config.json")
    assert found is not None
    return found.parent, pinned(place, found)


def fetch_model(place: HubPlace, *, with_code: bool) -> Path:
    """The folder of a model with weights and tokenizer; of its own code nothing unless `with_code`."""
    names = TOKENIZER if fetch(place, "tokenizer.json", optional=True) else (*TOKENIZER, *OLDER_TOKENIZER)
    for name in names:
        fetch(place, name, optional=True)
    if with_code:
        _fetch_code(place)
    _fetch_weights(place)  # last: where they are, nothing is missing
    config = fetch(place, "config.json")
    assert config is not None
    return config.parent


def _fetch_weights(place: HubPlace) -> None:
    index = fetch(place, INDEX, optional=True)
    if index is not None:
        for name in sorted(set(json.loads(index.read_text())["weight_map"].values())):
            fetch(place, name)
    elif fetch(place, WEIGHTS, optional=True) is None:
        raise GamutError(
            f"hf:{place.repo} has no {WEIGHTS} that can be had here: weights are read from safetensors only. "
            "Give a repository or a local folder with such weights."
        )


def _fetch_code(place: HubPlace) -> None:
    from huggingface_hub import constants, list_repo_files

    if not constants.HF_HUB_OFFLINE:
        for name in list_repo_files(place.repo, revision=place.revision):
            if name.endswith(".py"):
                fetch(place, name)


@contextmanager
def from_the_cache() -> Iterator[None]:
    """Within, the libraries read fetched files only: whatever a loader asks for, nothing is looked up in the network."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
