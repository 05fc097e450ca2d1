"""The public SAEs that sae-lens lists, told from its file without importing it: what each reads and which model it is of.

The list says release, id, path, model, L0 and Neuronpedia's id; layer, hook and width stand in ids and paths, as the
loaders of sae-lens read them there. What no id tells is None.
"""

from __future__ import annotations

import importlib.util
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.activations.model_names import KNOWN, SAME, TUNED, Shape, alike, canonical, relation
from core.activations.refs import LISTED
from core.errors import GamutError

FILE = "pretrained_saes.yaml"
RESIDUAL, ATTENTION, MLP, HEADS, EMBEDDING, TRANSCODER = (
    "residual stream", "attention output", "MLP output", "attention heads", "embeddings", "transcoder",
)  # fmt: skip
READABLE = (RESIDUAL, ATTENTION, MLP)
HOOKS = {
    RESIDUAL: "blocks.{}.hook_resid_post", ATTENTION: "blocks.{}.hook_attn_out", MLP: "blocks.{}.hook_mlp_out",
    HEADS: "blocks.{}.attn.hook_z", TRANSCODER: "blocks.{}.mlp.hook_in", EMBEDDING: "hook_embed",
}  # fmt: skip
LOADERS = {  # the files that decide an SAE, under its path, by the loader of sae-lens that reads them
    None: ("cfg.json", "sae_weights.safetensors"),
    "sae_lens": ("cfg.json", "sae_weights.safetensors"),
    "gemma_2": ("params.npz",),
    "gemma_3": ("config.json", "params.safetensors"),
    "llama_scope": ("hyperparams.json", "checkpoints/final.safetensors"),
    "llama_scope_r1_distill": ("config.json", "sae_weights.safetensors"),
    "dictionary_learning_1": ("config.json", "ae.pt"),
    "qwen_scope": ("",),
    "goodfire": ("",),
    "deepseek_r1": ("",),
}
NAMED_HOOK = re.compile(r"(blocks\.(\d+)\.[\w.]*hook_(?:resid_pre|resid_post|resid_mid|attn_out|mlp_out|z))")
LAYER = re.compile(r"(?:^|[/_.\s])(?:layer[_]?|l|L)(\d+)")
SCOPE = re.compile(r"l(\d+)([rmat]+)_(\w+)")
WIDTHS = re.compile(r"(?:width[_-]|[-_]w|(?<![\d.]))(\d+)([km])(?:$|[_/-])")
L0 = re.compile(r"l0_(\d+)")


@dataclass(frozen=True, slots=True)
class ListedSae:
    """One SAE of the list. `reads` says at what; `obstacle` why it cannot be used here, "" where it can."""

    release: str
    sae_id: str
    repo: str
    path: str
    model: str
    loader: str | None
    layer: int | None
    hook: str
    reads: str
    width: int | None
    l0: float | None
    neuronpedia: str | None
    obstacle: str
    folded: bool  # whether the list knows the factor by which inputs were scaled

    @property
    def ref(self) -> str:
        return f"{LISTED}{self.release}/{self.sae_id}"

    @property
    def block(self) -> int | None:
        """The block after which, or in which, it reads; None where it reads before the first."""
        if self.layer is None or self.reads not in READABLE:
            return None
        block = self.layer - 1 if self.hook.endswith("resid_pre") else self.layer
        return block if block >= 0 else None


