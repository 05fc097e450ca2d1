"""The language model: same weights after a stop, what is saved, what is refused."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.errors import GamutError
from core.training.lm import train_lm
from core.training.lm_steps import batch, learning_rate
from core.training.loss import next_token_loss
from core.training.settings import LmSettings
from core.training.windows import Stream, Tokens


def run(source: Path, folder: Path, settings: LmSettings, stop_at: int | None = None) -> bool:
    done = []
    return train_lm(
        source=source,
        to=folder / "model",
        work=folder / "work",
        settings=settings,
        progress=lambda step, total, note: done.append((step, total)),
        stop=lambda: stop_at is not None and done[-1][0] >= stop_at,
    )


def test_a_stopped_and_resumed_run_gives_the_weights_of_an_undisturbed_one(
    source: Path, tiny: LmSettings, tiny_model: Path, tmp_path: Path
) -> None:
    assert run(source, tmp_path, tiny, stop_at=2) is False
    assert not (tmp_path / "model").exists()
    assert run(source, tmp_path, tiny, stop_at=5) is False
    assert run(source, tmp_path, tiny) is True
    resumed, undisturbed = (load_file(p / "model.safetensors") for p in (tmp_path / "model", tiny_model))
    assert resumed.keys() == undisturbed.keys()
    for name, weights in undisturbed.items():
        assert torch.equal(weights, resumed[name]), name


def test_the_saved_model_loads_with_the_auto_classes_and_without_a_hub(tiny_model: Path, tiny: LmSettings) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model, local_files_only=True)
    ids = tokenizer("the cat sat 22")["input_ids"]
    assert tokenizer.is_fast and tokenizer.chat_template is None and tokenizer.model_max_length == tiny.context
    assert ids[0] == tokenizer.bos_token_id == model.config.bos_token_id and ids.count(tokenizer.bos_token_id) == 1
    assert tokenizer.decode(ids, skip_special_tokens=True) == "the cat sat 22"
    assert tokenizer.tokenize("a 22")[-2:] == ["2", "2"]  # one digit a token
    assert next(model.parameters()).dtype == torch.bfloat16
    assert not list(tiny_model.parent.glob(".*"))


def test_a_checkpoint_of_other_settings_is_refused(source: Path, tiny: LmSettings, tmp_path: Path) -> None:
    run(source, tmp_path, tiny, stop_at=1)
    with pytest.raises(GamutError, match="made with other settings"):
        run(source, tmp_path, dataclasses.replace(tiny, lr=1e-4))


def test_windows_that_do_not_divide_a_step_are_refused() -> None:
    with pytest.raises(GamutError, match="cannot be cut into windows"):
        LmSettings(step_tokens=1000)


def test_the_stream_holds_every_document_once_an_epoch_and_targets_follow_their_inputs(
    tiny: LmSettings,
) -> None:
    starts = np.array([0, 40, 100, 130])
    tokens = Tokens(np.arange(130, dtype=np.uint16), np.zeros(130, np.uint8), starts, np.zeros(3, np.int64))
    stream = Stream(tokens=tokens, seed=3)
    epochs = stream.take(0, 260)
    assert sorted(epochs[:130]) == sorted(epochs[130:]) == list(range(130))
    assert np.array_equal(stream.take(120, 30), epochs[120:150])  # also across the seam
    settings = dataclasses.replace(tiny, steps=10, decay=2)
    short, long = batch(stream, 0, settings), batch(stream, 8, settings)
    assert short.shape == (4, 17) and long.shape == (
        2,
        33,
    )  # 64 tokens as 4 x 16, later as 2 x 32, plus a target
    assert np.array_equal(short[:, :-1].flatten(), epochs[:64])
    assert np.array_equal(short[:, 1:].flatten(), epochs[1:65])


def test_the_rate_warms_up_stays_and_falls_to_its_end(tiny: LmSettings) -> None:
    settings = dataclasses.replace(tiny, steps=100, warmup=10, decay=30)
    rates = [learning_rate(step, settings) for step in range(101)]
    assert rates[0] == settings.lr / 10 and set(rates[9:71]) == {settings.lr}
    assert rates[100] == pytest.approx(settings.lr * settings.lr_end)
    assert all(a > b for a, b in itertools.pairwise(rates[70:]))


def test_a_run_may_change_its_length_until_its_decay_begins(
    source: Path, tiny: LmSettings, tiny_model: Path, tmp_path: Path
) -> None:
    run(source, tmp_path, dataclasses.replace(tiny, steps=40), stop_at=3)
    assert run(source, tmp_path, tiny) is True  # 6 steps, of which 2 are decay
    a, b = (load_file(p / "model.safetensors") for p in (tmp_path / "model", tiny_model))
    assert all(torch.equal(a[name], b[name]) for name in a)
    with pytest.raises(GamutError, match="go on with 6"):
        run(source, tmp_path, dataclasses.replace(tiny, steps=40))


def test_the_chunked_loss_has_the_value_and_gradients_of_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(600, 8, generator=generator, requires_grad=True)
    weight = torch.randn(50, 8, generator=generator, requires_grad=True)
    targets = torch.randint(50, (600,), generator=generator)
    ours = next_token_loss(hidden=hidden, weight=weight, targets=targets, bf16=False)
    plain = torch.nn.functional.cross_entropy(hidden @ weight.T, targets)
    assert ours.item() == pytest.approx(plain.item(), abs=1e-6)
    for a, b in zip(
        torch.autograd.grad(3 * ours, [hidden, weight]),
        torch.autograd.grad(3 * plain, [hidden, weight]),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-6)
