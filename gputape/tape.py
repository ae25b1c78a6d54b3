"""GradientTape: a recorder that keeps the ops that touch watched tensors, and the reverse pass over what it kept."""

from __future__ import annotations

import contextlib
import enum
import functools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from . import cuda, nest
from .dtypes import DIFFERENTIABLE
from .explain import Cut, caller, explanation, reason
from .indexed_slices import IndexedSlices, densified
from .op import Fused, Op
from .record import drop, state
from .registry import OPS, register
from .tensor import Array, Tensor, Variable, as_tensor, executing_eagerly
from .vmap import Unvectorized, Vectorizer

log = logging.getLogger("gputape")
_USED = "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"


class UnconnectedGradients(enum.Enum):
    """What a gradient is when the target does not depend on the source: None, or zeros."""

    NONE = "none"
    ZERO = "zero"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        raise ValueError(f"Unknown value for unconnected_gradients: {value!r}: use 'none' or 'zero'")


class Node:
    """One recorded op: who went in and out (by identity), and what its rule needs."""

    __slots__ = ("attrs", "inputs", "kept", "likes", "op", "outputs", "shapes")

    def __init__(
        self,
        op: Any,
        inputs: list[int],
        outputs: list[int],
        kept: Any,
        attrs: Any,
        shapes: list[Any],
        likes: Any = None,
    ) -> None:
        self.op, self.inputs, self.outputs, self.kept, self.attrs, self.shapes = (
            op,
            inputs,
            outputs,
            kept,
            attrs,
            shapes,
        )
        self.likes = likes  # (shape, dtype) of each output if there are several: what a missing gradient is zero like


