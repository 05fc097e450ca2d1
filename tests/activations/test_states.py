"""What hooks read of a model is what the model computes: identities, the library's own states, plain loops."""

import numpy as np
import pytest
import torch

from core.activations.anatomy import branch
from core.activations.decoder import decoder_rows, final_norm, through_norm
from core.activations.model import load_model
from core.activations.neurons import mlp_projections, neurons_of
from core.activations.sae import load_sae
from core.activations.states import StateReader, massive_tokens
from tests.families import BRANCHES, CENTRING, FAMILIES, INNER, family_folder
from tests.tiny import BLOCKS, FEATURES, WIDTH, tiny_sae


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, tmp_path_factory):
    folder = family_folder(tmp_path_factory.mktemp(request.param), request.param)
    return request.param, load_model(folder, dtype="float32")


def caught(module, run, *, inputs=False):
    """What `run` sends into or gets out of a module."""
    seen = []
    first = lambda value: value[0] if isinstance(value, tuple) else value  # noqa: E731
    if inputs:
        handle = module.register_forward_pre_hook(lambda _, given: seen.append(first(given)))
    else:
        handle = module.register_forward_hook(lambda _, __, out: seen.append(first(out)))
    with torch.no_grad():
        run()
    handle.remove()
    return seen[0]


def test_neurons_are_what_the_last_projection_of_the_mlp_takes(family):
    _, model = family
    ids = torch.randint(2, 256, (2, 9))
    projections = mlp_projections(model.blocks)
    assert len(projections) == BLOCKS and {neurons_of(one) for one in projections} == {INNER}
    for block, projection in zip(model.blocks, projections, strict=True):

        def run():
            model.trunk(input_ids=ids, use_cache=False)

        acts = caught(projection, run, inputs=True)
        assert acts.shape == (2, 9, INNER)
        torch.testing.assert_close(projection(acts), caught(block.mlp, run))
        if hasattr(block.mlp, "gate_proj"):
            given = caught(block.mlp, run, inputs=True)
            torch.testing.assert_close(acts, block.mlp.act_fn(block.mlp.gate_proj(given)) * block.mlp.up_proj(given))


def test_a_block_adds_what_its_attention_and_its_mlp_say(family):
    name, model = family
    ids = torch.randint(2, 256, (2, 9))
    for block in model.blocks:

        def run():
            model.trunk(input_ids=ids, use_cache=False)

        parts = [branch(block, part) for part in ("attention", "mlp")]
        assert parts == [getattr(block, part) for part in BRANCHES[name]]
        added = sum(caught(part, run) for part in parts)
        torch.testing.assert_close(caught(block, run) - caught(block, run, inputs=True), added, rtol=1e-4, atol=1e-5)


def test_sums_and_lasts_equal_the_library_and_plain_loops(family):
    _, model = family
    lengths = [12, 9, 4]
    ids = torch.randint(2, 256, (3, 12))
    scored = torch.zeros(3, 12, dtype=torch.bool)
    for row, length in enumerate(lengths):
        scored[row, 1 + row : length] = True
    projections = mlp_projections(model.blocks)
    reader = StateReader(model, projections, block=1, every_layer=True, mask_massive=False)
    states = reader.read(ids, scored)
    with torch.no_grad():
        hidden = model.trunk(input_ids=ids, output_hidden_states=True).hidden_states
    torch.testing.assert_close(states.hook, hidden[2], rtol=1e-5, atol=1e-5)
    for layer in range(BLOCKS):

        def run():
            model.trunk(input_ids=ids, use_cache=False)

        out, acts = caught(model.blocks[layer], run), caught(projections[layer], run, inputs=True)
        if layer < BLOCKS - 1:  # the library's last state is after the final norm
            torch.testing.assert_close(out, hidden[layer + 1], rtol=1e-5, atol=1e-5)
        for row, length in enumerate(lengths):
            span = slice(1 + row, length)
            np.testing.assert_allclose(states.residuals[layer, row], out[row, span].sum(0), rtol=2e-4, atol=2e-5)
            np.testing.assert_allclose(states.neurons[layer, row], acts[row, span].sum(0), rtol=2e-4, atol=2e-5)
            np.testing.assert_allclose(states.last[layer, row], out[row, length - 1], rtol=1e-4, atol=1e-5)
            assert states.counted[layer, row] == length - 1 - row


def test_without_every_layer_the_pass_stops_at_the_hook(family):
    _, model = family
    ran = []
    handles = [block.register_forward_hook(lambda *_, n=n: ran.append(n)) for n, block in enumerate(model.blocks)]
    reader = StateReader(model, mlp_projections(model.blocks), block=1, every_layer=False, mask_massive=True)
    ids, scored = torch.randint(2, 256, (2, 6)), torch.ones(2, 6, dtype=torch.bool)
    states = reader.read(ids, scored)
    for handle in handles:
        handle.remove()
    assert ran == [0, 1] and states.neurons is None and states.residuals.shape == (1, 2, WIDTH) and states.block == 0


