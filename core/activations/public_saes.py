"""Which of the public SAEs belong to a model that a user names, narrowed by layer and words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.activations.model_names import KNOWN, SAME, TUNED, Shape, canonical
from core.activations.pair import model_facts
from core.activations.places import find_model, hub_cached
from core.activations.refs import BUNDLED, HUB, hub_place
from core.activations.registry import ListedSae, listed, saes_of
from core.errors import GamutError
from core.numbers import PLAIN, whole


@dataclass(frozen=True, slots=True)
class PublicSaes:
    """SAEs with how each stands to the model ("same", "tuned", "shape"), and a sentence that says what they are."""

    saes: tuple[tuple[str, ListedSae], ...]
    sentence: str


def public_saes(model: str, *, layer: int | None = None, search: str = "", usable: bool = False) -> PublicSaes:
    """The public SAEs of a model by name, hub id, folder or "bundled". Nothing is fetched; a cached model tells its shape."""
    names, shape = names_of(model)
    found = saes_of(names, shape)
    words = search.lower().split()
    kept = tuple(
        (kin, sae)
        for kin, sae in found
        if (layer is None or sae.layer == layer)
        and not (usable and sae.obstacle)
        and all(word in f"{sae.ref} {sae.hook} {sae.neuronpedia or ''}".lower() for word in words)
    )
    return PublicSaes(kept, _sentence(names, shape, found, kept))


def names_of(model: str) -> tuple[tuple[str, ...], Shape | None]:
    """What a model goes by, and its shape as far as its files or its name tell."""
    if model == BUNDLED:
        facts = find_model(BUNDLED).facts
        return facts.names, facts.shape
    if model.startswith(HUB):
        place = hub_place(model)
        folder = hub_cached(place)
        if folder is None:
            return (place.repo,), KNOWN.get(canonical(place.repo))
        facts = model_facts(folder, said=model, names=(place.repo,))
        return facts.names, facts.shape
    try:
        facts = find_model(model).facts
        return facts.names, facts.shape
    except GamutError:
        if Path(model).is_dir():
            raise
        if canonical(model) not in KNOWN and not any(canonical(sae.model) == canonical(model) for sae in listed()):
            known = ", ".join(sorted(KNOWN)[:4])
            raise GamutError(
                f"{model!r} is no folder and no model that sae-lens lists SAEs of; it lists {len(KNOWN)}, such as {known}."
            ) from None
        return (model,), KNOWN.get(canonical(model))


def _sentence(names: tuple[str, ...], shape: Shape | None, found: list, kept: tuple) -> str:
    if not found:
        return "sae-lens lists no SAE of this model: give the folder of one, or train one."
    kinds = {kin for kin, _ in found}
    models = sorted({sae.model for kin, sae in found if kin != SAME})
    how = "trained on this model" if kinds == {SAME} else "trained on this model or its kin" if SAME in kinds else ""
    if not how and TUNED in kinds:
        how = f"trained on its kin ({', '.join(models)}): a fit card tells whether they fit"
    if not how and shape is not None:
        how = f"trained on models of this shape ({', '.join(models)}): whether this is one of them, its name does not tell"
    some = sum(1 for _, sae in kept if not sae.obstacle)
    told, every, here = (whole(number, PLAIN) for number in (len(kept), len(listed()), some))
    return f"{told} of the {every} public SAEs were {how}; {here} of them can be used here."
