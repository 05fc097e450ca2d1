"""Messages between two processes over a pipe: eight bytes that say the length, then so many bytes of JSON."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct("<Q")


def send(pipe: BinaryIO, message: dict[str, Any]) -> None:
    """Write one message, whole."""
    said = json.dumps(message).encode()
    pipe.write(LENGTH.pack(len(said)) + said)
    pipe.flush()


def receive(pipe: BinaryIO) -> dict[str, Any] | None:
    """Read one message; None where the other side has ended, in the middle of a message too."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    said = pipe.read(length)
    return json.loads(said) if len(said) == length else None
