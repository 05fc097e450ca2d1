"""Packed here, opened there: the same analysis, or one plain sentence and nothing left behind."""

import io
import json
import random
import shutil
import tarfile

import pytest
import zstandard

from core.errors import GamutError
from core.store.analyses import all_analyses, open_analysis
from core.store.datasets import Dataset
from core.store.pack import MANIFEST, pack
from core.store.unpack import open_pack
from core.workspace import Workspace


@pytest.fixture
def packed(made, tmp_path):
    analysis = open_analysis(made, "made")
    (analysis.folder / "derived").mkdir()
    (analysis.folder / "derived" / "labels-1.json").write_text('{"0": "numbers"}')
    (analysis.folder / "pilot.json").write_text("{}")
    (analysis.folder / ".duckdb_tmp").mkdir(exist_ok=True)
    file = tmp_path / "a.tar.zst"
    pack(analysis, file, dataset=Dataset(made, "made"))
    return file


@pytest.fixture
def laptop(tmp_path):
    return Workspace(tmp_path / "laptop")


def nothing_left(workspace):
    return not list(workspace.analyses.glob("[!.]*")) and not list(workspace.root.rglob("*.opening"))


def test_what_is_opened_is_what_was_packed(made, packed, laptop):
    opened = open_pack(laptop, packed)
    there, here = open_analysis(made, "made"), opened.analysis
    assert here.content_hash == there.content_hash == here.recompute_hash()
    assert (here.folder / "derived" / "labels-1.json").read_text() == '{"0": "numbers"}'
    assert (here.folder / "pilot.json").is_file()
    assert opened.dataset.name == "made" and opened.dataset.recompute_hash() == here.dataset_hash
    assert not list(laptop.root.rglob("*.opening"))


def test_the_same_analysis_packs_to_the_same_bytes(made, packed, tmp_path):
    again = tmp_path / "again.tar.zst"
    pack(open_analysis(made, "made"), again, dataset=Dataset(made, "made"))
    assert again.read_bytes() == packed.read_bytes()


def test_without_the_data_set_it_opens_and_says_so(made, laptop, tmp_path):
    pack(open_analysis(made, "made"), tmp_path / "b")
    opened = open_pack(laptop, tmp_path / "b")
    assert opened.dataset is None and opened.analysis.dataset == "made"


def test_a_data_set_that_is_here_is_used_and_another_of_its_name_is_left_alone(made, packed, laptop, tmp_path):
    shutil.copytree(made.datasets / "made", laptop.datasets / "under-another-name")
    assert open_pack(laptop, packed).dataset.name == "under-another-name"
    from core.store.import_dataset import import_dataset
    from tests.made import made_records, write_jsonl

    third = Workspace(tmp_path / "third")
    import_dataset(third, write_jsonl(tmp_path / "x.jsonl", made_records(5)), name="made")
    opened = open_pack(third, packed)
    assert opened.dataset.name.startswith("made-") and len(Dataset(third, "made")) == 5


def test_what_is_here_already_is_not_touched(made, packed):
    before = (open_analysis(made, "made").folder / "activations.duckdb").stat().st_mtime_ns
    with pytest.raises(GamutError, match="in this workspace already; nothing was changed"):
        open_pack(made, packed)
    assert (open_analysis(made, "made").folder / "activations.duckdb").stat().st_mtime_ns == before


def test_a_file_that_is_there_is_not_overwritten(made, packed):
    with pytest.raises(GamutError, match="is there already"):
        pack(open_analysis(made, "made"), packed)
    pack(open_analysis(made, "made"), packed, replace=True)


def test_cut_anywhere_it_is_refused_in_a_sentence(packed, laptop):
    whole = packed.read_bytes()
    rng = random.Random(1)
    for length in [0, 1, 3, 12, len(whole) - 1, len(whole) - 4, *rng.sample(range(len(whole)), 12)]:
        packed.write_bytes(whole[:length])
        with pytest.raises(GamutError):
            open_pack(laptop, packed)
        assert nothing_left(laptop), f"cut at {length}"


