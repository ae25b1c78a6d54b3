"""A timeline: what ran when, op by op, as a picture and as a trace for chrome://tracing or ui.perfetto.dev.

While a timeline is open, calls of ops and recorded functions in its thread are timed, and each is an NVTX range for
NVIDIA's nsys; closed, it costs nothing, because it is the calls themselves that are replaced. A recorded function is
still replayed: on the CPU its plan tells after each step, on a device its program runs op by op instead of as one
graph. There each op is waited for, so that its time is its own.
"""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

from . import cuda
from .explain import caller, layer
from .function import Function
from .op import Binary, Effect, Elementwise, Fused, Op, Unary
from .record import drop, state

_CALLED = (Op, Elementwise, Unary, Binary, Fused, Effect, Function)
_open: list[Timeline] = []


class Event(NamedTuple):
    """One thing that ran: times in nanoseconds from the beginning of the timeline, how deep it lay inside others."""

    name: str
    kind: str  # "op", "function" or "trace"
    begin: int
    end: int
    depth: int
    where: str
    layer: str


class Timeline:
    """What ran while the body of `timeline()` did; a recorder that keeps no tensors."""

    is_tape = False

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.thread = threading.get_ident()
        self.running: list[Any] = []  # the ops and functions that are being called
        self.start = self.mark = perf_counter_ns()

    @contextmanager
    def around(self, what: Any, name: str, kind: str, where: str = "") -> Iterator[None]:
        """Time the body as one event."""
        inside = layer() if kind == "op" else ""
        self.running.append(what)
        begin = perf_counter_ns()
        try:
            with cuda.named_range(f"{inside}/{name}" if inside else name):
                yield
                cuda.wait()
        finally:
            end = perf_counter_ns()
            self.running.pop()
            self.note(name, kind, begin, end, where, inside)

    def note(self, name: str, kind: str, begin: int, end: int, where: str, layer: str) -> None:
        depth = len(self.running)
        self.events.append(Event(name, kind, begin - self.start, end - self.start, depth, where, layer))

    # -- Recorder
    def begin(self) -> None:
        """The first step of a recorded function is about to run."""
        self.mark = perf_counter_ns()

    def see(self, step: Any, arrays: list[Any]) -> None:
        """A step of a recorded function has run, since the last one."""
        cuda.wait()
        self.note(step.op.name, "op", self.mark, perf_counter_ns(), step.where, step.layer)
        self.mark = perf_counter_ns()

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        if state.step is not None:
            self.see(state.step, [])

    def read(self, tensor: Any, how: str) -> None:
        pass

    def created(self, variable: Any, initial: Any) -> None:
        pass

    # -- what is made of it
    def summary(self) -> str:
        """A line per op: its name, how often it ran, its time in all in microseconds; the longest first."""
        totals: dict[str, tuple[int, int]] = {}
        for event in self.events:
            if event.kind == "op":
                count, time = totals.get(event.name, (0, 0))
                totals[event.name] = count + 1, time + event.end - event.begin
        rows = sorted(totals.items(), key=lambda row: -row[1][1])
        return "\n".join(f"{name:32s} {count:6d} {time / 1000:12.1f} us" for name, (count, time) in rows)

    def save(self, path: Any) -> None:
        """Write the timeline: a name ending in .json makes a Chrome trace, .png (or another of Matplotlib's) a picture.

        ImportError for pictures without Matplotlib.
        """
        if Path(path).suffix == ".json":
            Path(path).write_text(json.dumps({"traceEvents": self.trace_events(), "displayTimeUnit": "ms"}))
        else:
            self.picture().savefig(path, dpi=120)

    def trace_events(self) -> list[dict[str, Any]]:
        """The events in the form that Chrome's trace viewer reads: times in microseconds."""
        return [
            {
                "name": e.name, "cat": e.kind, "ph": "X", "pid": os.getpid(), "tid": self.thread,
                "ts": e.begin / 1000, "dur": (e.end - e.begin) / 1000, "args": {"line": e.where, "layer": e.layer},
            }
            for e in self.events
        ]  # fmt: skip

    def picture(self) -> Any:
        """A matplotlib Figure: time to the right, calls inside others below them, the costliest ops in colour."""
        try:
            from matplotlib import colormaps
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError('pictures of timelines need Matplotlib: pip install "gputape[plot]"') from None
        figure = Figure(figsize=(14, 5), layout="constrained")
        axes = figure.add_subplot()
        costly = [line.split()[0] for line in self.summary().splitlines()[:10]]
        colours = dict(zip(costly, [colormaps["tab10"](k) for k in range(10)], strict=False))
        for name in dict.fromkeys([e.name if e.name in colours else e.kind for e in self.events]):
            mine = [e for e in self.events if name in (e.name, e.kind if e.name not in colours else "")]
            for depth in {e.depth for e in mine}:
                spans = [(e.begin / 1e6, (e.end - e.begin) / 1e6) for e in mine if e.depth == depth]
                label = name if depth == mine[0].depth else None
                axes.broken_barh(spans, (-depth - 0.9, 0.8), color=colours.get(name, "0.8"), label=label)
        axes.set(xlabel="ms", ylabel="depth of calls", yticks=[], title=f"{len(self.events)} events")
        if self.events:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
        return figure


