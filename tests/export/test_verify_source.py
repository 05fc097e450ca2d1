"""An export checked on another machine, with its source alone."""

import json
import random

import pytest

from core.__main__ import run as command_line
from core.export.manifest import sealed
from core.export.options import ExportOptions
from core.export.verify import CANNOT_CHECK, DIFFERS, SAME
from core.export.verify_source import verify_with_source
from core.export.write import write_export
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from core.store.pools import join_datasets
from tests.export.test_export import selected
from tests.made import made_analysis, made_records, write_jsonl


def export(workspace, to, *, analysis="made", format="alpaca"):
    selection, opened, dataset = selected(workspace, analysis=analysis)
    return write_export(selection, analysis=opened, dataset=dataset, options=ExportOptions(format=format), to=to)


@pytest.mark.parametrize("to", ["out.jsonl", "out.parquet", "out"])
def test_the_source_alone_is_enough_under_any_name(made, tmp_path, to):
    written = export(made, tmp_path / to)
    moved = (tmp_path / "made.jsonl").rename(tmp_path / "called otherwise.jsonl")
    verdict = verify_with_source(written.manifest, [moved])
    assert verdict.code == SAME, verdict.sentence
    assert len(verdict.checked) == 5 and "needs the analysis" in verdict.sentence


def test_a_changed_source_file_order_or_text_is_found(made, tmp_path):
    written = export(made, tmp_path / "out.jsonl")
    source, manifest = tmp_path / "made.jsonl", json.loads(written.manifest.read_text())
    before = source.read_bytes()
    source.write_bytes(before + b"\n")
    verdict = verify_with_source(written.manifest, [source])
    assert verdict.code == DIFFERS and "SHA-256 of made.jsonl is another one" in verdict.sentence
    source.write_bytes(before)
    rng = random.Random(0)
    for _ in range(5):
        changed = json.loads(json.dumps(manifest))
        one, other = rng.sample(range(12), 2)
        ids = changed["selection"]["ids"]
        ids[one], ids[other] = ids[other], ids[one]
        written.manifest.write_text(json.dumps(sealed(changed)))
        assert verify_with_source(written.manifest, [source]).code == DIFFERS


def test_a_pool_is_made_again_from_the_sources_of_its_members(workspace, tmp_path):
    files = []
    for name in ("one", "two"):
        records = [record | {"instruction": f"{name}: {record['instruction']}"} for record in made_records(30)]
        files.append(write_jsonl(tmp_path / f"{name}.jsonl", records))
        import_dataset(workspace, files[-1], name=name)
    join_datasets(workspace, ["one", "two"], name="both", base=["two"])
    made_analysis(workspace, Dataset(workspace, "both"))
    written = export(workspace, tmp_path / "out.jsonl", analysis="both", format="verbatim")
    assert verify_with_source(written.manifest, files[::-1]).code == SAME
    missing = verify_with_source(written.manifest, files[:1])
    assert missing.code == CANNOT_CHECK and "two.jsonl" in missing.sentence


def test_the_command_line_says_so_too(made, tmp_path, capsys):
    written = export(made, tmp_path / "out.jsonl")
    words = ["verify", str(written.manifest), "--source", str(tmp_path / "made.jsonl")]
    assert command_line(["--workspace", str(tmp_path / "elsewhere"), *words]) == 0
    assert "Same: out.jsonl" in capsys.readouterr().out
    assert command_line(["--workspace", str(tmp_path / "elsewhere"), *words, "--deep", "1"]) != 0
