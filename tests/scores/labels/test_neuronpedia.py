"""Neuronpedia's explanations: read from its files, fetched on request from a server of this machine, refused where wrong."""

import gzip
import json
from pathlib import Path

import pytest

from core.__main__ import run
from core.errors import GamutError
from core.scores.labels.labels import IMPORTED, labels_of
from core.scores.labels.make import everything_there
from core.scores.labels.neuronpedia import fetch_explanations, import_explanations, neuronpedia_id, neuronpedia_page
from core.store.analyses import Analysis, open_analysis
from core.workspace import Workspace
from tests.scores.labels.served import served


def explanation(index: object, text: object, *, layer: str = "0-made", who: str = "explainer-1") -> dict:
    return {"modelId": "made", "layer": layer, "index": index, "description": text, "explanationModelName": who}


def batch(rows: list[dict], *, packed: bool = True) -> bytes:
    raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return gzip.compress(raw) if packed else raw


@pytest.fixture
def opened(made: Workspace) -> Analysis:
    return open_analysis(made, "made")


def test_a_folder_of_batches_becomes_labels_of_the_sae_a_file_for_each_explainer(made, opened, tmp_path):
    folder = tmp_path / "v1" / "made" / "0-made" / "explanations"
    folder.mkdir(parents=True)
    (folder / "batch-0.jsonl.gz").write_bytes(
        batch([explanation("3", " words about\n threes "), explanation(4, "fours")])
    )
    (folder / "batch-10.jsonl.gz").write_bytes(batch([explanation("3", "later", who="explainer-1")]))
    strange = [explanation(5, None), explanation(4000, "x"), {"layer": "0-made"}]
    rows = [explanation("3", "other", who="explainer-2"), *strange]
    (folder / "batch-2.jsonl").write_bytes(batch(rows, packed=False))
    told = import_explanations(made, opened, tmp_path)
    assert (told.source, told.files, told.kept) == ("made/0-made", 3, {"explainer-1": 2, "explainer-2": 1})
    assert dict(told.left_out) == {
        "without a description": 1, "of features beyond the SAE's 40": 1, "without modelId, layer or index": 1,
        "further ones of a feature by the same explainer": 1,
    }  # fmt: skip
    assert "2 by explainer-1" in told.words() and "1 without a description" in told.words()
    found = labels_of(made, opened).all(3)
    assert sorted((label.text, label.origin, label.by) for label in found) == [
        ("other", IMPORTED, "explainer-2"), ("words about threes", IMPORTED, "explainer-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([explanation(1, "a"), explanation(2, "b", layer="1-made")], "of several SAEs"),
        ([{"index": 1}], "holds no explanation with"),
    ],
)
def test_what_does_not_belong_to_one_sae_is_refused(made, opened, tmp_path, rows, sentence):
    (tmp_path / "batch-0.jsonl.gz").write_bytes(batch(rows))
    with pytest.raises(GamutError, match=sentence):
        import_explanations(made, opened, tmp_path / "batch-0.jsonl.gz")
    assert labels_of(made, opened).sources == ()


def test_damaged_and_strange_files_are_told_by_name(made, opened, tmp_path):
    bad = tmp_path / "batch-0.jsonl.gz"
    for raw, sentence in (
        (batch([explanation(1, "a")])[:-9], "is damaged"),
        (b"[1, 2]\n", "line 1 is no JSON object"),
        (b"\xff\xfe\n", "is damaged"),
    ):
        bad.write_bytes(raw)
        with pytest.raises(GamutError, match=sentence):
            import_explanations(made, opened, bad)
    with pytest.raises(GamutError, match="holds no explanations: give a file or folder"):
        import_explanations(made, opened, made.root)


def with_sae(made: Workspace, folder: Path, cfg: dict) -> Analysis:
    """The analysis `made`, said to be of an SAE with that configuration."""
    import duckdb

    folder.mkdir(exist_ok=True)
    (folder / "cfg.json").write_text(json.dumps(cfg))
    path = open_analysis(made, "made").folder / "activations.duckdb"
    with duckdb.connect(str(path)) as connection:
        said = json.dumps({"ref": str(folder), "sha256": "0"})
        connection.execute("UPDATE meta SET value = ? WHERE key = 'sae'", [said])
    return open_analysis(made, "made")


