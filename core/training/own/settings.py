"""What decides an SAE trained on the user's own data: every number, and the sentences on what cannot be; no heavy import."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from core.activations.settings import DTYPES, TEMPLATES
from core.errors import GamutError
from core.numbers import PLAIN, whole

ARCHITECTURES = {
    "topk": "TopK: exactly k features a token",
    "batchtopk": "BatchTopK: k features a token on average over a batch",
    "jumprelu": "JumpReLU: a threshold for each feature, learned so that about k are active",
}
SITES = {
    "resid_post": "residual stream after the block",
    "resid_pre": "residual stream before the block",
    "attn_out": "what its attention adds",
    "mlp_out": "what its MLP adds",
}
TIMES, WIDEST = 8, 16_384  # the width where nobody says one: so many times the model's, at most so many
# Tokens a feature: with 230 of them 5 % of the features stayed dead on the bundled model, with 50 of them 88 %.
ENOUGH = 200
LEAST_STEPS = 20
HELD_OUT = 0.05  # share of the distinct samples that the fit card is measured on
WARM_UP, DECAY = 20, 5  # one step in so many
REVIVE, SLEEPS = 30, 50_000  # a feature sleeps after a thirtieth of the tokens, at least so many
RATES = {"topk": 1e-3, "batchtopk": 1e-3, "jumprelu": 1e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSaeSettings:
    """Settings of one training; each decides the weights.

    `block`: from 0; `site`: what is read of it. `width`: features, None for eight times the model's width up to 16,384.
    `k`: features active a token (exactly, on average, or aimed at, by `architecture`). `tokens`: scored tokens to train
    on, None for as many as the data has; more than that read the data several times. `batch`: tokens of a step; `lr`: None
    for that of the architecture. `max_length`, `dtype` and `template` as in an analysis. `version` counts changes of what
    the training computes.
    """

    block: int
    site: str = "resid_post"
    architecture: str = "topk"
    width: int | None = None
    k: int = 32
    tokens: int | None = None
    batch: int = 512
    lr: float | None = None
    seed: int = 0
    max_length: int | None = None
    dtype: str = "float32"
    template: str = "auto"
    version: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        _one_of("architecture", self.architecture, tuple(ARCHITECTURES))
        _one_of("site", self.site, tuple(SITES))
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("template", self.template, TEMPLATES)
        if self.block < 0:
            raise GamutError(f"The block is {self.block}; blocks count from 0.")
        if self.site == "resid_pre" and self.block == 0:
            raise GamutError(
                "Before block 0 stand the embeddings, which no analysis reads; take --site resid_post, or a later block."
            )
        if self.k < 1:
            raise GamutError(f"k is {self.k}; at least 1 feature must be active.")
        if self.width is not None:
            check_width(self.width, self.k)
        if self.tokens is not None and self.tokens < self.batch:
            raise GamutError(f"{self.tokens} tokens are fewer than one step reads ({self.batch}); take more of them.")
        if self.batch < 2:
            raise GamutError(f"A step of {self.batch} tokens is too small; at least 2 are needed.")
        if self.lr is not None and not 0 < self.lr < 1:
            raise GamutError(f"The learning rate is {self.lr:g}; it must lie between 0 and 1, such as 0.001.")
        if self.max_length is not None and self.max_length < 2:
            raise GamutError(
                f"max_length is {self.max_length}; at least 2 tokens are needed, as the first never counts."
            )

    @property
    def hook(self) -> str:
        """What is read, by TransformerLens' name."""
        return f"blocks.{self.block}.hook_{self.site}"

    @property
    def read_block(self) -> int:
        """The block whose output is read: before a block stands the stream after the one before it."""
        return self.block - (self.site == "resid_pre")

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.lr or RATES[self.architecture]

    def width_in(self, model_width: int) -> int:
        """Features of an SAE on a model of this width."""
        width = self.width or min(TIMES * model_width, WIDEST)
        check_width(width, self.k)
        return width

    def as_dict(self) -> dict:
        """The settings as plain values, for hashes and cards."""
        return asdict(self)

    def words(self) -> list[str]:
        """The words of the command line that say the same, but for the numbers, which the machine may choose."""
        words = ["--block", str(self.block)]
        for name, word in (("site", "--site"), ("architecture", "--architecture"), ("width", "--width"), ("k", "--k"),
                           ("tokens", "--tokens"), ("batch", "--batch"), ("lr", "--lr"), ("seed", "--seed"),
                           ("max_length", "--max-length"), ("template", "--template")):  # fmt: skip
            value = getattr(self, name)
            if value != self.__dataclass_fields__[name].default:
                words += [word, str(value)]
        return words


def check_width(width: int, k: int) -> None:
    """Refuse fewer features than are to be active."""
    if width < k:
        raise GamutError(
            f"The SAE would have {width} features and {k} of them active; take a larger width or a smaller k."
        )


def check_block(block: int, blocks: int) -> None:
    """Refuse a block that the model has not."""
    if block >= blocks:
        raise GamutError(f"There is no block {block}: the model has blocks 0 to {blocks - 1}.")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How much a training reads: `steps` of `batch` tokens, out of `available` scored tokens of `samples` samples.

    `held_out` samples are kept for the fit card; `cut_samples` lost `cut_tokens` at the context length.
    """

    width: int
    steps: int
    batch: int
    available: int
    samples: int
    held_out: int
    cut_samples: int
    cut_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens trained on, those of further epochs counted again."""
        return self.steps * self.batch

    @property
    def epochs(self) -> float:
        """How many times the data is read."""
        return self.tokens / max(1, self.available)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known before the start, as sentences."""
        each = self.tokens / self.width
        if each >= ENOUGH:
            return ()
        enough = max(1, self.tokens // ENOUGH)
        return (
            f"{whole(self.tokens, PLAIN)} tokens for {whole(self.width, PLAIN)} features are {each:.0f} a feature, and "
            f"below {ENOUGH} many features never wake: take at most {whole(enough, PLAIN)} features, or read "
            f"{whole(ENOUGH * self.width, PLAIN)} tokens ({ENOUGH * self.width / max(1, self.available):.1f} times the data).",
        )


def plan_training(
    settings: OwnSaeSettings, *, model_width: int, available: int, samples: int, held_out: int, cut_samples: int = 0,
    cut_tokens: int = 0,
) -> TrainingPlan:  # fmt: skip
    """What a training on `available` tokens reads; refuses data that is too small for one step."""
    width = settings.width_in(model_width)
    steps = (settings.tokens or available) // settings.batch
    if available < settings.batch or steps < LEAST_STEPS:
        raise GamutError(
            f"The data has {whole(available, PLAIN)} scored tokens to train on, which makes {steps} "
            f"{'step' if steps == 1 else 'steps'} of {settings.batch}; at "
            f"least {LEAST_STEPS} steps are needed: take more data, a smaller --batch, or more --tokens to read it again."
        )
    return TrainingPlan(width, steps, settings.batch, available, samples, held_out, cut_samples, cut_tokens)


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise GamutError(f"{what} {value!r} is not known; use one of {', '.join(allowed)}.")
