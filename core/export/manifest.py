"""The manifest beside an export: everything that decided it, so that anyone with the data can check it."""

import json
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import core
from core.activations.settings import AnalysisSettings
from core.datasets.options import ImportOptions
from core.errors import GamutError
from core.export.constraint_words import constraint_words
from core.export.options import ExportOptions
from core.export.rows import Rows
from core.files import json_hash
from core.scores.decontamination import Check, kept_checks, standing
from core.selection.budget import Budget
from core.selection.leans import leans_of
from core.selection.methods.registry import find
from core.selection.saved import Selection
from core.selection.specification import NO_BASE, RankingSpec, default_base
from core.store.analyses import Analysis
from core.store.datasets import Dataset
from core.store.pools import members_of

VERSION = 1
WRITTEN_BY_ARROW = ("parquet", "folder")  # another version of the writer may lay the same rows in other bytes
SEAL = "manifest_sha256"
IDS_A_WORD = 10_000


def manifest_path(export: Path) -> Path:
    """Where the manifest of an export lies: PATH.manifest.json."""
    return export.with_name(export.name + ".manifest.json")


def build_manifest(
    *, export: Path, layout: str, rows: Rows, selection: Selection, analysis: Analysis
) -> dict[str, Any]:
    """The manifest of an export, as plain values; what is known only of the written file is added to `file` afterwards."""
    dataset, options = rows.dataset, rows.options
    hashes = dataset.content_hashes()
    method = find(selection.spec.method)
    return {
        "manifest_version": VERSION,
        "gamut_version": core.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "file": {
            "name": export.name, "format": options.format, "layout": layout, "rows": len(rows.ids),
            "options": options.as_dict(), "calling": rows.calling(),
        } | ({"pyarrow": version("pyarrow")} if layout in WRITTEN_BY_ARROW else {}),
        "dataset": dataset_claims(dataset),
        "source": source_claims(dataset),
        "decontamination": [
            decontamination_claims(check, selection.spec, _banned_since(check, dataset, selection.spec))
            for check in kept_checks(dataset)
        ],
        "analysis": analysis_claims(analysis),
        "selection": selection.as_dict(),
        "leans_on": leans_of(dataset.workspace, selection.spec),
        "method": {"title": method.title, "source": method.source, "notes": list(method.notes)},
        "ids_sha256": json_hash(list(selection.ids)),
        "content_hashes": [hashes[sample_id] for sample_id in selection.ids],
        "reproduce": reproduce(selection, analysis=analysis, dataset=dataset, options=options, export=export),
    }  # fmt: skip


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the hash of all it says, so that no word of it changes unseen."""
    return manifest | {SEAL: seal(manifest)}


def seal(manifest: dict[str, Any]) -> str:
    """SHA-256 (hex) of what a manifest says, its seal apart."""
    return json_hash({key: value for key, value in manifest.items() if key != SEAL})


def dataset_claims(dataset: Dataset) -> dict[str, Any]:
    """What a manifest says of the data set."""
    members = [asdict(member) for member in members_of(dataset)]
    return ({"members": members} if members else {}) | {
        "name": dataset.name, "content_hash": dataset.content_hash, "rows": len(dataset), "file": dataset.meta["file"],
        "file_sha256": dataset.meta["file_sha256"], "format": dataset.meta["format"],
    }  # fmt: skip


def source_claims(dataset: Dataset) -> list[dict[str, Any]]:
    """How each source came in, so that the data set can be made again from the source alone."""
    found = [(member.name, member.file, member.file_sha256, member.options) for member in members_of(dataset)]
    meta = dataset.meta
    found = found or [(dataset.name, meta["file"], meta["file_sha256"], json.loads(meta["options"]))]
    keys = ("name", "file", "file_sha256", "options")
    return [dict(zip(keys, values, strict=True)) for values in found]


def decontamination_claims(check: Check, spec: RankingSpec, since: Sequence[int] = ()) -> dict[str, Any]:
    """What a manifest says of a check against an evaluation set: its rules, its hits, and those that may be chosen.

    `since`: hits that were banned after the selection was made. They could be chosen then, yet nobody took them back.
    """
    free = [sample_id for sample_id in _not_banned(check, spec) if sample_id not in set(since)]
    later = {"note": "check made after the selection", "banned_since": list(since)} if since else {}
    return {
        "key": check.key, "against": check.against, "kind": check.kind, "options": check.options,
        "content_hash": check.content_hash, "read_as": check.read_as, "rules": asdict(check.rules),
        "evaluation_rows": check.found.rows, "evaluation_rows_hit": check.found.rows_hit,
        "hits": len(check.ids), "hits_sha256": json_hash(list(check.ids)), 
        "banned": len(check.ids) - len(free) - len(since), "taken_back": free,
    } | later  # fmt: skip


def _banned_since(check: Check, dataset: Dataset, spec: RankingSpec) -> list[int]:
    """The hits that are banned now and were not when the selection was made."""
    return sorted(set(standing(dataset.workspace, check).banned) - set(spec.bans))


def _not_banned(check: Check, spec: RankingSpec) -> list[int]:
    bans = set(spec.bans)
    return [sample_id for sample_id in check.ids if sample_id not in bans]


def analysis_claims(analysis: Analysis) -> dict[str, Any]:
    """What a manifest says of the analysis."""
    meta = analysis.meta
    return {
        "id": analysis.id, "name": analysis.name, "content_hash": analysis.content_hash, "settings": analysis.settings,
        "model": json.loads(meta["model"]), "sae": json.loads(meta["sae"]), "hook": meta["hook"],
        "template": meta["template"], "max_length": int(meta["max_length"]), "versions": json.loads(meta["versions"]),
        **({"replanned": True} if analysis.replanned else {}),
    }  # fmt: skip


def reproduce(
    selection: Selection, *, analysis: Analysis, dataset: Dataset, options: ExportOptions, export: Path
) -> list[str]:
    """The command lines that make the same file from the same source; comments before them name what else must be there."""
    meta = analysis.meta
    analyse = [
        "analyse",
        dataset.name,
        "--model",
        json.loads(meta["model"])["ref"],
        "--sae",
        json.loads(meta["sae"])["ref"],
        *AnalysisSettings.from_dict(analysis.settings).words(),
    ]
    lines = [
        *_import_words(dataset),
        *(words for check in kept_checks(dataset) for words in _check_words(check, dataset, selection.spec)),
        analyse,
        *_count_words(selection.budget, dataset),
        _select_words(selection.spec, selection.budget, selection.name, dataset),
        ["export", selection.name, *options.words(), "--to", export.name],
    ]
    leans = leans_of(dataset.workspace, selection.spec)
    brought = [f"# Before these lines, bring {name} of hash {hash} into the workspace." for name, hash in leans.items()]
    return [*brought, *(_line(words) for words in lines)]


def _import_words(dataset: Dataset) -> list[list[str]]:
    """The commands that import a data set, or the members of a pool and join them."""
    members = members_of(dataset)
    if not members:
        options = ImportOptions.from_dict(json.loads(dataset.meta["options"]))
        return [["datasets", "add", dataset.meta["file"], "--name", dataset.name, *options.words()]]
    added = [
        ["datasets", "add", member.file, "--name", member.name, *ImportOptions.from_dict(member.options).words()]
        for member in members
    ]
    base = [word for member in members if member.base for word in ("--base", member.name)]
    return [*added, ["datasets", "pool", dataset.name, *(member.name for member in members), *base]]


def _check_words(check: Check, dataset: Dataset, spec: RankingSpec) -> list[list[str]]:
    """The command that makes a check again; before it what imports the evaluation set, where that is a data set."""
    imported = []
    if check.kind == "data set":
        with suppress(GamutError):  # gone meanwhile: who checks must bring it
            imported = _import_words(Dataset(dataset.workspace, check.against))
    words = ["datasets", "decontaminate", dataset.name, "--against", check.against]
    words += ImportOptions.from_dict(check.options).words()
    free = decontamination_claims(check, spec, _banned_since(check, dataset, spec))["taken_back"]
    if free and len(free) == len(check.ids):
        return [*imported, [*words, "--no-ban"]]
    return [*imported, [*words, *_id_words("--keep", free)]]


def _count_words(budget: Budget, dataset: Dataset) -> list[list[str]]:
    """The command that counts trained tokens as a trainer does, where the budget is one of those."""
    if budget.counted is None:
        return []
    by = budget.counted
    return [["trained-tokens", dataset.name, "--tokenizer", by.tokenizer, "--template", by.template]]


def _line(words: list[str]) -> str:
    return "python -m core " + shlex.join(words)


def select_line(spec: RankingSpec, budget: Budget, *, name: str, dataset: Dataset, replace: bool = False) -> str:
    """The command line that makes this selection again in this workspace, whatever marks it holds: every pin and ban is named.

    replace: whether it replaces the selection that has the name already.
    """
    workspace = ["--workspace", str(dataset.workspace.root.resolve())]
    words = _select_words(spec, budget, name, dataset)
    return _line([*workspace, *words, *(["--replace"] if replace else [])])


def _select_words(spec: RankingSpec, budget: Budget, name: str, dataset: Dataset) -> list[str]:
    words = ["select", spec.analysis, "--method", spec.method]
    for key, value in sorted(spec.options.items()):
        for piece in _pieces(str(value)):
            words += ["--option", f"{key}={piece}"]
    words += [f"--{budget.unit.replace('_', '-')}", str(budget.amount)]
    words += budget.counted.flags() if budget.counted else []
    words += ["--skip-to-fit"] if budget.skip_to_fit else []
    if spec.span != "conversation":
        words += ["--span", spec.span]
    if spec.activity.mode == "raw":
        words += ["--theta", str(spec.activity.theta)]
    elif spec.activity.quantile is not None:
        words += ["--quantile", str(spec.activity.quantile)]
    words += [*_id_words("--pin", spec.pins), *_id_words("--ban", spec.bans), "--no-marks"]
    if spec.with_no_response:
        words += ["--with-no-response"]
    words += constraint_words(spec.constraints) + (["--without", ",".join(spec.without)] if spec.without else [])
    if spec.base != default_base(dataset):
        for member in spec.base or (NO_BASE,):
            words += ["--base", member]
    return [*words, "--name", name]


def _pieces(value: str) -> list[str]:
    """A long list with commas as several values, which the command line joins again."""
    items = value.split(",")
    return [",".join(items[at : at + IDS_A_WORD]) for at in range(0, len(items), IDS_A_WORD)]


def _id_words(flag: str, ids: Sequence[int]) -> list[str]:
    """Ids as words of the command line, in pieces: Linux takes no single word of more than 128 KiB."""
    pieces = (ids[at : at + IDS_A_WORD] for at in range(0, len(ids), IDS_A_WORD))
    return [word for piece in pieces for word in (flag, ",".join(str(sample_id) for sample_id in piece))]


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest from disk; raises `GamutError` if it is none, or a newer one."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        number = said["manifest_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GamutError(
            f"{path} is not a manifest of Gamut ({error}); give the PATH.manifest.json that an export wrote."
        ) from None
    if number > VERSION:
        raise GamutError(
            f"{path} was written by a newer Gamut (manifest version {number}); update this one to check it."
        )
    return said
