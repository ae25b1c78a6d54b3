"""Optimizers that look at a weight as a whole: its norm (Lamb), its rows and columns (Adafactor), its matrix (Muon)."""

from __future__ import annotations

import math
import re
from typing import Any

import gputape as tf

from .optimizer import Optimizer


def _rms(x):
    return tf.sqrt(tf.reduce_mean(tf.square(x)))


def _norm(x):
    return tf.sqrt(tf.reduce_sum(tf.square(x)))


class Lamb(Optimizer):
    """Adam whose step has, for each weight, the learning rate times the weight's norm as its length. You et al. 2019.

    u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon), w -= lr |w| / |u| u, with |w| / |u| = 1 where a norm
    is zero; m and v as in `tf.update.adam`. Arguments: see `Adam` and `Optimizer`.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        self._momentums, self._velocities = self.add_optimizer_variables(var_list, ["momentum", "velocity"])

    def update_step(self, gradient, variable, learning_rate):
        k = self._get_variable_index(variable)
        m, v = self._momentums[k], self._velocities[k]
        g = tf.cast(gradient, variable.dtype)
        t = tf.cast(self.iterations + 1, "float64")
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(v, (tf.square(g) - v) * (1 - self.beta_2))
        m_hat = m / tf.cast(1 - tf.pow(tf.cast(self.beta_1, "float64"), t), g.dtype)
        v_hat = v / tf.cast(1 - tf.pow(tf.cast(self.beta_2, "float64"), t), g.dtype)
        step = m_hat / (tf.sqrt(v_hat) + self.epsilon)
        of_weight, of_step = _norm(variable), _norm(step)
        both = tf.logical_and(of_weight > 0, of_step > 0)
        ratio = tf.where(both, tf.math.divide_no_nan(of_weight, of_step), tf.ones_like(of_step))
        self.assign_sub(variable, ratio * tf.cast(learning_rate, g.dtype) * step)

    def get_config(self):
        return {**super().get_config(), **self._attributes("beta_1", "beta_2", "epsilon")}


class Adafactor(Optimizer):
    """Adam-like with little memory: of a matrix's squared gradients only row and column means are kept.

    Args:
        beta_2_decay: the averages' decay rate is 1 - t^beta_2_decay.
        epsilon_1, epsilon_2: added to squared gradients; the least scale of a weight.
        clip_threshold: the largest root mean square of a step before it is scaled.
        relative_step: let the learning rate fall as 1 / sqrt(t).

    With r, c the averages of g² over columns and rows: v = r c / mean(r), u = g / sqrt(v),
    w -= max(epsilon_2, rms(w)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / clip_threshold).
    Further arguments: see `Optimizer`. Shazeer and Stern 2018.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_2_decay=-0.8,
        epsilon_1=1e-30,
        epsilon_2=1e-3,
        clip_threshold=1.0,
        relative_step=True,
        **kwargs,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        rows: list[Any] = []
        columns: list[Any] = []
        full: list[Any] = []
        for v in var_list:
            shape = tuple(v.shape)
            skipped = getattr(v, "overwrite_with_gradient", False)
            wide = len(shape) >= 2
            label = v.name.replace("/", "_")
            if skipped and wide:
                rows.append(None)
                columns.append(None)
            else:
                dtype = v.dtype if wide else None
                rows.append(self.add_variable(shape[:-1] if wide else (), dtype=dtype, name=label))
                columns.append(self.add_variable(shape[:-2] + shape[-1:] if wide else (), dtype=dtype, name=label))
            full.append(None if skipped else self.add_variable_from_reference(v, "velocity"))
        self._r, self._c, self._v = rows, columns, full

    def update_step(self, gradient, variable, learning_rate):
        k = self._get_variable_index(variable)
        r, c, v = self._r[k], self._c[k], self._v[k]
        dtype = variable.dtype
        g = tf.cast(gradient, dtype)
        t = tf.cast(self.iterations + 1, dtype)
        slowing = 1.0 / tf.sqrt(t)
        rate = tf.cast(learning_rate, dtype)
        if self.relative_step and not callable(self._learning_rate):
            rate = tf.minimum(rate, slowing)
        scale = tf.maximum(_rms(variable), self.epsilon_2) * tf.minimum(rate, slowing)
        beta = 1.0 - tf.pow(t, tf.cast(self.beta_2_decay, dtype))
        square = tf.square(g) + self.epsilon_1
        if len(variable.shape) >= 2:
            self.assign(r, beta * r + (1.0 - beta) * tf.reduce_mean(square, axis=-1))
            self.assign(c, beta * c + (1.0 - beta) * tf.reduce_mean(square, axis=-2))
            share = r / tf.reduce_mean(r, axis=-1, keepdims=True)
            self.assign(v, tf.expand_dims(share, -1) * tf.expand_dims(c, -2))
        else:
            self.assign(v, beta * v + (1.0 - beta) * square)
        step = g / tf.sqrt(v)
        self.assign_sub(variable, scale * step / tf.maximum(_rms(step) / self.clip_threshold, 1.0))

    def get_config(self):
        names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
        return {**super().get_config(), **self._attributes(*names)}


