"""What was compiled from other sources is not used again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernels import forget_stale_kernels

INNER = "from numba import njit\n\n\n@njit(cache=True)\ndef inner(x):\n    return x + {}\n"
OUTER = "from numba import njit\n\nfrom package.inner import inner\n\n\n@njit(cache=True)\ndef outer(x):\n    return inner(x)\n"
ASK = "from package.outer import outer; print(outer(1))"


@pytest.fixture
def package(tmp_path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "words.py").write_text("WORDS = 1\n")
    (folder / "inner.py").write_text(INNER.format(1))
    (folder / "outer.py").write_text(OUTER)
    return folder


def said(package: Path) -> int:
    made = subprocess.run(
        [sys.executable, "-c", ASK], cwd=package.parent, env=os.environ | {"PYTHONPATH": str(package.parent)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(made.stdout)


def test_a_kernel_that_calls_a_changed_one_in_another_file_is_compiled_anew(package):
    forget_stale_kernels(package)
    assert said(package) == 2
    (package / "inner.py").write_text(INNER.format(10))
    assert said(package) == 2, "Numba sees such changes by itself now: core/kernels.py can go"
    assert forget_stale_kernels(package)
    assert said(package) == 11


def test_kernels_stay_when_other_files_change(package):
    forget_stale_kernels(package)
    kept = package / "__pycache__" / "outer.outer-8.py311.nbi"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"compiled")
    (package / "words.py").write_text("WORDS = 2\n")
    (package / "inner.py").touch()
    assert not forget_stale_kernels(package)
    assert kept.exists()
    (package / "inner.py").rename(package / "within.py")
    assert forget_stale_kernels(package)
    assert not kept.exists()
