"""Finished analyses, opened read-only: by the dashboard, the command line and notebooks at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from core.errors import GamutError
from core.store.content_hash import content_hash
from core.store.contents import Contents
from core.store.duck import open_read, reading
from core.store.replanned import Replanned
from core.store.tables import DATABASE, FORMAT_VERSION, held_keys
from core.workspace import Workspace

SPANS = {"conversation": "side IN (0, 1)", "response": "side = 1", "prompt": "side = 0"}
POOLINGS = {"max": np.maximum, "sum": np.add, "count": np.add}
PARTIAL = ".partial"
TITLES = {
    "examples": "examples of features", "contrast": "contrasts to the examples", "layer_sums": "means of layers",
    "neurons": "neurons of samples", "vectors": "vectors of samples and layers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activations:
    """Active features of every sample: parallel arrays ordered by sample, then feature; `strength` as it was pooled."""

    sample: np.ndarray
    feature: np.ndarray
    strength: np.ndarray


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """Per sample, int32 (n), in id order: see `core.store.parts.SCHEMAS`."""

    tokens: np.ndarray
    scored_tokens: np.ndarray
    prompt_tokens: np.ndarray
    response_tokens: np.ndarray
    conversation_tokens: np.ndarray
    truncated_tokens: np.ndarray
    richness: np.ndarray


@dataclass(frozen=True, slots=True)
class FeatureInSample:
    """One feature in one sample: its maximum over the span, its tokens there, and the token of the maximum."""

    feature_id: int
    max: float
    count: int
    position: int
    samples: int


class Analysis:
    """One finished analysis."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection = open_read(folder / DATABASE)
        with reading(folder / DATABASE):
            self.meta = dict(self.cursor().execute("SELECT key, value FROM meta").fetchall())
            version = int(self.meta["format_version"])
        if version > FORMAT_VERSION:
            raise GamutError(f"Analysis {folder.name} was made by a newer Gamut; update this one to open it.")

    def cursor(self):
        """A cursor of its own for the calling thread."""
        return self._connection.cursor()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def id(self) -> str:
        return self.meta["id"]

    @property
    def name(self) -> str:
        return self.meta["name"]

    @property
    def dataset(self) -> str:
        return self.meta["dataset"]

    @property
    def dataset_hash(self) -> str:
        """The content hash of the data set it was made from, whatever that is called here."""
        return self.meta["dataset_hash"]

    @property
    def content_hash(self) -> str:
        """The content hash stored when the analysis was finished."""
        return self.meta["content_hash"]

    @property
    def settings(self) -> dict:
        return json.loads(self.meta["settings"])

    @property
    def replanned(self) -> Replanned | None:
        """What of the batch plan memory did not allow; such an analysis is exempt from equality by content hash."""
        return Replanned.from_meta(self.meta)

    @property
    def read_with(self) -> list[str]:
        """The other SAEs of the run that made it: its time and memory are theirs too."""
        return json.loads(self.meta.get("read_with", "[]"))

    def recompute_hash(self) -> str:
        """The content hash of what the file holds now."""
        with reading(self.folder / DATABASE):
            return content_hash(self.cursor(), held_keys(self.cursor()))

    @cached_property
    def contents(self) -> Contents:
        """What it holds beside the activations; raises `GamutError` for one made before there was more."""
        if "contents" not in self.meta:
            raise GamutError(
                f"Analysis {self.name!r} was made by an older Gamut, which kept only the activations; "
                "analyse the data set again for this."
            )
        return Contents.from_json(self.meta["contents"])

    def require(self, table: str) -> None:
        """Raise `GamutError`, saying why, if the analysis does not hold a table."""
        reason = self.contents.absent.get(table)
        if reason is not None:
            raise GamutError(f"Analysis {self.name!r} has no {TITLES[table]}: {reason}.")

    @cached_property
    def n_samples(self) -> int:
        return self.cursor().execute("SELECT count(*) FROM samples").fetchone()[0]

    @cached_property
    def n_features(self) -> int:
        return self.cursor().execute("SELECT count(*) FROM features").fetchone()[0]

    @cached_property
    def live_features(self) -> int:
        """Features that are active in at least one sample."""
        return self.cursor().execute("SELECT count_if(samples > 0) FROM features").fetchone()[0]

    @cached_property
    def counts(self) -> SampleCounts:
        """Token counts and richness of every sample."""
        columns = self.cursor().execute("SELECT * FROM samples ORDER BY sample_id").fetchnumpy()
        return SampleCounts(**{name: np.asarray(columns[name]) for name in SampleCounts.__slots__})

    def activations(self, *, span: str = "conversation", pooling: str = "max") -> Activations:
        """What every sample activates within a span of it, by the largest value, the sum of values or the number of tokens.

        Roles of the span are joined by the same pooling. Sums and tokens are of all values above 0, whatever the threshold.
        """
        if pooling not in POOLINGS:
            raise GamutError(f"There is no pooling {pooling!r} of tokens; use one of {', '.join(POOLINGS)}.")
        rows = (
            self.cursor()
            .execute(
                f'SELECT sample_id, feature_id, "{pooling}" AS strength FROM activations WHERE {_span(span)} '
                "ORDER BY sample_id, feature_id, side"
            )
            .fetchnumpy()
        )
        sample, feature, strength = (np.asarray(rows[name]) for name in ("sample_id", "feature_id", "strength"))
        strength = strength.astype(np.float32, copy=False)
        if not len(sample):
            return Activations(sample, feature, strength)
        first = np.flatnonzero(np.r_[True, (sample[1:] != sample[:-1]) | (feature[1:] != feature[:-1])])
        return Activations(sample[first], feature[first], POOLINGS[pooling].reduceat(strength, first))

    def features_of(self, sample_id: int, *, limit: int = 20, span: str = "conversation") -> list[FeatureInSample]:
        """The strongest features of a span of a sample, relative to each feature's own maximum over the data set."""
        rows = (
            self.cursor()
            .execute(
                "SELECT a.feature_id, max(a.max), sum(a.count)::INTEGER, arg_max(a.position, a.max), any_value(f.samples) "
                f"FROM activations AS a JOIN features AS f USING (feature_id) WHERE a.sample_id = ? AND {_span(span)} "
                "GROUP BY a.feature_id ORDER BY max(a.max / f.max) DESC, a.feature_id LIMIT ?",
                [sample_id, limit],
            )
            .fetchall()
        )
        return [FeatureInSample(*row) for row in rows]

    def strongest_of(
        self, feature_id: int, *, limit: int | None = 20, span: str = "conversation"
    ) -> list[tuple[int, float, int]]:
        """The samples a feature is strongest in: sample id, maximum over a span of it, position of the maximum."""
        return (
            self.cursor()
            .execute(
                "SELECT sample_id, max(max), arg_max(position, max) FROM activations_by_feature "
                f"WHERE feature_id = ? AND {_span(span)} GROUP BY sample_id ORDER BY max(max) DESC, sample_id LIMIT ?",
                [feature_id, limit],
            )
            .fetchall()
        )

    def tokens_of(self, sample_id: int) -> tuple[list[str], list[int]]:
        """The text and the role code of every token of a sample, in order."""
        rows = (
            self.cursor()
            .execute(
                "SELECT v.text, t.role FROM (SELECT unnest(token_ids) AS token_id, unnest(roles) AS role, "
                "generate_subscripts(token_ids, 1) AS place FROM tokens WHERE sample_id = ?) AS t "
                "JOIN vocabulary AS v USING (token_id) ORDER BY t.place",
                [sample_id],
            )
            .fetchall()
        )
        return [text for text, _ in rows], [role for _, role in rows]

    def words_around(
        self, places: list[tuple[int, int]], *, before: int = 4, after: int = 2
    ) -> Iterator[tuple[str, str, str]]:
        """The words around tokens given as (sample_id, position): before, at and after each, all read at once."""
        query = """
            WITH w AS MATERIALIZED (  -- without that, DuckDB 2.0 may stop at an internal error in the join below
                SELECT p.place, unnest(range(p.first, p.last + 1)) - p.position AS at,
                    unnest(t.token_ids[p.first + 1 : p.last + 1]) AS token_id
                FROM (
                    SELECT place, sample_id, position, greatest(0, position - ?) AS first,
                        least(position + ?, len(token_ids) - 1) AS last
                    FROM (
                        SELECT unnest(range(len(?::INTEGER[]))) AS place, unnest(?::INTEGER[]) AS sample_id,
                            unnest(?::INTEGER[]) AS position
                    ) JOIN tokens USING (sample_id)
                ) AS p JOIN tokens AS t USING (sample_id)
            ) SELECT w.place, w.at, v.text FROM w JOIN vocabulary AS v USING (token_id) ORDER BY w.place, w.at
            """
        samples, positions = [sample for sample, _ in places], [position for _, position in places]
        rows = self.cursor().execute(query, [before, after, samples, samples, positions]).fetchall()
        for _, found in groupby(rows, key=lambda row: row[0]):
            words = [(at, text) for _, at, text in found]
            yield (
                "".join(text for at, text in words if at < 0),
                "".join(text for at, text in words if at == 0),
                "".join(text for at, text in words if at > 0),
            )


