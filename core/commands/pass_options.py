"""The options of a forward pass, which `analyse` and `pilot` share word for word."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[str, typer.Option(help="'bundled', a local Hugging Face folder, or hf:OWNER/NAME (fetched)")]
SAE = "'bundled', a local SAE-Lens or sparsify folder, sae-lens:RELEASE/ID (see `saes`) or hf:OWNER/NAME/FOLDER"
Sae = Annotated[str, typer.Option(help=SAE)]
Saes = Annotated[
    list[str] | None,
    typer.Option(help=f"{SAE} (default: bundled); may be repeated: all of them read the same pass"),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N, mps, or split (one model over several GPUs)")]
Template = Annotated[
    str, typer.Option(help="chat (the model's own), plain (headers and blank lines), or auto: its own where it has one")
]
TrustRemoteCode = Annotated[
    bool, typer.Option("--trust-remote-code", help="run the code that comes with this model; without it none is run")
]
MaxLength = Annotated[int | None, typer.Option(help="tokens kept of a sample (default: the context)")]
Dtype = Annotated[str, typer.Option(help="float32, bfloat16, float16, or auto: bfloat16 on a GPU that has it")]
GroupBy = Annotated[
    str | None, typer.Option(help="a column whose values get layer means of their own (default: the first category)")
]
ExampleBytes = Annotated[int, typer.Option(help="what examples may take at most")]
VectorBytes = Annotated[int, typer.Option(help="what neurons and vectors of samples may take at most")]
HookOnly = Annotated[bool, typer.Option("--hook-only", help="read the SAE's layer only: faster, no neurons")]
KeepMassive = Annotated[bool, typer.Option("--keep-massive", help="let tokens of massive norm count in means")]


def pass_words(device: str, trust: bool) -> list[str]:
    """The words of the command line for what decides where a pass runs, not what comes of it."""
    return [*(["--device", device] if device != "auto" else []), *(["--trust-remote-code"] if trust else [])]


def known_dtype(dtype: str, device: str) -> str:
    """The numbers of the model, known before the analysis is: `auto` asks the machine what it has."""
    if dtype != "auto" or device == "cpu":
        return "float32" if dtype == "auto" else dtype
    from core.activations.device import choose_device, choose_dtype  # torch: only here needed

    return choose_dtype(dtype, choose_device(device))
