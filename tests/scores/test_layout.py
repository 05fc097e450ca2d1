"""The map: the same for the same seed, for any number of samples, and only ever a derived file."""

import numpy as np
import pytest

from core.__main__ import run
from core.errors import GamutError
from core.scores.draw_layout import draw_layout
from core.scores.layout import LayoutSettings, layout_path, read_layout, write_layout
from core.store.analyses import open_analysis
from tests.made import made_workspace


def test_the_same_seed_gives_the_same_map_and_another_another(made):
    analysis = open_analysis(made, "made")
    first, second = (draw_layout(analysis, LayoutSettings()) for _ in range(2))
    assert (first.x == second.x).all() and (first.y == second.y).all()
    other = draw_layout(analysis, LayoutSettings(seed=1))
    assert (other.x != first.x).any()
    assert first.x.shape == (60,) and np.isfinite(first.x).all() and len(np.unique(first.x)) > 50


@pytest.mark.parametrize("samples", [1, 2, 3, 14, 15, 16])
def test_a_few_samples_have_a_map_too(tmp_path, samples):
    analysis = open_analysis(made_workspace(tmp_path, samples=samples), "made")
    layout = draw_layout(analysis, LayoutSettings())
    assert len(layout.x) == len(layout.y) == samples and np.isfinite([layout.x, layout.y]).all()


def test_near_samples_lie_near(tmp_path):
    """Two groups with features of their own come apart."""
    from scipy.sparse import csr_matrix

    from core.scores import draw_layout as drawing
    from core.scores.draw_layout import _reduced

    rng = np.random.default_rng(0)
    rows = np.zeros((80, 40))
    rows[:40, :20] = rng.random((40, 20))
    rows[40:, 20:] = rng.random((40, 20))
    places = drawing._umap(_reduced(csr_matrix(rows), LayoutSettings()), LayoutSettings())
    centres = places[:40].mean(axis=0), places[40:].mean(axis=0)
    spread = max(np.linalg.norm(places[:40] - centres[0], axis=1).mean(), 1e-9)
    assert np.linalg.norm(centres[0] - centres[1]) > 2 * spread


def test_the_command_draws_once_and_the_file_says_by_its_name_what_decided_it(made, capsys):
    words = ["--workspace", str(made.root), "layout", "made"]
    analysis = open_analysis(made, "made")
    assert read_layout(analysis) is None
    assert run(words) == 0 and "done" in capsys.readouterr().out
    path = layout_path(analysis, LayoutSettings())
    written = path.read_bytes()
    assert run(words) == 0 and "was there already" in capsys.readouterr().out
    assert path.read_bytes() == written and len(read_layout(analysis).x) == 60
    assert read_layout(analysis, LayoutSettings(seed=3)) is None
    assert analysis.recompute_hash() == analysis.content_hash, "a derived file is no part of the analysis"


def test_a_damaged_map_is_a_sentence(made):
    analysis = open_analysis(made, "made")
    path = write_layout(analysis, draw_layout(analysis, LayoutSettings()))
    whole = path.read_bytes()
    for content in (b"", b"junk", whole[:-20]):
        path.write_bytes(content)
        with pytest.raises(GamutError, match="draw the map again"):
            read_layout(analysis)


def test_a_span_that_is_none_is_a_sentence(made, capsys):
    assert run(["--workspace", str(made.root), "layout", "made", "--span", "middle"]) == 2
    assert "There is no span 'middle'" in capsys.readouterr().err
