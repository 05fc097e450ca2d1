"""The options that say where the work is done: in this process, or on the machines of a Ray cluster."""

from __future__ import annotations

from typing import Annotated

import typer

Engine = Annotated[
    str,
    typer.Option(help="local, or ray: spread over the machines of a Ray cluster (pip install -r requirements-ray.txt)"),
]
Address = Annotated[
    str | None,
    typer.Option(help="of the Ray cluster: HOST:PORT, or auto (default: one on this machine, for this run only)"),
]
Workers = Annotated[int | None, typer.Option(help="workers on the cluster at most (default: as many as fit)", min=1)]
