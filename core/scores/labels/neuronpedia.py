"""Explanations that Neuronpedia exports: read from `batch-N.jsonl.gz` files, or fetched on request by the SAE's id there."""

from __future__ import annotations

import gzip
import json
import os
import re
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from core.errors import GamutError
from core.files import json_hash
from core.scores.labels.kept import imported_folder, sae_hash
from core.store.analyses import Analysis
from core.store.derived import write_derived
from core.workspace import BUNDLED_SAE, Workspace

EXPORTS = "https://neuronpedia-datasets.s3.us-east-1.amazonaws.com"
SITE = "https://www.neuronpedia.org"
BATCH = re.compile(r"batch-(\d+)\.jsonl(\.gz)?")
ID = r"[\w-][\w.-]*/[\w-][\w.-]*"
FOUND_NOT = (403, 404)  # the store answers 403 for what is not there to those who may not list
SECONDS = 30.0
GZIP = b"\x1f\x8b"
YES = {"1", "true", "yes", "on"}


@dataclass(slots=True)
class Imported:
    """What an import kept and left out: labels by explainer, rows left out by reason, and the source they name."""

    source: str
    kept: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    files: int = 0

    def words(self) -> str:
        """12 labels of gpt2-small/8-res-jb by gpt-4o-mini; left out: 3 without a description."""
        kept = ", ".join(f"{n} by {who or 'an unnamed explainer'}" for who, n in sorted(self.kept.items())) or "none"
        said = f"Labels of {self.source}: {kept}."
        if self.left_out:
            said += " Left out: " + ", ".join(f"{n} {why}" for why, n in sorted(self.left_out.items())) + "."
        return said


def neuronpedia_id(analysis: Analysis) -> str | None:
    """The SAE's id at Neuronpedia, such as gpt2-small/8-res-jb, as its own configuration names it; None where it has none."""
    ref = json.loads(analysis.meta["sae"])["ref"]
    path = (BUNDLED_SAE if ref == "bundled" else Path(ref)) / "cfg.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = (said.get("metadata") or {}).get("neuronpedia_id") or said.get("neuronpedia_id")
    return found if isinstance(found, str) and re.fullmatch(ID, found) else None


def neuronpedia_page(analysis: Analysis, feature_id: int) -> str | None:
    """The address of a feature's page at Neuronpedia, None where the SAE has none."""
    source = neuronpedia_id(analysis)
    return f"{SITE}/{source}/{feature_id}" if source else None


def import_explanations(workspace: Workspace, analysis: Analysis, path: Path) -> Imported:
    """Keep the explanations of a file or a folder of batches for the SAE of an analysis, a file for each explainer.

    Raises `GamutError` for files of another SAE, of several, or that are not such an export.
    """
    files = _files(path)
    told = Imported("", files=len(files))
    labels: dict[str, dict[int, str]] = {}
    sources: Counter[str] = Counter()
    for file in files:
        for row in _rows(file):
            _take(row, analysis.n_features, told, labels, sources)
    told.source = _one_source(sources, neuronpedia_id(analysis), path)
    sae = sae_hash(analysis)
    for who, texts in labels.items():
        told.kept[who] = len(texts)
        _write(workspace, sae, who, told.source, texts)
    return told


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    named = [(BATCH.fullmatch(file.name), file) for file in path.rglob("*")]
    found = [file for _, _, file in sorted((int(name[1]), str(file), file) for name, file in named if name)]
    if not found:
        raise GamutError(f"{path} holds no explanations: give a file or folder with batch-N.jsonl.gz of Neuronpedia.")
    return found


def _rows(file: Path) -> Iterator[dict]:
    try:
        raw = file.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == GZIP else raw).decode("utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise GamutError(f"{file} is damaged ({error}); export or fetch it again.") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise GamutError(f"{file}, line {number} is no JSON object; explanations of Neuronpedia have one a line.")
        yield row


def _take(row: dict, n_features: int, told: Imported, labels: dict[str, dict[int, str]], sources: Counter[str]) -> None:
    try:
        feature = int(str(row["index"]))
        source = f"{row['modelId']}/{row['layer']}"
    except (KeyError, ValueError):
        told.left_out["without modelId, layer or index"] += 1
        return
    sources[source] += 1
    text = " ".join(str(row.get("description") or "").split())
    own = labels.setdefault(str(row.get("explanationModelName") or ""), {})
    if not text:
        told.left_out["without a description"] += 1
    elif not 0 <= feature < n_features:
        told.left_out[f"of features beyond the SAE's {n_features}"] += 1
    elif feature in own:
        told.left_out["further ones of a feature by the same explainer"] += 1
    else:
        own[feature] = text


def _one_source(sources: Counter[str], wanted: str | None, path: Path) -> str:
    if not sources:
        raise GamutError(f"{path} holds no explanation with modelId, layer and index.")
    if len(sources) > 1:
        raise GamutError(
            f"{path} holds explanations of several SAEs ({', '.join(sorted(sources))}); give those of one."
        )
    source = next(iter(sources))
    if wanted is not None and source != wanted:
        raise GamutError(f"{path} holds explanations of {source}, but the SAE of this analysis is {wanted}.")
    return source


def _write(workspace: Workspace, sae: str, who: str, source: str, texts: dict[int, str]) -> None:
    if not texts:
        return
    features = sorted(texts)
    said = [texts[feature] for feature in features]
    path = imported_folder(workspace, sae) / f"imported-{json_hash([who, source, features, said])[:16]}.parquet"
    columns = {"feature_id": pa.array(features, pa.int32()), "text": pa.array(said, pa.string())}
    write_derived(path, {"origin": "imported", "by": who, "source": source}, columns)


def fetch_id(said: str) -> str:
    """An id of Neuronpedia as typed; raises `GamutError` for what is none, before any job is started for it."""
    if not re.fullmatch(ID, said.strip()):
        raise GamutError(f"{said!r} is no id of Neuronpedia; give MODEL/SOURCE, such as gpt2-small/8-res-jb.")
    return said.strip()


def fetch_explanations(source: str, folder: Path, *, progress: Callable[[int, int, str], None]) -> int:
    """Fetch every batch of an SAE's explanations into a folder; returns how many. Only ever called on request."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in YES:
        raise GamutError("HF_HUB_OFFLINE forbids fetching; unset it, or import explanations from a file.")
    source = fetch_id(source)
    base = os.environ.get("GAMUT_NEURONPEDIA_URL", EXPORTS).rstrip("/")
    number = 0
    while (raw := _batch(f"{base}/v1/{source}/explanations/batch-{number}.jsonl.gz", first=number == 0)) is not None:
        (folder / f"batch-{number}.jsonl.gz").write_bytes(raw)
        number += 1
        progress(0, 0, f"fetched {number} batches of {source}")
    return number


def _batch(address: str, *, first: bool) -> bytes | None:
    """One batch, None behind the last."""
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code in FOUND_NOT and not first:
            return None
        why = "there are no explanations of that SAE" if error.code in FOUND_NOT else f"the answer was {error.code}"
        raise GamutError(f"{address} could not be fetched: {why}.") from None
    except OSError as error:  # refused, cut off, timed out; URLError is one
        why = str(getattr(error, "reason", error))
        raise GamutError(f"{address} could not be fetched ({why}); try again, or import from a file.") from None
