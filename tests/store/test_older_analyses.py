"""An analysis of format version 1 opens as ever; what it never held is named in a sentence."""

import duckdb
import pytest

from core.errors import GamutError
from core.store.analyses import Analysis, open_analysis
from core.store.content_hash import content_hash
from core.store.duck import written_database
from core.store.features import contrasts_of, direction_of, examples_of, histogram_of, histograms
from core.store.merge import merged_contents
from core.store.vectors import (
    group_names,
    layer_means,
    massive_tokens,
    neurons_in_layer,
    neurons_in_sample,
    projection,
    vectors_in_layer,
)

# The tables of version 1 and their keys, as its finaliser made them.
TABLES = {
    "samples": "SELECT * EXCLUDE massive_tokens FROM {0} ORDER BY sample_id",
    "activations": "FROM {0} ORDER BY sample_id, feature_id, side",
    "activations_by_feature": "FROM {0} ORDER BY feature_id, sample_id, side",
    "features": "SELECT feature_id, samples, tokens, max FROM {0} ORDER BY feature_id",
    "tokens": "FROM {0} ORDER BY sample_id",
    "vocabulary": "FROM {0} ORDER BY token_id",
}
KEYS = {
    "samples": ("sample_id",), "activations": ("sample_id", "feature_id", "side"), "features": ("feature_id",),
    "tokens": ("sample_id",), "vocabulary": ("token_id",),
}  # fmt: skip


@pytest.fixture
def old(made) -> Analysis:
    """The made analysis as version 1 would have written it."""
    new = open_analysis(made, "made")
    meta = {key: value for key, value in new.meta.items() if key != "contents"}
    new.close()
    path = new.folder / "activations.duckdb"
    moved = path.rename(path.with_name("new.duckdb"))
    with written_database(path) as connection:
        connection.execute(f"ATTACH '{moved}' AS new (READ_ONLY)")
        for table, query in TABLES.items():
            connection.execute(f"CREATE TABLE {table} AS {query.format(f'new.{table}')}")
        connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
        meta |= {"format_version": "1", "content_hash": content_hash(connection, KEYS)}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        connection.execute("DETACH new")
    return Analysis(new.folder)


def test_it_opens_with_its_hash_and_all_that_it_held(old, made):
    assert old.recompute_hash() == old.content_hash == open_analysis(made, "made").content_hash
    with duckdb.connect(str(old.folder / "new.duckdb"), read_only=True) as new:
        richness = new.execute("SELECT richness FROM samples ORDER BY sample_id").fetchnumpy()["richness"]
        rows = new.execute("SELECT count(*) FROM (SELECT DISTINCT sample_id, feature_id FROM activations)").fetchall()
    assert (old.counts.richness == richness).all() and len(old.activations().sample) == rows[0][0]
    assert old.features_of(3) and old.strongest_of(old.features_of(3)[0].feature_id) and old.tokens_of(3)[0]
    assert old.live_features > 0


@pytest.mark.parametrize(
    "read",
    [
        histograms, lambda a: histogram_of(a, 0), lambda a: examples_of(a, 0), lambda a: contrasts_of(a, 0),
        lambda a: direction_of(a, 0), group_names, layer_means, lambda a: neurons_in_layer(a, 0),
        lambda a: neurons_in_sample(a, 0), lambda a: vectors_in_layer(a, 0), projection, massive_tokens,
        lambda a: merged_contents([a, a]),
    ],
)  # fmt: skip
def test_what_it_never_held_is_a_sentence(old, read):
    with pytest.raises(
        GamutError, match="was made by an older Gamut, which kept only the activations; analyse the data set"
    ):
        read(old)


def test_a_newer_one_is_refused(made):
    analysis = open_analysis(made, "made")
    analysis.close()
    with duckdb.connect(str(analysis.folder / "activations.duckdb")) as connection:
        connection.execute("UPDATE meta SET value = '3' WHERE key = 'format_version'")
    with pytest.raises(GamutError, match="made by a newer Gamut"):
        Analysis(analysis.folder)
