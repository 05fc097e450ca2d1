"""Whether an SAE can belong to a model, told from their configurations before anything is loaded or fetched whole."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.activations.model_names import KNOWN, OTHER, SAME, TUNED, Shape, canonical, kind_of, looks_tuned, relation
from core.activations.registry import ListedSae, saes_of
from core.errors import GamutError

HOOK = re.compile(r"blocks\.(\d+)\.hook_(resid_pre|resid_post|attn_out|mlp_out)")
WIDTH_KEYS = ("hidden_size", "n_embd", "d_model", "dim")
LAYER_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
SNAPSHOT = re.compile(r"models--([\w.-]+?)--([\w.-]+)")
HARMLESS = {"dtype", "torch_dtype", "device", "n_devices", "move_to_device", "default_padding_side", "default_prepend_bos",
            "fold_ln", "fold_value_biases", "center_unembed", "refactor_factored_attn_matrices", "low_cpu_mem_usage",
            "attn_implementation"}  # fmt: skip
CENTRED = "center_writing_weights"
SEQUENCES, ELSEWHERE = ("temporal",), ("transcoder",)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's folder tells without its weights. `names`: what it may be called; `chat`: has a chat template."""

    said: str
    names: tuple[str, ...]
    shape: Shape | None
    chat: bool
    own_code: bool

    @property
    def name(self) -> str:
        return next(
            (name for name in self.names if canonical(name) in KNOWN), self.names[0] if self.names else self.said
        )


@dataclass(frozen=True, slots=True)
class SaeFacts:
    """What an SAE's configuration tells: None where it tells nothing."""

    said: str
    trained_on: str
    hook: str
    width: int | None
    obstacle: str = ""


def model_facts(folder: Path, *, said: str, names: tuple[str, ...] = ()) -> ModelFacts:
    """The facts of a local model folder; `names` are those it goes by besides what its files say."""
    config = _json(
        folder / "config.json", f"{folder} holds no Hugging Face model (no config.json); give the folder of one."
    )
    text = config.get("text_config") or config
    width, layers = (_first(text, keys) for keys in (WIDTH_KEYS, LAYER_KEYS))
    kind = str(config.get("model_type") or "")
    shape = Shape(kind_of(kind), width, layers) if kind and width and layers else None
    tokenizer = folder / "tokenizer_config.json"
    told = _json(tokenizer, "") if tokenizer.is_file() else {}
    chat = (folder / "chat_template.jinja").is_file() or bool(told.get("chat_template"))
    own = [str(config["_name_or_path"])] if config.get("_name_or_path") else []
    cached = SNAPSHOT.search(str(folder))
    kept = [f"{cached[1]}/{cached[2]}"] if cached else [folder.name]
    return ModelFacts(said, tuple(dict.fromkeys([*names, *own, *kept])), shape, chat, "auto_map" in config)


def sae_facts(config: dict[str, Any], *, said: str) -> SaeFacts:
    """The facts of an SAE-Lens configuration, of version 6 or older."""
    about = {**config, **(config.get("metadata") or {})}
    hook = about.get("hook_name") or about.get("hook_point")
    kind = str(config.get("architecture") or "standard")
    return SaeFacts(
        said, str(about.get("model_name") or ""), str(hook), config.get("d_in"), _obstacle(kind, config, about)
    )


def listed_facts(sae: ListedSae) -> SaeFacts:
    """The facts of an SAE of sae-lens' list, before it is fetched."""
    known = KNOWN.get(canonical(sae.model))
    return SaeFacts(sae.ref, sae.model, sae.hook, known.width if known else None, sae.obstacle)


def check_facts(model: ModelFacts, sae: SaeFacts) -> None:
    """Refuse an SAE that cannot belong to the model or cannot be honoured, in a sentence that says what would do."""
    if sae.obstacle:
        raise GamutError(f"The SAE {sae.said} cannot be used: {sae.obstacle}. {_fitting(model)}")
    found = HOOK.fullmatch(sae.hook)
    if found is None:
        raise GamutError(
            f"The SAE reads {sae.hook!r}; SAEs on the residual stream (blocks.N.hook_resid_post) or on the output of "
            f"attention or MLP (hook_attn_out, hook_mlp_out) are supported. {_fitting(model)}"
        )
    block = int(found[1]) - (found[2] == "resid_pre")
    if block < 0:
        raise GamutError(
            f"The SAE reads the embeddings before the first block; SAEs after a block are supported. {_fitting(model)}"
        )
    if model.shape is None:
        return
    if sae.width is not None and sae.width != model.shape.width:
        raise GamutError(
            f"The SAE takes {sae.width} inputs but the model's residual stream is {model.shape.width} wide; "
            f"choose an SAE trained on this model. {_fitting(model)}"
        )
    if block >= model.shape.layers:
        raise GamutError(
            f"The SAE reads block {block}, but the model has blocks 0 to {model.shape.layers - 1}; "
            f"choose an SAE trained on this model. {_fitting(model)}"
        )
    known = KNOWN.get(canonical(sae.trained_on))
    if relation(model.names, sae.trained_on) == OTHER or (known and known.kind != model.shape.kind):
        raise GamutError(
            f"The SAE was trained on {sae.trained_on}, and the model is {model.name} ({model.shape.kind}); "
            f"choose an SAE trained on this model. {_fitting(model)}"
        )


