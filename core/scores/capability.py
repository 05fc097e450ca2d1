"""Capabilities at rest: named directions with what they were learned from, as a safetensors file that can be passed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core.errors import GamutError
from core.files import file_hash, written_beside
from core.scores.capability_check import check_capability, check_learned
from core.scores.capability_quality import FIGURES, Quality
from core.scores.directions import Directions
from core.store.analyses import Analysis
from core.workspace import Workspace, check_name

VERSION = 2
ABOUT = "gamut_capability"
HASHES = "samples.sha256"  # uint8 (texts, 32)
SITES = ("mlp", "residual")
PROFILE = ("features", "neurons", "tokens")
PARTS = tuple(Directions.__dataclass_fields__)
MEASURED = tuple(Quality.__dataclass_fields__)
# What reading a file comes to that is no capability, whatever it holds.
DAMAGE = (SafetensorError, OSError, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a capability was learned from: so that another machine can tell whether it fits, and how it came about.

    `model` and `model_sha256` name the model, `sae_sha256` the SAE of the features; `settings` those of the pass; `samples`
    used, `left_out` without a token that counts; `sources`: files or data sets with their hashes; `null`: what random sets
    of equal size were drawn from. `first_token`: the id of the first token where all samples begin with the same one, so
    that the states at it are those of any such sample. `stored`: learned from what an analysis keeps, without a pass.
    """

    model: str
    model_sha256: str
    sae_sha256: str
    max_length: int
    template: str
    settings: dict[str, Any]
    samples: int
    left_out: int
    sources: list[dict[str, Any]]
    seed: int = 0
    null: str = ""
    created: str = ""
    first_token: int | None = None
    stored: bool = False
    version: int = VERSION


@dataclass(frozen=True, eq=False, kw_only=True)
class Capability:
    """A named set of directions by site, with the set's own means, and how good the directions are.

    `means` and `firsts`: float32 (layers, d) by site, averages over the set of the token means and of position 0; one that
    was learned without a pass has no `firsts`. `profile`: what the set activates as a whole, by the names of `PROFILE`
    (see `core.activations.profile`). `hashes`: the content hashes of its samples, by which they are known in any data set;
    none in files of an older Gamut.
    """

    name: str
    learned: Learned
    directions: dict[str, Directions]
    means: dict[str, np.ndarray]
    firsts: dict[str, np.ndarray]
    profile: dict[str, np.ndarray] = field(default_factory=dict)
    quality: dict[str, Quality] = field(default_factory=dict)
    hashes: frozenset[str] = frozenset()
    path: Path | None = None

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its file."""
        assert self.path is not None, "a capability that was saved"
        return file_hash(self.path)

    def at(self, site: str) -> Directions:
        """Its directions at a site; `GamutError` where it has none there."""
        if site not in self.directions:
            raise GamutError(
                f"Capability {self.name!r} has no directions at {site!r}; it has: {', '.join(self.directions)}."
            )
        return self.directions[site]

    def mean_at(self, site: str) -> np.ndarray:
        """The mean over its samples of their token means, float32 (layers, d); `GamutError` where it has none at a site."""
        if site not in self.means:
            raise GamutError(f"Capability {self.name!r} has no means at {site!r}; it has: {', '.join(self.means)}.")
        return self.means[site]

    def part(self, name: str) -> np.ndarray:
        """A part of its profile; `GamutError` where it has none."""
        if name not in self.profile:
            raise GamutError(f"Capability {self.name!r} knows nothing of the {name} of its samples; learn it again.")
        return self.profile[name]

    def require_sae(self, analysis: Analysis) -> None:
        """Raise `GamutError` if its features are of another SAE than an analysis'."""
        sae = json.loads(analysis.meta["sae"])
        if sae["sha256"] != self.learned.sae_sha256:
            raise GamutError(
                f"The features of capability {self.name!r} are of another SAE than those of analysis {analysis.name!r} "
                f"({sae['ref']!r}); learn it again with that one."
            )

    def require(self, analysis: Analysis) -> None:
        """Raise `GamutError` if it was learned on another model than an analysis was made with, or its sizes are other ones."""
        model = json.loads(analysis.meta["model"])
        if model["sha256"] != self.learned.model_sha256:
            raise GamutError(
                f"Capability {self.name!r} was learned on the model {self.learned.model!r}, analysis {analysis.name!r} was made "
                f"with {model['ref']!r}, whose weights are other ones; learn it again on that model."
            )
        for what, own, wanted in self._sizes(analysis):
            if own != wanted:
                raise GamutError(
                    f"Capability {self.name!r} says it is of the model of analysis {analysis.name!r}, yet has {own} {what} where "
                    f"that has {wanted}; its file is damaged: learn it again."
                )

    def _sizes(self, analysis: Analysis) -> Iterator[tuple[str, int, int]]:
        """What must be equal to score by it: in words, its own size, that of the analysis."""
        if "contents" not in analysis.meta:
            return  # of an older Gamut: nothing that is asked of it needs these
        shape = analysis.contents.shape
        widths = {"mlp": ("neurons", shape.neurons), "residual": ("dimensions", shape.width)}
        by_site = [(site, found.vectors) for site, found in self.directions.items()] + list(self.means.items())
        by_site += [("mlp", self.profile["neurons"])] if "neurons" in self.profile else []
        for site, values in by_site:
            what, width = widths[site]
            yield "layers", len(values), shape.layers
            if width:  # 0 where it is not known
                yield what, values.shape[1], width
        sae = json.loads(analysis.meta["sae"])
        if "features" in self.profile and sae["sha256"] == self.learned.sae_sha256:
            yield "features", len(self.profile["features"]), shape.n_features
        if "tokens" in self.profile:
            query = "SELECT count(*) FROM vocabulary"
            yield "tokens", len(self.profile["tokens"]), analysis.cursor().execute(query).fetchall()[0][0]

    def read_otherwise(self, analysis: Analysis) -> str:
        """In a sentence, where its samples were read otherwise than those of an analysis; empty where they were not."""
        own = {"template": self.learned.template, "maximum length": f"{self.learned.max_length} tokens"}
        there = {"template": analysis.meta["template"], "maximum length": f"{analysis.meta['max_length']} tokens"}
        said = [f"the {what} is {own[what]} there and {there[what]} here" for what in own if own[what] != there[what]]
        return f"{self.name} was read otherwise than this analysis: {'; '.join(said)}." if said else ""


