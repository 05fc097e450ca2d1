"""Merged analyses equal, byte for byte, one analysis that saw the same batches with the samples counted on."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import GamutError
from core.store.analyses import PARTIAL, Analysis
from core.store.contents import Budgets
from core.store.datasets import Dataset
from core.store.groups import Groups
from core.store.import_dataset import import_dataset
from core.store.merge import merge_analyses
from core.store.vectors import group_names, layer_means, neurons_in_sample
from core.workspace import Workspace
from tests.made import SHAPE, made_analysis, made_batches, made_records, write_jsonl

SIZES = (25, 38, 11)
WHOLE = sum(SIZES)
VECTOR_ROOM = 2 * WHOLE * SHAPE.layers * SHAPE.width * 4


@pytest.fixture
def sets(workspace: Workspace, tmp_path) -> list[Dataset]:
    made = []
    for number, rows in enumerate((*SIZES, WHOLE)):
        import_dataset(workspace, write_jsonl(tmp_path / f"{number}.jsonl", made_records(rows)), name=f"s{number}")
        made.append(Dataset(workspace, f"s{number}"))
    return made


def counted_on(batch, first: int):
    """The batch with every sample id raised by `first`."""
    before = np.zeros(first, np.int64)
    tokens = replace(
        batch.tokens, indptr=np.r_[before, batch.tokens.indptr], cut=np.r_[before, batch.tokens.cut],
        words=np.r_[before, batch.tokens.words],
    )  # fmt: skip
    return replace(batch, tokens=tokens, ids=(batch.ids + first).astype(np.int32))


def merged(workspace: Workspace, members: list[Analysis]) -> Analysis:
    partial = workspace.analyses / f"merged{PARTIAL}"
    vocabulary = [text for (text,) in members[0].cursor().execute("SELECT text FROM vocabulary").fetchall()]
    meta = {key: value for key, value in members[0].meta.items() if key not in ("format_version", "content_hash")}
    merge_analyses(partial, members, vocabulary=vocabulary, meta=meta)
    partial.rename(workspace.analyses / "merged")
    return Analysis(workspace.analyses / "merged")


@pytest.mark.parametrize(
    "budgets",
    [
        Budgets(),
        Budgets(examples=2 * SHAPE.n_features * 16 * 96),  # two examples a band: many must go
        Budgets(vectors=VECTOR_ROOM),  # every neuron of the smallest member only, vectors of all
        Budgets(vectors=VECTOR_ROOM - 1),  # vectors of the members, but not of the whole
    ],
    ids=["roomy", "few examples", "strongest neurons", "no vectors"],
)
def test_a_merge_equals_one_analysis_of_the_same_batches(workspace, sets, budgets):
    groups = [Groups(("a", "b"), np.arange(25) % 3), Groups(), Groups(("b", "c"), np.arange(11) % 3)]
    batches = [made_batches(np.random.default_rng(seed), size) for seed, size in enumerate(SIZES)]
    members = [
        made_analysis(workspace, sets[k], id=f"member{k}", batches=batches[k], groups=groups[k], budgets=budgets)
        for k in range(3)
    ]
    firsts = np.cumsum([0, *SIZES[:2]]).tolist()
    joined = [counted_on(batch, first) for own, first in zip(batches, firsts, strict=True) for batch in own]
    renumbered = np.zeros(WHOLE, np.int64)
    renumbered[:25] = groups[0].of
    renumbered[63:] = np.where(groups[2].of > 0, groups[2].of + 1, 0)
    whole = made_analysis(
        workspace, sets[3], id="whole", batches=joined, groups=Groups(("a", "b", "c"), renumbered), budgets=budgets
    )
    together = merged(workspace, members)
    assert together.contents == whole.contents
    assert together.content_hash == together.recompute_hash() == whole.content_hash
    assert group_names(together) == ["a", "b", "c"]


def test_the_merged_mean_is_the_members_weighted_by_their_tokens(workspace, sets):
    members = [made_analysis(workspace, sets[k], id=f"member{k}", seed=k) for k in range(2)]
    together = layer_means(merged(workspace, members), site="residual")
    own = [layer_means(member, site="residual") for member in members]
    weights = np.array([one.tokens for one in own])[:, :, None]
    np.testing.assert_array_equal(together.tokens, weights.sum(0)[:, 0])
    np.testing.assert_allclose(
        together.means, (weights * [one.means for one in own]).sum(0) / weights.sum(0), rtol=1e-12
    )


def test_a_pool_too_large_for_every_neuron_keeps_the_strongest_of_a_member_that_had_room(workspace, sets):
    budgets = Budgets(vectors=2 * 30 * SHAPE.layers * SHAPE.neurons * 2)  # room for 30 samples
    members = [made_analysis(workspace, sets[k], id=f"member{k}", seed=k, budgets=budgets) for k in (0, 2)]
    assert [member.contents.neurons for member in members] == ["every", "every"]
    together = merged(workspace, members)
    assert together.contents.neurons == "strongest"
    found, before = neurons_in_sample(together, 26), neurons_in_sample(members[1], 1)
    for layer in range(SHAPE.layers):
        order = sorted(range(SHAPE.neurons), key=lambda n, row=before.means[layer]: (-abs(row[n]), n))[:64]
        assert found.ids[layer].tolist() == order
        assert found.means[layer].tolist() == before.means[layer][order].tolist()


def test_analyses_with_other_budgets_are_not_merged(workspace, sets):
    members = [made_analysis(workspace, sets[k], id=f"member{k}", budgets=Budgets(vectors=k * 10**6)) for k in range(2)]
    with pytest.raises(GamutError, match="are of other models, SAEs or settings"):
        merged(workspace, members)
