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


if __name__ == "__main__":
    if sys.argv[1:2] == ["coverage"]:  # not a measurement of time, and it needs an analysis
        from tests.bench.coverage_table import main as coverage

        coverage(sys.argv[2:])
    elif sys.argv[1:2] == ["slider-million"]:  # its workspace takes gigabytes of disk, and is kept
        from tests.bench.slider_million import main as slider_million

        slider_million(sys.argv[2:])
    elif sys.argv[1:2] == ["exports"]:  # likewise
        from tests.bench.exports import main as exports

        exports(sys.argv[2:])
    elif sys.argv[1:2] == ["gpu"]:  # its models have up to 8 billion parameters
        from tests.bench.gpu import main as gpu

        gpu()
    elif sys.argv[1:2] == ["gigabyte"]:  # it takes 5 GB of disk for a while
        from tests.bench.gigabyte import main as gigabyte

        gigabyte(sys.argv[2:])
    elif sys.argv[1:2] == ["walk"]:  # likewise
        from tests.bench.walk import main as walk

        walk(sys.argv[2:])
    elif sys.argv[1:2] == ["capability"]:  # likewise
        from tests.bench.capability import main as capability

        capability(sys.argv[2:])
    else:
        main(sys.argv[1:])
