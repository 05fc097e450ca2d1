"""Learn a capability from a source of samples: by a pass of the model, or from what an analysis keeps of its own samples.

Without a pass: an analysis keeps the residual stream at the last token and its mean, not the neurons at the last token and
not position 0. Where all samples begin with the same token, position 0 is one constant, which a principal component of
the changes does not see; so the directions of the residual stream are the same, to the half precision that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from core.activations.identity import AnalysisIdentity, identify
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.scores.capability import Capability, Learned
from core.scores.capability_quality import Quality, beside, measure
from core.scores.capability_source import CapabilitySource, Gathered, gather
from core.scores.coverage import seeded_order
from core.scores.directions import FEWEST, Directions, learn_directions
from core.scores.own_samples import own_rows
from core.scores.stored_ends import stored_ends, stored_profile
from core.store.analyses import Analysis
from core.store.datasets import Dataset, dataset_with_hash
from core.workspace import Workspace

RANDOM_SETS = 5
OWN_PASSES = 2  # over the samples themselves: their states, and what they activate

Progress = Callable[[int, int, str], None]
Stop = Callable[[], bool]


def learn_words(
    name: str, *, analysis: Analysis, source: CapabilitySource, random_sets: int = RANDOM_SETS, stored: bool = False,
    replace: bool = False,
) -> list[str]:  # fmt: skip
    """The words of the command that learns this capability, for a job."""
    words = ["capability", "learn", name, *source.words(), "--analysis", analysis.id, "--random-sets", str(random_sets)]
    return words + (["--stored"] if stored else []) + (["--replace"] if replace else [])


def learn_capability(
    workspace: Workspace, name: str, *, analysis: Analysis, source: CapabilitySource, random_sets: int = RANDOM_SETS,
    stored: bool = False, progress: Progress, stop: Stop,
) -> Capability:  # fmt: skip
    """Learn the directions of a capability on the model that an analysis was made with; nothing is saved.

    `random_sets`: sets of as many random samples of the analysis' data set, whose figures stand beside its own; no sample
    of the capability is among them. `stored`: from what the analysis keeps, without a pass (see above). Raises
    `GamutError` where that cannot be, and `core.activations.analyse.Cancelled` when `stop()` turns true.
    """
    pool = dataset_with_hash(workspace, analysis.dataset_hash, name=analysis.dataset)
    if pool is None:
        raise GamutError(f"The data set {analysis.dataset!r} of analysis {analysis.name!r} is not here; add it again.")
    gathered = gather(workspace, source)
    nulls = random_ids(len(pool), gathered, pool, sets=random_sets, seed=source.seed)
    found = (
        _learn_stored(name, analysis, source, gathered, nulls, progress)
        if stored
        else _learn_by_pass(name, analysis, source, gathered, pool, nulls, progress, stop)
    )
    created = datetime.now(UTC).isoformat(timespec="seconds")
    null = null_words(analysis.dataset, nulls, wanted=random_sets, size=len(gathered.conversations))
    learned = replace(found.learned, sources=gathered.sources, seed=source.seed, null=null, created=created)
    return replace(found, learned=learned, hashes=gathered.hashes)


def random_ids(n: int, gathered: Gathered, pool: Dataset, *, sets: int, seed: int) -> list[list[int]]:
    """Distinct sets of random samples of a pool, as many as those gathered and without any of their texts, ascending ids.

    Sets are disjoint as long as the pool lasts; then each is a draw of its own, where the pool has samples for two, so that
    sets share no more than half on average. No set is smaller than what is gathered: where the pool has too few, there is none.
    """
    own = own_rows(pool, hashes=gathered.hashes)
    free = n - int(own.sum())
    size, found = len(gathered.conversations), []
    left: list[int] = []
    for number in range(sets):
        if len(left) < size:
            if free < size or (number and free < 2 * size):
                break
            left = [i for i in seeded_order(n, seed + number).tolist() if not own[i]]
        drawn = sorted(left[:size])
        left = left[size:]
        if drawn not in found:
            found.append(drawn)
    return found


def null_words(pool: str, sets: list[list[int]], *, wanted: int, size: int) -> str:
    """What the random sets are, and why there are fewer than wanted; nothing where none were."""
    if not wanted:
        return ""
    if not sets:
        return f"none: {pool} has fewer than {size} samples besides its own"
    said = f"{pool}, {len(sets)} {'set' if len(sets) == 1 else 'sets'} of {size} random samples"
    if len(sets) < wanted:
        return f"{said}, not {wanted}: the pool has no more for sets that differ"
    return f"{said}, some in several sets" if len(set().union(*sets)) < size * len(sets) else said


def refuse_without_pass(analysis: Analysis, source: CapabilitySource, *, dataset_hash: str) -> None:
    """Raise `GamutError` where a source asks for a pass of the model; dataset_hash: of its data set, "" of files."""
    if dataset_hash != analysis.dataset_hash:
        raise GamutError(
            f"Without a pass a capability is learned from samples of the analysis' own data set, {analysis.dataset!r}; learn "
            "it with a pass, or choose samples of that one."
        )
    if source.strip:
        raise GamutError("What is taken out of texts asks for a pass of the model: learn it with one.")


def identity_of(analysis: Analysis, pool: Dataset) -> AnalysisIdentity:
    """The very model, SAE and settings of an analysis; `GamutError` where the model's files have changed."""
    model, sae = (json.loads(analysis.meta[kind]) for kind in ("model", "sae"))
    settings = AnalysisSettings.from_dict(analysis.settings)
    identity = identify(pool, model=model["ref"], sae=sae["ref"], settings=settings)
    if identity.model.sha256 != model["sha256"]:
        raise GamutError(
            f"The model {model['ref']!r} is not the one that analysis {analysis.name!r} was made with: its files have changed."
        )
    return identity


