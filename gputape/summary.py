"""tf.summary: curves, histograms, images and text as event files that TensorBoard shows. Written by tensorboardX.

A summary reads its value, so a tf.function with one in it runs eagerly.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from .tensor import Array, as_tensor


class _State(threading.local):
    def __init__(self) -> None:
        self.writer: SummaryWriter | None = None
        self.step: Any = None
        self.recording: Any = True


_state = _State()


class SummaryWriter:
    """Writes event files into a folder; made by `create_file_writer`."""

    def __init__(self, logdir: str, max_queue: int, flush_secs: float, suffix: str) -> None:
        try:
            import tensorboardX
        except ImportError:
            raise ImportError('tf.summary needs tensorboardX: pip install "gputape[tensorboard]"') from None
        self.events = tensorboardX.SummaryWriter(
            logdir, max_queue=max_queue, flush_secs=flush_secs, filename_suffix=suffix
        )
        self._closed = False

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """In the body, summaries go to this writer, at `step` by default."""
        if self._closed:
            raise RuntimeError("SummaryWriter is already closed")
        kept = _state.writer, _state.step
        _state.writer = self
        if step is not None:
            _state.step = step
        try:
            yield self
        finally:
            self.flush()
            _state.writer, _state.step = kept

    def set_as_default(self, step: Any = None) -> None:
        """From here on, summaries of this thread go to this writer."""
        if self._closed:
            raise RuntimeError("SummaryWriter is already closed")
        _state.writer = self
        if step is not None:
            _state.step = step

    def init(self) -> None:
        """Nothing to do: the writer is ready."""

    def flush(self) -> None:
        if not self._closed:
            self.events.flush()

    def close(self) -> None:
        """Write what is waiting and close the file; a second time does nothing."""
        if not self._closed:
            self.flush()
            self.events.close()
            self._closed = True


def create_file_writer(
    logdir: Any,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    experimental_trackable: bool = False,
) -> SummaryWriter:
    """A writer of event files in the folder `logdir`; needs `pip install "gputape[tensorboard]"` (ImportError).

    max_queue: how many summaries wait at most, default 10. flush_millis: for how long, default 120 000.
    ValueError without a folder. Reference: tf.summary.create_file_writer.
    """
    if logdir is None:
        raise ValueError("Argument `logdir` cannot be None")
    seconds = 120.0 if flush_millis is None else flush_millis / 1000
    return SummaryWriter(os.fspath(logdir), 10 if max_queue is None else max_queue, seconds, filename_suffix or "")


@contextlib.contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """In the body, summaries are written only if `condition` holds: a bool, a tensor, or a function that gives one."""
    kept, _state.recording = _state.recording, condition
    try:
        yield
    finally:
        _state.recording = kept


def should_record_summaries() -> bool:
    """Whether a summary would be written now: there is a default writer, and `record_if` agrees."""
    condition = _state.recording() if callable(_state.recording) else _state.recording
    return _state.writer is not None and bool(condition)


def get_step() -> Any:
    """The step that summaries have by default; None if there is none."""
    return _state.step


def set_step(step: Any) -> None:
    """Set the step that this thread's summaries have by default: an int, or a Variable that counts."""
    _state.step = step


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Write what is waiting, of `writer` or of the default one."""
    chosen = writer or _state.writer
    if chosen is not None:
        chosen.flush()


def _writing(step: Any) -> tuple[Any, int] | None:
    """The events to add to and the step; None if nothing is to be written."""
    if not should_record_summaries():
        return None
    step = _state.step if step is None else step
    if step is None:
        raise ValueError(
            "No step set. Please specify one either through the `step` argument or through "
            "tf.summary.experimental.set_step()"
        )
    assert _state.writer is not None
    return _state.writer.events, int(step)


def _value(data: Any) -> Any:
    """`data` as a NumPy array of a type that event files hold."""
    array = np.asarray((data if isinstance(data, Array) else as_tensor(data)).numpy())
    return array if array.dtype.kind in "biufO" else array.astype(np.float32)


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write one number. Returns whether it was written: False without a default writer.

    ValueError without a step, and for data that is no scalar.
    """
    if (writing := _writing(step)) is None:
        return False
    value = _value(data)
    if value.ndim:
        raise ValueError(f"summary.scalar: data of {name!r} has shape {value.shape}, it must be a scalar")
    writing[0].add_scalar(name, float(value), writing[1])
    return True


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None
) -> bool:
    """Write how the numbers of a tensor of any shape are distributed, in `buckets` intervals (default 30)."""
    if (writing := _writing(step)) is None:
        return False
    values = _value(data).astype(np.float64).ravel()
    if values.size:
        writing[0].add_histogram(name, values, writing[1], bins=buckets or 30)
    return True


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> bool:
    """Write images (k, height, width, channels): uint8, or floats from 0 to 1; at most `max_outputs` of them."""
    if (writing := _writing(step)) is None:
        return False
    pictures = _value(data)
    if pictures.ndim != 4:
        raise ValueError(f"summary.image: data of {name!r} has shape {pictures.shape}, it must have 4 axes")
    if pictures.dtype.kind == "f":
        pictures = (np.clip(pictures, 0, 1) * 255).round().astype(np.uint8)
    for k, picture in enumerate(pictures[:max_outputs]):
        tag = name if min(len(pictures), max_outputs) == 1 else f"{name}/{k}"
        writing[0].add_image(tag, picture, writing[1], dataformats="HWC")
    return True


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a string, or a tensor of strings, one per line."""
    if (writing := _writing(step)) is None:
        return False
    lines = _value(data).ravel().tolist()
    writing[0].add_text(name, "\n\n".join(v.decode() if isinstance(v, bytes) else str(v) for v in lines), writing[1])
    return True


def audio(
    name: str,
    data: Any,
    sample_rate: int,
    step: Any = None,
    max_outputs: int = 3,
    encoding: str | None = None,
    description: str | None = None,
) -> bool:
    """Write sounds (k, frames, channels), floats from -1 to 1; the first channel of at most `max_outputs` of them."""
    if (writing := _writing(step)) is None:
        return False
    sounds = _value(data)
    for k, sound in enumerate(sounds[:max_outputs]):
        tag = name if min(len(sounds), max_outputs) == 1 else f"{name}/{k}"
        writing[0].add_audio(tag, np.clip(sound[:, :1], -1, 1), writing[1], sample_rate=int(sample_rate))
    return True


def _untold(what: str) -> NotImplementedError:
    return NotImplementedError(
        f"{what}: there are no graphs or profiles in TensorFlow's form here: f.report() tells what a tf.function "
        f"recorded, and NVIDIA's nsys profiles kernels"
    )


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: Any = None) -> None:
    """Always NotImplementedError: see `tf.function`'s report() and NVIDIA's nsys."""
    raise _untold("summary.trace_on")


def trace_export(name: str, step: Any = None, profiler_outdir: Any = None) -> None:
    """Always NotImplementedError, as `trace_on`."""
    raise _untold("summary.trace_export")


def trace_off() -> None:
    """Nothing to do: nothing is ever traced."""


_PUBLIC: tuple[Any, ...] = (
    SummaryWriter,
    audio,
    create_file_writer,
    flush,
    histogram,
    image,
    record_if,
    scalar,
    should_record_summaries,
    text,
    trace_export,
    trace_off,
    trace_on,
)
NAMES: dict[str, Any] = {
    **{f"tf.summary.{f.__name__}": f for f in _PUBLIC},
    "tf.summary.experimental.get_step": get_step,
    "tf.summary.experimental.set_step": set_step,
}
