"""`analyse` and `pilot` with several SAEs as a person types them: one job, one pass, an analysis and a fit card each."""

import json

from core.__main__ import run
from core.jobs.state import DONE, jobs
from core.store.analyses import open_analysis
from core.store.import_dataset import import_dataset
from tests.made import made_records, write_jsonl
from tests.tiny import tiny_sae


def test_two_saes_are_one_job_that_tells_both_fits_before_it_reads(capsys, workspace, tmp_path, tiny):
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", made_records(40)), name="d")
    mlp = tiny_sae(tmp_path / "mlp", kind="standard", hook="blocks.2.hook_mlp_out")
    pair = ["--model", tiny["model"], "--sae", tiny["sae"], "--sae", mlp]

    def call(*words, code=0):
        capsys.readouterr()
        assert run(["--workspace", str(workspace.root), "--json", *map(str, words)]) == code
        out, err = capsys.readouterr()
        return (json.loads(out) if not code else out), err

    made, err = call("analyse", "d", *pair, "--name", "mine")
    assert [each["name"] for each in made] == ["mine-sae", "mine-mlp"] and made[0]["samples"] == 40
    told, read = err.index(f"SAE {mlp}"), err.index("reading samples")
    assert err.index(f"SAE {tiny['sae']}") < told < read and err.count("fits this model poorly") == 2
    assert told < err.index("2 SAEs are read in one pass: mine-sae, mine-mlp. All of them take at least") < read
    (job,) = jobs(workspace)
    assert job.progress.state == DONE and job.spec.command.count("--sae") == 2
    shown, _ = call("analyses", "show", "mine-mlp")
    assert shown["read_with"] == [str(tiny["sae"])] and shown["hook"] == "blocks.2.hook_mlp_out"
    assert shown["pilot"]["sae"] == str(mlp) and shown["pilot"]["actual"]["runs"] == 1
    again, _ = call("analyse", "d", *pair)
    assert again == made, "what is there is not made again"
    _, err = call("analyse", "d", *pair, "--sae", mlp, code=2)
    assert "are the same one; name every SAE of a pass once" in err
    reports, _ = call("pilot", "d", *pair)
    assert [each["sae"] for each in reports] == [str(tiny["sae"]), str(mlp)]
    assert {each["analysis"] for each in reports} == {open_analysis(workspace, each["name"]).id for each in made}
