"""Reading an analysis equals looking at its rows one by one; damage is one sentence."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import GamutError
from core.store.analyses import all_analyses, open_analysis


@pytest.fixture
def analysis(made):
    return open_analysis(made, "made")


@pytest.fixture
def rows(analysis):
    query = "SELECT sample_id, feature_id, side, max, count, position FROM activations"
    return analysis.cursor().execute(query).fetchall()


@pytest.mark.parametrize(("span", "sides"), [("conversation", (0, 1)), ("prompt", (0,)), ("response", (1,))])
def test_the_roles_of_a_span_are_joined_by_their_maximum(analysis, rows, span, sides):
    expected = defaultdict(float)
    for sample, feature, side, peak, *_ in rows:
        if side in sides:
            expected[sample, feature] = max(expected[sample, feature], peak)
    found = analysis.activations(span=span)
    pairs = list(zip(found.sample.tolist(), found.feature.tolist(), strict=True))
    assert pairs == sorted(expected)
    assert found.strength.tolist() == [expected[pair] for pair in pairs]


def test_both_orders_hold_the_same_rows(analysis, rows):
    other = analysis.cursor().execute(
        "SELECT sample_id, feature_id, side, max, count, position FROM activations_by_feature"
    )
    assert sorted(other.fetchall()) == sorted(rows)


def test_features_of_a_sample_and_samples_of_a_feature(analysis, rows):
    of_feature, of_sample = defaultdict(dict), defaultdict(dict)
    for sample, feature, _, peak, *_ in rows:
        of_feature[feature][sample] = max(peak, of_feature[feature].get(sample, 0))
        of_sample[sample][feature] = max(peak, of_sample[sample].get(feature, 0))
    for feature in (0, 7, 39):
        best = sorted(of_feature[feature].items(), key=lambda item: (-item[1], item[0]))[:5]
        assert [(sample, peak) for sample, peak, _ in analysis.strongest_of(feature, limit=5)] == best
    for sample in (0, 33):
        top = {feature: max(of_feature[feature].values()) for feature in of_sample[sample]}
        best = sorted(of_sample[sample], key=lambda f: (-of_sample[sample][f] / top[f], f))
        found = analysis.features_of(sample, limit=4)
        assert [feature.feature_id for feature in found] == best[:4]
        assert found[0].samples == len(of_feature[best[0]])


def test_tokens_come_back_in_order_with_words_around(analysis):
    ids, roles = analysis.cursor().execute("SELECT token_ids, roles FROM tokens WHERE sample_id = 4").fetchone()
    texts, codes = analysis.tokens_of(4)
    assert texts == [f" w{token}" for token in ids] and codes == list(roles)
    before, at, after = next(analysis.words_around([(4, 3)], before=2, after=2))
    assert (before, at, after) == ("".join(texts[1:3]), texts[3], "".join(texts[4:6]))


def test_words_around_many_places_are_those_of_each_in_the_order_given(analysis):
    spoken = {sample: analysis.tokens_of(sample)[0] for sample in range(8)}
    places = [(sample, position) for sample in (5, 2, 5, 0) for position in range(len(spoken[sample]))]
    places += [places[0], places[-1]]  # the same place twice is two answers
    expected = [
        ("".join(spoken[s][max(0, p - 4) : p]), spoken[s][p], "".join(spoken[s][p + 1 : p + 3])) for s, p in places
    ]
    assert list(analysis.words_around(places)) == expected
    assert list(analysis.words_around([])) == []


def test_features_of_a_span_are_those_active_in_it(analysis):
    for span, side in (("response", 1), ("prompt", 0)):
        query = "SELECT feature_id, max FROM activations WHERE sample_id = 4 AND side = ? ORDER BY feature_id"
        found = sorted((f.feature_id, f.max) for f in analysis.features_of(4, limit=99, span=span))
        assert found == analysis.cursor().execute(query, [side]).fetchall()


def test_many_threads_read_at_once(analysis):
    alone = [analysis.features_of(sample) for sample in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(analysis.features_of, range(40))) == alone


def test_a_damaged_analysis_is_told_and_closes_no_other(made):
    broken = made.analyses / "ffffffffffffffff"
    broken.mkdir()
    (broken / "activations.duckdb").write_bytes(b"junk")
    opened, damaged = all_analyses(made)
    assert [analysis.name for analysis in opened] == ["made"]
    assert len(damaged) == 1 and "cannot be opened" in damaged[0]
    with pytest.raises(GamutError, match="cannot be opened"):
        open_analysis(made, "ffffffffffffffff")
    assert open_analysis(made, "made").n_samples == 60


def test_a_newer_store_is_refused_in_a_sentence(made):
    import duckdb

    with duckdb.connect(str(made.analyses / "0123456789abcdef" / "activations.duckdb")) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format_version'")
    with pytest.raises(GamutError, match="made by a newer Gamut; update this one"):
        open_analysis(made, "0123456789abcdef")