@contextmanager
def timeline() -> Iterator[Timeline]:
    """In the body, time every op and recorded function of this thread: gives a Timeline with `events` and `save(path)`.

    RuntimeError if one is open already.

    >>> import gputape as tf
    >>> with tf.timeline() as timeline:
    ...     tf.exp(tf.constant(0.0)) + 1.0
    <tf.Tensor: shape=(), dtype=float32, numpy=2.0>
    >>> [event.name for event in timeline.events]
    ['exp', 'add']
    """
    made = _begin()
    try:
        yield made
    finally:
        _end()


def _begin() -> Timeline:
    if _open:
        raise RuntimeError("a timeline is open already: leave its body, or call tf.profiler.experimental.stop()")
    _open.append(made := Timeline())
    for kind in _CALLED:
        if "__call__" in vars(kind):
            setattr(kind, "__call__", _timed(vars(kind)["__call__"]))  # noqa: B010  a method of a class, for a while
    state.stack = [*state.stack, made]
    return made


def _end() -> Timeline:
    made = _open.pop()
    drop(made)
    for kind in _CALLED:
        if "__call__" in vars(kind):
            setattr(kind, "__call__", vars(kind)["__call__"].__wrapped__)  # noqa: B010
    return made


def _timed(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        of = _open[-1]
        if of.thread != threading.get_ident() or cuda.capturing or (of.running and of.running[-1] is self):
            return call(self, *args, **kwargs)
        function = isinstance(self, Function)
        name, kind = (self.__name__, "function") if function else (self.name, "op")
        with of.around(self, name, kind, caller()):
            return call(self, *args, **kwargs)

    return run


# -- TensorFlow's names

_folder: list[str] = []


def start(logdir: Any, options: Any = None) -> None:
    """Open a timeline that `stop` writes to the folder `logdir`. `options` is accepted. RuntimeError if one is open."""
    _begin()
    _folder[:] = [os.fspath(logdir)]


def stop(save: bool = True) -> None:
    """Close what `start` has opened, and write timeline.json (and, with Matplotlib, timeline.png) to its folder.

    RuntimeError if nothing was started.
    """
    if not _folder:
        raise RuntimeError("Cannot stop profiling. No profiler is running: call tf.profiler.experimental.start(logdir)")
    made, folder = _end(), Path(_folder.pop())
    if save:
        folder.mkdir(parents=True, exist_ok=True)
        made.save(folder / "timeline.json")
        with suppress(ImportError):  # the trace is there
            made.save(folder / "timeline.png")


@contextmanager
def profile(logdir: Any, options: Any = None) -> Iterator[None]:
    """`start(logdir)`, the body, `stop()`."""
    start(logdir, options)
    try:
        yield
    finally:
        stop()


@contextmanager
def trace(name: str, **kwargs: Any) -> Iterator[None]:
    """In a timeline, the body as one event called `name`, with keywords such as step_num told behind; else nothing.

    >>> import gputape as tf
    >>> with tf.timeline() as timeline, tf.profiler.experimental.Trace("train", step_num=3):
    ...     y = tf.exp(tf.constant(0.0))
    >>> [(event.name, event.depth) for event in timeline.events]
    [('exp', 1), ('train step_num=3', 0)]
    """
    told = " ".join([name, *[f"{key}={value}" for key, value in kwargs.items()]])
    if not _open:
        with cuda.named_range(told):
            yield
        return
    with _open[-1].around(None, told, "trace"):
        yield


NAMES = {
    "tf.timeline": timeline,
    "tf.profiler.experimental.start": start,
    "tf.profiler.experimental.stop": stop,
    "tf.profiler.experimental.Profile": profile,
    "tf.profiler.experimental.Trace": trace,
}
