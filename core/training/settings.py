"""Settings of the two trainings: every number that decides a result, and no heavy import."""

from dataclasses import dataclass

from core.errors import GamutError


@dataclass(frozen=True, slots=True)
class Split:
    """What decides the tokens: the seed of the held-out parts, tokenizer sizes, and how much is held out."""

    seed: int
    vocabulary: int
    context: int
    held_tasks: int
    held_share: float


@dataclass(frozen=True, slots=True)
class LmSettings:
    """Every number that decides the model; `step_tokens` are read per optimiser step, in windows of `window`.

    The rate warms up over `warmup` steps, stays at `lr`, and falls along a cosine in the last `decay`
    steps, which read windows of the whole `context`. So a run may be made longer or shorter until its decay
    begins.
    """

    seed: int = 7
    threads: int = 2
    vocabulary: int = 8192
    context: int = 1024
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    intermediate: int = 688
    steps: int = 2000
    step_tokens: int = 4096
    window: int = 512
    lr: float = 2e-3
    lr_end: float = 0.03  # share of `lr` left at the last step
    warmup: int = 100
    decay: int = 500
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    clip: float = 1.0
    bf16: bool = True
    held_tasks: int = 14
    held_share: float = 0.01

    def __post_init__(self) -> None:
        for length in (self.window, self.context):
            if self.step_tokens % length:
                raise GamutError(
                    f"A step of {self.step_tokens} tokens cannot be cut into windows of {length}; "
                    "choose a number of tokens that both windows divide."
                )

    @property
    def split(self) -> Split:
        """What decides the tokens."""
        return Split(self.seed, self.vocabulary, self.context, self.held_tasks, self.held_share)


@dataclass(frozen=True, slots=True)
class SaeSettings:
    """Every number that decides the autoencoder; tokens are those that count (no BOS, EOS or template)."""

    seed: int = 11
    threads: int = 1
    layer: int = 3  # of 0-5: the output of this block
    features: int = 4096
    k: int = 32
    cached_tokens: int = 1_250_000
    steps: int = 3000
    batch: int = 512
    lr: float = 1e-3
    warmup: int = 100
    decay: int = 600  # the last steps, in which the rate falls to 0
    dead_after: int = 50_000  # tokens without firing after which the auxiliary loss revives a feature
    bf16: bool = False
    context: int = 1024
    measured_tokens: int = 1_000_000  # of training documents that the autoencoder has not seen
    model_name: str = "data/model"
    split: Split = Split(seed=7, vocabulary=8192, context=1024, held_tasks=14, held_share=0.01)

    def __post_init__(self) -> None:
        if not 0 < self.k <= self.features:
            raise GamutError(f"k is {self.k}; it must lie between 1 and the {self.features} features.")
