"""tf.random: seeds, generators and distributions. A generator's state is a Variable, so replays draw new numbers."""

from __future__ import annotations

import enum
import math
import secrets
from typing import Any

import numpy as np

from .dtypes import as_dtype, float32
from .errors import InvalidArgumentError
from .op import public
from .registry import OPS
from .tensor import Array, Tensor, Variable, as_tensor, constant

_MASK = 0x7FFFFFFFFFFFFFFF


def _shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    return tuple(int(s) for s in (shape.numpy() if hasattr(shape, "numpy") else shape))


def _count(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


class Algorithm(enum.IntEnum):
    """The names of TensorFlow's generators. Here there is one, NumPy's Philox, whichever is asked for."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def create_rng_state(seed: Any, alg: Any = None) -> Tensor:
    """The state with which a Generator starts from `seed`, int64.

    >>> import gputape as tf
    >>> tf.random.create_rng_state(5, "philox").numpy()
    array([5, 0, 0])
    """
    return constant([int(np.asarray(seed).reshape(-1)[0]) & _MASK, 0, 0], "int64")


class Generator:
    """A source of random numbers with a state of its own. Reference: tf.random.Generator.

    >>> import gputape as tf
    >>> g = tf.random.Generator.from_seed(1)
    >>> bool(tf.reduce_all(g.uniform([3]) < 1.0))
    True
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None) -> None:
        if copy_from is not None:
            state = copy_from.state.numpy()
        self._state = Variable(np.asarray(state, np.int64), trainable=False, name="StateVar")

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator whose numbers follow from `seed` alone."""
        return cls(state=[int(seed) & _MASK, 0, 0])

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator seeded by the operating system."""
        return cls.from_seed(secrets.randbits(63))

    @classmethod
    def from_state(cls, state: Any, alg: Any = None) -> Generator:
        return cls(state=np.asarray(state))

    @classmethod
    def from_key_counter(cls, key: int, counter: Any, alg: Any = None) -> Generator:
        return cls(state=[int(key) & _MASK, int(np.asarray(counter).reshape(-1)[0]), 0])

    @property
    def state(self) -> Variable:
        """The state: int64 (key, draws so far, 0)."""
        return self._state

    @property
    def key(self) -> Any:
        return self._state[0]

    @property
    def algorithm(self) -> int:
        return 1

    def reset(self, state: Any) -> None:
        """Take over `state`."""
        self._state.assign(np.asarray(state, np.int64))

    def reset_from_seed(self, seed: int) -> None:
        self._state.assign(np.asarray([int(seed) & _MASK, 0, 0], np.int64))

    def reset_from_key_counter(self, key: int, counter: Any) -> None:
        """Go on as `from_key_counter` would begin."""
        self._state.assign(self.from_key_counter(key, counter).state.value())

    def skip(self, delta: int) -> Any:
        """Go on as if `delta` numbers had been drawn already."""
        self._state.assign_add(np.asarray([0, int(delta), 0], np.int64))
        return self._state.value()

    def split(self, count: int = 1) -> list[Generator]:
        """`count` new generators, independent of each other and of this one."""
        keys = self._bits(count, 64)._array
        return [Generator.from_seed(int(k)) for k in np.asarray(constant(keys).numpy())]

    def make_seeds(self, count: int = 1) -> Tensor:
        """Seeds for stateless functions, int64 (2, count)."""
        return OPS["reshape"](OPS["bitcast"](self._bits(2 * count, 64), "int64"), [2, count])  # type: ignore[no-any-return]

    # -- distributions
    def _bits(self, count: int, bits: int = 32) -> Any:
        return OPS["random_bits"](self._state, count=count, bits=bits)

    def _unit(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Uniform in [0, 1): 24 random bits for float32 and the halves, 53 for float64."""
        bits = self._bits(_count(shape), 64 if dtype == "float64" else 32)
        return OPS["reshape"](OPS["unit_interval"](bits, dtype=dtype.name), shape)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, name: str | None = None
    ) -> Any:
        """Uniform in [minval, maxval): floats (maxval default 1) or integers (maxval needed)."""
        shape, dtype = _shape(shape), as_dtype(dtype)
        if dtype.is_integer:
            if maxval is None:
                raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
            span = maxval - minval
            bits = OPS["reshape"](self._bits(_count(shape), 64), shape)
            return OPS["random_integer"](bits, OPS["cast"](span, "int64"), dtype=dtype.name) + OPS["cast"](
                minval, dtype
            )
        unit = self._unit(shape, dtype)
        if maxval is None:
            maxval = 1
        if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)):
            return unit if (minval, maxval) == (0, 1) else unit * float(maxval - minval) + float(minval)
        low, high = as_tensor(minval, dtype.numpy), as_tensor(maxval, dtype.numpy)
        return unit * (high - low) + low

    def uniform_full_int(self, shape: Any, dtype: Any = "uint64", name: str | None = None) -> Any:
        """Integers over the whole range of `dtype`."""
        shape, dtype = _shape(shape), as_dtype(dtype)
        bits = OPS["reshape"](self._bits(_count(shape), 8 * max(dtype.size, 4)), shape)
        return OPS["bitcast"](bits, dtype)

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
    ) -> Any:
        """Normally distributed, by the method of Box and Muller (1958)."""
        shape, dtype = _shape(shape), as_dtype(dtype)
        half = -(-_count(shape) // 2)
        unit = self._unit((2, half), dtype)
        made = OPS["reshape"](OPS["slice"](OPS["box_muller"](unit), [0], [_count(shape)]), shape)
        return _scaled(made, mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
    ) -> Any:
        """Normally distributed, values beyond two standard deviations excluded (by the inverse of the distribution)."""
        shape, dtype = _shape(shape), as_dtype(dtype)
        tail = 0.5 * math.erfc(2.0 / math.sqrt(2.0))
        unit = self._unit(shape, dtype) * (1.0 - 2.0 * tail) + tail
        return _scaled(OPS["ndtri"](unit), mean, stddev, dtype)

    def sample(self, distribution: str, parameters: tuple[Any, ...], shape: Any, dtype: Any) -> Any:
        """Draws of one of NumPy's Generator distributions, broadcast over `parameters`."""
        operands = [as_tensor(p) for p in parameters]
        return OPS["random_sample"](
            self._state, *operands, distribution=distribution, shape=_shape(shape), dtype=as_dtype(dtype).numpy
        )

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = "int32", name: str | None = None) -> Any:
        return self.sample("binomial", (counts, probs), shape, dtype)

    def shuffle(self, value: Any) -> Any:
        """`value` with its rows in random order."""
        value = as_tensor(value)
        return OPS["gather"](value, OPS["random_permutation"](self._state, count=int(value.shape[0])))

    def categorical(self, logits: Any, num_samples: int, dtype: Any = "int64") -> Any:
        """Draws of class numbers, (batch, num_samples), from unnormalised log-probabilities (batch, classes)."""
        logits = as_tensor(logits)
        if len(logits.shape) != 2:
            raise InvalidArgumentError(f"categorical: logits should be a matrix, got shape {tuple(logits.shape)}")
        batch, classes = tuple(logits.shape)
        unit = self._unit((batch, int(num_samples), classes), float32)
        gumbel = -OPS["log"](-OPS["log"](unit + 1e-20) + 1e-20)
        return OPS["argmax"](
            OPS["expand_dims"](OPS["cast"](logits, float32), 1) + gumbel, axis=-1, output_type=as_dtype(dtype)
        )


