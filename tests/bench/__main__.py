"""`make bench`: every performance claim, measured side by side in one run, with the machine named.

Names that end in -million (map, diversity, redundancy) are measured only when asked for, as is `alignment`: they take minutes,
or gigabytes of disk.
`python -m tests.bench coverage --workspace W --analysis A` prints what every method reaches at equal tokens.
`python -m tests.bench capability --workspace W --analysis A --target gsm8k=FILE …` prints how well capabilities find their kind.
`python -m tests.bench gpu` measures the analysis beside bare models of 1 and 8 billion parameters, where there is a GPU.
`python -m tests.bench exports` prints which real files each format and layout carries whole, and what the others would lose.
`python -m tests.bench gigabyte` imports, selects and exports a gigabyte, with the peak memory of each command.
`python -m tests.bench walk --file FILE` walks from the file to the line that starts the training, in a browser.
"""

import os
import platform
import sys
from importlib import import_module
from pathlib import Path


def machine() -> str:
    """The processor and its cores, as the system names them."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{name}, {os.cpu_count()} logical processors, {platform.system()}, Python {platform.python_version()}"


def main(wanted: list[str]) -> None:
    """Run the named benches, or all."""
    from tests.bench import (
        against,
        alignment,
        analysis,
        constraints,
        diversity,
        features,
        inspector,
        large,
        map,
        neurons,
        queries,
        ray,
        redundancy,
        selection,
        slider,
        verify,
    )

    benches = {
        "alignment": alignment.bench,
        "analysis": analysis.bench, "large": large.bench, "selection": selection.bench, "queries": queries.bench,
        "features": features.bench, "slider": slider.bench, "inspector": inspector.bench, "against": against.bench,
        "constraints": constraints.bench, "diversity": diversity.bench, "redundancy": redundancy.bench, "map": map.bench,
        "verify": verify.bench, "neurons": neurons.bench,
        "diversity-million": diversity.million, "redundancy-million": redundancy.million, "map-million": map.million,
        "ray": ray.bench,
    }  # fmt: skip
    if unknown := [name for name in wanted if name not in benches]:
        sys.exit(f"There is no bench called {unknown[0]}; there are {', '.join([*benches, *APART])}.")
    print(machine())
    usual = [name for name in benches if name != "alignment" and not name.endswith("-million")]
    for name in wanted or usual:
        print(f"\n{name}")
        for what, value, note in benches[name]():
            print(f"  {what:<76} {value:10.3f}   {note}", flush=True)
    if not wanted:
        from tests.bench.gpu import main as gpu

        print("\ngpu")
        gpu()


# What takes its own words, or does not print rows of seconds: asked for by name alone.
APART = {
    "coverage": "coverage_table", "capability": "capability", "exports": "exports", "gigabyte": "gigabyte", "gpu": "gpu",
    "slider-million": "slider_million", "walk": "walk",
}  # fmt: skip


def run(words: list[str]) -> None:
    """A bench that stands apart with its own words, or the named ones, or all."""
    name, *further = words or [""]
    if name in APART:
        import_module(f"tests.bench.{APART[name]}").main(further)
    else:
        main(words)


if __name__ == "__main__":
    run(sys.argv[1:])
