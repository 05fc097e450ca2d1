"""Check an export against its manifest: everything recomputed from the data and the stored activations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import GamutError
from core.export.file_claims import Difference, Missing, check_file, check_ids, render_again, same, same_claims
from core.export.manifest import analysis_claims, dataset_claims, decontamination_claims, read_manifest
from core.files import json_hash
from core.scores.decontamination import kept_check
from core.selection.budget import Budget
from core.selection.leans import leans_of
from core.selection.specification import RankingSpec, pool_of, select_by
from core.store.analyses import Analysis, analysis_folders
from core.store.datasets import Dataset, dataset_with_hash
from core.workspace import Workspace

SAME, DIFFERS, CANNOT_CHECK = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome: `code` SAME, DIFFERS or CANNOT_CHECK, what was checked, and the first difference or what is missing."""

    code: int
    checked: tuple[str, ...]
    sentence: str


def verify(
    workspace: Workspace, manifest: Path, *, deep: int = 0, progress: Callable[[str], None] = lambda _: None
) -> Verdict:
    """Recompute what a manifest claims and compare; the saved ranking and selection are never read.

    Checked in this order: the file's SHA-256, the data set's and the analysis' content hashes, then ranking,
    constraints and ids anew, the samples' content hashes, the file rendered anew, and every check against an evaluation
    set that the manifest names (its result is kept beside the data set; it is not made again). With `deep`, that many random
    samples go through the model again.
    """
    return judged(
        lambda: read_manifest(manifest), lambda said: _steps(workspace, manifest, said, deep), progress,
        done="it is what the manifest says, recomputed", name=manifest.name,
    )  # fmt: skip


def judged(
    read: Callable[[], dict[str, Any]], steps: Callable[[dict[str, Any]], Iterator[str]], progress: Callable[[str], None],
    *, done: str, name: str,
) -> Verdict:  # fmt: skip
    """Go through the steps of a check to their end, or to the first difference or what is missing."""
    checked: list[str] = []
    try:
        said = read()
        for step in steps(said):
            progress(step)
            checked.append(step)
    except Difference as difference:
        return Verdict(DIFFERS, tuple(checked), str(difference))
    except (Missing, GamutError) as missing:
        return Verdict(CANNOT_CHECK, tuple(checked), str(missing))
    except (KeyError, TypeError, AttributeError) as error:
        return Verdict(CANNOT_CHECK, tuple(checked), f"{name} lacks what a manifest must hold: {error}.")
    return Verdict(SAME, tuple(checked), f"Same: {said['file']['name']}: {done}.")


def _steps(workspace: Workspace, path: Path, said: dict[str, Any], deep: int) -> Iterator[str]:
    file = check_file(path, said)
    yield "the file's SHA-256"
    dataset = _dataset(workspace, said)
    same(dataset.recompute_hash(), said["dataset"]["content_hash"], f"the content hash of data set {dataset.name!r}")
    same_claims(dataset_claims(dataset), said["dataset"], "data set", free={"name"})
    yield "the data set's content hash"
    analysis = _analysis(workspace, said)
    exempt = _other_hash(analysis, said["analysis"])
    # Names and paths are each machine's own, and another machine may have made the same numbers by another version.
    free = {"name", "versions", "ref", "replanned", *(["content_hash"] if exempt else [])}
    same_claims(analysis_claims(analysis), said["analysis"], "analysis", free=free)
    same(analysis.meta["dataset_hash"], said["dataset"]["content_hash"], "the data set behind the analysis")
    yield (
        f"the analysis' own content hash, not that of the manifest ({exempt})"
        if exempt
        else "the analysis' content hash"
    )
    try:
        yield from _selection_steps(analysis, dataset, said["selection"], said, other_hash=bool(exempt))
    except Difference as other:
        if exempt:
            raise Missing(f"{other} That proves nothing: {exempt}.") from None
        raise
    check_ids(dataset, said)
    yield render_again(file, dataset, said)
    yield from _decontamination_steps(dataset, said)
    if deep:
        from core.activations.deep_check import compare_samples  # loads torch: only where it was asked for

        difference = compare_samples(analysis, dataset, samples=deep)
        if difference is not None:
            raise Difference(difference)
        yield f"{deep} samples through the model again"


