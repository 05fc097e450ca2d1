"""Neurons: which circuits does this data exercise?"""

from __future__ import annotations

from pages.explore.panels.alignment_panel import draw_alignment
from pages.explore.panels.capabilities_panel import draw_capabilities
from pages.explore.panels.heatmap_panel import draw_heatmap
from pages.explore.panels.together_panel import draw_together
from pages.shared.screen import Panel, draw_screen, draw_tabbed

# One line a tab: its key in the link, its title, its panel.
PANELS: dict[str, tuple[str, Panel]] = {
    "heatmap": ("Heatmap", draw_heatmap),
    "capabilities": ("Capabilities", draw_capabilities),
    "alignment": ("Alignment", draw_alignment),
    "together": ("Together", draw_together),
}

draw_screen(
    "Neurons",
    "Which circuits does this data exercise?",
    lambda opened: draw_tabbed(opened, "Look at", "neurons_tab", PANELS),
)
