"""keras.random: SeedGenerator, and distributions that draw from one, from an integer seed, or from the global one."""

from __future__ import annotations

import random as _python_random
from typing import Any

import gputape as tf

from .backend import floatx
from .variable import Variable


class SeedGenerator:
    """Seeds for random functions: every `next()` gives another, and a recorded function gets new ones at every call.

    Args:
        seed: an integer, None (a random one), or a `keras.random.SeedGenerator` whose seed is copied.

    >>> from gputape import keras
    >>> g = keras.random.SeedGenerator(1)
    >>> g.next().numpy().tolist(), g.next().numpy().tolist()
    ([1, 0], [1, 1])
    """

    def __init__(self, seed: Any = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
        if seed is None:
            seed = _python_random.randint(1, 2**31 - 1)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed}")
        if seed < 0:
            raise ValueError(f"Argument `seed` must be a non-negative integer. Received: seed={seed}")
        self.name = name or "seed_generator"
        self._initial_seed = seed
        self.state = Variable(
            tf.constant([seed % 2**63, 0], "int64"),
            dtype="int64",
            trainable=False,
            aggregation="none",
            name="seed_generator_state",
        )

    def next(self, ordered: bool = True) -> Any:
        """The next seed, int64 (seed, count)."""
        seed = tf.identity(self.state)
        self.state.assign_add(tf.constant([0, 1], "int64"))
        return seed

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


_global: list[Any] = [None]


def global_seed_generator() -> SeedGenerator:
    """The generator of functions that are given no seed; `keras.utils.set_random_seed` starts it anew."""
    if _global[0] is None:
        _global[0] = SeedGenerator()
    return _global[0]


def reset_global_seed_generator(seed: int) -> None:
    """Start the global generator from `seed`; functions recorded with it stay valid."""
    if _global[0] is None:
        _global[0] = SeedGenerator(seed)
    else:
        _global[0]._initial_seed = seed
        _global[0].state.assign(tf.constant([seed, 0], "int64"))


def draw_seed(seed: Any) -> Any:
    """The pair of integers that a stateless function wants, from a SeedGenerator, an integer or None."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, int):
        return tf.constant([seed, 0], "int64")
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, (tf.Tensor, tf.Variable)):
        return seed
    raise ValueError(
        "Argument `seed` must be either an integer or an instance of `SeedGenerator`. "
        f"Received: seed={seed} (of type {type(seed)})"
    )


def _dtype(dtype: Any) -> Any:
    return tf.as_dtype(dtype or floatx())


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers."""
    return tf.random.stateless_normal(shape, draw_seed(seed), mean, stddev, _dtype(dtype))


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniform in [minval, maxval)."""
    if not _dtype(dtype).is_floating:
        raise ValueError(f"`keras.random.uniform` requires a floating point dtype. Received: dtype={dtype}")
    return tf.random.stateless_uniform(shape, draw_seed(seed), minval, maxval, _dtype(dtype))


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers in [minval, maxval)."""
    if not tf.as_dtype(dtype).is_integer:
        raise ValueError(f"`keras.random.randint` requires an integer dtype. Received: dtype={dtype}")
    return tf.random.stateless_uniform(shape, draw_seed(seed), minval, maxval, dtype)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers within two standard deviations."""
    return tf.random.stateless_truncated_normal(shape, draw_seed(seed), mean, stddev, _dtype(dtype))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draws of class numbers from logits (batch, classes)."""
    return tf.random.stateless_categorical(logits, num_samples, draw_seed(seed), dtype)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Zeros with probability `rate`, the rest scaled by 1 / (1 - rate)."""
    return tf.nn.experimental.stateless_dropout(inputs, rate, draw_seed(seed), noise_shape=noise_shape)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """`x` in random order along `axis`."""
    x = tf.convert_to_tensor(x)
    keys = tf.random.stateless_uniform([x.shape[axis]], draw_seed(seed), dtype="float64")
    return tf.gather(x, tf.argsort(keys), axis=axis)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma-distributed numbers with shape parameter `alpha`."""
    return tf.random.stateless_gamma(shape, draw_seed(seed), alpha, dtype=_dtype(dtype))


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of successes in `counts` trials."""
    return tf.random.stateless_binomial(shape, draw_seed(seed), counts, probabilities, _dtype(dtype))


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta-distributed numbers, as a ratio of gamma-distributed ones."""
    pair = draw_seed(seed)
    first = tf.random.stateless_gamma(shape, pair, alpha, dtype=_dtype(dtype))
    second = tf.random.stateless_gamma(shape, pair + tf.constant([12, 0], "int64"), beta, dtype=_dtype(dtype))
    return first / (first + second)


__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
    "truncated_normal", "uniform",
]  # fmt: skip
