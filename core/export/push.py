"""Publish an exported folder on the Hugging Face hub: only ever on request, private unless said otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import GamutError
from core.export.manifest import manifest_path, read_manifest
from core.export.write import was_exported

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was published: where, how many files and bytes, and whether only its owner sees it."""

    url: str
    files: int
    bytes: int
    private: bool


def check_push(folder: Path, repository: str) -> None:
    """Raise `GamutError` unless the folder is as an export wrote it and the name can be one of the hub."""
    if not REPOSITORY.fullmatch(repository):
        raise GamutError(f"{repository!r} is no name of the hub; write OWNER/NAME.")
    if not folder.is_dir():
        raise GamutError(
            f"{folder} is no exported folder; export the selection to a path without an ending, then push that."
        )
    if not was_exported(folder):
        raise GamutError(f"{folder} is not as its manifest says an export wrote it; export it once more.")


def push(
    folder: Path, repository: str, *, private: bool = True, progress: Callable[[str], None] = lambda _: None
) -> Pushed:
    """Upload an exported folder with its card and its manifest, and check that all of it arrived.

    The token is the one that the hub's own library finds (HF_TOKEN, or a login); the address may be set by HF_ENDPOINT.
    Raises `GamutError` where HF_HUB_OFFLINE forbids it, the hub refuses, or what arrived has another size.
    """
    check_push(folder, repository)
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HfUriError, LocalTokenNotFoundError

    if constants.HF_HUB_OFFLINE:
        raise GamutError("HF_HUB_OFFLINE is set, which forbids any call to the hub; unset it to push.")
    manifest, api = manifest_path(folder), HfApi()
    sent = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    sent["manifest.json"] = manifest
    name = read_manifest(manifest)["selection"]["name"]
    try:
        progress("making the repository")
        address = api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        if private and not api.repo_info(repository, repo_type="dataset").private:  # it was there before
            raise GamutError(
                f"{repository} is there already and everybody can see it; push to another name, or say that it may be public "
                "(--public)."
            )
        for path, file in sent.items():
            progress(f"uploading {path}")
            api.upload_file(
                path_or_fileobj=file, path_in_repo=path, repo_id=repository, repo_type="dataset",
                commit_message=f"{path} of the selection {name}",
            )  # fmt: skip
        progress("checking what arrived")
        found = api.get_paths_info(repository, list(sent), repo_type="dataset")
        there = {each.path: getattr(each, "size", None) for each in found}  # a folder has none
    except (HfHubHTTPError, HfUriError, LocalTokenNotFoundError) as error:
        raise GamutError(f"The hub refused: {str(error).strip().splitlines()[0]}") from None
    except Exception as error:
        reached_nothing = HfHubHTTPError.__bases__  # OSError, and that of the client which the hub's library uses
        if not isinstance(error, reached_nothing):
            raise
        raise GamutError(f"The hub could not be reached: {error}; nothing is lost here, push it once more.") from None
    for path, file in sent.items():
        if there.get(path) != file.stat().st_size:
            raise GamutError(
                f"{path} is {there.get(path)} bytes on the hub and {file.stat().st_size} here; push it once more."
            )
    return Pushed(str(address), len(sent), sum(file.stat().st_size for file in sent.values()), private)
