"""The fit card equals a plain computation, one sample at a time, with the library's own loss."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from core.activations.analyse import Pass
from core.activations.fit import measure_fit
from core.activations.fit_card import Fit, FitCard
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.activations.tokens import PROMPT, UNSCORED
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.workspace import BUNDLED_MODEL, DEMO_FILE
from tests.made import made_records, write_jsonl

SETTINGS = AnalysisSettings(batch_tokens=100, batch_samples=4)
LANGUAGES = ["en", "de", ""] * 4


@pytest.fixture
def machine(workspace, tmp_path, tiny):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(12)), name="d")
    identity = identify(Dataset(workspace, "d"), model=str(tiny["model"]), sae=str(tiny["sae"]), settings=SETTINGS)
    return Pass(identity, threads=1)


@pytest.fixture
def tokens(machine, workspace):
    return machine.tokenise(turns for _, turns in Dataset(workspace, "d").conversations())


class Replaced(nn.Module):
    """A block whose output is changed by hand after it has run."""

    def __init__(self, block, change):
        super().__init__()
        self.block, self.change = block, change

    def forward(self, *words, **named):
        out = self.block(*words, **named)
        return (self.change(out[0]), *out[1:]) if isinstance(out, tuple) else self.change(out)


def plain(machine, tokens, folder, wanted):
    """Explained variance, active features a token and the four losses over the wanted tokens, in plain loops."""
    sae = machine.sae.sae
    sae.activation_fn.use_sparse_activations = False
    full = AutoModelForCausalLM.from_pretrained(folder).eval()
    rows, scored, kept = [], [], []
    with torch.no_grad():
        for i in range(len(tokens.lengths)):
            span = slice(tokens.indptr[i], tokens.indptr[i + 1])
            ids = torch.from_numpy(tokens.ids[span].astype(np.int64))[None]
            states = full(input_ids=ids, output_hidden_states=True).hidden_states[machine.sae.block + 1][0]
            rows.append((ids, states))
            scored.append(torch.from_numpy(tokens.sides[span] != UNSCORED))
            kept.append(torch.from_numpy(wanted[span]) & scored[-1])
        everything = torch.cat([states[mask] for (_, states), mask in zip(rows, scored, strict=True)])
        group = torch.cat([states[mask] for (_, states), mask in zip(rows, kept, strict=True)])
        active = sae.encode(group)
        error = (group - sae.decode(active)).pow(2).sum()
        variance = 1 - error / (group - group.mean(0)).pow(2).sum()
        changes = [None, lambda x: sae.decode(sae.encode(x)), torch.zeros_like, everything.mean(0).expand_as]
        losses = []
        block = full.model.layers[machine.sae.block]
        for change in changes:
            nats = 0.0
            for (ids, _), mask, keep in zip(rows, scored, kept, strict=True):
                if change is not None:

                    def spliced(x, mask=mask, change=change):
                        return torch.where(mask[:, None], change(x[0]), x[0])[None]

                    full.model.layers[machine.sae.block] = Replaced(block, spliced)
                labels = torch.where(keep, ids[0], -100)[None]
                if keep.any():
                    nats += float(full(input_ids=ids, labels=labels).loss) * int(keep.sum())
            losses.append(nats / sum(int(keep.sum()) for keep in kept))
            full.model.layers[machine.sae.block] = block
    return float(variance), float((active > 0).sum(1).float().mean()), losses, int((active > 0).any(0).sum())


def agrees(fit: Fit, variance, active, losses):
    assert fit.explained_variance == pytest.approx(variance, rel=1e-4, abs=1e-5)
    assert fit.l0_mean == pytest.approx(active)
    said = (fit.loss_clean, fit.loss_spliced, fit.loss_zero, fit.loss_mean)
    assert said == pytest.approx(losses, rel=1e-4)
    assert len({round(loss, 4) for loss in said}) == 4, "the four ways are to differ, or nothing was tested"


def test_the_whole_and_each_group_equal_the_plain_computation(machine, tokens, tiny):
    card = measure_fit(
        machine.model, machine.sae, tokens, settings=SETTINGS, loss_samples=len(tokens.lengths), languages=LANGUAGES
    )
    everything = np.ones(len(tokens.ids), dtype=bool)
    variance, active, losses, alive = plain(machine, tokens, tiny["model"], everything)
    agrees(card.whole, variance, active, losses)
    assert card.features - card.dead == alive
    assert card.whole.tokens == card.whole.loss_tokens == np.count_nonzero(tokens.sides != UNSCORED)
    prompt = next(fit for fit in card.groups["role"] if fit.group == "prompt")
    agrees(prompt, *plain(machine, tokens, tiny["model"], tokens.sides == PROMPT)[:3])
    german = next(fit for fit in card.groups["language"] if fit.group == "de")
    owner = np.repeat(np.arange(12), tokens.lengths)
    agrees(german, *plain(machine, tokens, tiny["model"], owner % 3 == 1)[:3])


def test_every_grouping_counts_every_scored_token_once(machine, tokens):
    card = measure_fit(machine.model, machine.sae, tokens, settings=SETTINGS, loss_samples=5, languages=LANGUAGES)
    for kind in ("role", "position", "language"):
        assert sum(fit.tokens for fit in card.groups[kind]) == card.whole.tokens
        assert sum(fit.loss_tokens for fit in card.groups[kind]) == card.whole.loss_tokens
    assert {fit.group for fit in card.groups["language"]} == {"en", "de", "unknown"}
    assert 0 < card.whole.loss_tokens < card.whole.tokens, "losses rest on the first samples alone"
    assert card.cut_samples > 0 and card.all_tokens == len(tokens.ids) + card.cut_tokens
    assert card.l0_own == 4.0


def test_massive_tokens_are_counted_and_left_out_of_the_second_variance(machine, tokens):
    scored = np.flatnonzero(tokens.sides != UNSCORED)
    ids, counts = np.unique(tokens.ids[scored], return_counts=True)
    giant = int(ids[counts.argmin()])
    with torch.no_grad():
        machine.model.trunk.embed_tokens.weight[giant] *= 1000
    card = measure_fit(machine.model, machine.sae, tokens, settings=SETTINGS, loss_samples=1)
    assert card.massive == np.count_nonzero(tokens.ids[scored] == giant) > 0
    assert card.ordinary_variance != pytest.approx(card.whole.explained_variance)


def test_no_scored_token_is_said_and_not_a_division_by_zero(machine):
    from core.datasets.sample import Turn

    empty = machine.tokenise([(Turn("user", ""), Turn("assistant", ""))])
    card = measure_fit(machine.model, machine.sae, empty, settings=SETTINGS, loss_samples=1)
    assert card.whole.tokens == 0 and "no token to score" in card.verdict


FINE = dict(group="all", tokens=100, explained_variance=0.9, l0_mean=30.0, l0_median=30.0, loss_tokens=9,
            loss_clean=3.0, loss_spliced=3.1, loss_zero=9.0, loss_mean=7.0)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "No sign of a poor fit"),
        ({"explained_variance": 0.59}, "0.59 of the variance"),
        ({"loss_spliced": 4.3}, "0.78 of the loss"),
        ({"l0_mean": 70.0}, "70 active features where the SAE's own number is 32"),
        ({"l0_mean": 15.0}, "15 active features"),
    ],
)
def test_a_poor_fit_is_one_sentence_with_its_threshold(change, said):
    card = FitCard(
        samples=3, features=9, whole=Fit(**{**FINE, **change}), dead=1, l0_own=32.0, massive=0, ordinary_variance=0.9,
        cut_samples=0, cut_tokens=0, all_tokens=100,
    )  # fmt: skip
    assert said in card.verdict and card.verdict.count(".  ") == 0 and card.verdict.endswith(".")


@pytest.mark.model
def test_the_bundled_pair_fits_as_its_card_says(workspace, tmp_path):
    """Its card: explained variance 0.936 on unseen tasks, 0.955 on unseen rows; the demo's rows are rows."""
    if not (BUNDLED_MODEL / "model.safetensors").exists():
        pytest.skip("the bundled model is not here")
    lines = DEMO_FILE.read_text(encoding="utf-8").splitlines(keepends=True)[:20]
    (tmp_path / "d.jsonl").write_text("".join(lines), encoding="utf-8")
    import_dataset(workspace, tmp_path / "d.jsonl", name="d")
    dataset = Dataset(workspace, "d")
    machine = Pass(identify(dataset, model="bundled", sae="bundled", settings=AnalysisSettings()), threads=1)
    tokens = machine.tokenise(turns for _, turns in dataset.conversations())
    card = measure_fit(machine.model, machine.sae, tokens, settings=AnalysisSettings(), loss_samples=4)
    assert 0.92 < card.whole.explained_variance < 0.97
    assert card.whole.loss_recovered > 0.95 and not card.poor
    assert card.whole.l0_mean == card.l0_own == 32