@cache
def releases() -> dict[str, Any]:
    """The list as it stands in sae-lens' file; parsed once in a process."""
    import yaml

    found = importlib.util.find_spec("sae_lens")
    path = Path(next(iter(found.submodule_search_locations or []), "")) / FILE if found else None
    if path is None or not path.is_file():
        raise GamutError("The list of public SAEs comes with sae-lens, which is not installed here.")
    with path.open(encoding="utf-8") as source:
        return yaml.load(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def listed() -> tuple[ListedSae, ...]:
    """All SAEs of the list, in its order."""
    return tuple(
        _entry(release, said, sae) for release, said in releases().items() for sae in said["saes"] if "path" in sae
    )


def find(release: str, sae_id: str) -> ListedSae:
    """One SAE by release and id; `GamutError` where the list has none."""
    in_release = [sae for sae in listed() if sae.release == release]
    if not in_release:
        raise GamutError(f"sae-lens lists no release {release!r}; `python -m core saes MODEL` shows those of a model.")
    for sae in in_release:
        if sae.sae_id == sae_id:
            return sae
    some = ", ".join(sae.sae_id for sae in in_release[:3])
    raise GamutError(f"Release {release!r} has no SAE {sae_id!r}; it has {len(in_release)}, such as {some}.")


def saes_of(names: tuple[str, ...], shape: Shape | None) -> list[tuple[str, ListedSae]]:
    """The SAEs of a model that goes by `names` and has this shape, each with why it is there.

    "same": trained on it by name; "tuned": on another of its kin, base or chat; "shape": on a model of the same
    architecture, width and depth, where neither name tells more. In this order; of each those that can be used first,
    the residual stream before attention and MLP, and then as the list has them.
    """
    kin = {model: relation(names, model) for model in {sae.model for sae in listed()}}
    found = [(kin[sae.model], sae) for sae in listed()]
    kept = [(kind, sae) for kind, sae in found if kind in (SAME, TUNED)]
    if not kept and shape is not None:
        models = set(alike(shape))
        kept = [("shape", sae) for _, sae in found if canonical(sae.model) in models]
    kinds, sites = (SAME, TUNED, "shape"), (*READABLE, HEADS, TRANSCODER, EMBEDDING)
    return sorted(kept, key=lambda pair: (kinds.index(pair[0]), bool(pair[1].obstacle), sites.index(pair[1].reads)))


def _entry(release: str, said: dict, sae: dict) -> ListedSae:
    sae_id, path, loader = str(sae["id"]), str(sae["path"]), said.get("conversion_func")
    about = f"{release} {said['repo_id']} {path} {sae_id}"
    hook, reads, layer = _hook(about, sae_id, path, loader, said)
    return ListedSae(
        release=release, sae_id=sae_id, repo=said["repo_id"], path=path, model=_model(said), loader=loader,
        layer=layer, hook=hook, reads=reads, width=_width(release, sae_id, path, loader, said, sae),
        l0=_l0(sae, f"{path} {said['repo_id'].lower()}"), neuronpedia=sae.get("neuronpedia"),
        obstacle=_obstacle(reads, hook, loader), folded="norm_scaling_factor" in sae,
    )  # fmt: skip


def _hook(about: str, sae_id: str, path: str, loader: str | None, said: dict) -> tuple[str, str, int | None]:
    named = NAMED_HOOK.search(sae_id) or NAMED_HOOK.search(path) or NAMED_HOOK.search(str(said.get("config_overrides")))
    if named:
        kind = named[1].rpartition("hook_")[2]
        reads = {"attn_out": ATTENTION, "mlp_out": MLP, "z": HEADS}.get(kind, RESIDUAL)
        return named[1], reads, int(named[2])
    scope = SCOPE.fullmatch(sae_id)
    found = LAYER.search(sae_id) or LAYER.search(path)
    layer = int(scope[1]) if scope else int(found[1]) if found else int(path) if path.isdigit() else None
    reads = _reads(about, path, scope, loader)
    return HOOKS[reads].format(layer), reads, layer


def _reads(about: str, path: str, scope: re.Match | None, loader: str | None) -> str:
    if "transcoder" in about or "clt" in about.lower():
        return TRANSCODER
    if "embedding" in path:
        return EMBEDDING
    if scope:
        return {"r": RESIDUAL, "m": MLP, "a": ATTENTION}.get(scope[2], TRANSCODER)
    if loader in ("gemma_2", "gemma_3"):
        inside = path if loader == "gemma_3" else about
        return HEADS if re.search(r"att", inside) else MLP if "mlp" in inside else RESIDUAL
    return RESIDUAL


def _width(release: str, sae_id: str, path: str, loader: str | None, said: dict, sae: dict) -> int | None:
    scope = SCOPE.fullmatch(sae_id)
    known = KNOWN.get(canonical(said["model"]))
    if scope and known:
        times = re.match(r"(\d+)x", scope[3])
        return known.width * int(times[1]) if times else known.width * 8
    if loader in ("goodfire", "deepseek_r1"):
        return 65_536
    power = re.search(r"width-2pow(\d+)", release)
    if power:
        return 1 << int(power[1])
    for text in (sae_id, path, said["repo_id"], release, str(sae.get("neuronpedia") or "")):
        if found := WIDTHS.search(text.lower()):
            return _rounded(int(found[1]) * (1 if found[2] == "k" else 1000))
    exact = re.search(r"_(\d{3,6})(?:_|:|$)", f"{sae_id} {path}".replace(" ", "_"))
    return int(exact[1]) if exact and NAMED_HOOK.search(f"{sae_id} {path}") else None


def _l0(sae: dict, about: str) -> float | None:
    if sae.get("l0"):
        return float(sae["l0"])
    found = L0.search(about)
    return float(found[1]) if found else None


def _rounded(thousands: int) -> int:
    """16k is 16 384, 65k is 65 536, 131k is 131 072: the power of two it stands for, else thousands of 1 024."""
    power = 1 << round(math.log2(thousands * 1000))
    return power if abs(power / (thousands * 1000) - 1) < 0.05 else thousands * 1024


def _model(said: dict) -> str:
    """The model of a release; one release of sae-lens' list names the base where its repository is of the chat model."""
    name, repo = said["model"], said["repo_id"]
    return (
        f"{name}-it"
        if "-it-" in repo and not name.endswith("-it") and said.get("conversion_func") == "gemma_2"
        else name
    )


def _obstacle(reads: str, hook: str, loader: str | None) -> str:
    if loader == "temporal":
        return "it reads whole sequences, not tokens"
    if reads == TRANSCODER:
        return "it is a transcoder, which writes elsewhere than it reads"
    if reads == HEADS:
        return "it reads the heads of the attention before they are joined"
    if reads == EMBEDDING or hook in ("blocks.0.hook_resid_pre",):
        return "it reads the embeddings, before the first block"
    if hook.endswith("resid_mid"):
        return "it reads between attention and MLP"
    return "" if loader in LOADERS else f"its format ({loader}) is not known here"
