"""ForwardAccumulator: derivatives carried forward with the computation, each op twice reversed.

The gradient of an op is linear in the gradients of its outputs. Differentiated by those, it gives the other product,
Jacobian times vector, out of the same rule: d/du <J' u, v> = J v. Townsend 2017, "A new trick for calculating
Jacobian vector products".
"""

from __future__ import annotations

import logging
from typing import Any

from . import nest
from .dtypes import DIFFERENTIABLE
from .indexed_slices import densified
from .record import drop, state
from .registry import OPS
from .tape import GradientTape, UnconnectedGradients
from .tensor import Array, as_tensor

log = logging.getLogger("gputape")


class ForwardAccumulator:
    """A recorder that carries tangents along with the ops that run in its body. Reference: tf.autodiff's.

    Args:
        primals: a tensor, a Variable or a nest of them: what to differentiate by.
        tangents: the direction, a nest of tensors of the same structure, shapes and dtypes.

    Raises ValueError if the structures or shapes differ, or if a primal is named twice. Accumulators nest in each other
    and in gradient tapes: a tape inside gives products of Hessian and vector.

    >>> import gputape as tf
    >>> x = tf.constant([2.0, 3.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
    ...     y = tf.reduce_sum(x**3)
    >>> acc.jvp(y).numpy()
    np.float32(12.0)
    """

    is_tape = True

    def __init__(self, primals: Any, tangents: Any) -> None:
        nest.assert_same_structure(primals, tangents)
        self._tangents: dict[int, Any] = {}
        self._open = False
        for x, v in zip(nest.flatten(primals), nest.flatten(tangents), strict=True):
            self._follow(x, v)

    def _follow(self, primal: Any, tangent: Any) -> None:
        if not isinstance(primal, Array):
            raise TypeError(f"ForwardAccumulator: primals holds {primal!r}, not tf.Tensor or tf.Variable")
        if primal._array.dtype not in DIFFERENTIABLE:
            log.warning("The dtype of the watched primal must be floating (e.g. tf.float32), got %r", primal.dtype)
            return
        if primal._id in self._tangents:
            raise ValueError(
                "ForwardAccumulator: a tensor was specified as a primal multiple times. This may indicate an error. "
                "If it was intended, please sum the corresponding tangents."
            )
        tangent = as_tensor(tangent, primal._array.dtype)
        if tangent.shape != primal.shape or tangent.dtype != primal.dtype:
            raise ValueError(
                f"ForwardAccumulator: a tangent of shape {tangent.shape} and dtype {tangent.dtype.name} does not fit "
                f"its primal of shape {primal.shape} and dtype {primal.dtype.name}: make them equal"
            )
        self._tangents[primal._id] = tangent

    def __enter__(self) -> ForwardAccumulator:
        if self._open:
            raise ValueError("Accumulator is already recording.")
        self._open = True
        state.stack = [*state.stack, self]
        return self

    def __exit__(self, *exc: Any) -> None:
        self._open = False
        drop(self)

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        moving = {x._id: x for x in inputs if isinstance(x, Array) and x._id in self._tangents}
        made = [y for y in outputs if y._array.dtype in DIFFERENTIABLE]
        if not moving or not made or not op.differentiable:
            return
        kept = state.stack
        state.stack = kept[: next(k for k, r in enumerate(kept) if r is self)]  # the outer recorders see the derivative
        try:
            pushed = self._push(op, inputs, outputs, attrs, list(moving.values()), made)
        finally:
            state.stack = kept
        for y, tangent in zip(made, pushed, strict=True):
            if tangent is not None:
                self._tangents[y._id] = tangent

    def _push(self, op: Any, inputs: Any, outputs: Any, attrs: Any, moving: list[Any], made: list[Any]) -> list[Any]:
        """The tangents of `made`, outputs of one op, from those of `moving`, inputs of it."""
        rule = GradientTape(watch_accessed_variables=False)
        rule.watch(moving)
        rule.record(op, inputs, outputs, attrs)
        seeds = [OPS["ones_like"](y) for y in made]
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(seeds)
            grads = [densified(g) for g in rule.gradient(made, moving, output_gradients=seeds)]
        pairs = [(g, self._tangents[x._id]) for g, x in zip(grads, moving, strict=True) if g is not None]
        if not pairs:
            return [None] * len(made)
        return [densified(t) for t in tape.gradient([g for g, _ in pairs], seeds, [v for _, v in pairs])]

    def read(self, tensor: Any, how: str) -> None:
        pass

    def created(self, variable: Any, initial: Any) -> None:
        pass

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The tangents of tensors that were computed in the body (or of the primals), nested as `primals`.

        unconnected_gradients: "none" (default) or "zero", for tensors that do not depend on the primals, or not
        differentiably, or were computed outside.
        """
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO

        def tangent(x: Any) -> Any:
            found = self._tangents.get(x._id) if isinstance(x, Array) else None
            return OPS["zeros_like"](x) if found is None and zero else found

        return nest.map_structure(tangent, primals)


NAMES = {"tf.autodiff.ForwardAccumulator": ForwardAccumulator, "tf.autodiff.GradientTape": GradientTape}
