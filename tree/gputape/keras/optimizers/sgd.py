"""Gradient descent, with or without momentum, and its sign-only relative Lion."""

from __future__ import annotations

import gputape as tf

from .fused import FusedOptimizer


class SGD(FusedOptimizer):
    """Gradient descent; with `momentum` a moving sum of steps, Nesterov's if `nesterov`. Formula: `tf.update.sgd`.

    ValueError unless momentum is a float in [0, 1]. Further arguments: see `Optimizer`.

    >>> from gputape import keras
    >>> v = keras.Variable(1.0)
    >>> SGD(0.5).apply([tf.constant(1.0)], [v])
    >>> float(v)
    0.5
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **kwargs):
        super().__init__(learning_rate, **kwargs)
        if not isinstance(momentum, (float, int)) or not 0 <= momentum <= 1:
            raise ValueError("`momentum` must be a float between [0, 1].")
        self.momentum, self.nesterov = float(momentum), nesterov

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def slots(self):
        return [self.momentums] if self.momentum else []

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = {"momentum": self.momentum, "nesterov": bool(self.nesterov)}
        tf.update.sgd(targets, learning_rate, iterations, *gradients, weight_decay=weight_decay, **own)

    def get_config(self):
        return {**super().get_config(), **self._attributes("momentum", "nesterov")}


class Lion(FusedOptimizer):
    """Steps of the size of the learning rate in the direction of a momentum's sign. Formula: `tf.update.lion`.

    ValueError unless 0 < beta_1 <= 1. Further arguments: see `Optimizer`. Chen et al. 2023.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **kwargs):
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(
                "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD. "
                f"Received: beta_1={beta_1}."
            )
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._momentums = self.add_optimizer_variables(var_list, "momentum")

    def slots(self):
        return [self._momentums]

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = self._attributes("beta_1", "beta_2")
        tf.update.lion(targets, learning_rate, iterations, *gradients, weight_decay=weight_decay, **own)

    def get_config(self):
        return {**super().get_config(), **self._attributes("beta_1", "beta_2")}
