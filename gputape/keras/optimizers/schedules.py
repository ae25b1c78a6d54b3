"""Learning rates that depend on the step: callables `step -> scalar tensor`, made of ops, so they run on the device."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from ..identifiers import classes_in, functions


class LearningRateSchedule:
    """Base of all schedules: subclasses define `__call__(step)` and, to be saved, `get_config()`.

    >>> from gputape import keras
    >>> class Halving(keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** tf.cast(step, "float32")
    >>> float(keras.optimizers.SGD(Halving()).learning_rate)
    1.0
    """

    def __call__(self, step):
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
        )

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `get_config()` in order to be serializable."
        )

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class _Decay(LearningRateSchedule):
    """What the schedules below share: a period that must be positive, and a config made of their attributes."""

    attributes: tuple[str, ...] = ()
    initial_learning_rate: Any

    def _start(self, step):
        """The initial learning rate as a tensor, and the step in its dtype."""
        initial = tf.convert_to_tensor(self.initial_learning_rate)
        if not initial.dtype.is_floating:
            initial = tf.cast(initial, "float32")
        return initial, tf.cast(step, initial.dtype)

    def get_config(self):
        return {name: getattr(self, name) for name in self.attributes}


def _positive(name, steps):
    if steps <= 0:
        raise ValueError(f"Argument `{name}` must be > 0. Received: {name}={steps}")
    return steps


class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate^(step / decay_steps), the exponent rounded down if `staircase`."""

    attributes = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="ExponentialDecay"):
        self.initial_learning_rate, self.decay_rate, self.name = initial_learning_rate, decay_rate, name
        self.decay_steps, self.staircase = _positive("decay_steps", decay_steps), staircase

    def __call__(self, step):
        initial, step = self._start(step)
        p = step / float(self.decay_steps)
        return initial * tf.pow(tf.cast(self.decay_rate, initial.dtype), tf.floor(p) if self.staircase else p)


class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate step / decay_steps), the quotient rounded down if `staircase`."""

    attributes = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name="InverseTimeDecay"):
        self.initial_learning_rate, self.decay_rate, self.name = initial_learning_rate, decay_rate, name
        self.decay_steps, self.staircase = _positive("decay_steps", decay_steps), staircase

    def __call__(self, step):
        initial, step = self._start(step)
        p = step / float(self.decay_steps)
        return initial / (1.0 + tf.cast(self.decay_rate, initial.dtype) * (tf.floor(p) if self.staircase else p))


class PiecewiseConstantDecay(_Decay):
    """values[i] for steps in (boundaries[i - 1], boundaries[i]]; ValueError unless there is one more of values.

    >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])
    >>> [float(rate(step)) for step in (10, 11, 21)]
    [1.0, 0.5, 0.25]
    """

    attributes = ("boundaries", "values", "name")

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. Received: "
                f"boundaries={boundaries} of length {len(boundaries)}, and values={values} of length {len(values)}."
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step):
        step = tf.convert_to_tensor(step)
        values = [tf.convert_to_tensor(v) for v in self.values]
        rate = values[0]
        for boundary, value in zip(self.boundaries, values[1:]):
            rate = tf.where(step > tf.cast(boundary, step.dtype), value, rate)
        return rate


class PolynomialDecay(_Decay):
    """From initial to end_learning_rate in `decay_steps` steps: (initial - end) (1 - step / decay_steps)^power + end.

    With `cycle` decay_steps becomes its first multiple that has not passed yet; otherwise the end rate stays.
    """

    attributes = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps, self.power, self.cycle = _positive("decay_steps", decay_steps), power, cycle
        self.name = name

    def __call__(self, step):
        initial, step = self._start(step)
        end = tf.cast(self.end_learning_rate, initial.dtype)
        steps = tf.cast(self.decay_steps, initial.dtype)
        if self.cycle:
            steps = steps * tf.maximum(tf.math.ceil(step / steps), 1.0)
        else:
            step = tf.minimum(step, steps)
        return (initial - end) * tf.pow(1.0 - step / steps, float(self.power)) + end


class CosineDecay(_Decay):
    """Half a cosine from the initial rate down to `alpha` times it; before, linearly up to `warmup_target`.

    Args:
        decay_steps: steps of the decay, after the warm-up.
        alpha: the last rate as a share of the rate at which the decay starts.
        warmup_target: the rate after `warmup_steps`, from which the decay starts; None: no warm-up.

    Loshchilov and Hutter 2016.
    """

    attributes = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, _positive("decay_steps", decay_steps)
        self.alpha, self.name, self.warmup_target, self.warmup_steps = alpha, name, warmup_target, warmup_steps

    def __call__(self, step):
        initial, step = self._start(step)
        steps = tf.cast(self.decay_steps, initial.dtype)
        if self.warmup_target is None:
            return self._decayed(initial, tf.minimum(step, steps) / steps)
        target = tf.cast(self.warmup_target, initial.dtype)
        warmup = tf.cast(self.warmup_steps, initial.dtype)
        step = tf.minimum(step, steps + warmup)
        decayed = self._decayed(target, (step - warmup) / steps)
        if not self.warmup_steps:
            return decayed
        return tf.where(step < warmup, (target - initial) * (step / warmup) + initial, decayed)

    def _decayed(self, rate, fraction):
        return rate * ((1 - self.alpha) * 0.5 * (1.0 + tf.cos(math.pi * fraction)) + self.alpha)


class CosineDecayRestarts(_Decay):
    """Cosine decays one after another, each `t_mul` times as long and starting `m_mul` times as high as the last.

    Loshchilov and Hutter 2016, SGDR.
    """

    attributes = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step):
        initial, step = self._start(step)
        fraction = step / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = tf.floor(fraction)
            fraction = fraction - restarts
        else:  # the first n periods last (1 - t_mul^n) / (1 - t_mul) first periods
            t_mul = tf.cast(self.t_mul, initial.dtype)
            restarts = tf.floor(tf.math.log(1.0 - fraction * (1.0 - t_mul)) / tf.math.log(t_mul))
            length = tf.pow(t_mul, restarts)
            fraction = (fraction - (1.0 - length) / (1.0 - t_mul)) / length
        height = tf.pow(tf.cast(self.m_mul, initial.dtype), restarts)
        cosine = 0.5 * height * (1.0 + tf.cos(math.pi * fraction))
        return initial * ((1 - self.alpha) * cosine + self.alpha)


serialize, deserialize, _ = functions("learning rate schedule", classes_in(globals(), LearningRateSchedule))
