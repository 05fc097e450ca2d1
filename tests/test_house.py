"""The plan of the house, as rules: who may import whom, what stays out of the dashboard."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "datasets": 0, "store": 1, "activations": 2, "training": 2, "jobs": 3, "scores": 4, "selection": 5, "export": 6,
    "commands": 7,
}  # fmt: skip
HEAVY = {"torch", "transformers", "sae_lens", "umap"}
MODEL_ROOMS = {ROOT / "core" / room for room in ("activations", "training", "training/own")}  # that may import them
CLUSTER = ROOT / "core" / "cluster.py"  # the one file that may import ray, and only when it is asked for
MAP = ROOT / "core" / "scores" / "draw_layout.py"  # the layout job's own: the one file that may import umap
SOURCES = sorted((ROOT / "core").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def floor(module: str) -> int:
    parts = module.split(".")
    return FLOORS.get(parts[1], -1) if len(parts) > 1 and parts[0] == "core" else -1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_floor_imports_from_above(path):
    own = floor(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if path.parent == ROOT / "core" and path.name == "__main__.py":
        return
    for module in imports(path):
        assert module.split(".")[0] not in {"streamlit", "pages", "app"}, f"{path} imports {module}"
        assert floor(module) <= own, f"{path} imports {module}, which stands above it"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_stay_in_their_rooms(path):
    found = HEAVY & {module.split(".")[0] for module in imports(path)}
    if path == MAP:
        assert found == {"umap"}
    elif path.parent in MODEL_ROOMS:
        assert "umap" not in found
    else:
        assert not found


def test_ray_is_imported_in_one_place():
    assert [path for path in SOURCES if any(name.split(".")[0] == "ray" for name in imports(path))] == [CLUSTER]


def test_no_page_lies_directly_under_pages():
    assert not [path for path in (ROOT / "pages").glob("*.py") if path.name != "__init__.py"]


def test_no_screen_reaches_into_another_sections_room():
    for path in (ROOT / "pages").rglob("*.py"):
        section = path.relative_to(ROOT / "pages").parts[0]
        rooms = {module.split(".")[1] for module in imports(path) if module.startswith("pages.")}
        assert rooms <= {section, "shared"}, f"{path} imports from {rooms}"


def test_the_command_line_starts_without_heavy_libraries():
    code = "import sys, core.__main__; print(sorted({'torch', 'transformers', 'sae_lens', 'umap', 'ray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_outgrows_its_room():
    tall = {str(path): lines for path in SOURCES if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert not tall


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_one_room_makes_fragments(path):
    """Streamlit's own forget choices whose widgets they do not draw; those of `pages.shared.fragment` do not."""
    if path != ROOT / "pages" / "shared" / "fragment.py":
        assert "st.fragment" not in path.read_text(encoding="utf-8")
