"""The map of an analysis: a place in two dimensions for every sample, a derived file beside the analysis."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import GamutError
from core.files import json_hash, written_beside
from core.store.analyses import Analysis

ABOUT = b"gamut_layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """What decides a map beside the analysis; `version` counts changes of how it is drawn.

    A sample is its features' strengths, each relative to the feature's own maximum and weighted by how rare the feature
    is, scaled to length 1 [our choice]; `components` of a truncated SVD go into a UMAP with `neighbours` and `min_dist`.
    """

    span: str = "conversation"
    seed: int = 0
    components: int = 50
    neighbours: int = 15
    min_dist: float = 0.1
    version: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each sample lies: float32 (n) each, in id order; only who is near whom means something."""

    settings: LayoutSettings
    x: np.ndarray
    y: np.ndarray


def seconds_to_draw(samples: int) -> float:
    """About how long a map takes on two cores: a minute to compile UMAP, then a second a thousand samples."""
    return 60 + samples / 1_000


def layout_path(analysis: Analysis, settings: LayoutSettings) -> Path:
    """The file of a map, named by the hash of all that decides it."""
    decides = [analysis.content_hash, asdict(settings)]
    return analysis.folder / "derived" / f"layout-{json_hash(decides)[:16]}.parquet"


def write_layout(analysis: Analysis, layout: Layout) -> Path:
    """Write a map beside its analysis."""
    path = layout_path(analysis, layout.settings)
    about = {ABOUT: json.dumps(asdict(layout.settings), sort_keys=True).encode()}
    table = pa.table({"x": pa.array(layout.x, pa.float32()), "y": pa.array(layout.y, pa.float32())})
    with written_beside(path) as out:
        pq.write_table(table.replace_schema_metadata(about), out, compression="zstd")
    return path


def read_layout(analysis: Analysis, settings: LayoutSettings | None = None) -> Layout | None:
    """The map that has been drawn, None while there is none."""
    settings = settings or LayoutSettings()
    path = layout_path(analysis, settings)
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path)
        x, y = (table[name].to_numpy() for name in ("x", "y"))
    except (pa.ArrowException, KeyError, OSError) as error:
        raise GamutError(
            f"{path} is damaged ({str(error).splitlines()[0]}); remove it and draw the map again."
        ) from None
    if len(x) != analysis.n_samples:
        raise GamutError(f"{path} holds {len(x)} places for {analysis.n_samples} samples; remove it and draw it again.")
    return Layout(settings, x, y)