def _span(span: str) -> str:
    if span not in SPANS:
        raise GamutError(f"There is no span {span!r}; use one of {', '.join(SPANS)}.")
    return SPANS[span]


def analysis_folders(workspace: Workspace) -> list[Path]:
    """The folders of all finished analyses, oldest first."""
    folders = [path.parent for path in workspace.analyses.glob(f"*/{DATABASE}") if path.parent.suffix != PARTIAL]
    return sorted(folders, key=lambda folder: ((folder / DATABASE).stat().st_mtime_ns, folder.name))


def all_analyses(workspace: Workspace) -> tuple[list[Analysis], list[str]]:
    """All finished analyses, oldest first, and a sentence for each that cannot be opened."""
    opened, damaged = [], []
    for folder in analysis_folders(workspace):
        try:
            opened.append(Analysis(folder))
        except GamutError as error:
            damaged.append(str(error))
    return opened, damaged


def open_analysis(workspace: Workspace, wanted: str) -> Analysis:
    """The analysis whose name or id (or its beginning, if only one has it) is `wanted`."""
    if (workspace.analyses / wanted / DATABASE).is_file():
        return Analysis(workspace.analyses / wanted)
    analyses, damaged = all_analyses(workspace)
    named = [a for a in analyses if a.name == wanted]
    found = named or [a for a in analyses if len(wanted) >= 4 and a.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{a.name} ({a.id})" for a in analyses) or "none yet"
    seen = "Several analyses are" if found else "There is no analysis"
    raise GamutError(" ".join([f"{seen} called {wanted!r}; there are: {known}.", *damaged]))


def free_name(workspace: Workspace, wanted: str, *, id: str) -> str:
    """`wanted`, made unlike the names of other analyses by the beginning of the id."""
    taken = {analysis.name for analysis in all_analyses(workspace)[0]}
    return f"{wanted}-{id[:6]}" if wanted in taken else wanted