def cautions(model: ModelFacts, trained_on: str) -> tuple[str, ...]:
    """What should be known of a pair that passes, as sentences on its fit card."""
    kin = relation(model.names, trained_on)
    if base_on_chat(model, trained_on):
        return (f"The model has a chat template, but the SAE was trained on {trained_on}, by its name a base model.",)
    if kin == TUNED:
        return (f"The SAE was trained on {trained_on}, the model is {model.name}: kin, but not the same weights.",)
    if kin != SAME and canonical(trained_on) in KNOWN:
        return (
            f"The SAE was trained on {trained_on}; that this model is, or comes from, the same is not told by its name.",
        )
    return ()


def base_on_chat(model: ModelFacts, trained_on: str) -> bool:
    """Whether an SAE of a base model is to read a chat model: only its fit card tells whether that goes well."""
    same = relation(model.names, trained_on) == SAME
    return bool(model.chat and trained_on and not same and not looks_tuned(trained_on))


def check_pilot(model: ModelFacts, sae: SaeFacts, *, with_pilot: bool) -> None:
    """Refuse to start without a pilot what only a pilot can justify."""
    if not with_pilot and base_on_chat(model, sae.trained_on):
        raise GamutError(
            f"The model has a chat template and the SAE was trained on {sae.trained_on}, by its name a base model: "
            "whether it fits only a pilot tells, so leave out --no-pilot, or run `pilot` before --engine ray."
        )


def honoured(processing: dict[str, Any]) -> str:
    """Why a model as the SAE's training loaded it cannot be had, "" where it can: centred weights are honoured."""
    unknown = sorted(key for key, value in processing.items() if value and key not in HARMLESS and key != CENTRED)
    return f"it was trained on a model loaded with {', '.join(unknown)}, which is not supported" if unknown else ""


def _obstacle(kind: str, config: dict[str, Any], about: dict[str, Any]) -> str:
    if any(word in kind for word in ELSEWHERE):
        return "it is a transcoder, which writes elsewhere than it reads"
    if kind in SEQUENCES:
        return "it reads whole sequences, not tokens"
    scaled = config.get("normalize_activations")
    if scaled in ("expected_average_only_in", True):
        return (
            "its inputs were scaled by an average over its training data (normalize_activations: expected_average_only_in) "
            "that is not in its files; save it with the factor folded into its weights"
        )
    if scaled == "covariance_whitening":
        return (
            "its inputs were whitened (normalize_activations: covariance_whitening) by statistics that are not in its "
            "files; save it with them folded into its weights"
        )
    if config.get("reshape_activations") not in (None, "none"):
        return "it reads the heads of the attention before they are joined"
    if about.get("hook_head_index") is not None:
        return f"it reads head {about['hook_head_index']} of the attention alone"
    return honoured(about.get("model_from_pretrained_kwargs") or {})


def _fitting(model: ModelFacts) -> str:
    """What would fit, as a sentence."""
    found = [sae for _, sae in saes_of(model.names, model.shape) if not sae.obstacle]
    if not found:
        shape = model.shape
        if shape is None:
            return "None of the public SAEs that sae-lens lists belongs to this model; train one (train-sae), or give its folder."
        return (
            f"None of the public SAEs that sae-lens lists belongs to this model; one that fits takes {shape.width} inputs "
            f"and reads one of the blocks 0 to {shape.layers - 1}: train one (train-sae), or give its folder."
        )
    return f"{len(found)} public SAEs fit, such as {found[0].ref}: `python -m core saes {model.said}` lists them."


def _first(config: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((config[key] for key in keys if isinstance(config.get(key), int)), None)


def _json(path: Path, missing: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GamutError(missing) from None
    except (ValueError, OSError):
        raise GamutError(f"{path} is no JSON that can be read; bring the file back.") from None
    if not isinstance(found, dict):
        raise GamutError(f"{path} is no JSON object; bring the file back.")
    return found
