"""What decides an analysis besides data, model and SAE: all of it is part of the analysis id."""

from dataclasses import asdict, dataclass, field

from core.errors import GamutError

DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisSettings:
    """Settings of one forward pass; each decides numbers, so each is part of the analysis id.

    `max_length`: tokens kept of a sample, None for the shorter context of model and SAE. `batch_tokens`: padded
    tokens of a batch; `batch_samples`: samples at most. `version` counts changes of what the pass computes.
    """

    max_length: int | None = None
    dtype: str = "float32"
    batch_tokens: int = 2048
    batch_samples: int = 64
    version: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise GamutError(f"dtype {self.dtype!r} is not known; use one of {', '.join(DTYPES)}.")
        if self.max_length is not None and self.max_length < 2:
            raise GamutError(
                f"max_length is {self.max_length}; at least 2 tokens are needed, as the first never counts."
            )
        if self.batch_tokens < 1 or self.batch_samples < 1:
            raise GamutError("batch_tokens and batch_samples must be at least 1.")

    def as_dict(self) -> dict:
        """The settings as plain values, for hashes and manifests."""
        return asdict(self)
