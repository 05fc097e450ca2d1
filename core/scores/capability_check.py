"""Whether a capability file holds what a capability is: one that was passed on may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from core.scores.capability_quality import FIGURES, Quality
from core.scores.directions import Directions

if TYPE_CHECKING:
    from core.scores.capability import Capability

UNIT = 1.001  # the length of a direction, to the precision that is kept
LARGEST = 1e9  # of a state: far beyond what any model has, and squares of it can still be added up
KINDS = {"f": "floating-point numbers", "iu": "whole numbers", "b": "yes or no"}
WORDS = ("model", "model_sha256", "sae_sha256", "template", "null", "created")
NUMBERS = ("max_length", "samples", "left_out", "seed", "version")


def check_learned(said: Any) -> None:
    """Raise `ValueError` unless what is told of how a capability was learned has the kinds of values it must have."""
    _expect(isinstance(said, dict), "learned is no object")
    for name in (name for name in WORDS if name in said):
        _expect(isinstance(said[name], str), f"{name} is no text")
    for name in (name for name in NUMBERS if name in said):
        _expect(_is_count(said[name]), f"{name} is no whole number from 0")
    _expect(isinstance(said["settings"], dict), "settings is no object")
    _expect(isinstance(said.get("stored", False), bool), "stored is neither true nor false")
    token = said.get("first_token")
    _expect(token is None or _is_count(token), "first_token is no token id")
    if said.get("created"):
        datetime.fromisoformat(said["created"])
    _expect(isinstance(said["sources"], list), "sources is no list")
    for source in said["sources"]:
        _check_source(source)


def check_capability(one: Capability) -> None:
    """Raise `ValueError` unless every part has its shape, its kind of numbers and no value that cannot be scored by."""
    _expect(bool(one.directions), "it has no directions")
    layers = len(next(iter(one.directions.values())).explained)
    for site, found in one.directions.items():
        _check_directions(found, layers, site)
        _check_quality(one.quality[site], layers, f"quality.{site}")
    for kind, values in (("mean", one.means), ("first", one.firsts)):
        for site, value in values.items():
            width = one.directions[site].vectors.shape[1] if site in one.directions else None
            _check(value, f"{site}.{kind}", (layers, width), largest=LARGEST)
    _check_profile(one, layers)


def _check_source(source: Any) -> None:
    _expect(isinstance(source, dict), "a source is no object")
    for name in ("file", "dataset", "content_hash"):
        _expect(isinstance(source.get(name, ""), str), f"{name} of a source is no text")
    ids = source.get("ids", [])
    _expect(isinstance(ids, list) and all(map(_is_count, ids)), "ids of a source are no sample ids")
    only = source.get("filter", {})
    _expect(isinstance(only, dict), "the filter of a source is no object")
    pairs = only.get("columns", [])
    good = isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    _expect(good, "the columns of a source are no pairs")


def _check_directions(found: Directions, layers: int, site: str) -> None:
    _check(found.vectors, f"{site}.vectors", (layers, None))
    lengths = np.linalg.norm(found.vectors.astype(np.float64), axis=1)
    _expect(bool((lengths <= UNIT).all()), f"{site}.vectors are no unit directions")
    _check(found.explained, f"{site}.explained", (layers,))
    _check(found.margin, f"{site}.margin", (layers,))
    _check(found.flips, f"{site}.flips", (layers,), kind="b")


def _check_quality(found: Quality, layers: int, name: str) -> None:
    sizes, figures = len(found.sizes) if found.sizes.ndim else 0, len(FIGURES)
    sets = found.random.shape[1] if found.random.ndim == 3 else 0
    _check(found.sizes, f"{name}.sizes", (None,), kind="iu", empty=True)
    _check(found.own, f"{name}.own", (figures, layers))
    _check(found.by_size, f"{name}.by_size", (figures, sizes, None, layers), empty=not sizes)
    _check(found.random, f"{name}.random", (figures, None, layers), empty=True)
    _check(found.random_by_size, f"{name}.random_by_size", (figures, sizes, None, layers), empty=True)
    _expect(found.random_by_size.shape[2] in (0, sets), f"{name}.random_by_size has other sets than {name}.random")


def _check_profile(one: Capability, layers: int) -> None:
    profile: Mapping[str, np.ndarray] = one.profile
    neurons = one.means["mlp"].shape[1] if "mlp" in one.means else None
    shapes: dict[str, tuple[int | None, ...]] = {"features": (None,), "neurons": (layers, neurons), "tokens": (None,)}
    for name, value in profile.items():
        _check(value, f"profile.{name}", shapes[name], kind="iu" if name == "tokens" else "f")
        _expect(bool((value >= 0).all()), f"profile.{name} has values below 0")


def _check(
    value: np.ndarray, name: str, shape: tuple[int | None, ...], *, kind: str = "f", empty: bool = False,
    largest: float = np.inf,
) -> None:  # fmt: skip
    """`shape`: None where any number above 0 will do, or 0 too where it may be `empty`."""
    fits = value.ndim == len(shape) and all(want in (None, own) for own, want in zip(value.shape, shape, strict=True))
    wanted = " × ".join("any" if size is None else str(size) for size in shape)
    _expect(fits, f"{name} has the shape {' × '.join(map(str, value.shape)) or 'of one number'}, not {wanted}")
    _expect(bool(value.size) or empty, f"{name} is empty")
    _expect(value.dtype.kind in kind, f"{name} is of {value.dtype}, not of {KINDS[kind]}")
    _expect(bool(np.isfinite(value).all()), f"{name} has values that are no numbers")
    _expect(not value.size or bool((np.abs(value.astype(np.float64)) <= largest).all()), f"{name} has values too large")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


assert {field.name for field in fields(Directions)} == {"vectors", "explained", "margin", "flips"}