def _scaled(made: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    if not (isinstance(stddev, (int, float)) and stddev == 1):
        made = made * (float(stddev) if isinstance(stddev, (int, float)) else as_tensor(stddev, dtype.numpy))
    if not (isinstance(mean, (int, float)) and mean == 0):
        made = made + (float(mean) if isinstance(mean, (int, float)) else as_tensor(mean, dtype.numpy))
    return made


# -- the global generator, and those of op seeds

_generators: dict[int | None, Generator] = {}
_global_seed: list[int | None] = [None]


def _key(seed: int | None) -> int:
    """The key of op seed `seed` (None: no op seed) under the global seed."""
    base = _global_seed[0]
    if seed is None:
        return secrets.randbits(62) if base is None else base
    return (0 if base is None else base) * 0x9E3779B1 + int(seed) * 0x85EBCA77 + 1


def _generator(seed: Any = None) -> Generator:
    seed = None if seed is None else int(seed)
    generator = _generators.get(seed)
    if generator is None:
        generator = _generators[seed] = Generator.from_seed(_key(seed))
    return generator


def set_seed(seed: int) -> None:
    """Fix the random numbers that follow: two runs with one seed draw the same. Reference: tf.random.set_seed.

    >>> import gputape as tf
    >>> tf.random.set_seed(7)
    >>> a = tf.random.uniform([2]).numpy()
    >>> tf.random.set_seed(7)
    >>> bool((a == tf.random.uniform([2]).numpy()).all())
    True
    """
    _global_seed[0] = int(seed) & _MASK
    for op_seed, generator in _generators.items():
        generator.reset_from_seed(_key(op_seed))


def get_global_generator() -> Generator:
    """The generator that functions without a seed of their own draw from."""
    return _generator()


def set_global_generator(generator: Generator) -> None:
    """Make `generator` the global one."""
    _generators[None] = generator


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Uniform in [minval, maxval), floats or integers; maxval is 1 for floats. Reference: tf.random.uniform."""
    return _generator(seed).uniform(shape, minval, maxval, dtype)


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normally distributed numbers. Reference: tf.random.normal."""
    return _generator(seed).normal(shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers within two standard deviations. Reference: tf.random.truncated_normal."""
    return _generator(seed).truncated_normal(shape, mean, stddev, dtype)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """`value` with its rows in random order. Reference: tf.random.shuffle."""
    return _generator(seed).shuffle(value)


def categorical(
    logits: Any, num_samples: int, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Draws from a categorical distribution given by logits (batch, classes). Reference: tf.random.categorical."""
    return _generator(seed).categorical(logits, num_samples, "int64" if dtype is None else dtype)


def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Any:
    """Gamma-distributed numbers, of shape `shape` + that of alpha and beta. Reference: tf.random.gamma."""
    alpha, beta = (as_tensor(v, as_dtype(dtype).numpy) for v in (alpha, 1.0 if beta is None else beta))
    full = (*_shape(shape), *np.broadcast_shapes(tuple(alpha.shape), tuple(beta.shape)))
    return _generator(seed).sample("gamma", (alpha, 1.0 / beta), full, dtype)


def poisson(shape: Any, lam: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None) -> Any:
    """Poisson-distributed numbers, of shape `shape` + that of lam. Reference: tf.random.poisson."""
    lam = as_tensor(lam)
    return _generator(seed).sample("poisson", (lam,), (*_shape(shape), *tuple(lam.shape)), dtype)


# -- stateless functions: the numbers follow from the seed given


class _Seeded(Generator):
    """A generator whose numbers follow from a seed given as a tensor; it is asked once."""

    def __init__(self, seed: Any) -> None:
        self.seed = OPS["cast"](as_tensor(seed), "int64")
        if tuple(self.seed.shape) != (2,):
            raise InvalidArgumentError(f"seed must have shape [2], not {list(self.seed.shape)}")

    def _bits(self, count: int, bits: int = 32) -> Any:
        return OPS["random_words"](self.seed, count=count, bits=bits)

    def sample(self, distribution: str, parameters: tuple[Any, ...], shape: Any, dtype: Any) -> Any:
        how = {"distribution": distribution, "shape": _shape(shape), "dtype": as_dtype(dtype).numpy}
        return OPS["random_draws"](self.seed, *[as_tensor(p) for p in parameters], **how)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = None,
) -> Any:
    """`uniform` as a pure function of `seed` (two integers). Reference: tf.random.stateless_uniform."""
    return _Seeded(seed).uniform(shape, minval, maxval, dtype)


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = None,
) -> Any:
    """`normal` as a pure function of `seed`. Reference: tf.random.stateless_normal."""
    return _Seeded(seed).normal(shape, mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = None,
) -> Any:
    """`truncated_normal` as a pure function of `seed`. Reference: tf.random.stateless_truncated_normal."""
    return _Seeded(seed).truncated_normal(shape, mean, stddev, dtype)


