"""A Ray cluster to work on, where the user asks for one: nothing else of Gamut imports Ray, and the default install lacks it."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType

from core.errors import GamutError

LOCAL, RAY = "local", "ray"
ADDRESS = re.compile(r"auto|[\w.-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
KNOCK_SECONDS = 20
OWN_STORE = (
    500_000_000  # bytes of shared memory of a cluster that is started here; beyond that Ray writes to its folder
)
# Of a cluster started here: Ray takes the machine's outer address unless it is told that no other machine will come.
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster: `address` host:port or "auto", as `ray start` told it; None for one on this machine, for this run only.

    `workers`: how many at most; None for as many as there is room for.
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.address is not None and not ADDRESS.fullmatch(self.address):
            raise GamutError(
                f"{self.address!r} is no address of a Ray cluster; give HOST:PORT as `ray start` told it, or auto, from a "
                "machine that belongs to the cluster."
            )


def cluster_of(engine: str, address: str | None, workers: int | None) -> Cluster | None:
    """What --engine, --address and --workers ask for; None for this process alone."""
    if engine not in (LOCAL, RAY):
        raise GamutError(f"Engine {engine!r} is not known; use {LOCAL} or {RAY}.")
    if engine == LOCAL:
        if address is not None or workers is not None:
            raise GamutError(
                "--address and --workers are said of --engine ray; leave them out, or say --engine ray too."
            )
        return None
    if find_spec("ray") is None:
        raise GamutError(
            "Ray is not installed here, so --engine ray cannot be used; install it with "
            "`pip install -r requirements-ray.txt`, or leave --engine out."
        )
    return Cluster(address, workers)


def engine_words(cluster: Cluster | None) -> list[str]:
    """The words of the command line that say the same."""
    if cluster is None:
        return []
    words = ["--engine", RAY, *(["--address", cluster.address] if cluster.address else [])]
    return words + (["--workers", str(cluster.workers)] if cluster.workers else [])


@contextmanager
def joined(cluster: Cluster) -> Iterator[ModuleType]:
    """Be a member of the cluster while the body runs: gives the library. One that was started here ends with it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray counts its users over the network
    if cluster.address is None:
        with _own() as ray:
            yield ray
        return
    ray = _library()
    _connect(ray, cluster.address, address=cluster.address)
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _own() -> Iterator[ModuleType]:
    """A cluster of this machine alone: its own folder and token, no address but the loopback, no dashboard."""
    os.environ.update(ALONE)  # before the library is loaded, which reads them once
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray = _library()
    folder = tempfile.mkdtemp(prefix="gamut-")  # short: sockets lie in it, whose names are limited
    try:
        _connect(
            ray, "on this machine", address="local", include_dashboard=False, object_store_memory=OWN_STORE,
            _temp_dir=folder,
        )  # fmt: skip
        yield ray
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _library() -> ModuleType:
    import ray
    import ray.data

    return ray


def _connect(ray: ModuleType, said: str, **options: object) -> None:
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said in a sentence of our own
    wished = signal.getsignal(signal.SIGTERM)
    try:
        _knock(str(options["address"]))
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError, ray.exceptions.RayError) as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise GamutError(
            f"The Ray cluster {said} cannot be joined: {why}. Start it with `ray start`, run this on one of its machines, and "
            "give the same RAY_AUTH_TOKEN."
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, wished)  # Ray's own ends the process at once: no part would be finished


def _knock(address: str) -> None:
    """Raise `OSError` at once where nobody answers: Ray itself would go on trying for minutes."""
    host, colon, port = address.rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
