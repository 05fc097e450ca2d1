"""Which analysis this is: a hash of data, model, SAE and settings, told without loading any of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.activations.pair import ModelFacts, check_facts, check_pilot
from core.activations.places import Artifact, find_model, find_sae, model_artifact, sae_artifact
from core.activations.refs import BUNDLED, absolute
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.files import json_hash
from core.store.datasets import Dataset

__all__ = ["BUNDLED", "AnalysisIdentity", "Artifact", "absolute", "identify", "model_artifact", "sae_artifact"]


@dataclass(frozen=True, slots=True)
class AnalysisIdentity:
    """All that decides an analysis; `id` names its folder. `facts`, where told: what the model's folder says of it."""

    dataset: str
    dataset_hash: str
    model: Artifact
    sae: Artifact
    settings: AnalysisSettings
    facts: ModelFacts | None = None

    @property
    def id(self) -> str:
        """The first 16 hex digits of the hash of everything that decides the numbers."""
        decides = [self.dataset_hash, self.model.sha256, self.sae.sha256, self.settings.as_dict()]
        return json_hash(decides)[:16]


def identify(
    dataset: Dataset,
    *,
    model: str,
    sae: str,
    settings: AnalysisSettings,
    with_pilot: bool = True,
    with_code: bool = False,
) -> AnalysisIdentity:
    """Identify the analysis of a data set by a model and an SAE, as `find_model` and `find_sae` take them.

    A pair that does not belong together is refused by its configurations, before weights are fetched or read.
    `with_pilot`: a pilot will be run; without one some pairs are refused. `with_code`: the model's own code is trusted.
    """
    return identify_all(
        dataset, model=model, saes=[sae], settings=settings, with_pilot=with_pilot, with_code=with_code
    )[0]


def identify_all(
    dataset: Dataset, *, model: str, saes: Sequence[str], settings: AnalysisSettings, with_pilot: bool = True,
    with_code: bool = False,
) -> list[AnalysisIdentity]:  # fmt: skip
    """The same for several SAEs, which must be different ones; every pair is looked at before anything is fetched."""
    found, coders = find_model(model, with_code=with_code), [find_sae(sae) for sae in saes]
    for coder in coders:
        check_facts(found.facts, coder.facts)
        check_pilot(found.facts, coder.facts, with_pilot=with_pilot)
    whole = found.whole()
    made = [
        AnalysisIdentity(dataset.name, dataset.content_hash, whole, coder.whole(), settings, found.facts)
        for coder in coders
    ]
    seen: dict[str, str] = {}
    for each in made:
        if each.id in seen:
            raise GamutError(
                f"The SAEs {seen[each.id]} and {each.sae.ref} are the same one; name every SAE of a pass once."
            )
        seen[each.id] = each.sae.ref
    return made
