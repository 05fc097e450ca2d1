"""What disks and people do to files: one plain sentence each, nothing lost, and never a number that is silently wrong."""

import errno
import os
import random
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.__main__ import run
from core.errors import GamutError
from core.jobs.state import FAILED, jobs
from core.store.analyses import Analysis, open_analysis
from core.store.datasets import Dataset
from core.store.duck import written_database
from core.store.import_dataset import import_dataset
from core.store.people import PIN, marked, set_mark
from core.workspace import Workspace
from tests.made import made_records, write_jsonl

MEGABYTE = 1 << 20


@contextmanager
def small_disk(folder: Path, size: str):
    """A file system of a given size; skips where this user may not mount one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def leaving(folder: Path, free: int):
    """Fill the disk of `folder` up to `free` bytes."""
    disk = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(b"\0" * max(0, disk.f_bavail * disk.f_frsize - free))
    try:
        yield
    finally:
        filler.unlink()


def one_sentence(capsys, code=2):
    err = capsys.readouterr().err
    assert "Traceback" not in err and "defect" not in err, err
    return err.strip().splitlines()[-1]


def test_on_a_full_disk_an_analysis_ends_in_a_sentence_and_goes_on_when_there_is_room(tmp_path, tiny, capsys):
    pair = ["--model", str(tiny["model"]), "--sae", str(tiny["sae"]), "--no-pilot", "--part-seconds", "0"]
    file = write_jsonl(tmp_path / "d.jsonl", made_records(60))
    whole = Workspace(tmp_path / "whole")
    import_dataset(whole, file, name="d")
    assert run(["--workspace", str(whole.root), "analyse", "d", *pair]) == 0
    with small_disk(tmp_path / "disk", "24m") as disk:
        workspace = Workspace(disk / "workspace")
        import_dataset(workspace, file, name="d")
        words = ["--workspace", str(workspace.root), "analyse", "d", *pair]
        failed = 0
        for free in (
            40_000,
            150_000,
            400_000,
            MEGABYTE,
            2 * MEGABYTE,
        ):  # while parts are written, then in the finaliser
            with leaving(disk, free):
                capsys.readouterr()
                code = run(words)
            if code:
                failed += 1
                assert code == 2 and "No space left" in one_sentence(capsys)
                newest = jobs(workspace)[0]
                assert newest.progress.state == FAILED and "free space" in newest.progress.note
                assert not list(workspace.root.rglob("*.duckdb.tmp")), "half a database fills the disk"
        assert failed >= 3
        assert run(words) == 0
        assert open_analysis(workspace, "d").recompute_hash() == open_analysis(whole, "d").content_hash


def test_a_database_that_outgrows_the_disk_leaves_nothing(tmp_path):
    with small_disk(tmp_path / "disk", "3m") as disk:
        with pytest.raises(OSError) as caught, written_database(disk / "x.duckdb") as made:
            made.execute("CREATE TABLE t AS SELECT random() AS x FROM range(2000000)")
        assert caught.value.errno == errno.ENOSPC
        assert not list(disk.glob("x*"))


def test_a_workspace_that_may_only_be_read_can_be_read(made, tmp_path, capsys):
    with small_disk(tmp_path / "disk", "32m") as disk:
        root = disk / "workspace"
        shutil.copytree(made.root, root)
        marks, data = Workspace(root), Dataset(Workspace(root), "made").content_hash
        set_mark(marks, data, 5, PIN)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for words in (
            ["datasets", "list"], ["datasets", "show", "made"], ["analyses", "list"], ["analyses", "show", "made"],
            ["analyses", "show", "made", "--hash"], ["rank", "made", "--method", "longest"],
        ):  # fmt: skip
            assert run(["--workspace", str(root), *words]) == 0, words
        assert marked(marks, data, PIN) == (5,)
        with pytest.raises(OSError, match="Read-only"):
            set_mark(marks, data, 6, PIN)
        capsys.readouterr()
        for words in (
            ["analyse", "made"], ["pilot", "made"], ["layout", "made"],
            ["select", "made", "--method", "longest", "--rows", "3", "--name", "s"],
            ["datasets", "add", str(tmp_path / "made.jsonl"), "--name", "other"],
            ["analyses", "pack", "made", "--to", str(disk / "a.tar.zst")],
        ):  # fmt: skip
            assert run(["--workspace", str(root), *words]) == 2, words
            assert "Read-only file system" in one_sentence(capsys), words


@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_byte_is_a_sentence_or_changes_no_number(made, seed, capsys):
    database = next(made.analyses.glob("*/activations.duckdb"))
    whole = database.read_bytes()
    opened = Analysis(database.parent)
    right = opened.content_hash
    rows = opened.activations().strength.tolist()
    opened.close()
    rng = random.Random(seed)
    told = 0
    for place in [*rng.sample(range(12_288), 15), *rng.sample(range(len(whole)), 30)]:
        database.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1 :])
        code = run(["--workspace", str(made.root), "analyses", "show", "0123456789abcdef", "--hash"])
        said = capsys.readouterr()
        if code:
            told += 1
            assert code == 2 and len(said.err.strip().splitlines()) == 1 and "Traceback" not in said.err, place
        else:
            assert said.out.strip() == right
            analysis = Analysis(database.parent)
            assert analysis.activations().strength.tolist() == rows, place
            analysis.close()
    assert told > 20


def test_a_flipped_byte_met_while_ranking_is_a_sentence_too(made, capsys):
    database = next(made.analyses.glob("*/activations.duckdb"))
    whole = database.read_bytes()
    rng = random.Random(9)
    for place in rng.sample(range(20_000, len(whole)), 25):
        database.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        shutil.rmtree(database.parent / "derived", ignore_errors=True)
        for words in (["analyses", "show", "0123456789abcdef"], ["rank", "0123456789abcdef", "--method", "richest"]):
            assert run(["--workspace", str(made.root), *words]) in (0, 2)
            said = capsys.readouterr().err
            assert "Traceback" not in said and "defect" not in said and len(said.strip().splitlines()) <= 1


@pytest.mark.parametrize("cut", [0, 1, 100, 4096, 8192, 12288, 300_000, 1_000_000])
def test_a_database_cut_short_is_a_sentence(made, cut):
    database = next(made.analyses.glob("*/activations.duckdb"))
    database.write_bytes(database.read_bytes()[:cut])
    with pytest.raises(GamutError, match="damaged"):
        Analysis(database.parent).recompute_hash()


def test_a_foreign_database_is_a_sentence(made):
    import duckdb

    database = next(made.analyses.glob("*/activations.duckdb"))
    for statement in ("SELECT 1", "CREATE TABLE meta (a INT)", "CREATE TABLE meta (key VARCHAR, value VARCHAR)"):
        database.unlink()
        with duckdb.connect(str(database)) as foreign:
            foreign.execute(statement)
        with pytest.raises(GamutError, match="not Gamut's"):
            Analysis(database.parent)
