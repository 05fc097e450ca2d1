"""Questions about neurons: sides as typed and linked, answers beside plain numpy, and what the store does not hold."""

import numpy as np
import pytest

from core.errors import GamutError
from core.scores.capability import save_capability
from core.scores.enrichment import sides_of, strata_of
from core.selection.neuron_again import Reading, again, read_command
from core.selection.neuron_answer import beyond_chance, rows_of, sentence, table_csv, typical
from core.selection.neuron_picture import NotKept, picture, picture_path
from core.selection.neuron_sides import NeuronQuestion, NeuronSide, drawn, one_sample, parse_side, resolve, typed
from core.store.analyses import open_analysis
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.vectors import layer_means, neurons_in_layer, neurons_in_sample, vectors_in_layer
from tests.made import SAMPLES, SHAPE, made_analysis
from tests.scores.test_alignment import made_capability

FEW = Budgets(vectors=40_000)  # not every neuron of 60 samples, but their vectors
MADE = "0123456789abcdef"  # by its id, as another may have its name
SOME = 'filter:{"ids":[1,4,9,16,25,36,49]}'


def asked_of(workspace, a, b=None, *, name=MADE, site="mlp", equal_length=True):
    analysis = open_analysis(workspace, name)
    dataset = Dataset(workspace, "made")
    sides = [None if side is None else parse_side(side, dataset) for side in (a, b)]
    question = NeuronQuestion(a=sides[0], b=sides[1], site=site, equal_length=equal_length)
    return resolve(workspace, analysis, dataset, question)


def rows_at(workspace, layer, site):
    analysis = open_analysis(workspace, MADE)
    found = neurons_in_layer(analysis, layer).means if site == "mlp" else vectors_in_layer(analysis, layer)[0]
    return found.astype(np.float64)


@pytest.mark.parametrize("site", ["mlp", "residual"])
@pytest.mark.parametrize("equal_length", [True, False])
def test_a_comparison_equals_plain_numpy_and_is_read_back_as_it_was_made(made, site, equal_length):
    asked = asked_of(made, SOME, "rest", site=site, equal_length=equal_length)
    found = picture(asked)
    sides = sides_of(asked.frame.a, asked.frame.b, asked.frame.same)
    code, strata = strata_of(sides, asked.frame.tokens)
    for layer in range(SHAPE.layers):
        rows = rows_at(made, layer, site)
        if equal_length:
            parts = [
                (a * b / (a + b), rows[code == 2 * s].mean(axis=0) - rows[code == 2 * s + 1].mean(axis=0))
                for s, (a, b) in enumerate(strata.sizes)
                if a and b
            ]
            wanted = sum(w * d for w, d in parts) / sum(w for w, _ in parts)
        else:
            wanted = rows[sides.a].mean(axis=0) - rows[sides.b].mean(axis=0)
        np.testing.assert_allclose(found.difference[layer], wanted, atol=1e-9)
        np.testing.assert_allclose(found.in_spreads[layer], wanted / rows.std(axis=0), atol=1e-9)
        assert typical(found)[layer] == pytest.approx(np.sqrt(np.mean((wanted / rows.std(axis=0)) ** 2)))
    again_read = picture(asked)
    for part in ("a", "b", "whole", "spread"):
        assert np.array_equal(getattr(found, part), getattr(again_read, part))
    assert again_read.notes == found.notes and again_read.chance.limit == found.chance.limit
    assert (found.n_a, found.n_b) == (int(sides.a.sum()), int(sides.b.sum()))
    assert sentence(found) == sentence(again_read)


def test_a_sample_by_itself_is_what_the_store_keeps_of_it(made):
    found = picture(asked_of(made, "sample:17"))
    kept = neurons_in_sample(open_analysis(made, MADE), 17).means
    np.testing.assert_allclose(found.a, kept.astype(np.float64), rtol=1e-12)
    assert found.b is None and found.n_a == 1 and sentence(found).startswith("Sample 17 drives hardest")
    assert all(row.b is None and row.beyond is None for row in rows_of(found, "spread", [(0, 3)]))


def test_a_capability_is_compared_by_its_own_means(made):
    saved = save_capability(made, made_capability())
    found = picture(asked_of(made, "capability:maths", "rest"))
    np.testing.assert_allclose(found.a, saved.means["mlp"], rtol=1e-6)
    np.testing.assert_allclose(
        found.b[1], rows_at(made, 1, "mlp").mean(axis=0), atol=1e-9
    )  # the rest of nothing is all
    assert (found.n_a, found.n_b) == (12, SAMPLES) and "keeps no lengths" in found.notes[0]
    assert found.chance.limit > 0 and "at equal length" not in sentence(found)
    assert " all samples " in sentence(found) and "the rest" not in sentence(found)
    save_capability(made, made_capability("other", sha256="1"))
    with pytest.raises(GamutError, match="learned on"):
        asked_of(made, "capability:other", "all")


