"""Both rules against brute force on small data, and by hand on texts where the right answer is plain."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.sample import RESPONSE_ROLES, Turn
from core.scores import contamination, near_duplicates
from core.scores.contamination import NEAR, OVERLAP, Rules, find_contamination, longest_run
from core.scores.evaluation import EvaluationRow
from core.scores.ngrams import words

SMALL = Rules(words=5, whole_from=3, common=2, shingle=2, alike=0.5, fewest=2)
TEXT = st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=5)
SAMPLES = st.lists(
    st.lists(st.tuples(st.sampled_from(["user", "input", "assistant"]), TEXT), min_size=1, max_size=4), max_size=6
)


def rows_of(texts):
    return tuple(
        EvaluationRow("e.jsonl", line, tuple((f"f{at}", text) for at, text in enumerate(row)))
        for line, row in enumerate(texts, start=1)
    )


def conversations(samples):
    return [(place, tuple(Turn(role, text) for role, text in sample)) for place, sample in enumerate(samples)]


def runs(text, n):
    spoken = words(text)
    return {tuple(spoken[at : at + n]) for at in range(len(spoken) - n + 1)}


def expected(samples, rows, rules):
    """Every (sample, row): shared runs that count, and the highest index of any two parts; straight from the rules."""

    def counting(row):
        long = [text for text in row if len(words(text)) >= rules.words]
        if long:
            return set().union(*(runs(text, rules.words) for text in long))
        longest = max(len(words(text)) for text in row)
        whole = {tuple(words(text)) for text in row if len(words(text)) == longest}
        return whole if longest >= rules.whole_from else set()

    def common(sets):
        return {run for run in set().union(*sets) if sum(run in held for held in sets) > rules.common}

    marks = [counting(row) for row in rows]
    # runs of different lengths never meet, so counting over all of them at once is counting length by length
    marks = [held - common(marks) for held in marks]
    shingles = [set().union(*(runs(text, rules.shingle) for text in row)) for row in rows]
    boilerplate = common(shingles)
    found = {}
    for place, sample in enumerate(samples):
        texts = [text for _, text in sample]
        prompt = [text for role, text in sample if role not in RESPONSE_ROLES]
        parts = [[text] for text in texts] + [prompt, texts]
        sets = [set().union(*(runs(text, rules.shingle) for text in part)) - boilerplate for part in parts]
        for row, held in enumerate(marks):
            shared = sum(any(run in runs(text, len(run)) for text in texts) for run in held)
            others = [runs(text, rules.shingle) - boilerplate for text in rows[row]] + [shingles[row] - boilerplate]
            alike = max(
                (len(one & two) / len(one | two) for one in sets for two in others if len(two) >= rules.fewest),
                default=0,
            )
            if shared or alike >= rules.alike:
                found[place, row] = (shared, alike)
    return found


@given(SAMPLES, ROWS)
@settings(max_examples=150, deadline=None)
def test_both_rules_find_what_brute_force_finds(samples, rows):
    wanted = expected(samples, rows, SMALL)
    found = find_contamination(conversations(samples), rows_of(rows), rules=SMALL)
    assert [hit.sample_id for hit in found.hits] == sorted({place for place, _ in wanted})
    assert found.rows_hit == len({row for _, row in wanted})
    for hit in found.hits:
        mine = {row: pair for (place, row), pair in wanted.items() if place == hit.sample_id}
        shared, alike = mine[hit.row]
        assert (hit.shared, hit.rows) == (shared, len(mine)) and hit.jaccard == pytest.approx(alike, abs=1e-4)
        assert (OVERLAP in hit.rules) == any(shared for shared, _ in mine.values())
        assert (NEAR in hit.rules) == any(alike >= SMALL.alike for _, alike in mine.values())
        both = [(bool(s) + (a >= SMALL.alike)) for s, a in mine.values()]
        assert bool(shared) + (alike >= SMALL.alike) == max(both)


@given(SAMPLES, ROWS)
@settings(max_examples=60, deadline=None)
def test_how_the_work_is_cut_changes_nothing(samples, rows):
    whole = find_contamination(conversations(samples), rows_of(rows), rules=SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contamination, "CHUNK", 1)
        patch.setattr(near_duplicates, "WORK", 1)
        assert find_contamination(conversations(samples), rows_of(rows), rules=SMALL) == whole


@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_the_longest_run_is_the_longest_and_stands_where_it_is_said(texts, others):
    length, turn, span, field, there = longest_run(texts, others)
    every = [run for text in texts for n in range(1, 10) for run in runs(text, n)]
    assert length == max((len(run) for run in every if any(run in runs(o, len(run)) for o in others)), default=0)
    if length:
        assert words(texts[turn][slice(*span)]) == words(others[field][slice(*there)])
        assert len(words(texts[turn][slice(*span)])) == length


QUESTION = (
    "Janet’s ducks lay sixteen eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. How much does she make at the market?"
)


def check(sample, *texts, **rules):
    made = conversations([sample])
    return find_contamination(made, rows_of([[text] for text in texts]), rules=Rules(**rules)).hits


def test_a_copied_question_hits_by_both_rules_in_any_case_and_punctuation():
    (hit,) = check([("user", "Q: " + QUESTION.upper().replace("’", "'") + "!!"), ("assistant", "18")], QUESTION)
    assert hit.rules == (OVERLAP, NEAR) and hit.run_words == len(words(QUESTION)) and hit.jaccard > 0.9


def test_twelve_words_in_a_row_are_no_overlap_and_thirteen_are():
    spoken = words(QUESTION)
    other = " ".join(f"x{at}" for at in range(40))
    assert not check([("user", " ".join(spoken[:12]) + " " + other)], QUESTION)
    (hit,) = check([("user", " ".join(spoken[:13]) + " " + other)], QUESTION)
    assert hit.rules == (OVERLAP,) and hit.shared == 1 and hit.run_words == 13


def test_a_run_across_two_turns_or_two_fields_is_none():
    spoken = words(QUESTION)
    assert not check([("user", " ".join(spoken[:12])), ("assistant", " ".join(spoken[12:15]))], QUESTION, alike=1.0)
    halves = rows_of([[" ".join(spoken[:10]), " ".join(spoken[10:20])]])
    made = conversations([[("user", " ".join(spoken[4:17]))]])
    assert not find_contamination(made, halves, rules=Rules(alike=1.0)).hits


def test_a_question_with_other_names_and_numbers_is_a_near_duplicate_where_no_thirteen_words_are_shared():
    asked = words(QUESTION)
    changed = ["seven" if at in (12, 25) else word for at, word in enumerate(asked)]
    (hit,) = check([("user", " ".join(changed))], QUESTION, words=40, whole_from=40)
    assert hit.rules == (NEAR,) and 0.6 <= hit.jaccard < 0.75


def test_a_short_row_counts_by_its_whole_text_and_a_shorter_one_cannot_be_looked_for():
    eight, seven = "what is the last letter of the alphabet", "what is the name of the park"
    sample = [("user", f"tell me {eight} and {seven}")]
    found = find_contamination(conversations([sample]), rows_of([[eight], [seven]]))
    assert [(hit.row, hit.shared, hit.run_words) for hit in found.hits] == [(0, 1, 8)]
    assert (found.whole_rows, found.too_short, found.too_short_near) == (1, 1, 2)


def test_boilerplate_of_many_rows_makes_no_hit_and_is_counted():
    common = "the following are multiple choice questions with answers about what people know of the world"
    rows = rows_of([[f"{common} w{n} x{n}"] for n in range(10)] + [[common]])
    sample = [("user", common)]
    found = find_contamination(conversations([sample]), rows)
    # 15 words have three runs of 13 and thirteen of 3, each in eleven rows; the eleventh row has nothing else
    assert not found.hits and (found.common_runs, found.common_shingles, found.only_common) == (3, 13, 1)
    assert find_contamination(conversations([sample]), rows[:10]).hits


def test_chinese_is_compared_character_by_character():
    row = "小明有五个苹果，他给了小红两个苹果，请问他还剩下几个苹果？"
    (hit,) = check([("user", "问题：小明有五个苹果,他给了小红两个苹果!")], row)
    assert hit.rules == (OVERLAP, NEAR)
    assert hit.run_words == len(words("小明有五个苹果他给了小红两个苹果"))


def test_equal_inputs_give_equal_results_and_progress_hears_every_sample():
    rng = random.Random(0)
    samples = [[("user", " ".join(rng.choices("abcdefgh", k=30)))] for _ in range(50)]
    rows = rows_of([[" ".join(rng.choices("abcdefgh", k=30))] for _ in range(20)])
    heard = []
    one = find_contamination(conversations(samples), rows, rules=SMALL, progress=heard.append)
    assert one == find_contamination(iter(conversations(samples)), rows, rules=SMALL) and heard == [50]
    assert one.hits


def test_gsm8k_train_holds_a_test_question_with_other_numbers(real_data):
    from core.datasets.read import open_source, records

    test = [record.value for record in records(open_source(real_data / "gsm8k_test.jsonl.gz"))]
    train = [record.value for record in records(open_source(real_data / "gsm8k_train.jsonl.gz"))]
    samples = [[("user", record["question"]), ("assistant", record["answer"])] for record in train[:1500]]
    found = find_contamination(conversations(samples), rows_of([list(record.values()) for record in test]))
    # "Bella bought stamps at the post office …" and "A train travels 270 miles in 3 hours. At the same rate, …"
    assert [hit.sample_id for hit in found.hits] == [20, 406, 699, 1314]
    assert [hit.row + 1 for hit in found.hits] == [633, 582, 807, 603]
    assert found.hits[-1].rules == (OVERLAP, NEAR)
