"""From a capability learned in one click to its alignment and to Budget, in a real browser, with a model of its own."""

import pytest

from core.activations.analyse import analyse
from core.activations.identity import identify
from core.activations.settings import AnalysisSettings
from core.scores.capability import capability_names
from core.store.datasets import Dataset
from core.store.import_dataset import import_dataset
from tests.browser.conftest import reach, visit
from tests.made import made_records, write_jsonl

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # ms: the job loads a model


def test_a_capability_is_learned_in_one_click_then_looked_at_and_chosen_by(workspace, tmp_path, tiny, serve, page):
    records = [{**record, "category": "sums" if i % 3 else "talk"} for i, record in enumerate(made_records(45))]
    import_dataset(workspace, write_jsonl(tmp_path / "d.jsonl", records), name="d")
    dataset = Dataset(workspace, "d")
    identity = identify(dataset, model=str(tiny["model"]), sae=str(tiny["sae"]), settings=AnalysisSettings())
    analyse(workspace, dataset, identity, name="d", progress=lambda *_: None, stop=lambda: False)
    dataset.close()
    address = serve(workspace)
    visit(page, f"{address}/neurons?dataset=d&neurons_tab=capabilities")
    page.get_by_role("button", name="Learn “sums” from 30 samples of d").click()
    page.locator("h3", has_text="sums. Two halves of the samples give directions").wait_for(timeout=PATIENCE)
    assert capability_names(workspace) == ["sums"]
    page.get_by_role("radio", name="Alignment").click()
    page.locator("h3", has_text="The best 10 % along sums").wait_for(timeout=PATIENCE)
    page.get_by_role("radio", name="Does it find its kind?").click()
    reach(page, "capability=sums", "align_look=finding")
    visit(page, page.url)  # the link brings the view back
    page.locator("h3", has_text="The best 10 % along sums").wait_for(timeout=PATIENCE)
    page.get_by_text("Say which rows are of the kind that sums is to find").wait_for(timeout=PATIENCE)
    visit(page, f"{address}/budget?dataset=d&method=nait&nait.capabilities=sums&unit=rows&amount=5")
    page.locator("h3", has_text="5 rows").wait_for(timeout=PATIENCE)
    assert page.get_by_test_id("stException").count() == 0 and page.get_by_test_id("stAlertContentError").count() == 0
