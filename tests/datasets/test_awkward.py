"""Awkward files: which rows survive, which problems and repairs are named, and nothing that is raised but a sentence."""

import pytest

from core.datasets.read import open_source, records
from core.errors import GamutError
from tests.datasets.awkward import FILES, LEFT_OUT, awkward_folder


def outcome(found):
    values = [record.value for record in found if record.reason is None]
    problems = [(record.line, record.reason) for record in found if record.reason is not None]
    return values, problems, [rule for record in found for rule in record.repairs]


def assert_told(file, found):
    values, problems, repairs = outcome(found)
    assert values == list(file.values)
    assert [line for line, _ in problems] == [line for line, _ in file.problems]
    for (_, reason), (_, part) in zip(problems, file.problems, strict=True):
        assert part in reason
    assert repairs == list(file.repairs)
    for record in found:
        record.raw.decode() if record.reason is None else None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_awkward_file_ends_in_its_good_rows_and_named_problems(tmp_path, file):
    path = tmp_path / file.name
    path.write_bytes(file.content)
    if file.refused:
        with pytest.raises(GamutError) as said:
            list(records(open_source(path)))
        assert file.refused in str(said.value) and str(said.value).startswith(file.name) and "\n" not in str(said.value)
    else:
        assert_told(file, list(records(open_source(path))))


def test_a_folder_of_them_loses_no_file_silently(tmp_path):
    source = open_source(awkward_folder(tmp_path))
    found = {}
    heard = []
    for record in records(source, progress=heard.append):
        found.setdefault(record.file, []).append(record)
    assert list(found) == sorted(found) and len(found) == len(FILES) + len(LEFT_OUT)
    for file in FILES:
        if file.refused:
            (last,) = [record for record in found[file.name] if record.reason is not None]
            assert last.line == 0 and file.refused in last.reason
        else:
            assert_told(file, found[file.name])
    for name, reason in LEFT_OUT.items():
        assert [(record.line, record.reason) for record in found[name]] == [(0, reason)]
    assert heard == sorted(heard) and heard[-1] == source.size


def test_there_are_awkward_files_enough():
    assert len(FILES) >= 25 and len({file.name for file in FILES}) == len(FILES)
