"""Diversity: is it varied, or just long?"""

from __future__ import annotations

from pages.explore.panels.length_panel import draw_length
from pages.explore.panels.redundancy_panel import draw_redundancy
from pages.explore.panels.sample_diversity_panel import draw_samples
from pages.explore.panels.sensitivity_panel import draw_sensitivity
from pages.explore.panels.spectrum_panel import draw_spectrum
from pages.shared.screen import Panel, draw_screen, draw_tabbed

# One line a tab, in the order of `pages.shared.state.DIVERSITY_TABS`.
PANELS: dict[str, tuple[str, Panel]] = {
    "length": ("Length", draw_length),
    "samples": ("Samples", draw_samples),
    "redundancy": ("Redundancy", draw_redundancy),
    "spectrum": ("Spectrum", draw_spectrum),
    "sensitivity": ("Sensitivity", draw_sensitivity),
}

draw_screen(
    "Diversity", "Is it varied, or just long?", lambda opened: draw_tabbed(opened, "Diversity", "diversity_tab", PANELS)
)
