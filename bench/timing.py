"""How long something takes, and how that compares with copying the same number of bytes.

    seconds = measure(lambda: exp.run([x], {}))
    report("exp", seconds, 2 * x.nbytes)

On a GPU times are the device's, between two events, with the input out of its cache; without one they are those of the
NumPy path. With GPUTAPE_BENCH_RESULTS=file.jsonl every result is also appended there, as a line of JSON.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gputape
from gputape import cuda

CACHE = 2**28  # bytes: more than any cache of a device holds
COPIED = 2**28 if cuda.available() else 2**25  # bytes of the array whose copy is the measure of all


def measure(work: Callable[[], Any], seconds: float = 0.5, least: int = 5) -> float:
    """The median time of one call of `work`, in seconds: of `least` calls or more, which take about `seconds`."""
    once = _once_on_device() if cuda.available() else _once_on_host
    once(work)  # compiles, fills pools and caches
    times = [once(work)]
    while len(times) < least or sum(times) < seconds:
        times.append(once(work))
    return statistics.median(times)


def _once_on_host(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _once_on_device() -> Callable[[Callable[[], Any]], float]:
    import cupy

    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    flushed = cupy.empty(CACHE, np.int8)

    def once(work: Callable[[], Any]) -> float:
        flushed.fill(0)  # the device is busy with this while the host prepares the launches of `work`
        start.record()
        work()
        end.record()
        end.synchronize()
        return float(cupy.cuda.get_elapsed_time(start, end)) / 1e3

    return once


@functools.cache
def copy_bandwidth() -> float:
    """Bytes read and written in a second by a copy of a large array."""
    source = np.ones(COPIED, np.int8)
    source = cuda.to_device(source) if cuda.available() else source
    target = source.copy()

    def copy() -> None:
        target[...] = source

    return 2 * COPIED / measure(copy)


def report(what: str, seconds: float, nbytes: int) -> None:
    """Print the time of `what`, which reads and writes `nbytes`, its bandwidth, and the share of a copy's bandwidth."""
    rate = nbytes / seconds
    print(
        f"{what:<44} {seconds * 1e3:10.3f} ms {rate / 1e9:9.1f} GB/s {rate / copy_bandwidth():7.0%} of a copy",
        flush=True,
    )
    keep({"what": what, "seconds": seconds, "bytes": nbytes, "copy": copy_bandwidth(), **surroundings()})


def keep(result: dict[str, Any]) -> None:
    """Append a result to the file that GPUTAPE_BENCH_RESULTS names, a line of JSON each; nothing if it is not set."""
    if path := os.environ.get("GPUTAPE_BENCH_RESULTS"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")


def ratio(times: dict[str, float]) -> float | None:
    """The time of the best other library over that of "gputape": above 1 we are faster; None if either is missing."""
    others = [time for library, time in times.items() if library != "gputape"]
    return min(others) / times["gputape"] if others and "gputape" in times else None


@functools.cache
def surroundings() -> dict[str, Any]:
    """What the numbers depend on: the device, versions, the commit."""
    found = {
        "gputape": gputape.__version__,
        "numpy": np.__version__,
        "device": platform.processor() or platform.machine(),
    }
    if cuda.available():
        import cupy

        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
        found |= {"cupy": cupy.__version__, "device": name, "cuda": cupy.cuda.runtime.runtimeGetVersion()}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found | {"commit": commit.stdout.strip() or None}
