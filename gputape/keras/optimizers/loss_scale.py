"""Dynamic loss scaling for float16: Micikevicius et al. 2017."""

from __future__ import annotations

import weakref
from typing import Any

import gputape as tf

from ..initializers import Constant
from ..serialization import deserialize_keras_object, serialize_keras_object
from .optimizer import Optimizer
from .state import only_where


class LossScaleOptimizer(Optimizer):
    """Lets `inner_optimizer` train with small float16 gradients: the loss is multiplied by a scale, gradients divided.

    A step with a gradient that is not finite changes nothing but halves the scale; after `dynamic_growth_steps` good
    steps it doubles. The decision stays on the device.

    Args:
        inner_optimizer: whose options (clipping, averages, ...) count.
        initial_scale: default 2^15.

    `skipped_steps` counts the steps that changed nothing. In Keras 3 `scale_loss(loss)` is all that a training loop
    calls; Keras 2's `get_scaled_loss` and `get_unscaled_gradients` work too.
    ValueError for options that belong to the inner optimizer.

    >>> from gputape import keras
    >>> optimizer = LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=4.0)
    >>> v = keras.Variable(1.0)
    >>> optimizer.apply([tf.constant(2.0)], [v])
    >>> float(v)
    0.5
    >>> optimizer.apply([tf.constant(float("inf"))], [v])
    >>> float(v), float(optimizer.loss_scale), int(optimizer.skipped_steps)
    (0.5, 2.0, 1)
    """

    skipped_steps: Any
    dynamic = True  # Keras 2's attribute: a fixed scale is the inner optimizer's `loss_scale_factor`

    def __init__(self, inner_optimizer, initial_scale=2.0**15, dynamic_growth_steps=2000, name=None, **kwargs):
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer no longer supports `dynamic=False`. Instead, simply set `loss_scale_factor` "
                "directly on the `inner_optimizer`."
            )
        defaults = {"use_ema": False, "ema_momentum": 0.99}
        names = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum")
        for option in (*names, "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"):
            if kwargs.pop(option, None) not in (None, defaults.get(option)):
                raise ValueError(
                    f"LossScaleOptimizer does not support `{option}`. Instead, set `{option}` on the `inner_optimizer`."
                )
        if kwargs:
            raise ValueError(f"LossScaleOptimizer does not support arguments: `{'`, `'.join(kwargs)}`.")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None
        self._unscaled: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        # No part of the state, which is Keras's: saved files have the same variables in the same order.
        self.__dict__["skipped_steps"] = tf.Variable(tf.constant(0, "int64"), trainable=False, name="skipped_steps")

    def build(self, var_list):
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int64", name="step_counter")
        self.dynamic_scale = self.add_variable((), Constant(self.initial_scale), "float32", name="dynamic_scale")
        self.inner_optimizer.build(var_list)
        super().build(var_list)

    @property
    def variables(self):
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def loss_scale(self):
        """The current scale."""
        return self.dynamic_scale if self.built else tf.convert_to_tensor(float(self.initial_scale))

    def scale_loss(self, loss):
        loss = tf.convert_to_tensor(loss)
        return loss * tf.cast(self.loss_scale, loss.dtype)

    def get_scaled_loss(self, loss):
        """Keras 2's name of `scale_loss`; of a callable loss it makes a callable."""
        return (lambda: self.scale_loss(loss())) if callable(loss) else self.scale_loss(loss)

    def get_unscaled_gradients(self, grads):
        """Gradients divided by the scale, as Keras 2's training loops ask for; `apply` does not divide them again."""
        unscaled = [None if g is None else self._unscale(g) for g in grads]
        self._unscaled.update({id(g): g for g in unscaled if g is not None})
        return unscaled

    def _unscale(self, gradient):
        if isinstance(gradient, tf.IndexedSlices):
            gradient = gradient.dense()
        if self._unscaled.get(id(gradient)) is gradient:
            return gradient
        return gradient / tf.cast(self.loss_scale, gradient.dtype)

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(list(trainable_variables))
        variables = list(trainable_variables or self._trainable_variables)
        pairs = zip(grads, variables)
        grads = [g if g is None or getattr(v, "overwrite_with_gradient", False) else self._unscale(g) for g, v in pairs]
        finite = self.check_finite(grads)
        changed = [*variables, *self.inner_optimizer.variables]
        only_where(finite, changed, lambda: self.inner_optimizer.apply(grads, variables))
        grown = tf.logical_and(finite, tf.equal(self.step_counter, self.dynamic_growth_steps - 1))
        counting = tf.logical_and(finite, tf.logical_not(grown))
        self.step_counter.assign(tf.where(counting, self.step_counter + 1, tf.zeros_like(self.step_counter)))
        self.skipped_steps.assign_add(tf.cast(tf.logical_not(finite), "int64"))
        factor = tf.where(finite, tf.where(grown, 2.0, 1.0), 0.5)
        self.dynamic_scale.assign(self.dynamic_scale * factor)

    def check_finite(self, grads):
        """Whether all gradients are finite, a boolean scalar on the device."""
        return tf.reduce_all(tf.stack([tf.reduce_all(tf.math.is_finite(g)) for g in grads if g is not None]))

    @property
    def learning_rate(self):
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self):
        return self.inner_optimizer.iterations

    def finalize_variable_values(self, var_list):
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self):
        inner = serialize_keras_object(self.inner_optimizer)
        return {
            "name": self.name,
            "inner_optimizer": inner,
            **self._attributes("initial_scale", "dynamic_growth_steps"),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects=custom_objects)
        return cls(inner, **config)
