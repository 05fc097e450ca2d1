"""Maps: templates of columns in braces, filled from any table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.formats import BadRecord
from core.datasets.mapping import read_map, with_written_numbers
from core.datasets.options import ImportOptions, typed_template, written_template
from core.errors import GamutError


def fill(template: str, record: dict, role: str = "user") -> str:
    turns = read_map([(role, template), ("assistant", "{always}")]).read({**record, "always": "x"}).turns
    return turns[0].text if len(turns) > 1 else ""


@pytest.mark.parametrize(
    ("template", "record", "expected"),
    [
        ("{Body} {Question}", {"Body": "b", "Question": "q"}, "b q"),
        ("{{{a}}} }}{{", {"a": "x"}, "{x} }{"),
        ("{a.b.c}", {"a": {"b": {"c": "deep"}}}, "deep"),
        ("{answers[0].text}", {"answers": [{"text": "first"}, {"text": "second"}]}, "first"),
        ("{choices[answer]}", {"choices": ["x", "y"], "answer": 1}, "y"),
        ("{choices[answer]}", {"choices": ["x", "y"], "answer": "B"}, "y"),
        ("{choices[answer]}", {"choices": ["x", "y"], "answer": "0"}, "x"),
        ("{list}", {"list": ["a", "b", 3]}, "a\nb\n3"),
        ("{flag}", {"flag": True}, "true"),
        ("{a.b}", {"a.b": "a column with a dot"}, "a column with a dot"),
        ("{my column}", {"my column": "spaces"}, "spaces"),
        ("{cell}", {"cell": r"as\nfound"}, r"as\nfound"),
    ],
)
def test_templates_are_filled(template, record, expected):
    assert fill(template, record) == expected


def test_numbers_stay_as_they_were_written():
    record = with_written_numbers(b'{"a": 51.0, "b": 1e3, "c": 12345678901234567890, "d": [0.10]}')
    assert fill("{a} {b} {c} {d}", record) == "51.0 1e3 12345678901234567890 0.10"


@pytest.mark.parametrize(
    ("template", "record", "reason"),
    [
        ("{a}", {"a": None}, "'a' is null, the user turn needs it"),
        ("{a}", {}, "'a' is missing, the user turn needs it"),
        ("{a[2]}", {"a": ["x"]}, r"no item 2 in a list of 1 \(counted from 0\)"),
        ("{a[b]}", {"a": ["x"], "b": "none"}, "'b' is 'none', a number from 0 or a letter is needed"),
        ("{a[b]}", {"a": ["x"], "b": -1}, "'b' is -1, a number from 0 or a letter"),
        ("{a.b}", {"a": "text"}, "'b' is looked for in text, an object is needed"),
        ("{a[0]}", {"a": "text"}, "an index into text, a list is needed"),
        ("{a}", {"a": {"b": 1}}, "'a' is an object; name the part wanted, such as {a.text}"),
        (
            "{a}",
            {"a": [{"b": 1}]},
            r"a list of more than texts and numbers; name the part wanted, such as {a\[0\].text}",
        ),
    ],
)
def test_a_row_that_a_template_does_not_fit_says_why(template, record, reason):
    with pytest.raises(BadRecord, match=reason):
        fill(template, record)


@pytest.mark.parametrize("role", ["input", "system"])
def test_input_and_system_may_be_empty(role):
    assert fill("{a}", {"a": None}, role=role) == ""


@pytest.mark.parametrize("template", ["{a", "a}", "{a}}", "{}", "{a..b}", "{a[]}", "no column at all", "{[0]}"])
def test_a_template_that_cannot_be_read_is_refused_in_a_sentence(template):
    with pytest.raises(GamutError, match="template"):
        read_map([("user", template)])


def test_columns_named_whole_are_used_up_and_those_named_in_part_stay_metadata():
    mapping = read_map([("user", "{q} {choices[answer]}"), ("assistant", "{answers[0].text}")])
    read = mapping.read({"q": "x", "choices": ["y"], "answer": 0, "answers": [{"text": "z"}], "more": 1})
    assert read.used == {"q"}


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    mapping = read_map([("user", "{Frage}"), ("assistant", "{choices[Nummer]}")])
    with pytest.raises(
        GamutError, match="names the columns 'Frage', 'Nummer', which f.csv does not have; its columns are q, choices"
    ):
        mapping.check([{"q": 1}, {"choices": []}], file="f.csv")
    mapping.check([{"Frage": 1}, {"choices": [], "Nummer": 0}], file="f.csv")


@given(st.text(max_size=30))
def test_line_ends_and_tabs_of_a_template_survive_the_command_line(text):
    assert typed_template(written_template(text)) == text


def test_what_is_typed_as_backslash_n_is_a_line_end():
    assert typed_template(r"{a}\n\t{b}\\n\x") == "{a}\n\t{b}\\n\\x"
    said = ImportOptions(map=(("user", "{a}\n{b}"),)).words()
    assert said == ["--map", r"user={a}\n{b}"]
