"""What trainers cut, drop and pack, against the trainers' own rules."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import run as command_line
from core.activations.tokenizer_files import tokenizer_key
from core.activations.trained_tokens import load_tokenizer, prepared, trained_rows
from core.datasets.sample import Turn
from core.errors import GamutError
from core.scores.trainer_rows import SHOWN, read_rows, rows_path
from core.scores.treatment import (
    NOTHING,
    RULES,
    TOO_LONG,
    Kept,
    by_axolotl,
    by_llama_factory,
    by_trl,
    left_of,
    packed,
    treat,
)
from core.selection.saved import load_selection
from core.store.datasets import Dataset

RUNS = st.lists(st.integers(0, 30), min_size=1, max_size=7)
ASKED, SAID = Turn("user", "Say something."), Turn("assistant", "Notes on the river.")


def mask(runs):
    return [bool(place % 2) for place, length in enumerate(runs) for _ in range(length)]


@given(RUNS, st.integers(1, 60))
@settings(max_examples=300)
def test_trl_and_axolotl_keep_what_a_look_at_every_token_keeps(runs, cutoff):
    flags = mask(runs)
    left = flags[:cutoff]
    assert by_trl(runs, True, cutoff) == (
        Kept(len(left), sum(left), len(flags) > cutoff) if any(left) else Kept(0, 0, len(flags) > cutoff, NOTHING)
    )
    dropped = by_axolotl(runs, True, cutoff).dropped
    assert (dropped == TOO_LONG) == (len(flags) > cutoff)
    assert bool(dropped) == (len(flags) > cutoff or len(flags) < 2 or not any(flags))


@given(RUNS, st.integers(1, 60))
@settings(max_examples=300)
def test_llama_factory_never_keeps_more_than_there_is_or_fits(runs, cutoff):
    kept = by_llama_factory(runs, True, cutoff)
    assert kept.tokens <= min(sum(runs), cutoff) and kept.trained <= sum(runs[1::2])
    if sum(runs) < cutoff:
        assert (kept.tokens, kept.trained, kept.cut) == (sum(runs), sum(runs[1::2]), False)


def test_llama_factory_cuts_question_and_answer_in_proportion():
    assert by_llama_factory([100, 300], True, 200) == Kept(200, 150, True)
    assert by_llama_factory([300, 20], True, 100) == Kept(100, 20, True)  # a short answer stays whole
    assert by_llama_factory([20, 300], True, 100) == Kept(100, 80, True)  # a short question stays whole
    assert by_llama_factory([10, 5], False, 100).dropped == "turns do not alternate"


@given(RUNS, st.integers(1, 60), st.sampled_from(list(RULES)))
@settings(max_examples=200)
def test_what_is_shown_as_left_of_a_row_is_what_is_counted(runs, cutoff, trainer):
    left, kept = left_of(runs, True, trainer=trainer, cutoff=cutoff), RULES[trainer](runs, True, cutoff)
    assert len(left) == sum(runs)
    assert (sum(left), sum(on and here for on, here in zip(mask(runs), left, strict=True))) == (
        kept.tokens,
        kept.trained,
    )


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
@settings(max_examples=100)
def test_packing_is_best_fit_decreasing(lengths):
    cutoff, free = 40, []
    for length in sorted(lengths, reverse=True):
        fits = [room for room in free if room >= length]
        if fits:
            free.remove(min(fits))
        free.append((min(fits) if fits else cutoff) - length)
    assert packed(lengths, cutoff) == len(free)


def test_packing_gives_as_many_sequences_as_trl():
    from datasets import Dataset
    from trl.data_utils import pack_dataset

    rng = random.Random(0)
    lengths = [rng.randint(1, 64) for _ in range(200)]
    rows = Dataset.from_dict({"input_ids": [[0] * length for length in lengths]})
    assert packed(lengths, 64) == len(pack_dataset(rows, 64, "bfd"))


def test_what_the_assistant_says_is_trained_on_with_the_token_that_ends_it():
    tokenizer = load_tokenizer("bundled")
    (row,) = trained_rows([(7, (ASKED, SAID))], tokenizer)
    trained = [token for token, on in zip(row.ids.tolist(), row.trained.tolist(), strict=True) if on]
    assert tokenizer.decode(trained, skip_special_tokens=True).strip() == SAID.text
    assert trained[-1] == tokenizer.eos_token_id and row.alternates
    assert sum(row.runs) == len(row.ids) and sum(row.runs[1::2]) == len(trained)
    rows = [((SAID,), False), ((ASKED, SAID, ASKED), False), ((Turn("system", "x"), ASKED, SAID), True)]
    found = trained_rows(((i, turns) for i, (turns, _) in enumerate(rows)), tokenizer)
    assert [each.alternates for each in found] == [alternates for _, alternates in rows]


def test_a_folder_without_a_tokenizer_is_a_sentence(tmp_path):
    with pytest.raises(GamutError, match=r"holds no tokenizer\.json; give the folder of a model"):
        load_tokenizer(str(tmp_path))


def test_the_command_line_keeps_the_rows_and_counts_each_of_them(made, capsys):
    here = ["--workspace", str(made.root)]
    assert command_line([*here, "select", "made", "--method", "random", "--rows", "30", "--name", "s"]) == 0
    capsys.readouterr()
    assert command_line([*here, "trainer-preview", "s", "--cutoff", "30", "--packing"]) == 0
    said = capsys.readouterr().out
    saved = load_selection(made, "s")
    key = tokenizer_key("bundled")
    rows = read_rows(rows_path(made, saved.dataset_hash, key=key, template="tokenizer", ids=saved.ids))
    assert [row.sample_id for row in rows] == list(load_selection(made, "s").ids)
    assert all(len(row.tokens) == sum(row.runs) for row in rows[:SHOWN]) and not rows[SHOWN].tokens
    for name in RULES:
        found = treat(((row.runs, row.alternates) for row in rows), trainer=name, cutoff=30, packing=True)
        assert found.rows + sum(found.dropped.values()) == 30
        line = next(line for line in said.splitlines() if line.startswith(name))
        assert str(found.trained) in line.split() and str(found.sequences) in line.split()


def test_a_budget_in_trained_tokens_is_the_trainers_and_verify_counts_again(made, tmp_path, capsys):
    here = ["--workspace", str(made.root)]
    select = [*here, "select", "made", "--method", "longest", "--trained-tokens", "60", "--name", "t"]
    as_trained = ["--for", "llama-factory", "--template", "llama-factory:chatml", "--cutoff", "24"]
    assert command_line([*select, *as_trained]) != 0
    assert "was not counted for this data set under the tokenizer bundled" in capsys.readouterr().err
    assert command_line([*here, "trained-tokens", "made", *as_trained[2:]]) == 0
    assert "--for llama-factory" in capsys.readouterr().out
    assert command_line([*select, *as_trained]) == 0
    ids = load_selection(made, "t").ids
    turns = dict(Dataset(made, "made").conversations())
    tokenizer = prepared(load_tokenizer("bundled"), "llama-factory:chatml")
    rows = trained_rows(sorted(turns.items()), tokenizer, template="llama-factory:chatml")
    trained = {row.sample_id: by_llama_factory(row.runs, row.alternates, 24).trained for row in rows}
    assert command_line([*here, "select", "made", "--method", "longest", "--percent", "100", "--name", "all"]) == 0
    order, spent, wanted = load_selection(made, "all").ids, 0, []
    for sample in order:
        spent += trained[sample]
        if spent > 60:
            break
        wanted.append(sample)
    assert list(ids) == wanted and len(wanted) > 1
    assert command_line([*here, "export", "t", "--to", str(tmp_path / "out.jsonl")]) == 0
    manifest = tmp_path / "out.jsonl.manifest.json"
    said = json.loads(manifest.read_text())
    assert said["selection"]["budget"]["counted"]["template"] == "llama-factory:chatml"
    lines = [line.removeprefix("python -m core ") for line in said["reproduce"]]
    assert lines[-3] == "trained-tokens made --tokenizer bundled --template llama-factory:chatml"
    assert "--trained-tokens 60 --for llama-factory" in lines[-2]
    capsys.readouterr()
    assert command_line([*here, "verify", str(manifest)]) == 0
    (made.root / "previews").rename(made.root / "elsewhere")
    assert command_line([*here, "verify", str(manifest)]) == 2
    assert "run `python -m core trained-tokens" in capsys.readouterr().out
