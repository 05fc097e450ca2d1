"""Front door: page config, navigation, and the sidebar that every screen shares."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.store.analyses import analysis_folders
from pages.shared.messages import guard
from pages.shared.sidebar import draw_sidebar
from pages.shared.state import begin, choose_what_was_made, workspace, write_link

SCREENS = Path(__file__).resolve().parent / "pages"
ICON = SCREENS / "shared" / "gamut.svg"  # an icon by name would be fetched from another host
STYLE = SCREENS / "shared" / "screen.css"


def screens() -> dict[str, list]:
    """The screens by section of the navigation."""
    return {
        "Data": [
            st.Page(
                SCREENS / "data" / "data_sets.py",
                title="Data sets",
                icon=":material/dataset:",
                url_path="data-sets",
            ),
            st.Page(
                SCREENS / "data" / "analyse.py",
                title="Analyse",
                icon=":material/play_circle:",
                url_path="analyse",
            ),
        ],
        "Explore": [
            st.Page(
                SCREENS / "explore" / "features.py",
                title="Features",
                icon=":material/lightbulb:",
                url_path="features",
            ),
            st.Page(
                SCREENS / "explore" / "diversity.py",
                title="Diversity",
                icon=":material/diversity_2:",
                url_path="diversity",
            ),
            st.Page(SCREENS / "explore" / "map.py", title="Map", icon=":material/scatter_plot:", url_path="map"),
            st.Page(
                SCREENS / "explore" / "neurons.py",
                title="Neurons",
                icon=":material/grid_on:",
                url_path="neurons",
            ),
            st.Page(
                SCREENS / "explore" / "a_against_b.py",
                title="A against B",
                icon=":material/compare_arrows:",
                url_path="a-against-b",
            ),
            st.Page(
                SCREENS / "explore" / "inspector.py",
                title="Inspector",
                icon=":material/keyboard:",
                url_path="inspector",
            ),
        ],
        "Select": [
            st.Page(SCREENS / "select" / "budget.py", title="Budget", icon=":material/tune:", url_path="budget"),
            st.Page(
                SCREENS / "select" / "hand_over.py",
                title="Hand-over",
                icon=":material/output:",
                url_path="hand-over",
            ),
        ],
    }


def navigation(analysed: bool):
    """The screen that the address names; a bare address goes on to Budget where there is something to choose from."""
    shown = screens()
    first = shown["Select"][0] if analysed else shown["Data"][0]

    def home() -> None:
        st.switch_page(first)

    return st.navigation({"": [st.Page(home, title="Gamut", default=True, visibility="hidden")], **shown})


def main() -> None:
    """One run of the app: sidebar, then the screen that the address names."""
    st.set_page_config(page_title="Gamut", page_icon=str(ICON), layout="wide", initial_sidebar_state=240)
    with guard():
        place = workspace()
        begin()
        screen = navigation(bool(analysis_folders(place)))
        st.set_page_config(page_title=f"{screen.title} · Gamut", page_icon=str(ICON))
        choose_what_was_made()
        draw_sidebar(place)
        st.html(STYLE)
        with guard():
            screen.run()
        write_link()


if __name__ == "__main__":  # Streamlit runs this file under that name, at every rerun
    main()
else:  # the server imports it once, before anybody connects
    # That `pages/` is not Streamlit's to discover, `st.navigation` says at the first run: too late for a deep link to a
    # fresh server, which is answered with "Page not found" over the right page. So it is said here.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__)
