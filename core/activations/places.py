"""Where a model or SAE lies: found first with what its configuration tells, fetched whole only once the pair holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core.activations.hub import fetch, fetch_config, fetch_model, from_the_cache, pinned
from core.activations.pair import ModelFacts, SaeFacts, listed_facts, model_facts, sae_facts
from core.activations.refs import BUNDLED, HUB, HUB_REF, LISTED, HubPlace, hub_place, listed_place
from core.activations.registry import LOADERS, ListedSae, find, releases
from core.activations.sparsify import SPARSIFY_WEIGHTS, is_sparsify, sparsify_config
from core.errors import GamutError
from core.files import file_hash, json_hash
from core.workspace import BUNDLED_MODEL, BUNDLED_SAE

MODEL_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
               "special_tokens_map.json", "chat_template.jinja")  # fmt: skip
OLDER_TOKENIZER = ("vocab.json", "merges.txt", "tokenizer.model", "spiece.model")
SAE_FILES = ("cfg.json", "*.safetensors")
UNREAD = ("*.bin", "*.pt", "*.pth", "*.ckpt")
NEEDED = {
    "model": "a folder with config.json and .safetensors weights, hf:OWNER/NAME, or 'bundled'",
    "SAE": "a folder with cfg.json and .safetensors weights, hf:OWNER/NAME/FOLDER, sae-lens:RELEASE/ID, or 'bundled'",
}
SAE_WEIGHTS = "sae_weights.safetensors"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model or SAE: `ref` as the user named it (a hub id pinned to its commit), the folder it lies in and the SHA-256
    of the files that decide.
    """

    ref: str
    folder: Path
    sha256: str

    def as_json(self) -> str:
        return json.dumps({"ref": self.ref, "sha256": self.sha256})


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model of which at least the configuration is here; `whole()` fetches what is missing and hashes all."""

    facts: ModelFacts
    whole: Callable[[], Artifact]


@dataclass(frozen=True, slots=True)
class FoundSae:
    """An SAE of which at least the configuration is here, or its line in sae-lens' list."""

    facts: SaeFacts
    whole: Callable[[], Artifact]


def find_model(ref: str, *, with_code: bool = False) -> FoundModel:
    """The model that `ref` names: "bundled", a local Hugging Face folder, or `hf:owner/name`, fetched unless it is cached.

    `with_code`: with its own code, for a model that the user trusts.
    """
    if ref.startswith(LISTED):
        raise GamutError(f"{ref} names an SAE of sae-lens' list, not a model; give a folder or hf:owner/name.")
    if ref.startswith(HUB):
        return _pinned_first(lambda: _hub_model(hub_place(ref), with_code=with_code), hub_place(ref))
    folder = BUNDLED_MODEL if ref == BUNDLED else Path(ref)
    _check_there(folder, "model")
    names = () if ref == BUNDLED else (folder.name,)
    return FoundModel(model_facts(folder, said=ref, names=names), lambda: _model_in(folder, ref))


def find_sae(ref: str) -> FoundSae:
    """The SAE that `ref` names: "bundled", a local SAE-Lens or sparsify folder, `sae-lens:RELEASE/ID` of sae-lens' list,
    or `hf:owner/name/folder`, a folder of either kind on the hub.
    """
    if ref.startswith(LISTED):
        entry = find(*listed_place(ref))
        return FoundSae(listed_facts(entry), lambda: _listed(entry))
    if ref.startswith(HUB):
        return _pinned_first(lambda: _hub_sae(hub_place(ref)), hub_place(ref))
    folder = BUNDLED_SAE if ref == BUNDLED else Path(ref)
    _check_there(folder, "SAE")
    return FoundSae(_facts_in(folder, ref), lambda: _sae_in(folder, ref))


def model_artifact(ref: str) -> Artifact:
    """The model that `ref` names, whole."""
    return find_model(ref).whole()


def sae_artifact(ref: str) -> Artifact:
    """The SAE that `ref` names, whole."""
    return find_sae(ref).whole()


def hub_cached(place: HubPlace) -> Path | None:
    """The folder of a hub model whose configuration is in the cache; None where it is not. Nothing is fetched."""
    with suppress(GamutError), from_the_cache():
        return fetch_config(place)[0]
    return None


def _pinned_first(run: Callable, place: HubPlace):
    """A pinned place is looked for in the cache first: what an analysis used before needs no network."""
    if place.pinned:
        with suppress(GamutError), from_the_cache():
            found = run()
            return replace(found, whole=lambda: _cached_or(found.whole))
    return run()