def test_massive_tokens_are_beyond_ten_times_their_samples_median_and_count_on_wish_only():
    residual = torch.ones(2, 6, 3)
    residual[0, 4] = 10.5
    residual[1, 2] = 9.5
    residual[1, 0] = 1000  # never scored
    scored = torch.ones(2, 6, dtype=torch.bool)
    scored[:, 0] = False
    massive = massive_tokens(residual, scored)
    assert massive.nonzero().tolist() == [[0, 4]]
    assert not massive_tokens(residual, torch.zeros_like(scored)).any()


def test_masked_massive_tokens_count_neither_in_sums_nor_as_the_last(tiny):
    model = load_model(tiny["model"], dtype="float32")
    ids = torch.randint(2, 256, (1, 8))
    ids[0, -1] = 257
    with torch.no_grad():
        model.trunk.embed_tokens.weight[257] *= 1000
    scored = torch.ones(1, 8, dtype=torch.bool)
    scored[0, 0] = False
    masked, whole = (
        StateReader(model, [], block=1, every_layer=True, mask_massive=mask).read(ids, scored) for mask in (True, False)
    )
    assert masked.massive.tolist() == whole.massive.tolist() == [1]
    assert masked.counted[0].tolist() == [6] and whole.counted[0].tolist() == [7]
    scored[0, -1] = False
    without = StateReader(model, [], block=1, every_layer=True, mask_massive=True).read(ids, scored)
    np.testing.assert_array_equal(masked.residuals, without.residuals)
    np.testing.assert_array_equal(masked.last, without.last)


def test_samples_without_a_counted_token_say_zero(tiny):
    model = load_model(tiny["model"], dtype="float32")
    reader = StateReader(model, mlp_projections(model.blocks), block=1, every_layer=True, mask_massive=True)
    states = reader.read(torch.randint(2, 256, (1, 4)), torch.zeros(1, 4, dtype=torch.bool))
    assert not states.residuals.any() and not states.last.any() and not states.neurons.any()
    assert states.counted.tolist() == [[0]] * BLOCKS and states.massive.tolist() == [0]


def plain_norm(name, norm, row):
    """What the final norm does to a direction, up to a positive factor, from its weight alone."""
    weight = norm.weight.detach().double().numpy()
    if name in CENTRING:
        return (row - row.mean()) * weight
    return row * (1 + weight if name.startswith("gemma") else weight)


def test_promoted_and_suppressed_tokens_are_those_of_the_norms_own_formula(family, tmp_path):
    name, model = family
    sae = load_sae(tiny_sae(tmp_path), dtype="float32")
    rows = decoder_rows(model, sae).to_pylist()
    norm = final_norm(model)
    directions = sae.sae.W_dec.detach().double().numpy()
    unembedding = model.unembedding.double().numpy()[: len(model.tokenizer)]
    for feature, row in enumerate(rows):
        assert row["norm"] == pytest.approx(np.linalg.norm(directions[feature]), rel=1e-5)
        logits = unembedding @ plain_norm(name, norm, directions[feature])
        for column, order in (("promoted", np.argsort(-logits)), ("suppressed", np.argsort(logits))):
            assert len(set(row[column])) == 20
            np.testing.assert_allclose(logits[row[column]], logits[order[:20]], rtol=1e-3, atol=1e-6)
        ratio = np.array(row["promoted_logits"]) / logits[row["promoted"]]
        assert ratio.min() > 0 and np.ptp(ratio) < 1e-2 * ratio.max()


def test_a_direction_passes_the_norm_at_unit_size_whatever_its_own(family):
    _, model = family
    directions = torch.randn(5, WIDTH)
    passed = through_norm(final_norm(model), directions)
    torch.testing.assert_close(passed, through_norm(final_norm(model), directions * 1e-6), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("side", [3, 7, 40, FEATURES])  # blocks that do not divide the features, and all in one
def test_neighbours_are_the_largest_cosines(tmp_path, tiny, monkeypatch, side):
    sae = load_sae(tiny_sae(tmp_path), dtype="float32")
    monkeypatch.setattr("core.activations.decoder.SIDE", side)
    monkeypatch.setattr("core.activations.decoder.CELLS", 7 * FEATURES)
    rows = decoder_rows(load_model(tiny["model"], dtype="float32"), sae).to_pylist()
    unit = sae.sae.W_dec.detach().double()
    unit = (unit / unit.norm(dim=1, keepdim=True)).numpy()
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    assert len(rows) == FEATURES
    for feature, row in enumerate(rows):
        assert row["nearest"] == np.argsort(-cosines[feature])[:10].tolist()
        np.testing.assert_allclose(row["cosines"], np.sort(cosines[feature])[::-1][:10], atol=1e-5)
