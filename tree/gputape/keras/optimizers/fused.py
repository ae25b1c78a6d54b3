"""Optimizers whose step is one op for all variables."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .optimizer import Optimizer


class FusedOptimizer(Optimizer):
    """An optimizer whose step is one op of `tf.update` for all variables of a dtype, weight decay included.

    Subclasses define `slots()`, lists of slot variables in the op's order, and `run(targets, *operands, weight_decay)`.
    """

    def slots(self) -> list[list[Any]]:
        return []

    def run(self, targets, learning_rate, iterations, gradients, weight_decay) -> None:
        raise NotImplementedError

    def update_step(self, gradient, variable, learning_rate):
        self._run_fused([gradient], [variable], learning_rate, None)

    @property
    def _fused(self) -> bool:
        """Whether the step is the op's; not so if a subclass has an update_step of its own."""
        return type(self).update_step is FusedOptimizer.update_step

    def _apply_weight_decay(self, variables):
        if not self._fused:
            super()._apply_weight_decay(variables)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        if self._fused:
            self._run_fused(grads, trainable_variables, learning_rate, self.weight_decay)
        else:
            super()._backend_update_step(grads, trainable_variables, learning_rate)

    def _run_fused(self, grads, variables, learning_rate, weight_decay):
        rate = tf.convert_to_tensor(learning_rate) if not isinstance(learning_rate, tf.Variable) else learning_rate
        rate = rate if rate.dtype == "float32" else tf.cast(rate, "float32")
        groups: dict[str, list[int]] = {}
        for k, v in enumerate(variables):
            groups.setdefault(v.dtype, []).append(k)
        for dtype, members in groups.items():
            chosen = [variables[k] for k in members]
            where = [self._get_variable_index(v) for v in chosen]
            targets = [*chosen, *[slots[i] for slots in self.slots() for i in where]]
            gradients = [tf.cast(grads[k], dtype) for k in members]
            decay = (
                ()
                if weight_decay is None
                else tuple(float(weight_decay) if self._use_weight_decay(v) else 0.0 for v in chosen)
            )
            self.run(targets, rate, self.iterations, gradients, decay)
