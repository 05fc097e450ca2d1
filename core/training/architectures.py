"""The kinds of autoencoder that sae-lens trains, each made fresh and seeded."""

from statistics import NormalDist

import torch
from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
from sae_lens.saes.jumprelu_sae import JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig
from sae_lens.saes.sae import SAEMetadata, TrainingSAE
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig

SCALED = "expected_average_only_in"  # inputs to norm √d in training, folded into the weights when it is saved
BANDWIDTH, FIRST_THRESHOLD, THRESHOLD_RATE, FIRST_NORM = 0.05, 0.01, 0.01, 0.1  # sae-lens' own


def new_sae(
    architecture: str, *, d_in: int, d_sae: int, k: int, steps: int, metadata: SAEMetadata, seed: int, device: str = "cpu"
) -> TrainingSAE:  # fmt: skip
    """A fresh autoencoder of the kind, on scaled inputs; `steps`: of the training, of which a third warms up a penalty.

    JumpReLU is held near k active features by the quadratic penalty of Gemma Scope 2. Its gradient reaches the encoder too,
    and thresholds begin where about k are active: alone and from sae-lens' 0.01 they move by the rate a step, and after 400
    steps 560 of 768 features were still active; so 36, with 0.87 of the variance explained.
    """
    common = {"d_in": d_in, "d_sae": d_sae, "normalize_activations": SCALED, "metadata": metadata, "device": "cpu"}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if architecture == "topk":
            sae: TrainingSAE = TopKTrainingSAE(TopKTrainingSAEConfig(k=k, **common))
        elif architecture == "batchtopk":
            # The threshold is a running mean that begins at 0: a short training must follow faster, or it ends too low.
            follow = max(THRESHOLD_RATE, min(0.5, 10 / steps))
            sae = BatchTopKTrainingSAE(BatchTopKTrainingSAEConfig(k=k, topk_threshold_lr=follow, **common))
        else:
            config = JumpReLUTrainingSAEConfig(
                jumprelu_sparsity_loss_mode="quadratic", target_l0=k, l0_coefficient=1.0, l0_warm_up_steps=steps // 3,
                jumprelu_bandwidth=BANDWIDTH, jumprelu_init_threshold=first_threshold(k, d_sae),
                jumprelu_ste_to_input=True, **common,
            )  # fmt: skip
            sae = JumpReLUTrainingSAE(config)
    return sae.to(device)


def first_threshold(k: int, d_sae: int) -> float:
    """What about k of the pre-activations of a fresh encoder exceed: they are normal, as wide as its columns are long."""
    return max(FIRST_THRESHOLD, FIRST_NORM * NormalDist().inv_cdf(1 - min(k, d_sae - 1) / d_sae))
