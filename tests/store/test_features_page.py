"""A page of the feature table: every live feature once, in the order asked for."""

import pytest

from core.errors import GamutError
from core.store.analyses import open_analysis
from core.store.features import ORDERS, feature_page


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("descending", [True, False])
def test_pages_end_to_end_are_the_sorted_table(made, order, descending):
    analysis = open_analysis(made, "made")
    query = "SELECT feature_id, samples, tokens, max FROM features WHERE samples > 0"
    rows = analysis.cursor().execute(query).fetchall()
    place = ORDERS.index(order)
    expected = sorted(rows, key=lambda row: (-row[place] if descending else row[place], row[0]))
    pages = [
        feature_page(analysis, order=order, descending=descending, limit=7, offset=at) for at in range(0, len(rows), 7)
    ]
    found = [(row.feature_id, row.samples, row.tokens, row.max) for page in pages for row in page]
    assert found == expected


def test_an_unknown_order_is_a_sentence(made):
    with pytest.raises(GamutError, match="use one of feature_id, samples"):
        feature_page(open_analysis(made, "made"), order="max; DROP TABLE features")
