"""Verify recomputes everything: each change of file, manifest, data or analysis is found and named."""

import copy
import json
import random
import shutil

import duckdb
import pytest

from core.export.manifest import sealed
from core.export.options import ExportOptions
from core.export.verify import CANNOT_CHECK, DIFFERS, SAME, verify
from core.export.write import write_export
from core.files import file_hash
from core.store.import_dataset import import_dataset
from tests.export.test_export import selected


@pytest.fixture
def exported(made, tmp_path):
    selection, analysis, dataset = selected(made)
    written = write_export(
        selection, analysis=analysis, dataset=dataset, options=ExportOptions(format="alpaca"), to=tmp_path / "out.jsonl"
    )
    analysis._connection.close()
    dataset._connection.close()
    return written


def test_an_untouched_export_is_the_same(made, exported):
    verdict = verify(made, exported.manifest)
    assert verdict.code == SAME and len(verdict.checked) == 5


def test_the_saved_ranking_and_selection_are_never_read(made, exported):
    for path in [*made.selections.iterdir(), *made.analyses.glob("*/derived/rankings/*")]:
        path.unlink()
    assert verify(made, exported.manifest).code == SAME


def test_any_changed_byte_of_the_file_is_found(made, exported):
    content = exported.path.read_bytes()
    rng = random.Random(0)
    for _ in range(40):
        place = rng.randrange(len(content))
        exported.path.write_bytes(
            content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]
        )
        verdict = verify(made, exported.manifest)
        assert verdict.code == DIFFERS and "SHA-256 of out.jsonl" in verdict.sentence


def change(said, path, value):
    changed = copy.deepcopy(said)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value(holder[path[-1]])
    return changed


DATA, STORE = "datasets/made/samples.duckdb", "analyses/0123456789abcdef/activations.duckdb"
CHANGES = [
    (("file", "sha256"), lambda _: "0" * 64, "SHA-256"),
    (("file", "rows"), lambda rows: rows + 1, "rows"),
    (("file", "bytes"), lambda size: size + 1, "size"),
    (("file", "changes"), lambda _: [{"what": "x"}], "hat the file changes"),
    (("file", "format"), lambda _: "messages", "bytes of out.jsonl written anew"),
    (("dataset", "content_hash"), lambda _: "0", "content hash of data set"),
    (("analysis", "content_hash"), lambda _: "0", "content hash of analysis"),
    (("analysis", "settings"), lambda _: {}, "analysis's settings"),
    (("analysis", "model", "sha256"), lambda _: "1", "analysis's model's sha256"),
    (("analysis", "sae", "sha256"), lambda _: "1", "analysis's sae's sha256"),
    (("analysis", "hook"), lambda _: "blocks.1.hook_resid_post", "hook"),
    (("analysis", "template"), lambda _: "chat", "template"),
    (("analysis", "max_length"), lambda length: length + 1, "max_length"),
    (("dataset", "file_sha256"), lambda _: "1", "file_sha256"),
    (("dataset", "rows"), lambda rows: rows + 1, "rows"),
    (("selection", "analysis_hash"), lambda _: "1", "analysis hash that the selection names"),
    (("selection", "dataset_hash"), lambda _: "1", "data hash that the selection names"),
    (("content_hashes",), lambda hashes: hashes[:-1], "number of content hashes"),
    (("selection", "ids"), lambda ids: ids[:-1], "number of chosen samples"),
    (("selection", "ids"), lambda ids: [ids[1], ids[0], *ids[2:]], "Pick 1 is sample"),
    (("selection", "tokens"), lambda tokens: tokens + 1, "tokens"),
    (("selection", "budget"), lambda _: {"rows": 11}, "number of chosen samples"),
    (("selection", "spec", "pins"), lambda _: [], "Pick 1"),
    (("selection", "spec", "method"), lambda _: "longest", "Pick"),
    (("selection", "spec", "activity", "quantile"), lambda _: 0.9, "Pick"),
    (("selection", "spec", "span"), lambda _: "response", "Pick"),
    (("ids_sha256",), lambda _: "0", "hash of the ids"),
    (("content_hashes", 3), lambda _: "0", "content hash of sample"),
]


@pytest.mark.parametrize(
    ("path", "value", "said"), CHANGES, ids=[".".join(map(str, c[0])) + f"-{i}" for i, c in enumerate(CHANGES)]
)
def test_each_changed_claim_is_found(made, exported, path, value, said):
    manifest = json.loads(exported.manifest.read_text())
    exported.manifest.write_text(json.dumps(sealed(change(manifest, path, value))))
    verdict = verify(made, exported.manifest)
    assert verdict.code == DIFFERS and said in verdict.sentence


