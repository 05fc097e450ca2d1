"""What decides an analysis besides data, model and SAE: all of it is part of the analysis id."""

from dataclasses import asdict, dataclass, field

from core.errors import GamutError
from core.store.contents import Budgets

DTYPES = ("float32", "bfloat16", "float16")
TEMPLATES = ("auto", "chat", "plain")
VALUES = {
    "max_length": "--max-length",
    "template": "--template",
    "group_by": "--group-by",
    "example_bytes": "--example-bytes",
    "vector_bytes": "--vector-bytes",
}
LEAST = {"example_bytes": 0, "vector_bytes": 0, "batch_tokens": 1, "batch_samples": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisSettings:
    """Settings of one forward pass; each decides numbers, so each is part of the analysis id.

    `max_length`: tokens kept of a sample, None for the shorter context of model and SAE. `batch_tokens`: padded
    tokens of a batch; `batch_samples`: samples at most. `every_layer`: read neurons and residuals of all blocks; else
    the pass stops at the SAE's. `mask_massive`: tokens of massive norm do not count in means of neurons and residuals.
    `example_bytes` and `vector_bytes`: what examples, and vectors of samples, may take at most. `group_by`: a column
    of the data set's metadata, None for the first that is a category; means of layers are kept for each of its values
    too. `template`: "chat", the model's own; "plain", headers and blank lines; "auto", its own where it has one.
    `version` counts changes of what the pass computes.
    """

    max_length: int | None = None
    dtype: str = "float32"
    batch_tokens: int = 2048
    batch_samples: int = 64
    every_layer: bool = True
    mask_massive: bool = True
    example_bytes: int = Budgets.examples
    vector_bytes: int = Budgets.vectors
    group_by: str | None = None
    template: str = "auto"
    version: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise GamutError(f"dtype {self.dtype!r} is not known; use one of {', '.join(DTYPES)}.")
        if self.template not in TEMPLATES:
            raise GamutError(f"template {self.template!r} is not known; use one of {', '.join(TEMPLATES)}.")
        if self.max_length is not None and self.max_length < 2:
            raise GamutError(
                f"max_length is {self.max_length}; at least 2 tokens are needed, as the first never counts."
            )
        for name, least in LEAST.items():
            if (value := getattr(self, name)) < least:
                raise GamutError(f"{name} is {value}; it must be at least {least}.")

    @property
    def budgets(self) -> Budgets:
        """The bytes allowed."""
        return Budgets(self.example_bytes, self.vector_bytes)

    def words(self) -> list[str]:
        """The words of the command line that say the same."""
        default = AnalysisSettings()
        words = ["--dtype", self.dtype]
        for name, word in VALUES.items():
            if getattr(self, name) != getattr(default, name):
                words += [word, str(getattr(self, name))]
        return words + ([] if self.every_layer else ["--hook-only"]) + ([] if self.mask_massive else ["--keep-massive"])

    @classmethod
    def from_dict(cls, said: dict) -> "AnalysisSettings":
        """What `as_dict` wrote, of this version or an older one, whose further settings have their defaults."""
        known = {name: value for name, value in said.items() if name in cls.__dataclass_fields__ and name != "version"}
        return cls(**known)

    def as_dict(self) -> dict:
        """The settings as plain values, for hashes and manifests; a younger one only where it is not at its default."""
        younger = {"template": "auto"}
        return {
            name: value for name, value in asdict(self).items() if younger.get(name) != value or name not in younger
        }