def test_a_byte_flipped_anywhere_is_refused_or_changes_nothing(made, packed, laptop):
    whole, right = packed.read_bytes(), open_analysis(made, "made").content_hash
    rng = random.Random(2)
    refused = 0
    for place in [*range(20), len(whole) - 1, len(whole) - 4, *rng.sample(range(20, len(whole)), 30)]:
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1 :])
        try:
            opened = open_pack(laptop, packed)
        except GamutError:
            refused += 1
            assert nothing_left(laptop), f"flipped at {place}"
        else:
            assert opened.analysis.recompute_hash() == right, f"flipped at {place}"
            shutil.rmtree(laptop.root)
    assert refused >= 45


def test_bytes_after_the_end_are_refused(packed, laptop):
    packed.write_bytes(packed.read_bytes() + b"and more")
    with pytest.raises(GamutError):
        open_pack(laptop, packed)


def repacked(packed, change):
    """The pack with its tar changed by `change(list of (TarInfo, bytes))`, compressed again."""
    with tarfile.open(
        fileobj=io.BytesIO(zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read())
    ) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in change(members):
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    packed.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))


def renamed(old, new):
    """Give a file another name, in the manifest too."""

    def change(members):
        for member, content in members:
            if member.name == MANIFEST:
                content = content.replace(json.dumps(old).encode(), json.dumps(new).encode())
            elif member.name == old:
                member.name = new
            yield member, content

    return change


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "derived/../../evil", "derived/a/b", "evil", "..\\evil", "derived/", "derived/.hidden"],
)
def test_no_file_leaves_its_place(packed, laptop, name):
    repacked(packed, renamed("derived/labels-1.json", name))
    with pytest.raises(GamutError, match="not sound"):
        open_pack(laptop, packed)
    assert nothing_left(laptop) and not list(laptop.root.parent.rglob("evil"))


def test_links_and_files_that_the_manifest_does_not_name_are_refused(packed, laptop):
    whole = packed.read_bytes()

    def link(members):
        for member, content in members:
            if member.name == "derived/labels-1.json":
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            yield member, content

    def more(members):
        yield from members
        yield tarfile.TarInfo("derived/more"), b"x"

    def less(members):
        return members[:-1]

    for change, said in ((link, "link"), (more, "otherwise than its manifest"), (less, "lacks")):
        packed.write_bytes(whole)
        repacked(packed, change)
        with pytest.raises(GamutError, match=said):
            open_pack(laptop, packed)
        assert nothing_left(laptop)


def test_a_manifest_that_lies_is_seen_by_the_rows(made, packed, laptop):
    right = open_analysis(made, "made").content_hash

    def lie(members):
        for member, content in members:
            yield member, content.replace(right.encode(), b"0" * 64) if member.name == MANIFEST else content

    repacked(packed, lie)
    with pytest.raises(GamutError, match="not what its manifest says"):
        open_pack(laptop, packed)
    assert nothing_left(laptop)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", zstandard.ZstdCompressor().compress(b"x" * 5000), zstandard.ZstdCompressor().compress(b"")],
)
def test_a_foreign_file_is_one_sentence(tmp_path, laptop, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(GamutError, match="packed by Gamut"):
        open_pack(laptop, tmp_path / "f")
    with pytest.raises(GamutError, match="There is no file"):
        open_pack(laptop, tmp_path / "no")


def test_a_newer_pack_is_refused(packed, laptop):
    def newer(members):
        for member, content in members:
            yield (
                member,
                content.replace(b'"gamut_pack": 1', b'"gamut_pack": 2') if member.name == MANIFEST else content,
            )

    repacked(packed, newer)
    with pytest.raises(GamutError, match="newer Gamut"):
        open_pack(laptop, packed)


def test_a_damaged_analysis_is_not_packed(made, tmp_path):
    import duckdb

    database = open_analysis(made, "made").folder / "activations.duckdb"
    for analysis in all_analyses(made)[0]:
        analysis.close()
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE activations SET max = max + 1 WHERE sample_id = 5")
    with pytest.raises(GamutError, match="was not packed"):
        pack(open_analysis(made, "made"), tmp_path / "x")
    assert not (tmp_path / "x").exists()
