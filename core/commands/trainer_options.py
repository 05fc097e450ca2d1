"""Words of the command line on what a trainer makes of text."""

from typing import Annotated

import typer

Trained = Annotated[
    int | None, typer.Option(help="tokens that are trained on, at most: of the answers, or as --for says")
]
TrainedAs = Annotated[
    str | None,
    typer.Option(
        "--for", help="count trained tokens as trl, llama-factory or axolotl leaves them (see trained-tokens)"
    ),
]
Tokenizer = Annotated[str, typer.Option(help="'bundled', the folder of a model or of its tokenizer, or hf:OWNER/NAME")]
Template = Annotated[
    str,
    typer.Option(help="'tokenizer' for its own, or one that a trainer brings, as llama-factory:qwen or axolotl:chatml"),
]
Cutoff = Annotated[int, typer.Option(min=1, help="the most tokens of a row")]
Packing = Annotated[bool, typer.Option("--packing", help="several rows in one sequence")]
