"""The Diversity screen, run by Streamlit's test harness on a made workspace."""

import pytest

from pages.shared.state import DIVERSITY_TABS


@pytest.mark.parametrize("tab", DIVERSITY_TABS)
def test_every_tab_opens_by_its_link(made, open_app, tab):
    app = open_app(made, "Diversity", diversity_tab=tab)
    assert not app.error
    assert app.segmented_control(key="diversity_tab").value == tab