def stateless_categorical(
    logits: Any, num_samples: int, seed: Any, dtype: Any = "int64", name: str | None = None
) -> Any:
    """`categorical` as a pure function of `seed`. Reference: tf.random.stateless_categorical."""
    return _Seeded(seed).categorical(logits, num_samples, dtype)


def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = float32, name: str | None = None
) -> Any:
    """Gamma-distributed numbers of shape `shape`, a pure function of `seed`. Reference: tf.random.stateless_gamma."""
    alpha = as_tensor(alpha, as_dtype(dtype).numpy)
    scale = 1.0 / as_tensor(1.0 if beta is None else beta, as_dtype(dtype).numpy)
    return _Seeded(seed).sample("gamma", (alpha, scale), shape, dtype)


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = "int32", name: str | None = None) -> Any:
    """Poisson-distributed numbers of shape `shape`, by `seed` alone. Reference: tf.random.stateless_poisson."""
    return _Seeded(seed).sample("poisson", (lam,), shape, dtype)


def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = "int32", name: str | None = None
) -> Any:
    """Numbers of successes, a pure function of `seed`. Reference: tf.random.stateless_binomial."""
    return _Seeded(seed).sample("binomial", (OPS["cast"](counts, "int64"), probs), shape, output_dtype)


def split(seed: Any, num: int = 2, alg: Any = None) -> Any:
    """`num` new seeds from one, int64 (num, 2). Reference: tf.random.split."""
    return OPS["transpose"](_Seeded(seed).make_seeds(num))


