"""What trainers cut, drop and pack, against the trainers' own rules."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import run as command_line
from core.activations.trained_tokens import load_tokenizer, trained_rows
from core.datasets.sample import Turn
from core.errors import GamutError
from core.export.trainer_rows import SHOWN, read_rows, rows_path
from core.export.treatment import NOTHING, RULES, TOO_LONG, Kept, by_axolotl, by_llama_factory, by_trl, packed, treat
from core.selection.saved import load_selection

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
    rows = read_rows(rows_path(made, load_selection(made, "s"), "bundled"))
    assert [row.sample_id for row in rows] == list(load_selection(made, "s").ids)
    assert all(len(row.tokens) == sum(row.runs) for row in rows[:SHOWN]) and not rows[SHOWN].tokens
    for name in RULES:
        found = treat(((row.runs, row.alternates) for row in rows), trainer=name, cutoff=30, packing=True)
        assert found.rows + sum(found.dropped.values()) == 30
        line = next(line for line in said.splitlines() if line.startswith(name))
        assert str(found.trained) in line.split() and str(found.sequences) in line.split()
