"""`push`: publish an exported folder on the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer

from core.commands.output import session_of
from core.export.push import check_push
from core.export.push import push as push_folder
from core.jobs.run import running


def push(
    context: typer.Context,
    folder: Path,
    to: Annotated[str, typer.Option(help="OWNER/NAME of a data set on the hub")],
    public: Annotated[bool, typer.Option("--public", help="let everybody see it (default: its owner alone)")] = False,
    job: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Publish an exported folder on the Hugging Face hub, with its card and its manifest."""
    session = session_of(context)
    check_push(folder, to)
    words = ["push", str(folder.resolve()), "--to", to, *(["--public"] if public else [])]
    with running(session.workspace, id=job, title=f"Push {folder.name} to {to}", command=words, unit="steps") as me:
        done = push_folder(folder, to, private=not public, progress=lambda said: me.progress(0, 0, said))
    seen = "private" if done.private else "public"
    session.say(done, f"{done.url}: {done.files} files, {done.bytes} bytes, {seen}")
