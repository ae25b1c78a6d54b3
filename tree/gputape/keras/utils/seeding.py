"""set_random_seed: one seed for everything that draws random numbers, and the generator that shuffles data."""

from __future__ import annotations

import random as _python_random
from typing import Any

import numpy as np

import gputape as tf

_shuffling: list[Any] = [None]


def set_random_seed(seed: int) -> None:
    """Fix the random numbers of Python, NumPy, TensorFlow's functions, layers, initializers, and of shuffling in `fit`.

    >>> from gputape import keras
    >>> keras.utils.set_random_seed(3)
    >>> a = keras.random.normal((2,)).numpy()
    >>> keras.utils.set_random_seed(3)
    >>> bool((a == keras.random.normal((2,)).numpy()).all())
    True

    Raises ValueError for what is no integer.
    """
    if not isinstance(seed, (int, np.integer)):
        raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed} (of type {type(seed)})")
    from ..random import reset_global_seed_generator

    seed = int(seed)
    _python_random.seed(seed)
    np.random.seed(seed % 2**32)
    tf.random.set_seed(seed)
    reset_global_seed_generator(seed)
    _shuffling[0] = np.random.default_rng(seed)


def numpy_generator() -> Any:
    """The NumPy Generator that shuffles data; `set_random_seed` starts it anew."""
    if _shuffling[0] is None:
        _shuffling[0] = np.random.default_rng()
    return _shuffling[0]
