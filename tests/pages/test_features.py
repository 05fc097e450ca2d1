"""Features: opens on the telling ones in words; the table is searched, sorted and paged; links reproduce what is on screen."""

import json

from tests.pages.conftest import said


def views(app) -> list[dict]:
    """The data of every token view on screen."""
    return [json.loads(view.proto.json) for view in app.get("bidi_component")]


def test_it_opens_on_the_subset_in_words_where_the_data_has_no_categories(made, open_app):
    app = open_app(made, "Features", unit="rows", amount="30", rule="raw")
    assert not app.error
    assert "All features" in said(app)
    assert "Chosen: the draft on Budget" in said(app).replace("\\", "")
    assert app.dataframe[0].value["feature"].size == 40
