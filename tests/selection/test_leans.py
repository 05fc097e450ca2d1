"""What a ranking calls by name counts by its content: in kept rankings, in a manifest and in its verification."""

from dataclasses import replace

import pytest

from core.errors import GamutError
from core.export.manifest import read_manifest
from core.export.options import ExportOptions
from core.export.verify import CANNOT_CHECK, DIFFERS, SAME, verify
from core.export.write import write_export
from core.scores.capability import save_capability
from core.selection.budget import Budget
from core.selection.leans import leans_of
from core.selection.rankings import kept_ranking
from core.selection.saved import load_selection, restore_revision, save_selection
from core.selection.specification import RankingSpec, pool_of, select_by
from core.selection.targets import save_target
from core.store.analyses import open_analysis
from core.store.datasets import Dataset
from tests.scores.test_alignment import made_capability


def spec_of(method, **options):
    return RankingSpec(analysis="0123456789abcdef", method=method, options=options)


def test_a_kept_ranking_is_not_taken_for_that_of_a_capability_learned_anew(made):
    analysis, dataset, spec = open_analysis(made, "made"), Dataset(made, "made"), spec_of("nait", capabilities="maths")
    orders = []
    for seed in (0, 1):
        save_capability(made, made_capability(seed=seed), replace=True)
        for _ in range(2):  # made, then kept
            orders.append(kept_ranking(analysis, pool_of(analysis, dataset, spec), spec).sample_ids.tolist())
    assert orders[0] == orders[1] != orders[2] == orders[3]


def test_everything_called_by_name_is_told_inside_a_mixture_too(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")
    capability = save_capability(made, made_capability())
    target = save_target(made, "some", analysis=analysis, features=[1, 5], made_from="by hand")
    spec = spec_of("longest")
    selected = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=3))
    save_selection(made, "three", analysis=analysis, spec=spec, selected=selected)
    assert leans_of(made, spec) == leans_of(made, spec_of("sae-greedy", target="language=en")) == {}
    assert leans_of(made, spec_of("sae-greedy", target="features:some")) == {"features:some": target.hash}
    assert leans_of(made, spec_of("sae-greedy", target="analysis:made")) == {"analysis:made": analysis.content_hash}
    assert list(leans_of(made, spec_of("sae-greedy", target="selection:three"))) == ["selection:three"]
    mixed = spec_of("mixture", parts="nait(capabilities=maths):0.5,sae-greedy(target=features:some):0.5")
    assert leans_of(made, mixed) == {"capability:maths": capability.sha256, "features:some": target.hash}
    with pytest.raises(GamutError, match="There is no capability 'no'"):
        leans_of(made, spec_of("nait", capabilities="no"))


def test_an_export_is_refused_when_what_was_called_by_name_is_another_one_now(made):
    analysis, dataset = open_analysis(made, "made"), Dataset(made, "made")

    def save(name, spec, rows, replaces=None):
        selected = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=rows))
        return save_selection(made, name, analysis=analysis, spec=spec, selected=selected, replaces=replaces)

    def export(saved):
        return write_export(
            saved,
            analysis=analysis,
            dataset=dataset,
            options=ExportOptions(format="verbatim"),
            to=made.exports / "x.jsonl",
        )

    save("base", spec_of("longest"), 3)
    assert "leans_on" not in (made.selections / "base.json").read_text()
    like_base = spec_of("sae-greedy", target="selection:base")
    chosen = save("chosen", like_base, 5)
    assert load_selection(made, "chosen") == chosen and chosen.leans_on == leans_of(made, like_base)
    said = read_manifest(export(chosen).manifest)
    bring = f"bring selection:base of hash {chosen.leans_on['selection:base']} into"
    assert said["reproduce"][0] == f"# Before these lines, {bring} the workspace."
    assert said["reproduce"][1].startswith("python -m core datasets add")
    save("base", spec_of("random"), 9, replaces=1)
    with pytest.raises(
        GamutError, match="'chosen' was made when selection:base was another one than now; select again"
    ):
        export(chosen)
    assert verify(made, export(save("chosen", like_base, 5, replaces=1)).manifest).code == SAME
    restore_revision(made, "base", 1)
    assert verify(made, export(load_selection(made, "chosen", revision=1)).manifest).code == SAME


def test_verify_tells_a_capability_that_was_learned_anew_and_one_that_is_gone(made):
    analysis, dataset, spec = open_analysis(made, "made"), Dataset(made, "made"), spec_of("nait", capabilities="maths")
    capability = save_capability(made, made_capability())
    selected = select_by(pool_of(analysis, dataset, spec), spec, Budget(rows=5))
    saved = save_selection(made, "five", analysis=analysis, spec=spec, selected=selected)
    written = write_export(
        saved, analysis=analysis, dataset=dataset, options=ExportOptions(format="verbatim"), to=made.exports / "five.jsonl"
    )  # fmt: skip
    assert read_manifest(written.manifest)["leans_on"] == {"capability:maths": capability.sha256}
    assert verify(made, written.manifest).code == SAME
    again = made_capability()
    save_capability(made, replace(again, learned=replace(again.learned, seed=9)), replace=True)
    verdict = verify(made, written.manifest)
    assert verdict.code == DIFFERS and "The hash of capability:maths" in verdict.sentence
    capability.path.unlink()
    verdict = verify(made, written.manifest)
    assert verdict.code == CANNOT_CHECK and "There is no capability 'maths'" in verdict.sentence