class GradientTape:
    """Records ops for automatic differentiation, TensorFlow's `tf.GradientTape`.

    Args:
        persistent: whether `gradient` may be called more than once. Default False: memory is freed as it goes.
        watch_accessed_variables: whether trainable Variables are watched when they are read. Default True.

    >>> import gputape as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as g:
    ...     g.watch(x)
    ...     y = x * x
    >>> g.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    is_tape = True

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._auto = watch_accessed_variables
        self._open = False
        self._used = False
        self._clear()

    def _clear(self) -> None:
        self._nodes: list[Node] = []
        self._watched: set[int] = set()
        self._variables: dict[int, Variable] = {}
        self._cuts: list[Cut] = []

    # -- recording
    def __enter__(self) -> GradientTape:
        if self._open:
            raise ValueError("Tape is still recording, This can happen if you try to re-enter an already-active tape.")
        self._open = True
        state.stack = [*state.stack, self]
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._open:
            self._open = False
            drop(self)

    def watch(self, tensor: Any) -> None:
        """Follow `tensor` (or a nest of tensors and variables) from here on; only floats and complex have gradients."""
        for x in nest.flatten(tensor):
            if not isinstance(x, Array):
                raise ValueError(f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor or tf.Variable")
            if x._array.dtype not in DIFFERENTIABLE:
                log.warning("The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", x.dtype)
            self._follow(x)

    def _follow(self, x: Any) -> None:
        if isinstance(x, Variable):
            self._variables[x._id] = x
        self._watched.add(x._id)

    def touch(self, variable: Variable) -> bool:
        """`variable` was used: watch it if that is this tape's habit. Returns whether it is watched."""
        if self._auto and variable._trainable and variable._id not in self._watched:
            self._follow(variable)
        return variable._id in self._watched

    def watches(self, tensors: Iterable[Any]) -> bool:
        """Whether an op on `tensors` would be recorded."""
        for x in tensors:
            if isinstance(x, Variable):
                self.touch(x)
        return not self._watched.isdisjoint([x._id for x in tensors])

    def record(self, op: Op, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        watched = self._watched
        hit = False
        ids, shapes = [], []
        for k, x in enumerate(inputs):
            if type(x) is Tensor:
                i = x._id
                if i in watched:
                    hit = True
                ids.append(i)
                shapes.append(x._array.shape)
            elif isinstance(x, Array):
                if x._id in watched or (isinstance(x, Variable) and self.touch(x)):
                    hit = True
                ids.append(x._id)
                shapes.append(x._array.shape)
                inputs = (*inputs[:k], _snapshot(x), *inputs[k + 1 :])
            else:
                ids.append(0)
                shapes.append(())
                if type(x) is tuple:  # the variables that an effect changes
                    for variable in x:
                        self.touch(variable)
        if not hit:
            return
        live = False
        made = []
        for y in outputs:
            made.append(y._id)
            if y._array.dtype in DIFFERENTIABLE and op.differentiable:
                watched.add(y._id)
                live = True
        if live:
            likes = [(y._array.shape, y.dtype) for y in outputs] if len(outputs) > 1 else None
            self._nodes.append(Node(op, ids, made, op.kept(inputs, outputs), attrs, shapes, likes))
        elif outputs:
            self._cuts.append(Cut(op.name, ids, made, reason(op, outputs), caller()))

    def read(self, tensor: Any, how: str) -> None:
        if self.watches([tensor]):
            self._cuts.append(
                Cut(how, [tensor._id], [], "its value left for Python or NumPy, which no tape can see", caller())
            )

    def created(self, variable: Any, initial: Any) -> None:
        pass

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing on this tape in the body; other tapes go on."""
        if not self._open:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def reset(self) -> None:
        """Forget everything recorded and watched so far. ValueError unless the tape is recording."""
        if not self._open:
            raise ValueError("Tape is not recording: reset() belongs into the body of its with statement.")
        self._clear()
        self._used = False

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched, in the order in which they were made."""
        return tuple([self._variables[i] for i in sorted(self._variables)])

    # -- gradients
    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of the sum of `target` (a tensor or a nest) with respect to each of `sources`, nested alike.

        Args:
            output_gradients: one tensor per target to start from instead of ones; None entries mean ones.
            unconnected_gradients: "none" (default) or "zero", for sources that the target does not depend on.

        Raises RuntimeError on the second call of a tape that is not persistent, TypeError if `target` is None.
        """
        self._begin()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors "
                "to be differentiated, but received None."
            )
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        targets = [_as_target(t) for t in nest.flatten(target)]
        for t in targets:
            if isinstance(t, Variable):
                self.touch(t)
        flat = [_as_source(s) for s in nest.flatten(sources)]
        seeds = [None] * len(targets) if output_gradients is None else nest.flatten(output_gradients)
        if len(seeds) != len(targets):
            raise ValueError(f"gradient: {len(targets)} targets, but {len(seeds)} output_gradients")
        grads = self._backprop(targets, seeds, flat)
        if not self._persistent:
            self._used = True
        made = [OPS["zeros_like"](s) if g is None and zero else g for g, s in zip(grads, flat, strict=True)]
        return nest.pack_sequence_as(sources, made)

    def _begin(self) -> None:
        """Before each use of the tape: one that is used up says so, one that is open is closed unless persistent."""
        if self._used:
            raise RuntimeError(_USED)
        if self._open and self._persistent:
            _tell_once(
                "Calling GradientTape.gradient on a persistent tape inside its context is significantly less efficient "
                "than calling it outside the context (it causes the gradient ops to be recorded on the tape, leading "
                "to increased CPU and memory usage). Only call GradientTape.gradient inside the context if you "
                "actually want to trace the gradient in order to compute higher order derivatives."
            )
        elif self._open:
            self.__exit__()

    def _backprop(self, targets: list[Any], seeds: Sequence[Any], sources: list[Any]) -> list[Any]:
        found: dict[int, Any] = {}
        ids = {s._id for s in sources}
        for t, seed in zip(targets, seeds, strict=True):
            if t._id not in self._watched and t._id not in ids:
                continue
            if t._array.dtype not in DIFFERENTIABLE:
                log.warning("The dtype of the target tensor must be floating (e.g. tf.float32), got %r", t.dtype)
                continue
            if seed is None:
                array = t._array  # no op: in a recorded function these ones, and what is made of them, are constants
                seed = Tensor(cuda.array_module(array).ones(array.shape, array.dtype))
            else:
                seed = as_tensor(seed, t._array.dtype)
                if seed._array.shape != t._array.shape:
                    raise ValueError(
                        f"gradient: output_gradients has shape {seed._array.shape}, its target "
                        f"{t._array.shape}: make them equal"
                    )
            add_gradient(found, t._id, seed)
        nodes, keep = self._nodes, self._persistent
        if not keep:
            self._nodes = []
        reverse(nodes, found, ids, keep)
        known = self._watched | {t._id for t in targets}
        return [found.get(s._id) if s._id in known and s._array.dtype in DIFFERENTIABLE else None for s in sources]

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """d target / d sources: for each source a tensor of shape `target.shape + source.shape` (None if unconnected).

        One reverse pass for all elements of `target`: its ops run on batches, see vmap.py.

        Args:
            parallel_iterations: how many elements go together, to limit memory. Default: all.
            experimental_use_pfor: False for a reverse pass per element.

        Equals `torch.func.jacrev`, `jax.jacrev`. TypeError if `target` is no tensor; RuntimeError for a pass per element
        with a tape that is not persistent, outside of functions.
        """
        self._begin()
        self._may_repeat("jacobian", experimental_use_pfor)
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        target, flat = _as_target(target), [_as_source(s) for s in nest.flatten(sources)]
        shape, size = tuple(target._array.shape), int(target._array.size)

        def units(first: int, last: int) -> Any:
            return np.eye(last - first, size, first, target._array.dtype).reshape(last - first, *shape)

        rows = self._rows(target, units, size, flat, parallel_iterations if experimental_use_pfor else 1)
        made = []
        for row, source in zip(rows, flat, strict=True):
            full = (*shape, *source._array.shape)
            if row is None:
                made.append(OPS["zeros"](full, source.dtype) if zero else None)
            else:
                made.append(OPS["reshape"](row, full))
        return nest.pack_sequence_as(sources, made)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each row of `target` (b, ...) with respect to the same row of `source` (b, ...).

        Shape (b,) + target.shape[1:] + source.shape[1:]; rows must not depend on each other. Zeros if the target does
        not depend on the source. Arguments as in `jacobian`. ValueError if the first dimensions differ.
        """
        self._begin()
        self._may_repeat("batch jacobian", experimental_use_pfor)
        target, source = _as_target(target), _as_source(source)
        UnconnectedGradients(unconnected_gradients)
        t, s = tuple(target._array.shape), tuple(source._array.shape)
        if not t or not s or t[0] != s[0]:
            raise ValueError(
                f"batch_jacobian: Need first dimension of target shape ({t}) and source shape ({s}) to match."
            )
        size = math.prod(t[1:])

        def units(first: int, last: int) -> Any:
            seeds = np.eye(last - first, size, first, target._array.dtype)[:, None]
            return np.broadcast_to(seeds, (last - first, t[0], size)).reshape(last - first, *t)

        rows = self._rows(target, units, size, [source], parallel_iterations if experimental_use_pfor else 1)[0]
        if rows is None:
            return OPS["zeros"](t + s[1:], source.dtype)
        turned = OPS["transpose"](rows, (1, 0, *range(2, len(s) + 1)))
        return OPS["reshape"](turned, t + s[1:])

    def _may_repeat(self, what: str, together: bool) -> None:
        """RuntimeError if the tape is to go back several times one after the other and is not made for that."""
        if not together and not self._persistent and executing_eagerly():
            raise RuntimeError(
                f"GradientTape must be created with persistent=True to compute the {what} with eager execution enabled "
                "and with experimental_use_pfor set to False."
            )

    def _rows(self, target: Any, units: Callable[[int, int], Any], count: int, sources: list[Any], step: Any) -> Any:
        """The gradients for each of `count` seeds, stacked: (count, *source.shape), None for an unconnected source.

        units(a, b): the seeds number a to b, an array. `step` of them go into one reverse pass; all if None.
        """
        step = max(1, int(step or count))
        persistent, self._persistent = self._persistent, True  # several reverse passes, one use of the tape
        try:
            parts = [
                self._pass(target, _like(target, units(a, min(a + step, count))), sources)
                for a in range(0, max(count, 1), step)
            ]
        finally:
            self._persistent = persistent
            if not persistent:
                self._used, self._nodes = True, []
        return [p[0] if len(p) == 1 or p[0] is None else OPS["concat"](list(p), 0) for p in zip(*parts, strict=True)]

    def _pass(self, target: Any, seeds: Any, sources: list[Any]) -> list[Any]:
        """The gradients for each of `seeds`, stacked: in one reverse pass over batches if there is a way."""
        if len(seeds) != 1:
            try:
                with Vectorizer(len(seeds)) as v:
                    seed = v.example(Tensor(seeds))
                    grads = [densified(g) for g in self._backprop([target], [seed], sources)]
                return [None if g is None else v.batch(g) for g in grads]
            except Unvectorized as why:
                log.info("a reverse pass per element: %s", why)
        # `seeds[k, ...]` is an array for a target of no dimensions too, which iterating would make scalars of
        each = [
            [densified(g) for g in self._backprop([target], [Tensor(seeds[k, ...])], sources)]
            for k in range(len(seeds))
        ]
        return [None if gs[0] is None else OPS["stack"](list(gs)) for gs in zip(*each, strict=True)]

    # -- explaining
    def explain(self, target: Any, source: Any) -> str:
        """Why the gradient of `target` with respect to `source` is None: what cut the path, and its line.

        >>> import gputape as tf
        >>> v = tf.Variable(1.0)
        >>> with tf.GradientTape(persistent=True) as tape:
        ...     y = tf.round(v) * 2.0
        >>> print(tape.explain(y, v).splitlines()[0])  # doctest: +ELLIPSIS
        The path is cut at round (...): round has no gradient.
        """
        return explanation(self._nodes, self._cuts, self._watched, target, source)


def _snapshot(x: Any) -> Any:
    """What a tape keeps of an input: a variable's value as it is now, under the variable's identity."""
    if not isinstance(x, Variable):
        return x
    tensor = Tensor(x._array)
    tensor._id = x._id
    return tensor


def _as_target(t: Any) -> Any:
    if not isinstance(t, Array):
        raise TypeError(
            f"gradient: target holds {t!r} of type {type(t).__name__!r}, not tf.Tensor or tf.Variable: has its value "
            f"left for Python or NumPy?"
        )
    return t


def _as_source(s: Any) -> Any:
    if not isinstance(s, Array):
        raise TypeError(f"gradient: sources holds {s!r} of type {type(s).__name__!r}, not tf.Tensor or tf.Variable")
    return s


def _like(tensor: Tensor, array: Any) -> Any:
    return cuda.to_device(array) if cuda.is_device(tensor._array) else array


@functools.cache
def _tell_once(message: str) -> None:
    log.warning(message)


# -- the reverse pass


def add_gradient(found: dict[int, Any], i: int, gradient: Any) -> None:
    """Add to the gradient of tensor `i`; equal paths add up, sparse ones stay sparse while they can."""
    old = found.get(i)
    if old is None:
        found[i] = gradient
    elif isinstance(old, IndexedSlices) and isinstance(gradient, IndexedSlices):
        found[i] = IndexedSlices(
            OPS["concat"]([old.values, gradient.values], 0),
            OPS["concat"]([old.indices, gradient.indices], 0),
            old._size,
        )
    else:
        found[i] = OPS["add"](densified(old), densified(gradient))


def reverse(nodes: list[Node], found: dict[int, Any], sources: Iterable[int], keep: bool) -> None:
    """Carry the gradients in `found` back through `nodes`, last first; those of `sources` stay in `found`.

    Only nodes on a path from a source are visited. Unless `keep`, nodes are dropped as they are done with, and with
    them what they kept alive.
    """
    needed = set(sources)
    path = []
    for node in nodes:
        if not needed.isdisjoint(node.inputs):
            needed.update(node.outputs)
            path.append(node)
    if not keep:
        nodes.clear()
    stop = set(sources)
    while path:
        node = path.pop()
        outputs = node.outputs
        if len(outputs) == 1:
            i = outputs[0]
            dy = found.get(i)
            if dy is None:
                continue
            if i not in stop:
                del found[i]
            dys = [densified(dy)]
        else:
            dys = [densified(found.get(i)) if i in stop else densified(found.pop(i, None)) for i in outputs]
            if all(d is None for d in dys):
                continue
        dxs = node.op.backward(dys, node)
        if type(dxs) is not tuple and type(dxs) is not list:
            dxs = (dxs,)
        if len(dxs) != len(node.inputs):
            raise ValueError(f"gradient of {node.op.name}: {len(dxs)} gradients for {len(node.inputs)} inputs")
        for i, shape, dx in zip(node.inputs, node.shapes, dxs, strict=True):
            if i not in needed or dx is None:
                continue
            if callable(dx):
                dx = dx()
                if dx is None:
                    continue
            if type(dx) is Tensor and dx._array.shape != shape:
                dx = OPS["sum_to"](dx, shape=shape)
            add_gradient(found, i, dx)


def gradient_of_meaning(op: Fused, inputs: tuple[Any, ...], attrs: dict[str, Any], dys: list[Any]) -> list[Any]:
    """The gradient of a fused op without a rule: that of its meaning, recorded on a tape of its own."""
    fresh = [as_tensor(x) for x in inputs]
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([x for x in fresh if x._array.dtype in DIFFERENTIABLE])
        made = op.body(*fresh, **attrs)
    made = list(made) if isinstance(made, (tuple, list)) else [made]
    pairs = [(t, d) for t, d in zip(made, dys, strict=True) if d is not None]
    return list(tape.gradient([t for t, _ in pairs], fresh, [d for _, d in pairs]))


register("gradient_of_meaning", gradient_of_meaning)
__all__ = ["GradientTape", "IndexedSlices", "UnconnectedGradients", "densified"]
