"""Compiled kernels are forgotten when the source of any of them has changed.

Numba keeps a compiled function by the file it stands in. Whether a function that it calls from another file is still
the same, it does not see: after an update the old one would go on counting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from core.files import written_beside

STAMP = "kernels.sha256"
KERNEL = b"njit"


def forget_stale_kernels(package: Path) -> bool:
    """Remove Numba's indexes below a package whose kernels are not those that were compiled; True where it did.

    Contents are read only where a source's place, size or time is another than was noted last. A folder that cannot be
    written is left alone: nothing was kept there either.
    """
    stamp, sources = package / "__pycache__" / STAMP, sorted(package.rglob("*.py"))
    try:
        noted = stamp.read_text(encoding="ascii").split() if stamp.exists() else ["", ""]
        seen = _outside(package, sources)
        if seen == noted[0]:
            return False
        kernels = _kernels(package, sources)
        stale = kernels != noted[-1]
        if stale:
            for index in package.rglob("__pycache__/*.nbi"):
                index.unlink(missing_ok=True)
        with written_beside(stamp) as out:
            out.write(f"{seen}\n{kernels}\n".encode())
        return stale
    except OSError:
        return False


def _outside(package: Path, sources: list[Path]) -> str:
    """What the folder's listing tells of the sources."""
    told = [(source, source.stat()) for source in sources]
    return _hash(f"{source.relative_to(package)} {said.st_size} {said.st_mtime_ns}".encode() for source, said in told)


def _kernels(package: Path, sources: list[Path]) -> str:
    """The sources that hold kernels, whole."""
    texts = [(source, source.read_bytes()) for source in sources]
    return _hash(f"{source.relative_to(package)}\n".encode() + text for source, text in texts if KERNEL in text)


def _hash(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(b"%d " % len(piece) + piece)
    return digest.hexdigest()
