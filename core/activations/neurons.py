"""Where a block keeps its MLP neurons: the input of its last projection, after the non-linearity."""

from torch import nn

# By family: Llama and its kin, Phi-3; GPT-2; GPT-NeoX, Falcon, BLOOM; Phi; GPT-J; MPT; OPT.
PROJECTIONS = (
    "mlp.down_proj", "mlp.c_proj", "mlp.dense_4h_to_h", "mlp.fc2", "mlp.fc_out", "ffn.down_proj", "fc2",
)  # fmt: skip


def mlp_projections(blocks: nn.ModuleList) -> list[nn.Module]:
    """The last projection of every block's MLP; empty where that is not known or differs in width between blocks."""
    for name in PROJECTIONS:
        found = [_inside(block, name) for block in blocks]
        modules = [module for module in found if module is not None]
        if len(modules) == len(blocks) and len({neurons_of(module) for module in modules}) == 1:
            return modules
    return []


def neurons_of(projection: nn.Module) -> int:
    """The inputs of a projection: GPT-2's kind keeps its weights the other way round."""
    weight = next(projection.parameters())
    return weight.shape[1] if isinstance(projection, nn.Linear) else weight.shape[0]


def _inside(block: nn.Module, name: str) -> nn.Module | None:
    module: nn.Module | None = block
    for step in name.split("."):
        module = getattr(module, step, None)
    return module
