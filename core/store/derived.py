"""Tables derived from an analysis and kept beside it: made once, each file named by the hash of what decides it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import GamutError
from core.files import written_beside
from core.store.analyses import Analysis

ABOUT = b"gamut_about"


def derived_path(analysis: Analysis, name: str) -> Path:
    """The file of a derived table; `name` says its kind and the hash of what decides it."""
    return analysis.folder / "derived" / f"{name}.parquet"


def write_derived(path: Path, about: Mapping, columns: Mapping[str, object]) -> None:
    """Write columns of equal length, and what is to be known about them, beside the analysis."""
    table = pa.table(dict(columns))
    said = json.dumps(about, sort_keys=True, ensure_ascii=False).encode()
    with written_beside(path) as out:
        pq.write_table(table.replace_schema_metadata({ABOUT: said}), out, compression="zstd")


def read_derived(path: Path) -> tuple[dict, pa.Table] | None:
    """A derived table and what is known about it, None while there is none; raises `GamutError` for a damaged file."""
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path)
        return json.loads(table.schema.metadata[ABOUT]), table
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise GamutError(f"{path} is damaged ({why}); remove it and it is made again.") from None


def kept_table(
    analysis: Analysis, name: str, make: Callable[[], tuple[dict, dict[str, np.ndarray]]]
) -> tuple[dict, dict[str, np.ndarray]]:
    """A derived table of numbers: read where it is kept, else made and kept."""
    path = derived_path(analysis, name)
    kept = read_derived(path)
    if kept is None:
        made = make()
        with suppress(OSError):  # keeping it saves time only: a full disk or a workspace to read from refuses nothing
            write_derived(path, *made)
        return made
    about, table = kept
    return about, {column: table[column].to_numpy() for column in table.column_names}