def test_the_id_of_the_sae_is_read_from_its_configuration_and_holds_imports_to_it(made, tmp_path):
    analysis = with_sae(made, tmp_path / "sae", {"metadata": {"neuronpedia_id": "made/1-made"}})
    assert neuronpedia_id(analysis) == "made/1-made"
    assert neuronpedia_page(analysis, 7) == "https://www.neuronpedia.org/made/1-made/7"
    (tmp_path / "batch-0.jsonl").write_bytes(batch([explanation(1, "a")], packed=False))
    with pytest.raises(GamutError, match="explanations of made/0-made, but the SAE of this analysis is made/1-made"):
        import_explanations(made, analysis, tmp_path / "batch-0.jsonl")
    analysis.close()
    other = with_sae(made, tmp_path / "sae", {"neuronpedia_id": "https://elsewhere.example/a b"})
    assert neuronpedia_id(other) is None and neuronpedia_page(other, 7) is None


def test_fetching_goes_on_to_the_last_batch_and_what_was_fetched_is_measured(made, monkeypatch, capsys):
    asked = []

    def answer(path, headers, body):
        asked.append(path)
        number = int(path.rsplit("-", 1)[1].split(".")[0])
        rows = [explanation(number, f"batch {number}")]
        return (200, {}, batch(rows)) if number < 3 else (403, {}, b"<Error/>")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with served(answer) as address:
        monkeypatch.setenv("GAMUT_NEURONPEDIA_URL", address)
        assert run(["--workspace", str(made.root), "label", "fetch", "made", "--id", "made/0-made"]) == 0
    assert asked == [f"/v1/made/0-made/explanations/batch-{n}.jsonl.gz" for n in range(4)]
    assert "3 by explainer-1" in capsys.readouterr().out
    analysis = open_analysis(made, "made")
    assert labels_of(made, analysis).best(2).text == "batch 2" and everything_there(made, analysis)


def test_nothing_is_fetched_offline_or_from_a_strange_address(tmp_path, monkeypatch):
    def never(path, headers, body):
        raise AssertionError(path)

    def quietly(done, total, note):
        pass

    with served(never) as address:
        monkeypatch.setenv("GAMUT_NEURONPEDIA_URL", address)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(GamutError, match="HF_HUB_OFFLINE forbids"):
            fetch_explanations("made/0-made", tmp_path, progress=quietly)
        monkeypatch.delenv("HF_HUB_OFFLINE")
        with pytest.raises(GamutError, match="is no id of Neuronpedia"):
            fetch_explanations("../../etc", tmp_path, progress=quietly)


def test_what_cannot_be_fetched_is_one_sentence(tmp_path, monkeypatch):
    def quietly(done, total, note):
        pass

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for status, sentence in ((404, "no explanations of that SAE"), (500, "the answer was 500")):
        with served(lambda *_, status=status: (status, {}, b"")) as address:
            monkeypatch.setenv("GAMUT_NEURONPEDIA_URL", address)
            with pytest.raises(GamutError, match=sentence):
                fetch_explanations("made/0-made", tmp_path, progress=quietly)
    with pytest.raises(GamutError, match="could not be fetched"):  # nobody listens there any more
        fetch_explanations("made/0-made", tmp_path, progress=quietly)


def test_an_import_without_an_analysis_takes_the_only_one(made, tmp_path, capsys):
    (tmp_path / "batch-0.jsonl.gz").write_bytes(batch([explanation(1, "a")]))
    assert run(["--workspace", str(made.root), "--json", "label", "import", str(tmp_path / "batch-0.jsonl.gz")]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == {"explainer-1": 1}
    assert run(["--workspace", str(tmp_path / "none"), "label", "import", str(tmp_path)]) == 2
    assert "--analysis NAME" in capsys.readouterr().err