def test_a_difference_that_was_planted_is_told_and_random_groups_are_not(made):
    found = picture(asked_of(made, SOME, "rest"))  # made neurons are noise
    assert beyond_chance(found) <= 2
    assert "random groups" in sentence(found)


def test_sides_are_typed_linked_and_read_back(made):
    dataset = Dataset(made, "made")
    for text in ("all", "rest", "sample:3", "capability:maths", "selection:small", "flag=refusal", "language=de", SOME):
        side = parse_side(text, dataset)
        assert parse_side(typed(side), dataset) == side
        assert NeuronSide.from_dict(side.as_dict()) == side
    assert one_sample(3).words() == "sample 3" and one_sample(3).sample_id == 3
    assert parse_side(SOME, dataset).sample_id is None


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("sample:60", None, "no sample '60'"),
        ("nonsense", None, "sample:ID, capability:NAME"),
        ("all", "all", "same samples as the other"),
        ("rest", "rest", "Both sets are"),
        ("flag=refusal", "rest", "Set A holds no sample"),
        ("capability:gone", "rest", "no capability 'gone'"),
        ("analysis:gone", "rest", "no analysis called 'gone'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(made, a, b, words):
    with pytest.raises(GamutError, match=words):
        picture(asked_of(made, a, b))


def test_where_only_the_strongest_are_kept_sums_and_strongest_tell_what_they_can(made):
    analysis = made_analysis(made, Dataset(made, "made"), id="few0", budgets=FEW)
    whole = picture(asked_of(made, "all", name="few0"))
    assert whole.how == "sums" and whole.spread is None
    np.testing.assert_allclose(whole.a, layer_means(analysis).means)
    sample = picture(asked_of(made, "sample:5", name="few0"))
    kept = neurons_in_sample(analysis, 5)
    assert sample.how == "strongest" and np.isnan(sample.a).sum() == 2 * (SHAPE.neurons - 64)
    np.testing.assert_array_equal(np.take_along_axis(sample.a, kept.ids.astype(int), axis=1), kept.means)
    assert rows_of(sample, "value", [(0, int(kept.ids[0, 0]))])[0].rank >= 1
    with pytest.raises(NotKept, match="does not keep every neuron"):
        picture(asked_of(made, SOME, "rest", name="few0"))
    assert picture(asked_of(made, SOME, "rest", name="few0", site="residual")).how == "stored"


def test_what_was_read_again_is_the_answer_that_the_whole_store_gives(made):
    made_analysis(made, Dataset(made, "made"), id="few0", budgets=FEW)
    asked = asked_of(made, SOME, "rest", name="few0")
    plan = again(asked, most=None)
    assert len(plan.places) == SAMPLES and plan.tokens > 0
    reading = Reading(plan)
    for layer in range(SHAPE.layers):
        rows = neurons_in_layer(open_analysis(made, MADE), layer).means
        for part in np.array_split(plan.places, 5):
            reading.add(layer, part, rows[part])
    reading.finish()
    found, wanted = picture(asked), picture(asked_of(made, SOME, "rest"))
    assert found.how == "read again" and "read again" in found.notes[0]
    for part in ("a", "b", "whole", "spread"):
        np.testing.assert_allclose(getattr(found, part), getattr(wanted, part), atol=1e-9)
    assert found.chance.limit == pytest.approx(wanted.chance.limit, rel=1e-3)


def test_a_draw_takes_at_most_so_many_of_each_side_by_seed_and_says_so(made):
    made_analysis(made, Dataset(made, "made"), id="few0", budgets=FEW)
    asked = asked_of(made, SOME, "rest", name="few0", equal_length=False)
    places = drawn(asked, 5)
    assert len(places) == 10 and asked.frame.a[places].sum() == 5
    assert np.array_equal(places, drawn(asked, 5)) and not np.array_equal(places, drawn(asked, 5, seed=1))
    plan = again(asked, most=5)
    assert [ids.tolist() for _, ids in plan.wanted()] == [places.tolist()]
    assert read_command(asked, 5)[-2:] == ["--most", "5"]
    assert not picture_path(asked).exists()


def test_a_file_of_neurons_holds_every_value(made):
    found = picture(asked_of(made, SOME, "rest"))
    lines = "".join(table_csv(found, "spread", [(1, 7), (0, 2)])).splitlines()
    assert lines[0].split(",")[:4] == ["layer", "neuron", "rank", "a"]
    cells = lines[1].split(",")
    assert cells[:2] == ["1", "7"] and float(cells[5]) == pytest.approx(found.difference[1, 7], rel=1e-8)