def save_capability(workspace: Workspace, capability: Capability, *, replace: bool = False) -> Capability:
    """Write a capability into the workspace; `GamutError` if the name is taken and it is not to be replaced."""
    path = workspace.capabilities / f"{check_name(capability.name, of='capability')}.safetensors"
    if path.exists() and not replace:
        raise GamutError(f"There is a capability {capability.name!r} already; choose another name or say --replace.")
    tensors: dict[str, np.ndarray] = {}
    for site, found in capability.directions.items():
        tensors |= {f"{site}.{part}": np.ascontiguousarray(getattr(found, part)) for part in PARTS}
    for site, quality in capability.quality.items():
        tensors |= {f"quality.{site}.{part}": np.ascontiguousarray(getattr(quality, part)) for part in MEASURED}
    for kind, values in (("mean", capability.means), ("first", capability.firsts)):
        tensors |= {f"{site}.{kind}": np.ascontiguousarray(value) for site, value in values.items()}
    tensors |= {f"profile.{name}": np.ascontiguousarray(value) for name, value in capability.profile.items()}
    if capability.hashes:
        tensors[HASHES] = np.frombuffer(bytes.fromhex("".join(sorted(capability.hashes))), np.uint8).reshape(-1, 32)
    about = {"name": capability.name, "learned": asdict(capability.learned)}
    with written_beside(path) as out:
        out.write(save(tensors, metadata={ABOUT: json.dumps(about, sort_keys=True)}))
    return load_capability(workspace, capability.name)


def capability_names(workspace: Workspace) -> list[str]:
    """The names of all capabilities, sorted."""
    return sorted(path.stem for path in workspace.capabilities.glob("[!.]*.safetensors"))


def load_capability(workspace: Workspace, name: str) -> Capability:
    """The capability of that name, or `GamutError` naming those there are."""
    path = workspace.capabilities / f"{name}.safetensors"
    if name not in capability_names(workspace):
        known = ", ".join(capability_names(workspace)) or "none yet: learn one with `capability learn`"
        raise GamutError(f"There is no capability {name!r}; there are: {known}.")
    return read_capability(path)


def all_capabilities(workspace: Workspace) -> tuple[list[Capability], dict[str, str]]:
    """All capabilities by name, and a sentence for each, by name, that cannot be read."""
    found, damaged = [], {}
    for name in capability_names(workspace):
        try:
            found.append(load_capability(workspace, name))
        except GamutError as error:
            damaged[name] = str(error)
    return found, damaged


def read_capability(path: Path) -> Capability:
    """The capability in a file; raises `GamutError` for one that is foreign, damaged or of a newer Gamut."""
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads((file.metadata() or {})[ABOUT])
            if about["learned"]["version"] > VERSION:
                raise GamutError(f"{path} was made by a newer Gamut; update this one to use it.")
            check_learned(about["learned"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (a file, no dictionary)
        sites = [site for site in SITES if any(f"{site}.{part}" in tensors for part in PARTS)]
        found = Capability(
            name=path.stem,
            learned=Learned(**about["learned"]),
            directions={site: _directions(tensors, site) for site in sites},
            means={site: tensors[f"{site}.mean"] for site in SITES if f"{site}.mean" in tensors},
            firsts={site: tensors[f"{site}.first"] for site in SITES if f"{site}.first" in tensors},
            profile={name: tensors[f"profile.{name}"] for name in PROFILE if f"profile.{name}" in tensors},
            quality={site: _quality(tensors, site) for site in sites},
            hashes=frozenset(bytes(own).hex() for own in tensors.get(HASHES, ())),
            path=path,
        )
        check_capability(found)
        return found
    except DAMAGE as error:
        raise GamutError(f"{path} is no capability, or a damaged one ({str(error)[:120]}); learn it again.") from None


def _directions(tensors: dict[str, np.ndarray], site: str) -> Directions:
    return Directions(**{part: tensors[f"{site}.{part}"] for part in PARTS})


def _quality(tensors: dict[str, np.ndarray], site: str) -> Quality:
    """The quality at a site; version 1 kept that of one random set, and none by number of samples."""
    if f"quality.{site}.own" in tensors:
        parts = {part: tensors[f"quality.{site}.{part}"] for part in MEASURED if part != "random_by_size"}
        none = np.empty((len(FIGURES), len(parts["sizes"]), 0, parts["own"].shape[1]))  # not kept by the first files
        return Quality(**parts, random_by_size=tensors.get(f"quality.{site}.random_by_size", none))
    own = np.stack([tensors[f"{site}.{name}"] for name in FIGURES])
    random = (
        [np.stack([tensors[f"null.{site}.{name}"] for name in FIGURES])] if f"null.{site}.vectors" in tensors else []
    )
    none = np.empty((len(FIGURES), 0, own.shape[1]))
    by_size = np.empty((len(FIGURES), 0, 0, own.shape[1]))
    return Quality(own, np.empty(0, np.int64), by_size, np.stack(random, axis=1) if random else none, by_size)
