"""Learning rates of their own for each weight, by sums or averages of squared gradients."""

from __future__ import annotations

import gputape as tf

from ..initializers import Constant
from .fused import FusedOptimizer


class Adagrad(FusedOptimizer):
    """Steps divided by the root of the sum of squared gradients. Formula: `tf.update.adagrad`.

    `initial_accumulator_value` starts the sum. Further arguments: see `Optimizer`. Duchi et al. 2011.
    """

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        start = Constant(self.initial_accumulator_value)
        self._accumulators = self.add_optimizer_variables(var_list, "accumulator", initializer=start)

    def slots(self):
        return [self._accumulators]

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = {"epsilon": self.epsilon, "weight_decay": weight_decay}
        tf.update.adagrad(targets, learning_rate, iterations, *gradients, **own)

    def get_config(self):
        return {**super().get_config(), **self._attributes("initial_accumulator_value", "epsilon")}


class Adadelta(FusedOptimizer):
    """Steps scaled by averages of squared gradients and of squared steps. Formula: `tf.update.adadelta`.

    `rho` says how slowly the averages forget. Further arguments: see `Optimizer`. Zeiler 2012.
    """

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        names = ["accumulated_grad", "accumulated_delta_var"]
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(var_list, names)

    def slots(self):
        return [self._accumulated_grads, self._accumulated_delta_vars]

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = {**self._attributes("rho", "epsilon"), "weight_decay": weight_decay}
        tf.update.adadelta(targets, learning_rate, iterations, *gradients, **own)

    def get_config(self):
        return {**super().get_config(), **self._attributes("rho", "epsilon")}


class RMSprop(FusedOptimizer):
    """Steps divided by the root of an average of squared gradients. Formula: `tf.update.rmsprop`.

    Args:
        rho: how slowly the average forgets.
        momentum: the share of the last step that is added.
        centered: divide by the variance of the gradient rather than by its mean square.

    Further arguments: see `Optimizer`. Hinton 2012.
    """

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._velocities = self.add_optimizer_variables(var_list, "velocity")
        self._momentums = self.add_optimizer_variables(var_list, "momentum") if self.momentum > 0 else []
        self._average_gradients = self.add_optimizer_variables(var_list, "average_gradient") if self.centered else []

    def slots(self):
        return [s for s in (self._velocities, self._momentums, self._average_gradients) if s]

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = self._attributes("rho", "momentum", "epsilon", "centered")
        tf.update.rmsprop(targets, learning_rate, iterations, *gradients, weight_decay=weight_decay, **own)

    def get_config(self):
        return {**super().get_config(), **self._attributes("rho", "momentum", "epsilon", "centered")}


class Ftrl(FusedOptimizer):
    """Follow the regularized leader: for shallow models with many sparse features. Formula: `tf.update.ftrl`.

    ValueError if `learning_rate_power` is positive or any other argument negative. Further arguments: see `Optimizer`.
    McMahan et al. 2013.
    """

    def __init__(
        self,
        learning_rate=0.001,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
        **kwargs,
    ):
        super().__init__(learning_rate, **kwargs)
        if learning_rate_power > 0:
            raise ValueError(
                "`learning_rate_power` needs to be negative or zero. Received: "
                f"learning_rate_power={learning_rate_power}."
            )
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        for name in ("initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength"):
            self._check_not_negative(name)
        self._check_not_negative("l2_shrinkage_regularization_strength")

    def _check_not_negative(self, name):
        if getattr(self, name) < 0:
            raise ValueError(f"`{name}` needs to be positive or zero. Received: {name}={getattr(self, name)}.")

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        starts = [Constant(self.initial_accumulator_value), "zeros"]
        self._accumulators, self._linears = self.add_optimizer_variables(var_list, ["accumulator", "linear"], starts)

    def slots(self):
        return [self._accumulators, self._linears]

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        tf.update.ftrl(
            targets,
            learning_rate,
            iterations,
            *gradients,
            learning_rate_power=self.learning_rate_power,
            l1=self.l1_regularization_strength,
            l2=self.l2_regularization_strength,
            l2_shrinkage=self.l2_shrinkage_regularization_strength,
            beta=self.beta,
            weight_decay=weight_decay,
        )

    def get_config(self):
        names = ["learning_rate_power", "initial_accumulator_value", "l1_regularization_strength", "beta"]
        names += ["l2_regularization_strength", "l2_shrinkage_regularization_strength"]
        return {**super().get_config(), **self._attributes(*names)}
