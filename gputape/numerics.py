"""The NaN finder: the first op that made NaN or infinity, in eager code and in recorded functions.

`tf.debugging.enable_check_numerics()` puts `checker` among the thread's recorders. Eager ops are looked at one by one.
A recorded function is still replayed: on the CPU its plan has a look after each step; on a device its graph has a small
kernel after each step, which notes the earliest step that failed in one word of memory, read once after the launch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import cuda, dtypes
from .errors import InvalidArgumentError
from .explain import caller, layer
from .ops.finite import note_not_finite
from .record import drop, state
from .tensor import Array


def not_finite(array: Any) -> str:
    """Which of "Inf" and "NaN" occur in a NumPy array, "" if neither: one sum over it where all is well.

    To be called where NumPy's warnings are off, in `state.quiet`.
    """
    if array.dtype.itemsize >= 4:  # sums of halves overflow too easily
        total = np.add.reduce(array, axis=None)
        if total - total == 0:
            return ""
    wide = array.astype(np.float32) if array.dtype.kind == "V" else array
    return " and ".join(n for n, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(wide).any())


def error(found: str, k: int, op: str, where: str, layer: str, array: Any, inputs: str = "") -> InvalidArgumentError:
    """What is raised when output `k` of `op` holds what `found` says."""
    at = f"{where}, layer {layer!r}" if layer else where
    return InvalidArgumentError(
        f"Detected {found} in output {k} of op {op!r} at {at}: dtype {dtypes.FROM_NUMPY[array.dtype].name}, shape "
        f"{list(array.shape)}{inputs} [Op:{op}]"
    )


class NumericsChecker:
    """A recorder that looks at every result of every op."""

    is_tape = True

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        for k, y in enumerate(outputs):
            if y._array.dtype in dtypes.DIFFERENTIABLE and (found := state.quiet(not_finite, cuda.to_host(y._array))):
                told = ", ".join(f"{x.dtype.name}{list(x.shape)}" for x in inputs if isinstance(x, Array))
                where, inside = (caller(), layer()) if state.step is None else (state.step.where, state.step.layer)
                raise error(found, k, op.name, where, inside, y._array, f"; inputs {told}")

    def begin(self) -> None:
        pass

    def see(self, step: Any, arrays: list[Any]) -> None:
        """Look at what a step of a recorded function made, unless it is a view of what was looked at before."""
        if step.shows and len(arrays) == 1:
            return
        for k, array in enumerate(arrays):
            if array.dtype in dtypes.DIFFERENTIABLE and (found := not_finite(array)):
                raise error(found, k, step.op.name, step.where, step.layer, array)

    def read(self, tensor: Any, how: str) -> None:
        pass

    def created(self, variable: Any, initial: Any) -> None:
        pass


checker = NumericsChecker()


class Found:
    """The word of device memory in which a graph notes the earliest result that is not finite."""

    def forget(self) -> None:
        """Begin anew: the graph is about to be captured."""
        self.word = cuda.zeros(1, np.int32)
        self.seen: list[tuple[Any, int, Any]] = []  # step, number of the output, and an array like it

    def watch(self, step: Any, outputs: list[Any]) -> None:
        """Launch a look at what a step makes."""
        for k, y in enumerate(outputs):
            if isinstance(y, Array) and y._array.dtype in dtypes.DIFFERENTIABLE:
                note_not_finite(y._array, self.word, len(self.seen))
                self.seen.append((step, k, np.broadcast_to(np.zeros((), y._array.dtype), y._array.shape)))

    def told(self) -> None:
        """Wait for the graph; InvalidArgumentError if a result was not finite."""
        if word := int(cuda.to_host(self.word)[0]):
            self.word[...] = 0
            step, k, like = self.seen[cuda.FIRST - word]
            raise error("Inf or NaN", k, step.op.name, step.where, step.layer, like)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From here on, in this thread: InvalidArgumentError at the first op whose result holds NaN or infinity, naming it.

    The error tells op, line, and layer, in recorded functions too, which are still replayed: every result is read once
    more. On a device ops are not joined to chains meanwhile, and a call waits for its graph. The limits are accepted.
    Reference: tf.debugging.enable_check_numerics.

    >>> import gputape as tf
    >>> tf.debugging.enable_check_numerics()
    >>> tf.math.log(tf.constant([1.0, 0.0]))
    Traceback (most recent call last):
    ...
    gputape.errors.InvalidArgumentError: Detected Inf in output 0 of op 'log' at ...
    >>> tf.debugging.disable_check_numerics()
    """
    if not any(recorder is checker for recorder in state.stack):
        state.stack = [checker, *state.stack]


def disable_check_numerics() -> None:
    """Undo `enable_check_numerics`; nothing happens if it was not called."""
    drop(checker)


NAMES = {f"tf.debugging.{f.__name__}": f for f in (enable_check_numerics, disable_check_numerics)}
