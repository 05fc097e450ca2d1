"""A machine without a GPU never downloads CUDA by itself: the torch rule, with pip and nvidia-smi played by scripts."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIP = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *"pip show"*) exit 1 ;;
  *--index-url*) exit {index} ;;
  *--dry-run*) echo "Would install torch-2.13.0 {brings}" ;;
esac
"""
CUDA = "nvidia-cublas-13.0 triton-3.7"


def make_torch(folder: Path, *, index_reached: bool, brings: str, gpu: bool) -> tuple[int, str, list[str]]:
    """Run `make torch`; returns exit status, what was printed, and the words of each pip call."""
    log, tools = folder / "log", folder / "venv" / "bin"
    tools.mkdir(parents=True)
    python = tools / "python"
    python.write_text(PIP.format(log=log, index=0 if index_reached else 1, brings=brings))
    python.chmod(0o755)
    beside = folder / "path"
    beside.mkdir()
    if gpu:
        (beside / "nvidia-smi").write_text("#!/bin/sh\n")
        (beside / "nvidia-smi").chmod(0o755)
    words = ["make", "--no-print-directory", "torch", f"VENV={folder / 'venv'}"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, env={**clean, "PATH": f"{beside}:{os.environ['PATH']}"}
    )
    calls = [line for line in log.read_text().splitlines() if " install " in f" {line} " and "--dry-run" not in line]
    return done.returncode, done.stdout + done.stderr, calls


@pytest.fixture(autouse=True)
def on_linux_without_a_real_gpu():
    if os.uname().sysname != "Linux" or any((Path(p) / "nvidia-smi").exists() for p in os.environ["PATH"].split(":")):
        pytest.skip("the rule is for Linux, and a real nvidia-smi is here")


def test_without_a_gpu_the_processor_only_build_is_taken(tmp_path):
    code, said, calls = make_torch(tmp_path, index_reached=True, brings=CUDA, gpu=False)
    assert code == 0 and len(calls) == 1 and "--index-url https://download.pytorch.org/whl/cpu torch==" in calls[0]
    assert "processor-only" in said


def test_gigabytes_are_refused_in_a_sentence(tmp_path):
    code, said, calls = make_torch(tmp_path, index_reached=False, brings=CUDA, gpu=False)
    assert code != 0 and "gigabytes of CUDA" in said and "TORCH_CPU_INDEX=URL" in said
    assert [call for call in calls if "--index-url" not in call] == []


def test_a_default_build_without_cuda_is_taken_where_the_index_is_out_of_reach(tmp_path):
    code, _, calls = make_torch(tmp_path, index_reached=False, brings="sympy-1.14", gpu=False)
    assert code == 0 and calls[-1].endswith("torch==2.13.0") and "--index-url" not in calls[-1]


def test_with_a_gpu_the_default_build_is_taken(tmp_path):
    code, _, calls = make_torch(tmp_path, index_reached=True, brings=CUDA, gpu=True)
    assert code == 0 and len(calls) == 1 and "--index-url" not in calls[0]