def test_a_changed_word_that_decides_nothing_is_found_by_the_seal(made, exported):
    manifest = json.loads(exported.manifest.read_text())
    exported.manifest.write_text(json.dumps(change(manifest, ("reproduce", 0), lambda line: line + " ")))
    verdict = verify(made, exported.manifest)
    assert (
        verdict.code == DIFFERS and "the hash of all that out.jsonl.manifest.json says".capitalize() in verdict.sentence
    )


def test_a_file_swapped_with_its_hash_is_still_found(made, exported):
    lines = exported.path.read_text().splitlines(keepends=True)
    exported.path.write_text("".join([lines[1], lines[0], *lines[2:]]))
    manifest = json.loads(exported.manifest.read_text())
    manifest["file"]["sha256"] = file_hash(exported.path)
    exported.manifest.write_text(json.dumps(sealed(manifest)))
    verdict = verify(made, exported.manifest)
    assert verdict.code == DIFFERS and "written anew" in verdict.sentence


@pytest.mark.parametrize(
    ("database", "statement", "said"),
    [
        (DATA, "UPDATE turns SET text = text || '.' WHERE sample_id = 11", "content hash of data set"),
        (DATA, "UPDATE records SET record = record || '\\x20'::BLOB WHERE sample_id = 0", "content hash of data set"),
        (STORE, "UPDATE activations SET max = max + 0.001 WHERE sample_id = 1", "content hash of analysis"),
        (STORE, "DELETE FROM tokens WHERE sample_id = 2", "content hash of analysis"),
    ],
)  # fmt: skip
def test_changed_data_or_activations_are_found(made, exported, database, statement, said):
    with duckdb.connect(str(made.root / database)) as connection:
        connection.execute(statement)
    verdict = verify(made, exported.manifest)
    assert verdict.code == DIFFERS and said in verdict.sentence


def replanned(made, exported, *, hash_in_manifest: str) -> None:
    """The analysis here was replanned when memory ran out, and the manifest names another hash."""
    with duckdb.connect(str(made.root / STORE)) as connection:
        connection.execute(
            """INSERT INTO meta VALUES ('replanned', '{"batches": 1, "planned": 3, "splits": [[2, 9]]}')"""
        )
    manifest = json.loads(exported.manifest.read_text())
    for path in (("analysis", "content_hash"), ("selection", "analysis_hash")):
        manifest = change(manifest, path, lambda _: hash_in_manifest)
    exported.manifest.write_text(json.dumps(sealed(manifest)))


def test_a_replanned_analysis_is_exempt_from_the_hash_and_that_is_said(made, exported):
    replanned(made, exported, hash_in_manifest="0" * 64)
    verdict = verify(made, exported.manifest)
    assert verdict.code == SAME and len(verdict.checked) == 5
    (step,) = [step for step in verdict.checked if "content hash, not" in step]
    assert step.endswith(
        "(the analysis here was replanned when memory ran out, which exempts it from having the same hash)"
    )


def test_another_choice_by_a_replanned_analysis_proves_nothing_but_a_damaged_one_is_found(made, exported):
    replanned(made, exported, hash_in_manifest="0" * 64)
    manifest = json.loads(exported.manifest.read_text())
    ids = manifest["selection"]["ids"]
    changed = change(manifest, ("selection", "ids"), lambda _: [ids[1], ids[0], *ids[2:]])
    exported.manifest.write_text(json.dumps(sealed(changed)))
    verdict = verify(made, exported.manifest)
    assert verdict.code == CANNOT_CHECK and "Pick 1 is sample" in verdict.sentence
    assert "That proves nothing: the analysis here was replanned" in verdict.sentence
    with duckdb.connect(str(made.root / STORE)) as connection:
        connection.execute("UPDATE activations SET max = max + 0.001 WHERE sample_id = 1")
    verdict = verify(made, exported.manifest)
    assert verdict.code == DIFFERS and "was finished with" in verdict.sentence


def test_the_same_content_under_another_name_is_enough(made, exported, tmp_path):
    import_dataset(made, tmp_path / "made.jsonl", name="other")
    shutil.rmtree(made.datasets / "made")
    assert verify(made, exported.manifest).code == SAME


def test_what_is_missing_is_said(made, exported, workspace, tmp_path):
    manifest = exported.manifest
    assert "There is no data set 'made'" in (missing := verify(type(made)(tmp_path / "empty"), manifest)).sentence
    assert missing.code == CANNOT_CHECK
    (made.analyses / "0123456789abcdef").rename(tmp_path / "away")
    assert "Analysis 0123456789abcdef is not in this workspace" in verify(made, manifest).sentence
    exported.path.unlink()
    assert "is missing; put it beside its manifest" in verify(made, manifest).sentence
    manifest.write_text("{}")
    assert verify(made, manifest).code == CANNOT_CHECK
    manifest.write_text('{"manifest_version": 1, "file": {"name": "x"}}')
    assert verify(made, manifest).code == CANNOT_CHECK
