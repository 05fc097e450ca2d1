"""`pilot`, `analyses pack` and `analyses open` as a person types them."""

import json
import shutil

import pytest

from core.__main__ import run
from core.jobs.state import DONE, JobSpec, jobs, read_job, write_spec
from core.store.analyses import open_analysis
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import made_records, write_jsonl


@pytest.fixture
def pair(workspace, tmp_path, tiny):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(40)), name="d")
    return ["--model", str(tiny["model"]), "--sae", str(tiny["sae"])]


def call(capsys, workspace, *words, code=0):
    capsys.readouterr()
    assert run(["--workspace", str(workspace.root), *map(str, words)]) == code
    out, err = capsys.readouterr()
    return err.strip().splitlines()[-1] if code else out


def test_a_pilot_then_an_analysis_that_keeps_it_and_says_how_far_off_it_was(capsys, workspace, pair):
    said = call(capsys, workspace, "pilot", "d", *pair)
    assert "fits this model poorly on this text" in said, "a random SAE fits no model"
    for words in (
        "explained variance",
        "role response",
        "position 1–31",
        "Bytes a sample",
        "A fit is called poor when",
    ):
        assert words in said
    values = json.loads(call(capsys, workspace, "--json", "pilot", "d", *pair))
    assert values["fit"]["whole"]["explained_variance"] < 0.6 and values["estimate"]["samples"] == 40
    call(capsys, workspace, "analyse", "d", *pair)
    shown = call(capsys, workspace, "analyses", "show", "d")
    assert "off by" in shown and "took" in shown
    values = json.loads(call(capsys, workspace, "--json", "analyses", "show", "d"))
    assert values["pilot"]["actual"]["runs"] == 1 and values["pilot"]["actual"]["seconds"] > 0
    assert [job.progress.state for job in jobs(workspace)] == [DONE] * 3


def test_without_a_pilot_there_is_none(capsys, workspace, pair):
    call(capsys, workspace, "analyse", "d", *pair, "--no-pilot")
    assert json.loads(call(capsys, workspace, "--json", "analyses", "show", "d"))["pilot"] is None
    assert not (workspace.root / "pilots").exists()


def test_pilot_or_not_the_content_is_the_same(capsys, workspace, pair, tmp_path):
    other = Workspace(tmp_path / "other")
    shutil.copytree(workspace.datasets, other.datasets)
    call(capsys, workspace, "analyse", "d", *pair)
    call(capsys, other, "analyse", "d", *pair, "--no-pilot")
    assert open_analysis(workspace, "d").content_hash == open_analysis(other, "d").content_hash


def test_packed_here_it_opens_there_with_its_pilot(capsys, workspace, pair, tmp_path):
    call(capsys, workspace, "analyse", "d", *pair)
    file, laptop = tmp_path / "d.tar.zst", Workspace(tmp_path / "laptop")
    assert "without its data set" in call(capsys, workspace, "analyses", "pack", "d", "--to", file)
    assert "is there already" in call(capsys, workspace, "analyses", "pack", "d", "--to", file, code=2)
    said = call(capsys, laptop, "analyses", "open", file)
    assert "its data set 'd' is not here: import the same file" in said
    assert "fits this model poorly" in call(capsys, laptop, "analyses", "show", "d")
    assert "not here" in call(capsys, laptop, "analyses", "pack", "d", "--to", tmp_path / "x", "--with-data", code=2)
    assert "in this workspace already" in call(capsys, laptop, "analyses", "open", file, code=2)
    shutil.rmtree(laptop.root)
    call(capsys, workspace, "analyses", "pack", "d", "--to", file, "--with-data", "--replace")
    assert "data set 'd' is here" in call(capsys, laptop, "analyses", "open", file)
    assert call(capsys, laptop, "rank", "d", "--method", "sae-greedy", "--upto", 3)


def test_a_pilot_of_nothing_is_one_plain_line(capsys, workspace, pair):
    for words, expected in (
        (["pilot", "nope"], "There is no data set 'nope'"),
        (["pilot", "d", "--model", "/no/model"], "There is no model in /no/model"),
        (["pilot", "d", "--max-length", "1"], "at least 2 tokens"),
        (["analyses", "open", "/no/file"], "There is no file /no/file"),
        (["layout", "nope"], "There is no analysis called 'nope'"),
    ):
        assert expected in call(capsys, workspace, *words, code=2)


@pytest.mark.parametrize("command", ["analyse", "pilot"])
def test_a_job_of_a_data_set_that_is_gone_ends_in_a_sentence(capsys, workspace, pair, command):
    shutil.rmtree(workspace.datasets / "d")
    spec = JobSpec("j", "t", [command, "d"], "2026-01-01T00:00:00.000+00:00")
    write_spec(workspace.jobs / "j", spec)
    assert "There is no data set 'd'" in call(capsys, workspace, command, "d", *pair, "--job", "j", code=2)
    assert read_job(workspace.jobs / "j").progress.note.startswith("There is no data set 'd'")
