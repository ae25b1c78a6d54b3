"""The stack of recorders: whoever wants to hear of every op that runs in this thread.

A recorder is anything with the methods of `Recorder`: a gradient tape, a function's trace, a profiler. Ops report
to all recorders of the thread that runs them, in `Op.__call__` and nowhere else.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np


class Recorder(Protocol):
    """What the engine tells a recorder."""

    is_tape: bool

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        """`op` ran on `inputs` (Tensors, Variables, Python scalars) and gave `outputs` (Tensors)."""

    def read(self, tensor: Any, how: str) -> None:
        """A value left for Python: `how` names the call, such as "numpy()" or "bool()"."""

    def created(self, variable: Any, initial: Any) -> None:
        """A Variable was made from the tensor `initial`."""


class State(threading.local):
    """What belongs to one thread: its recorders, its default device, and the context in which array code runs.

    NumPy warns of division by zero and overflow, TensorFlow does not. Entering `np.errstate` around each op costs as
    much as a small op itself, so every thread keeps one context in which the warnings are off, and `quiet(f, *args)`
    runs `f` there. Bodies of ops take arrays and call no ops, so the context is never entered twice.
    """

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.device: str | None = None
        self.reader: Callable[[Any], Any] | None = None  # what ops read of a Variable, if not its value
        self.step: Any = None  # of a recorded function that runs op by op: the step that it is at
        self.context = contextvars.copy_context()
        self.context.run(np.seterr, all="ignore")
        self.quiet: Callable[..., Any] = self.context.run

    def quiet_copy(self) -> Callable[..., Any]:
        """The same as `quiet` in a context of its own: for work in which ops may run."""
        return self.context.copy().run


state = State()


@contextlib.contextmanager
def recording(recorder: Any) -> Iterator[Any]:
    """Put `recorder` on this thread's stack for the body."""
    state.stack = [*state.stack, recorder]
    try:
        yield recorder
    finally:
        drop(recorder)


def drop(recorder: Any) -> None:
    """Take `recorder` off the stack, wherever it stands; other recorders stay."""
    state.stack = [r for r in state.stack if r is not recorder]


@contextlib.contextmanager
def variable_reader_scope(reader: Callable[[Any], Any]) -> Iterator[None]:
    """In the body, ops read `reader(variable)` where they are given a Variable: a cast of it, or another value."""
    kept, state.reader = state.reader, reader
    try:
        yield
    finally:
        state.reader = kept


@contextlib.contextmanager
def pause() -> Iterator[None]:
    """Record nothing in the body: what an op does inside itself is nobody's business."""
    kept, state.stack = state.stack, []
    try:
        yield
    finally:
        state.stack = kept