def _dataset(workspace: Workspace, said: dict[str, Any]) -> Dataset:
    claimed = said["dataset"]
    found = dataset_with_hash(workspace, claimed["content_hash"], name=claimed["name"])
    if found is not None:
        return found
    try:
        return Dataset(workspace, claimed["name"])  # another content under the name: the difference is told below
    except GamutError as error:
        raise Missing(
            f"{error} Add {claimed['file']} under that name (its SHA-256 is {claimed['file_sha256']})."
        ) from None


def _analysis(workspace: Workspace, said: dict[str, Any]) -> Analysis:
    for folder in analysis_folders(workspace):
        if folder.name == said["analysis"]["id"]:
            return Analysis(folder)
    raise Missing(
        f"Analysis {said['analysis']['id']} is not in this workspace: run `python -m core analyse {said['dataset']['name']}` "
        "with the model, SAE and settings that the manifest names, or bring its folder."
    )


def _other_hash(analysis: Analysis, claimed: dict[str, Any]) -> str:
    """Why the analysis may have another content hash than the manifest says, where it has; "" where it has not."""
    now, then = analysis.recompute_hash(), claimed["content_hash"]
    here = analysis.replanned is not None
    if now == then or not (here or claimed.get("replanned")):
        same(now, then, f"the content hash of analysis {analysis.id}")
        return ""
    same(now, analysis.content_hash, f"the content hash that analysis {analysis.id} was finished with")
    where = "the analysis here" if here else "the manifest's analysis"
    return f"{where} was replanned when memory ran out, which exempts it from having the same hash"


def _selection_steps(
    analysis: Analysis, dataset: Dataset, claimed: dict, said: dict[str, Any], *, other_hash: bool
) -> Iterator[str]:
    spec = RankingSpec.from_dict(claimed["spec"])
    same(spec.analysis, analysis.id, "the analysis that the selection names")
    if not other_hash:
        same(analysis.content_hash, claimed["analysis_hash"], "the analysis hash that the selection names")
    same(dataset.content_hash, claimed["dataset_hash"], "the data hash that the selection names")
    for what, now in leans_of(dataset.workspace, spec).items():
        same(now, said.get("leans_on", {}).get(what), f"the hash of {what}")
    selected = select_by(pool := pool_of(analysis, dataset, spec), spec, Budget(**claimed["budget"]))
    found = selected.sample_ids.tolist()
    for place, (now, then) in enumerate(zip(found, claimed["ids"], strict=False), start=1):
        if now != then:
            raise Difference(f"Pick {place} is sample {now} now, the manifest says {then}.")
    same(len(found), len(claimed["ids"]), "the number of chosen samples")
    same(selected.tokens, claimed["tokens"], "the tokens of the chosen samples")
    banned = set(spec.bans) & set(found)
    assert not banned and found[: len(spec.pins)] == list(spec.pins) and pool.n_samples == len(dataset)
    yield "ranking, constraints and ids"


def _decontamination_steps(dataset: Dataset, said: dict[str, Any]) -> Iterator[str]:
    """The claims equal the kept results, and no exported sample is a hit that is not told as taken back by hand."""
    spec, exported = RankingSpec.from_dict(said["selection"]["spec"]), set(said["selection"]["ids"])
    for claimed in said.get("decontamination", []):
        check = kept_check(dataset, claimed["key"])
        if check is None:
            raise Missing(
                f"The check against {claimed['against']} (SHA-256 of its texts {claimed['content_hash']}) was not made here: "
                f"run `python -m core datasets decontaminate {dataset.name} --against` with that file."
            )
        what = f"check against {check.against}"
        same(json_hash(list(check.ids)), claimed["hits_sha256"], f"the {what}'s hits")
        hits = sorted(exported & set(check.ids) - set(claimed["taken_back"]))
        if hits:
            raise Difference(f"Sample {hits[0]} was exported though it is a hit of the {what} and not taken back.")
        # What was banned since is each workspace's own: it may be any hits that are neither banned by the selection nor in it.
        since = sorted(set(claimed.get("banned_since", [])) & set(check.ids) - set(spec.bans))
        same_claims(decontamination_claims(check, spec, since), claimed, what, free={"against"})
        yield f"the {what}"
