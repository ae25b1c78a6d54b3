"""Adam and its relatives: moving averages of the gradient and of its square."""

from __future__ import annotations

import gputape as tf

from .fused import FusedOptimizer


class _Moments(FusedOptimizer):
    """What they share: the two decay rates, epsilon, and two slots."""

    second = "velocity"

    def __init__(self, learning_rate, beta_1, beta_2, epsilon, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._momentums, self._velocities = self.add_optimizer_variables(var_list, ["momentum", self.second])

    def slots(self):
        return [self._momentums, self._velocities]

    def get_config(self):
        return {**super().get_config(), **self._betas()}

    def _betas(self):
        return self._attributes("beta_1", "beta_2", "epsilon")


class Adam(_Moments):
    """Steps scaled by averages of the gradient and of its square. Formula: `tf.update.adam`.

    Args:
        beta_1, beta_2: how slowly the averages of the gradient and of its square forget.
        epsilon: keeps the divisor from zero.
        amsgrad: divide by the largest average so far.

    Further arguments: see `Optimizer`. Kingma and Ba 2014.

    >>> from gputape import keras
    >>> v = keras.Variable(1.0)
    >>> Adam(0.5).apply([tf.constant(10.0)], [v])
    >>> round(float(v), 4)
    0.5
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **kwargs):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.amsgrad = amsgrad

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._velocity_hats = self.add_optimizer_variables(var_list, "velocity_hat") if self.amsgrad else []

    def slots(self):
        return [*super().slots(), self._velocity_hats] if self.amsgrad else super().slots()

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        tf.update.adam(targets, learning_rate, iterations, *gradients, weight_decay=weight_decay, **self._betas())

    def get_config(self):
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """Adam with weight decay, which does not pass through the averages. Loshchilov and Hutter 2017.

    ValueError if `weight_decay` is None. Further arguments: see `Adam` and `Optimizer`.
    """

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        **kwargs,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)
        if weight_decay is None:
            raise ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None")


class Nadam(_Moments):
    """Adam with Nesterov momentum. Formula: `tf.update.nadam`. Arguments: see `Adam` and `Optimizer`. Dozat 2016."""

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._u_product = self.add_variable((), "ones", "float32", name="u_product")

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        step = tf.cast(self.iterations + 1, "float32")
        self._u_product.assign(self._u_product * self.beta_1 * (1.0 - 0.5 * tf.pow(0.96, step)))
        super()._backend_update_step(grads, trainable_variables, learning_rate)

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        operands = (learning_rate, iterations, self._u_product, *gradients)
        tf.update.nadam(targets, *operands, weight_decay=weight_decay, **self._betas())


class Adamax(_Moments):
    """Adam with the largest gradient in place of the mean square. Formula: `tf.update.adamax`. Arguments: as `Adam`."""

    second = "norm"

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        tf.update.adamax(targets, learning_rate, iterations, *gradients, weight_decay=weight_decay, **self._betas())


class ScheduleFreeAdamW(_Moments):
    """AdamW whose iterates are averaged, so that no schedule is needed. Formula: `tf.update.schedule_free`.

    `warmup_steps`: the learning rate rises linearly for so many steps. Further arguments: see `Adam` and `Optimizer`.
    Defazio et al. 2024.
    """

    def __init__(self, learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0, **kwargs):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.warmup_steps = warmup_steps

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        for z, variable in zip(self._momentums, var_list):
            if z is not None:
                z.assign(variable)

    def run(self, targets, learning_rate, iterations, gradients, weight_decay):
        own = {**self._betas(), "warmup": self.warmup_steps, "weight_decay": weight_decay}
        tf.update.schedule_free(targets, learning_rate, iterations, *gradients, **own)

    def get_config(self):
        return {**super().get_config(), "warmup_steps": self.warmup_steps}