def fold_in(seed: Any, data: int, alg: Any = None) -> Any:
    """A new seed from a seed and an integer. Reference: tf.random.fold_in."""
    pair = np.asarray(seed.numpy() if hasattr(seed, "numpy") else seed).reshape(-1)
    return constant(np.asarray([int(pair[0]) ^ (int(data) * 0x85EBCA6B & _MASK), int(pair[1])], np.int64))


@public
def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Sets each element of `x` to zero with probability `rate` and scales the others by 1 / (1 - rate).

    noise_shape: shape of the random choice, broadcast over x. ValueError unless 0 <= rate < 1.
    Reference: tf.nn.dropout.

    >>> import gputape as tf
    >>> sorted(set(tf.nn.dropout(tf.ones([100]), 0.5, seed=1).numpy().tolist()))
    [0.0, 2.0]
    """
    return _dropped(_generator(seed), x, rate, noise_shape)


@public
def stateless_dropout(
    x: Any, rate: Any, seed: Any, rng_alg: Any = None, noise_shape: Any = None, name: str | None = None
) -> Any:
    """`dropout` as a pure function of `seed` (two integers). Reference: tf.nn.experimental.stateless_dropout."""
    return _dropped(_Seeded(seed), x, rate, noise_shape)


def _dropped(generator: Generator, x: Any, rate: Any, noise_shape: Any) -> Any:
    x = as_tensor(x)
    if not x.dtype.is_floating:
        raise ValueError(
            f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={x.dtype!r}"
        )
    shape = tuple(x.shape) if noise_shape is None else _noise(noise_shape, tuple(x.shape))
    if isinstance(rate, Array):
        unit = generator.uniform(shape)
        scale = OPS["cast"](1.0 / (1.0 - rate), x.dtype)
        return x * scale * OPS["cast"](unit >= OPS["cast"](rate, "float32"), x.dtype)
    if not 0 <= rate < 1:
        raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}")
    if rate == 0:
        return x
    bits = OPS["reshape"](generator._bits(int(np.prod(shape, dtype=np.int64))), shape)
    return OPS["drop"](x, bits, rate=float(rate))


def _noise(noise_shape: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    listed = list(noise_shape.numpy()) if hasattr(noise_shape, "numpy") else list(noise_shape)
    return tuple(shape[k] if n is None else int(n) for k, n in enumerate(listed))


_PUBLIC = (Generator, set_seed, get_global_generator, set_global_generator, uniform, normal, truncated_normal, shuffle)
_PUBLIC_TOO = (categorical, gamma, poisson, stateless_uniform, stateless_normal, stateless_truncated_normal)
_STATE = (Algorithm, create_rng_state)
_STATELESS = (stateless_categorical, stateless_gamma, stateless_poisson, stateless_binomial)
NAMES: dict[str, Any] = {f"tf.random.{f.__name__}": f for f in (*_PUBLIC, *_PUBLIC_TOO, *_STATELESS, split, fold_in)}
NAMES |= {f"tf.random.{f.__name__}": f for f in _STATE}
NAMES |= {
    f"tf.random.experimental.{n}": NAMES[f"tf.random.{n}"]
    for n in ("Generator", "get_global_generator", "set_global_generator")
}
NAMES |= {"tf.random.experimental.stateless_split": split, "tf.random.experimental.stateless_fold_in": fold_in}
NAMES |= {"tf.nn.dropout": dropout, "tf.nn.experimental.stateless_dropout": stateless_dropout}
