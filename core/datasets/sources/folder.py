"""A folder's files in the order of their names, with a reason for each that is left out."""

from __future__ import annotations

import os
from pathlib import Path

from core.datasets.sources.kinds import ENDINGS, ending
from core.datasets.sources.saved import is_saved

# What lies beside data in folders of data sets and repositories, and would be read as data by its ending.
ABOUT = {"readme", "license", "licence", "notice", "citation", "requirements"}
REGISTRIES = {
    "dataset_info.json",
    "dataset_dict.json",
    "dataset_infos.json",
    "state.json",
    "package.json",
    "config.json",
}


def listing(folder: Path) -> list[tuple[Path, str]]:
    """Every file, and every folder that is one data set or is left out whole, with the reason or "" where it is to be read."""
    found: list[tuple[Path, str]] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        for name in list(folders):
            reason = "a hidden folder" if name.startswith(".") else "a link" if (here / name).is_symlink() else None
            if reason is not None:
                found.append((here / name, f"left out: {reason}"))
            elif is_saved(here / name):
                found.append((here / name, ""))
            else:
                continue
            folders.remove(name)
        found += [(here / name, _reason(here / name)) for name in files]
    return sorted(found, key=lambda entry: entry[0].relative_to(folder).as_posix())


def _reason(path: Path) -> str:
    if path.name.startswith("."):
        return "left out: a hidden file"
    if not path.is_file():
        return "left out: no file that can be read"
    if path.name.lower() in REGISTRIES or path.name.split(".")[0].lower() in ABOUT:
        return "left out: a file about the data, not data"
    if ending(path.name) not in ENDINGS:
        what = f"the ending {ending(path.name)!r} is" if ending(path.name) else "a name without ending is"
        return f"left out: {what} not a data file's"
    return ""
