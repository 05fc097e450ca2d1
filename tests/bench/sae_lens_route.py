"""The way that sae-lens itself shows: a hooked model, its cache, the SAE's own dense encode; on our batches, in its favour."""

from __future__ import annotations

import numpy as np
import torch
from sae_lens import SAE, HookedSAETransformer
from transformer_lens import HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions import convert_llama_weights
from transformers import AutoModelForCausalLM

from core.activations.batch_plan import plan_batches
from core.activations.identity import AnalysisIdentity
from core.activations.machine import Pass
from core.activations.tokens import Tokens

AS_THEY_ARE = {"fold_ln": False, "center_writing_weights": False, "center_unembed": False, "fold_value_biases": False}


class SaeLensRoute:
    """The model of an analysis as sae-lens' hooked one, and its SAE as sae-lens loads it.

    TransformerLens loads by name what it knows; a Llama of one's own gets its configuration and converted weights.
    """

    def __init__(self, identity: AnalysisIdentity) -> None:
        hf = AutoModelForCausalLM.from_pretrained(identity.model.folder, dtype=torch.float32).eval()
        said = hf.config
        config = HookedTransformerConfig(
            n_layers=said.num_hidden_layers, d_model=said.hidden_size, n_ctx=said.max_position_embeddings,
            d_head=said.head_dim, n_heads=said.num_attention_heads, n_key_value_heads=said.num_key_value_heads,
            d_mlp=said.intermediate_size, d_vocab=said.vocab_size, eps=said.rms_norm_eps, act_fn=said.hidden_act,
            original_architecture="LlamaForCausalLM", normalization_type="RMS", positional_embedding_type="rotary",
            gated_mlp=True, final_rms=True, rotary_dim=said.head_dim, rotary_adjacent_pairs=False, device="cpu",
        )  # fmt: skip
        self.model = HookedSAETransformer(config)
        self.model.load_and_process_state_dict(convert_llama_weights(hf, config), **AS_THEY_ARE)
        self.model.eval()
        self.sae = SAE.load_from_disk(identity.sae.folder, device="cpu", dtype="float32")
        self.hook = self.sae.cfg.metadata.hook_name
        self.block = int(self.hook.split(".")[1])

    @torch.inference_mode()
    def maxima(self, tokens: Tokens, batch: np.ndarray) -> torch.Tensor:
        """Of a batch every feature's maximum over a sample's scored tokens, float32 (n, features)."""
        token_ids, index = tokens.padded(batch)
        padded, scored = torch.from_numpy(token_ids), torch.from_numpy(tokens.scored(index))
        _, cache = self.model.run_with_cache(padded, names_filter=[self.hook], stop_at_layer=self.block + 1)
        active = self.sae.encode(cache[self.hook])
        return active.masked_fill(~scored[:, :, None], 0).amax(dim=1)

    def run(self, tokens: Tokens, identity: AnalysisIdentity) -> None:
        """All samples; nothing is kept or written."""
        for batch in plan_batches(tokens.lengths, identity.settings):
            self.maxima(tokens, batch)

    def difference(self, machine: Pass, tokens: Tokens, batch: np.ndarray) -> float:
        """The largest difference to what our pass finds in a batch, of its largest maximum."""
        theirs = self.maxima(tokens, batch).numpy()
        found = machine.run(tokens, batch).pooled
        ours = np.zeros_like(theirs)
        np.maximum.at(ours, (found.sample, found.feature), found.max)
        return float(np.abs(ours - theirs).max() / theirs.max())
