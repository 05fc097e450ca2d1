"""The card of an exported folder, drafted from what its manifest claims."""

from __future__ import annotations

from typing import Any

from core.selection.budget import TRAINED, UNITS, counted_words, unit_words

CARD = "README.md"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
FRONT = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
size_categories:
- {size}
tags:
- instruction-tuning
- data-selection
---
"""


def card(claims: dict[str, Any]) -> str:
    """The README.md of a data set folder. Its licence is left to whoever publishes it: it is that of the source."""
    rows = claims["file"]["rows"]
    size = next((name for most, name in SIZES if rows < most), "n>1M")
    return FRONT.format(size=size) + "\n".join(_body(claims)) + "\n"


def _body(claims: dict[str, Any]) -> list[str]:
    selection, dataset, analysis = claims["selection"], claims["dataset"], claims["analysis"]
    spec, rows = selection["spec"], claims["file"]["rows"]
    return [
        f"\n# {_text(selection['name'])}",
        f"\n{rows} of the {dataset['rows']} samples of {_text(dataset['name'])}, chosen by looking at what they activate "
        "inside a model.",
        f"\n- **Method**: {_text(claims['method']['title'])} ({_text(claims['method']['source'])})",
        f"- **Budget**: {_budget(selection['budget'])}; {selection['tokens']} tokens of whole conversations",
        f"- **Source**: {_text(dataset['file'])}, SHA-256 {dataset['file_sha256']}. Its licence holds for this subset too; "
        "name it here before you publish.",
        f"- **Model and SAE**: {_short(analysis['model'])} and {_short(analysis['sae'])}, at {_text(analysis['hook'])}",
        f"- **By hand**: {len(spec.get('pins', []))} pinned, {len(spec.get('bans', []))} banned",
        f"- **Checked against evaluation sets**: {_checks(claims['decontamination'])}",
        f"- **Format**: {_text(claims['file']['format'])}",
        *(
            f"- **Changed**: {_text(change['what'])} (in {change['samples']} samples)"
            for change in claims["file"]["changes"]
        ),
        "\n## Made again by\n",
        "```bash",
        *(line.replace("```", "` ` `") for line in claims["reproduce"]),
        "```",
        f"\nSHA-256 of the ordered sample ids: `{claims['ids_sha256']}`",
    ]


def _checks(checks: list[dict[str, Any]]) -> str:
    if not checks:
        return "none"
    return "; ".join(f"{_text(each['against'])}: {each['hits']} hits, {len(each['taken_back'])} of them kept by hand"
                     for each in checks)  # fmt: skip


def _budget(said: dict[str, Any]) -> str:
    unit = next(unit for unit in UNITS if said.get(unit) is not None)
    return f"{said[unit]:.10g} {unit_words(unit)}" + (f" ({_text(counted_words(said))})" if unit == TRAINED else "")


def _short(pair: dict[str, Any]) -> str:
    return f"{_text(str(pair['ref']))} ({str(pair['sha256'])[:12]})"


def _text(value: str) -> str:
    """A name from outside as Markdown text: none of it becomes markup, a link or a picture."""
    kept = " ".join(value.split())
    return "".join("\\" + mark if mark in r"\`*_{}[]()<>#+!|&~" else mark for mark in kept)
