"""Run stored samples through the model again and compare: the deepest proof that an analysis is what it says."""

import json
from collections.abc import Iterator

import numpy as np

from core.activations.analyse import Pass, usable_threads
from core.activations.back_off import Replan, pieces
from core.activations.batch_plan import plan_batches
from core.activations.collect.activations import activation_tables
from core.activations.identity import AnalysisIdentity, model_artifact, sae_artifact
from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.store.analyses import Analysis
from core.store.datasets import Dataset

RELATIVE = 1e-3  # what another machine, dtype kernel or thread count may differ by


def compare_samples(analysis: Analysis, dataset: Dataset, *, samples: int) -> str | None:
    """Recompute random samples in the batches they ran in; None if all agree, else a sentence on the first difference.

    Raises `GamutError` if the model or SAE is not here or not the one that the analysis used.
    """
    settings = {key: value for key, value in analysis.settings.items() if key != "version"}
    model, sae = json.loads(analysis.meta["model"]), json.loads(analysis.meta["sae"])
    if analysis.settings["version"] != AnalysisSettings().version:
        raise GamutError(
            f"Analysis {analysis.id} was made by an older Gamut, which computed otherwise; analyse the data set again."
        )
    identity = AnalysisIdentity(
        dataset.name,
        dataset.content_hash,
        model_artifact(model["ref"]),
        sae_artifact(sae["ref"]),
        AnalysisSettings(**settings),
    )
    if identity.id != analysis.id:
        raise GamutError(
            f"The model or SAE here is not the one analysis {analysis.id} was made with; bring those files back."
        )
    machine = Pass(identity, threads=usable_threads())
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    chosen = np.random.default_rng().choice(len(dataset), size=min(samples, len(dataset)), replace=False)
    for batch in _as_read(analysis, tokens.lengths, identity.settings):
        wanted = np.intersect1d(batch, chosen)
        if len(wanted):
            rows = activation_tables(machine.run(tokens, batch))["activations"].to_pandas()
            for sample_id in wanted.tolist():
                difference = _difference(analysis, sample_id, rows[rows.sample_id == sample_id])
                if difference is not None:
                    return difference
    return None


def _as_read(analysis: Analysis, lengths: np.ndarray, settings: AnalysisSettings) -> Iterator[np.ndarray]:
    """The batches of the plan, in pieces where memory did not allow them whole."""
    replan = Replan(splits=analysis.replanned.splits if analysis.replanned else ())
    for number, batch in enumerate(plan_batches(lengths, settings)):
        yield from pieces(batch, lengths, replan.limit(number))


def _difference(analysis: Analysis, sample_id: int, now) -> str | None:
    then = (
        analysis.cursor()
        .execute("SELECT * FROM activations WHERE sample_id = ? ORDER BY feature_id, side", [sample_id])
        .df()
    )
    keys_now = set(zip(now.feature_id, now.side, strict=True))
    keys_then = set(zip(then.feature_id, then.side, strict=True))
    if keys_now != keys_then:
        return f"Sample {sample_id} activates {len(keys_now ^ keys_then)} features otherwise than stored (of {len(keys_then)})."
    off = ~np.isclose(now["max"].to_numpy(), then["max"].to_numpy(), rtol=RELATIVE, atol=0)
    if off.any():
        first = int(np.flatnonzero(off)[0])
        return (
            f"Feature {then.feature_id.iloc[first]} of sample {sample_id} is {now['max'].iloc[first]:.6g} now, "
            f"stored is {then['max'].iloc[first]:.6g}."
        )
    return None
