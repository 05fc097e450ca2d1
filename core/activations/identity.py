"""Which analysis this is: a hash of data, model, SAE and settings, told without loading any of them."""

import json
from dataclasses import dataclass
from pathlib import Path

from core.activations.settings import AnalysisSettings
from core.errors import GamutError
from core.files import file_hash, json_hash
from core.store.datasets import Dataset
from core.workspace import BUNDLED_MODEL, BUNDLED_SAE

BUNDLED = "bundled"
MODEL_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
               "special_tokens_map.json", "chat_template.jinja")  # fmt: skip
SAE_FILES = ("cfg.json", "*.safetensors")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model or SAE: `ref` as the user named it, the folder it lies in and the SHA-256 of the files that decide."""

    ref: str
    folder: Path
    sha256: str

    def as_json(self) -> str:
        return json.dumps({"ref": self.ref, "sha256": self.sha256})


@dataclass(frozen=True, slots=True)
class AnalysisIdentity:
    """All that decides an analysis; `id` names its folder."""

    dataset: str
    dataset_hash: str
    model: Artifact
    sae: Artifact
    settings: AnalysisSettings

    @property
    def id(self) -> str:
        """The first 16 hex digits of the hash of everything that decides the numbers."""
        decides = [self.dataset_hash, self.model.sha256, self.sae.sha256, self.settings.as_dict()]
        return json_hash(decides)[:16]


def identify(dataset: Dataset, *, model: str, sae: str, settings: AnalysisSettings) -> AnalysisIdentity:
    """Identify the analysis of a data set by a model and an SAE ("bundled" or a folder each)."""
    return AnalysisIdentity(dataset.name, dataset.content_hash, model_artifact(model), sae_artifact(sae), settings)


def absolute(ref: str) -> str:
    """A model or SAE as any process finds it again: "bundled", or the folder's whole path."""
    return ref if ref == BUNDLED else str(Path(ref).resolve())


def model_artifact(ref: str) -> Artifact:
    """The model that `ref` names: "bundled" or a local Hugging Face folder."""
    return _artifact(ref, BUNDLED_MODEL, MODEL_FILES, "model")


def sae_artifact(ref: str) -> Artifact:
    """The SAE that `ref` names: "bundled" or a local SAE-Lens folder."""
    return _artifact(ref, BUNDLED_SAE, SAE_FILES, "SAE")


def _artifact(ref: str, bundled: Path, patterns: tuple[str, ...], kind: str) -> Artifact:
    folder = bundled if ref == BUNDLED else Path(ref)
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        raise GamutError(
            f"There is no {kind} in {folder}: a folder with a config and .safetensors weights, or 'bundled', is needed."
        )
    return Artifact(ref, folder, json_hash([[path.name, file_hash(path)] for path in files]))
