"""The options of a forward pass, which `analyse` and `pilot` share word for word."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[str, typer.Option(help="'bundled' or a local Hugging Face folder")]
Sae = Annotated[str, typer.Option(help="'bundled' or a local SAE-Lens folder")]
MaxLength = Annotated[int | None, typer.Option(help="tokens kept of a sample (default: the context)")]
Dtype = Annotated[str, typer.Option(help="float32 or bfloat16")]
GroupBy = Annotated[
    str | None, typer.Option(help="a column whose values get layer means of their own (default: the first category)")
]
ExampleBytes = Annotated[int, typer.Option(help="what examples may take at most")]
VectorBytes = Annotated[int, typer.Option(help="what neurons and vectors of samples may take at most")]
HookOnly = Annotated[bool, typer.Option("--hook-only", help="read the SAE's layer only: faster, no neurons")]
KeepMassive = Annotated[bool, typer.Option("--keep-massive", help="let tokens of massive norm count in means")]