class Muon(Optimizer):
    """Momentum whose step for a matrix is made orthogonal; Adam for everything else.

    Args:
        adam_beta_1, adam_beta_2, adam_weight_decay, adam_lr_ratio, epsilon: of Adam; its learning rate is
            `learning_rate * adam_lr_ratio`.
        weight_decay, momentum, nesterov: of the matrices.
        exclude_layers: patterns of paths of matrices that Adam takes. exclude_embeddings: those with "embedding" too.
        muon_a, muon_b, muon_c, ns_steps: of the iteration x = a x + (b x x' + c (x x')²) x that makes x orthogonal.
        rms_rate: the step is scaled by sqrt(max(shape)) * rms_rate; None: it is not.

    Further arguments: see `Optimizer`. Jordan et al. 2024; Liu et al. 2025.
    """

    def __init__(
        self,
        learning_rate=0.001,
        adam_beta_1=0.9,
        adam_beta_2=0.999,
        adam_weight_decay=0.004,
        epsilon=1e-7,
        weight_decay=0.004,
        exclude_layers=None,
        exclude_embeddings=True,
        muon_a=3.4445,
        muon_b=-4.7750,
        muon_c=2.0315,
        adam_lr_ratio=1,
        momentum=0.95,
        ns_steps=5,
        nesterov=True,
        rms_rate=0.2,
        **kwargs,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1, self.adam_beta_2, self.adam_weight_decay = adam_beta_1, adam_beta_2, adam_weight_decay
        self.epsilon, self.adam_lr_ratio = epsilon, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = exclude_layers or [], exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c, self.ns_steps = muon_a, muon_b, muon_c, ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate

    def _should_use_adamw(self, variable) -> bool:
        path = getattr(variable, "path", variable.name)
        embedding = self.exclude_embeddings and "embedding" in path.lower()
        return len(variable.shape) != 2 or embedding or any(re.search(p, path) for p in self.exclude_layers)

    def build(self, var_list):
        if self.built:
            return
        super().build(var_list)
        momentums, velocities = [], []
        for v in var_list:
            used = not getattr(v, "overwrite_with_gradient", False)
            adam = used and self._should_use_adamw(v)
            momentums.append(self.add_variable_from_reference(v, "momentum") if used else None)
            velocities.append(self.add_variable_from_reference(v, "velocity") if adam else None)
        self.momentums, self.adam_velocities = momentums, velocities

    def update_step(self, gradient, variable, learning_rate):
        k = self._get_variable_index(variable)
        m, v = self.momentums[k], self.adam_velocities[k]
        g = tf.cast(gradient, variable.dtype)
        if v is not None:
            own = {"beta_1": self.adam_beta_1, "beta_2": self.adam_beta_2, "epsilon": self.epsilon}
            rate = tf.cast(learning_rate * float(self.adam_lr_ratio), "float32")
            tf.update.adam([variable, m, v], rate, self.iterations, g, **own)
            return
        self.assign_add(m, g + m * (self.momentum - 1))
        step = self.zeropower_via_newtonschulz5(g + self.momentum * m if self.nesterov else m, self.ns_steps)
        self.assign_sub(variable, self.lr_adjust(tf.cast(learning_rate, g.dtype) * step))

    def lr_adjust(self, x):
        """A matrix's step `x` scaled by sqrt(max(shape)) * rms_rate; as it is if `rms_rate` is None."""
        return x if self.rms_rate is None else x * (math.sqrt(max(x.shape)) * self.rms_rate)

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """A matrix of nearly equal singular values with the singular vectors of `x`; ValueError below two axes."""
        if len(x.shape) < 2:
            raise ValueError(f"Expected gradient or momentum to have at least 2 dimensions. Received: shape={x.shape}")
        tall = x.shape[-2] > x.shape[-1]
        x = tf.transpose(x) if tall else x
        x = x / (tf.sqrt(tf.reduce_sum(tf.square(x), axis=[-2, -1], keepdims=True)) + 1e-7)
        for _ in range(steps):
            gram = tf.matmul(x, x, transpose_b=True)
            x = self.muon_a * x + tf.matmul(self.muon_b * gram + self.muon_c * tf.matmul(gram, gram), x)
        return tf.transpose(x) if tall else x

    def _apply_weight_decay(self, variables):
        for v in variables:
            decay = self.adam_weight_decay if self._should_use_adamw(v) else self.weight_decay
            if decay is not None and self._use_weight_decay(v):
                v.assign_sub(v * (decay * tf.cast(self.learning_rate, v.dtype)))

    def get_config(self):
        names = ["adam_beta_1", "adam_beta_2", "adam_weight_decay", "adam_lr_ratio", "epsilon", "exclude_layers"]
        names += ["exclude_embeddings", "muon_a", "muon_b", "muon_c", "momentum", "ns_steps", "nesterov", "rms_rate"]
        return {**super().get_config(), **self._attributes(*names)}