def _cached_or(whole: Callable[[], Artifact]) -> Artifact:
    with suppress(GamutError), from_the_cache():
        return whole()
    return whole()


def _check_there(folder: Path, kind: str) -> None:
    if folder.is_dir():
        return
    last = "/".join(folder.parts[-2:])
    hub = not folder.parent.is_dir() and HUB_REF.fullmatch(HUB + last)
    hint = f" For one of the Hugging Face hub write hf:{last}." if hub else ""
    raise GamutError(f"There is no {kind} in {folder}: {NEEDED[kind]} is needed.{hint}")


def _hub_model(place: HubPlace, *, with_code: bool) -> FoundModel:
    if place.inside:
        raise GamutError(
            f"hf:{place.repo}/{place.inside} is a folder in a repository; a model is a whole one, hf:owner/name."
        )
    folder, exact = fetch_config(place)
    said = f"{HUB}{place.repo}"
    return FoundModel(
        model_facts(folder, said=said, names=(place.repo,)),
        lambda: _model_in(fetch_model(exact, with_code=with_code), exact.at(str(exact.revision))),
    )


def _hub_sae(place: HubPlace) -> FoundSae:
    config = fetch(place, "cfg.json")
    assert config is not None
    folder, exact = config.parent, pinned(place, config)
    theirs = is_sparsify(folder)
    if theirs:
        run = HubPlace(exact.repo, "/".join(exact.inside.split("/")[:-1]), exact.revision)
        fetch(run, "config.json", optional=True)

    def whole() -> Artifact:
        fetch(exact, SPARSIFY_WEIGHTS if theirs else SAE_WEIGHTS)
        return _sae_in(folder, ref)

    ref = exact.at(str(exact.revision))
    return FoundSae(_facts_in(folder, ref), whole)


def _facts_in(folder: Path, ref: str) -> SaeFacts:
    if is_sparsify(folder):
        return sae_facts(sparsify_config(folder), said=ref)
    config = folder / "cfg.json"
    if not config.is_file():
        raise GamutError(
            f"{folder} holds no SAE-Lens SAE (no cfg.json); give the folder of one, or of one that sparsify saved."
        )
    try:
        return sae_facts(json.loads(config.read_text(encoding="utf-8")), said=ref)
    except (ValueError, AttributeError, TypeError):
        raise GamutError(f"{config} is no JSON object; bring the folder as SAE-Lens saved it.") from None


def _model_in(folder: Path, ref: str) -> Artifact:
    older = () if (folder / "tokenizer.json").is_file() else OLDER_TOKENIZER
    code = ("*.py",) if "auto_map" in json.loads((folder / "config.json").read_text()) else ()
    return _artifact(ref, folder, (*MODEL_FILES, *older, *code), "model")


def _sae_in(folder: Path, ref: str) -> Artifact:
    found = _artifact(ref, folder, SAE_FILES, "SAE")
    if not is_sparsify(folder):
        return found
    run = folder.parent / "config.json"  # of the run: its context length and model
    decides = [found.sha256, folder.resolve().name, file_hash(run) if run.is_file() else None]
    return Artifact(ref, folder, json_hash(decides))


def _listed(entry: ListedSae) -> Artifact:
    """The files of an SAE of the list, with what the list itself adds to them."""
    if entry.obstacle:
        raise GamutError(f"The SAE {entry.ref} cannot be used: {entry.obstacle}.")
    place = HubPlace(entry.repo)
    files = [
        fetch(place, f"{entry.path}/{name}" if name else entry.path, optional=name == "config.json")
        for name in LOADERS[entry.loader]
    ]
    kept = [path for path in files if path is not None]
    said = releases()[entry.release]
    line = next(sae for sae in said["saes"] if str(sae["id"]) == entry.sae_id)
    decides = [entry.loader, entry.path, said.get("config_overrides"), line.get("norm_scaling_factor")]
    return Artifact(entry.ref, kept[-1].parent, json_hash([decides, *([path.name, file_hash(path)] for path in kept)]))


def _artifact(ref: str, folder: Path, patterns: tuple[str, ...], kind: str) -> Artifact:
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        other = next((path.name for pattern in UNREAD for path in folder.glob(pattern)), "")
        seen = f" Its weights in {other} may hold code and are never opened: save them as safetensors." if other else ""
        raise GamutError(f"There is no {kind} in {folder}: {NEEDED[kind]} is needed.{seen}")
    return Artifact(ref, folder, json_hash([[path.name, file_hash(path)] for path in files]))