def _learn_by_pass(
    name: str, analysis: Analysis, source: CapabilitySource, gathered: Gathered, pool: Dataset, nulls: list[list[int]],
    progress: Progress, stop: Stop,
) -> Capability:  # fmt: skip
    from core.activations.capability_pass import CapabilityReader  # torch: only what reads a model needs it

    identity = identity_of(analysis, pool)
    reader = CapabilityReader(identity, progress=progress, stop=stop)
    passes = OWN_PASSES + len(nulls)  # each tells its own progress: of which one, the note says
    own = reader.ends(gathered.conversations, note=f"pass 1 of {passes}, reading its samples")
    kept = len(next(iter(own.values())).rows)
    if kept < FEWEST:
        raise GamutError(f"Only {kept} samples have a token that counts; a direction needs at least {FEWEST}.")
    profile = reader.profile(gathered.conversations, note=f"pass 2 of {passes}, reading its features")
    progress(0, 0, "learning the directions")
    directions = {site: learn_directions(ends.last - ends.first, ends.mean) for site, ends in own.items()}
    quality = {site: measure(ends.last - ends.first, ends.mean, seed=source.seed) for site, ends in own.items()}
    means = {site: ends.mean.mean(axis=1) for site, ends in own.items()}
    firsts = {site: ends.first.mean(axis=1) for site, ends in own.items()}
    del own
    random: dict[str, list[Quality]] = {site: [] for site in directions}
    for number, ids in enumerate(nulls, OWN_PASSES + 1):
        conversations = [turns for _, turns in pool.conversations(ids)]
        for site, ends in reader.ends(conversations, note=f"pass {number} of {passes}, reading random samples").items():
            if len(ends.rows) >= FEWEST:
                random[site].append(measure(ends.last - ends.first, ends.mean, seed=source.seed))
    learned = Learned(
        model=identity.model.ref, model_sha256=identity.model.sha256, sae_sha256=identity.sae.sha256,
        max_length=reader.max_length, template=reader.template, settings=identity.settings.as_dict(), samples=kept,
        left_out=len(gathered.conversations) - kept, sources=[], first_token=reader.first_token(gathered.conversations),
    )  # fmt: skip
    return Capability(
        name=name, learned=learned, directions=directions, means=means, firsts=firsts,
        profile={part: value for part, value in vars(profile).items() if value is not None},
        quality={site: beside(quality[site], random[site]) for site in quality},
    )  # fmt: skip


def _learn_stored(
    name: str, analysis: Analysis, source: CapabilitySource, gathered: Gathered, nulls: list[list[int]], progress: Progress
) -> Capability:  # fmt: skip
    refuse_without_pass(analysis, source, dataset_hash=gathered.dataset_hash)
    ids = gathered.ids
    assert ids is not None, "samples of a data set"
    progress(0, 0, "reading what the analysis keeps")
    ends = stored_ends(analysis, np.array(ids))
    random = [stored_ends(analysis, np.array(own)) for own in nulls]
    progress(0, 0, "learning the directions")
    model, sae = (json.loads(analysis.meta[kind]) for kind in ("model", "sae"))
    learned = Learned(
        model=model["ref"], model_sha256=model["sha256"], sae_sha256=sae["sha256"],
        max_length=int(analysis.meta["max_length"]), template=analysis.meta["template"], settings=analysis.settings,
        samples=len(ends.rows), left_out=len(ids) - len(ends.rows), sources=[], first_token=ends.first_token, stored=True,
    )  # fmt: skip
    measured = [measure(own.last, own.mean, seed=source.seed) for own in random if len(own.rows) >= FEWEST]
    return Capability(
        name=name, learned=learned, directions={"residual": _unsigned(learn_directions(ends.last, ends.mean))},
        means={"residual": ends.mean.mean(axis=1), **ends.neuron_mean}, firsts={},
        profile=stored_profile(analysis, ends.rows),
        quality={"residual": beside(measure(ends.last, ends.mean, seed=source.seed), measured)},
    )  # fmt: skip


def _unsigned(found: Directions) -> Directions:
    """The last token alone does not tell what sign the change would give: no layer is said to flip."""
    return replace(found, flips=np.zeros_like(found.flips))
