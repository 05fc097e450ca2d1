"""`datasets decontaminate`: check a data set against an evaluation set and ban what it holds of it."""

from typing import Annotated

import typer

from core.commands.output import ProgressLine, session_of, table
from core.datasets.options import ImportOptions, read_map_words
from core.errors import GamutError
from core.scores.contamination import Hit
from core.scores.decontamination import Check, Standing, ban_hits, decontaminate, said_of, take_back
from core.store.datasets import Dataset

SHOWN = 100  # characters of a shared run in the table


def decontaminate_dataset(
    context: typer.Context,
    name: str,
    against: Annotated[str, typer.Option(help="an evaluation file, or an imported data set by name")],
    format: Annotated[str | None, typer.Option(help="read the file by this format, not text by text")] = None,
    map: Annotated[
        list[str] | None, typer.Option(help="ROLE=TEMPLATE with {column} in braces; may be repeated")
    ] = None,
    records: Annotated[str | None, typer.Option(help="where the rows lie inside nested records: a[].b[]")] = None,
    no_header: Annotated[bool, typer.Option("--no-header", help="the first line of a table is data already")] = False,
    split: Annotated[str | None, typer.Option(help="of a hub or saved data set")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="hits not to be banned: ids, with commas or repeated")] = None,
    ban: Annotated[bool, typer.Option("--ban/--no-ban", help="ban the hits; --no-ban lifts this check's bans")] = True,
) -> None:
    """List the samples that hold rows of an evaluation set, and ban them."""
    session = session_of(context)
    if keep and not ban:
        raise GamutError("Both --keep and --no-ban were given; without a ban every hit is kept, so give one of them.")
    options = ImportOptions(
        format=format, map=read_map_words(map or []), records=records, header=not no_header, split=split
    )
    dataset, line = Dataset(session.workspace, name), ProgressLine("samples")
    try:
        check = decontaminate(dataset, against, options=options, progress=line)
    finally:
        line.end()
    kept = _ids(keep)
    now = ban_hits(session.workspace, check, keep=kept) if ban else take_back(session.workspace, check)
    session.say(check.as_dict() | {"standing": now}, _told(name, check, now))


def _ids(words: list[str] | None) -> tuple[int, ...]:
    try:
        return tuple(int(number) for word in words or [] for number in word.split(",") if number.strip())
    except ValueError:
        raise GamutError(f"{', '.join(words or [])!r} are not sample ids: give whole numbers, with commas.") from None


def _told(name: str, check: Check, now: Standing) -> str:
    found, banned = check.found, set(now.banned)
    rows = [("sample", "row", "rules", "runs", "Jaccard", "words", "banned", "longest run in both")] + [
        (
            hit.sample_id, f"{check.evaluation[hit.row].file}:{check.evaluation[hit.row].line}", " + ".join(hit.rules),
            hit.shared, f"{hit.jaccard:.2f}", hit.run_words, "yes" if hit.sample_id in banned else "no", _run(check, hit),
        )
        for hit in found.hits
    ]  # fmt: skip
    head = (
        f"{name} against {check.against}: {len(found.hits)} of {found.samples} samples hold one of {found.rows_hit} of its "
        f"{found.rows} rows; {len(now.banned)} banned, {len(now.taken_back)} not, {len(now.pinned)} pinned and left alone"
    )
    return "\n".join([head, *said_of(check), *([table(rows)] if found.hits else [])])


def _run(check: Check, hit: Hit) -> str:
    text = check.evaluation[hit.row].texts[hit.field][1][slice(*hit.field_span)]
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"
