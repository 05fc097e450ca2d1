"""What an analysis holds beside its activations: decided by counts and budgets before the pass, and told by `meta`."""

import json
from dataclasses import asdict, dataclass, field

from core.store.bins import BANDS

WINDOW = 32  # tokens of an example
BEFORE = 20  # of them before the strongest
PER_BAND = 10  # examples of a feature in a strength band
CONTRASTS = 20  # inactive contexts of a feature
STRONGEST = 64  # neurons of a sample and layer where not every one is kept
IDS = 1 << 16  # neurons of a layer that an id of two bytes can tell apart
PROJECTED = 256  # dimensions that the hook's residual is projected to, where it is wider
ROW_BYTES = 32 + 2 * WINDOW  # of an example at most

EVERY, SOME, ABSENT = "every", "strongest", "absent"


@dataclass(frozen=True, slots=True)
class Shape:
    """Of model and SAE what decides the size of an analysis; `neurons` per layer, 0 where its MLPs are not known."""

    n_features: int
    layers: int
    neurons: int
    width: int
    block: int


@dataclass(frozen=True)
class Budgets:
    """Bytes: `examples` for the examples, `vectors` for what is kept of every sample, half for neurons, half for vectors."""

    examples: int = 1_000_000_000
    vectors: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Contents:
    """`examples`: kept per feature and band. `neurons`: "every", "strongest" or "absent". `absent`: why a table is not there."""

    shape: Shape
    budgets: Budgets
    examples: int
    neurons: str
    layers: bool
    vectors: bool
    groups: tuple[str, ...] = ()
    grouped_by: str = ""
    absent: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, said: str) -> "Contents":
        """What `as_json` wrote."""
        values = json.loads(said)
        values |= {
            "shape": Shape(**values["shape"]), "budgets": Budgets(**values["budgets"]), "groups": tuple(values["groups"])
        }  # fmt: skip
        return cls(**values)


def decide(
    samples: int,
    shape: Shape,
    budgets: Budgets,
    *,
    every_layer: bool = True,
    groups: tuple[str, ...] = (),
    grouped_by: str = "",
) -> Contents:
    """What an analysis of so many samples holds. More samples never hold more of each: so members can be merged."""
    absent = {}
    most = budgets.examples // (shape.n_features * BANDS * ROW_BYTES)
    if most == 0:
        absent["examples"] = (
            f"one example for each of {shape.n_features} features may outgrow {_size(budgets.examples)}"
        )
        absent["contrast"] = absent["examples"]
    neurons, vectors = ABSENT, False
    if not every_layer:
        absent |= dict.fromkeys(("neurons", "vectors", "layer_sums"), "it was asked to read the SAE's layer only")
    else:
        half = budgets.vectors // 2
        if shape.neurons == 0:
            absent["neurons"] = "it is not known where this kind of model keeps its MLP neurons"
        else:
            whole = neuron_bytes(samples, shape)
            neurons = EVERY if whole <= half or shape.neurons <= STRONGEST else SOME
            if neurons == SOME and shape.neurons > IDS:
                neurons, absent["neurons"] = ABSENT, f"more than {IDS} neurons a layer are not kept"
        vectors = vector_bytes(samples, shape) <= half
        if not vectors:
            absent["vectors"] = f"they would take {_size(vector_bytes(samples, shape))} of the {_size(half)} allowed"
    return Contents(shape, budgets, min(most, PER_BAND), neurons, every_layer, vectors, groups, grouped_by, absent)


def neuron_bytes(samples: int, shape: Shape) -> int:
    """Bytes of every MLP mean of every sample."""
    return samples * shape.layers * shape.neurons * 2


def vector_bytes(samples: int, shape: Shape) -> int:
    """Bytes of the mean and last residual of every sample and layer."""
    return samples * shape.layers * shape.width * 4


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
