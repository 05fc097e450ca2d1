"""Stretches of the plan through Ray Data: in come tokens, out come the rows of parts, in the order of the plan."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from core.activations.cancelled import Cancelled
from core.activations.device import AUTO, check_device
from core.activations.pass_loop import Stop
from core.activations.ray_worker import About, Duty, Worker, unpacked
from core.activations.stretch import Read, Stretch
from core.cluster import Cluster
from core.errors import GamutError
from core.store.contents import Contents

POLL = 0.5  # seconds between two looks at the wish to stop
WATCH = 3.0  # seconds between two looks at which machines are there
PATIENCE = 30.0  # seconds after which a cluster knows that a machine is gone
RESTARTS, TRIES = 20, 3  # of a worker that dies, and of a stretch that its worker died over


class MachineLost(Exception):
    """A machine left the cluster, and with it what its workers were at: the rest is to be begun again without it."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many workers fit, where each computes and what Ray sets aside for it."""

    workers: int
    device: str
    resources: dict[str, float]


def room_in(ray: ModuleType, cluster: Cluster, *, device: str, threads: int) -> Room:
    """A worker a GPU; without GPUs, or for `device` "cpu", one for every `threads` processors of a machine.

    Raises `GamutError` where not one fits.
    """
    check_device(device)
    if device not in (AUTO, "cpu", "cuda"):
        raise GamutError(
            f"--device {device} is for one machine; --engine ray gives each worker a GPU of its own: say cuda, cpu or nothing."
        )
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    if device == "cuda" and not gpus:
        raise GamutError("The Ray cluster has no GPU; use --device cpu, or leave it out.")
    on_gpu = gpus > 0 and device != "cpu"
    room = gpus if on_gpu else sum(int(machine.get("CPU", 0) // threads) for machine in machines)
    if not room:
        raise GamutError(
            f"No machine of the Ray cluster has {threads} processors free to be used together, as many as here; start it with "
            f"--num-cpus {threads} or more on each, or this command with fewer (taskset)."
        )
    workers = min(room, cluster.workers or room)
    return Room(workers, "cuda" if on_gpu else "cpu", {"num_gpus": 1} if on_gpu else {"num_cpus": threads})


def about(ray: ModuleType, duty: Duty, room: Room, *, stop: Stop) -> About:
    """What a worker says of model and SAE; it is gone afterwards, and its memory free."""
    asked, alive = ray.remote(Worker).options(**room.resources).remote(duty), _machines(ray)
    try:
        waiting = asked.about.remote()
        while not ray.wait([waiting], timeout=POLL)[0]:
            _check(ray, alive, stop)
        said = ray.get(waiting)
    except ray.exceptions.RayError as error:
        raise _explained(ray, error, alive, stop) from None
    finally:
        ray.kill(asked)
    if isinstance(said, str):
        raise GamutError(said)
    return said


def read_all(
    ray: ModuleType, duty: Duty, contents: Contents, given: Iterable[Stretch], room: Room, *, stop: Stop
) -> Iterator[Read]:
    """What was read of every stretch, in the order given.

    Raises `Cancelled` soon after `stop()` turns true and `MachineLost` where a machine leaves; the cluster must then be
    left. A worker that dies is started again and gives what it was at once more.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.execution_options.verbose_progress = False
    blocks = [ray.put(stretch.as_table()) for stretch in given]
    if not blocks:
        return
    with warnings.catch_warnings():  # that the limits on deaths will have other names: the version is pinned
        warnings.simplefilter("ignore")
        rows = ray.data.from_arrow_refs(blocks).map_batches(
            Worker, fn_constructor_args=(duty, contents), batch_size=1, batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(room.workers, len(blocks)), max_tasks_in_flight_per_actor=2),
            max_restarts=RESTARTS, max_task_retries=TRIES, **room.resources,
        )  # fmt: skip
    for row in _watched(ray, rows, stop):
        yield unpacked(row)


def _watched(ray: ModuleType, rows: Any, stop: Stop) -> Iterator[dict[str, Any]]:
    """The rows as they come, with a look at the wish to stop and at the machines in between."""
    came: queue.Queue = queue.Queue(maxsize=1)
    gone = threading.Event()  # nobody waits any more: a thread that stayed would hold up the end of the process

    def give(what: object) -> None:
        while not gone.is_set():
            with suppress(queue.Full):
                return came.put(what, timeout=POLL)

    def fetch() -> None:
        try:
            for table in rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                for row in table.to_pylist():
                    give(row)
                if gone.is_set():
                    return
            give(None)
        except BaseException as error:  # whatever it is belongs to the one who waits
            give(error)

    threading.Thread(target=fetch, name="gamut-ray", daemon=True).start()
    alive, looked = _machines(ray), time.monotonic()
    try:
        while True:
            try:
                row = came.get(timeout=POLL)
            except queue.Empty:
                row = {}
            if row is None:
                return
            if isinstance(row, BaseException):
                raise _explained(ray, row, alive, stop)
            if row:
                yield row
            if stop() or time.monotonic() - looked >= WATCH:
                _check(ray, alive, stop)
                looked = time.monotonic()
    finally:
        gone.set()


def _check(ray: ModuleType, before: set[str], stop: Stop) -> None:
    if stop():
        raise Cancelled
    if before - _machines(ray):
        raise MachineLost


def _machines(ray: ModuleType) -> set[str]:
    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}


def _explained(ray: ModuleType, error: BaseException, before: set[str], stop: Stop) -> BaseException:
    """What went wrong, in a sentence where it is no defect of ours; a machine that is lost is only seen after a while."""
    if isinstance(error, ray.exceptions.RayTaskError) or not isinstance(error, ray.exceptions.RayError):
        return _nowhere(error) or error
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        _check(ray, before, stop)
        time.sleep(POLL)
    why = (str(error).strip() or type(error).__name__).splitlines()[0]
    return _nowhere(error) or GamutError(
        f"Workers of the Ray cluster died more often than is usual ({why}), most often for want of memory; what was read is "
        "kept: start the same analysis again, it goes on from there."
    )


def _nowhere(error: BaseException) -> GamutError | None:
    if "ModuleNotFoundError" not in str(error):
        return None
    return GamutError(
        f"A machine of the Ray cluster lacks Gamut or its libraries; put the same folder, {Path.cwd()}, with the same "
        "environment on every machine."
    )
