"""Statistics: every figure against the rows counted by eye, and against themselves on real rows."""

import gzip
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.datasets.count_tokens import token_counts
from core.store.dataset_statistics import Categories, ColumnSummary, length_edges, statistics_of
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.store.facts_made import HOSTILE, ROWS, facts_workspace


def test_every_figure_is_what_the_rows_say(workspace, tmp_path):
    found = statistics_of(facts_workspace(workspace, tmp_path))
    asked, said = (sum(token_counts([row[at] for row in ROWS])) for at in (0, 1))
    assert (found.rows, found.left_out, found.no_response) == (8, 0, 1)
    assert (found.tokens, found.prompt_tokens, found.response_tokens) == (asked + said, asked, said)
    assert found.turns == ((2, 8),)
    assert dict(found.languages) == {"": 5, "en": 2, "de": 1}
    assert (found.duplicate_groups, found.duplicate_rows) == (1, 2)
    assert {name: rows for name, rows in found.flags if rows} == {"refusal": 1, "template_tokens": 1}
    assert len(found.flags) == 7 and found.flagged == 2
    assert found.categories[0] == Categories("topic", (("sea", 3), ("sums", 3), ("odd 'value'", 1)), 0, 0, 1)
    assert found.categories[1].column == HOSTILE and found.categories[1].values[0] == ("x", 4)
    assert found.columns[1] == ColumnSummary("score", "number", "score", 6, 1)
    assert sum(found.lengths.prompt) == sum(found.lengths.response) == 8
    assert found.lengths.response[0] == 1  # the row without an answer


@given(st.integers(min_value=0, max_value=10**8))
def test_bins_grow_by_half_octaves_and_hold_the_longest(longest):
    edges = length_edges(longest)
    assert edges[-2] <= longest or edges == (0, 1, 2)
    assert longest < edges[-1]
    assert all(1.3 < high / low <= 2 for low, high in pairwise(edges[1:]))


def test_a_category_of_many_values_names_the_most_and_counts_the_rest(workspace, tmp_path):
    import duckdb

    dataset = facts_workspace(workspace, tmp_path)
    path = workspace.datasets / "facts" / "samples.duckdb"
    dataset.cursor().close()
    dataset._connection.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM metadata")
        connection.execute("INSERT INTO metadata SELECT i, 'v' || least(i, 39), 0, NULL FROM range(45) t(i)")
    topics = statistics_of(Dataset(workspace, "facts")).categories[0]
    assert topics.values[0] == ("v39", 6) and len(topics.values) == 30
    assert (topics.others, topics.more) == (10, 10)


def test_a_real_set_adds_up(workspace, real_data, tmp_path):
    file = tmp_path / "libre.json"
    file.write_bytes(gzip.decompress((real_data / "llama_factory" / "alpaca_zh_demo.json.gz").read_bytes()))
    import_dataset(workspace, file, name="zh")
    found = statistics_of(Dataset(workspace, "zh"))
    assert found.rows == 1000 == sum(rows for _, rows in found.turns) == sum(found.lengths.response)
    assert dict(found.languages)["zh"] >= 950
    assert dict(found.flags)["language_mismatch"] == 5 and dict(found.flags)["refusal"] == 34
    assert found.prompt_tokens + found.response_tokens == found.tokens > 0
