"""Starting values of variables. An initializer is called with a shape and a dtype and returns a tensor.

An initializer with an integer seed gives the same values at every call, one with a `SeedGenerator` new ones.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np

import gputape as tf

from .backend import standardize_dtype
from .identifiers import classes_in, functions
from .serialization import deserialize_keras_object, serialize_keras_object


class Initializer:
    """Base of all initializers: subclasses define `__call__(shape, dtype=None)` and `get_config()`.

    >>> from gputape import keras
    >>> class Threes(keras.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return 3 * tf.ones(shape, dtype or "float32")
    >>> Threes()((2,)).numpy()
    array([3., 3.], dtype=float32)
    """

    def __call__(self, shape, dtype=None, **kwargs):
        raise NotImplementedError("Initializer subclasses must implement the `__call__()` method.")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def clone(self):
        return type(self).from_config(self.get_config())


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape, dtype=None, **kwargs):
        return tf.zeros(tuple(shape), standardize_dtype(dtype))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape, dtype=None, **kwargs):
        return tf.ones(tuple(shape), standardize_dtype(dtype))


class Constant(Initializer):
    """`value` everywhere; a number, or an array that broadcasts to the shape."""

    def __init__(self, value=0.0):
        self.value = value

    def __call__(self, shape, dtype=None, **kwargs):
        return tf.broadcast_to(tf.cast(self.value, standardize_dtype(dtype)), tuple(shape))

    def get_config(self):
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config):
        return cls(deserialize_keras_object(config["value"]))


class Identity(Initializer):
    """`gain` times the identity matrix; ValueError unless the shape has two axes."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None, **kwargs):
        if len(shape) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        return self.gain * tf.eye(*shape, dtype=standardize_dtype(dtype))

    def get_config(self):
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """What all random initializers share: the seed, an int, a `SeedGenerator`, or None for a random one."""

    def __init__(self, seed=None):
        self._init_seed = seed
        if seed is None:
            seed = random.randint(1, 10**9)
        elif isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        elif not isinstance(seed, (int, np.integer)) and not hasattr(seed, "next"):
            raise ValueError(
                "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. "
                f"Received: seed={seed}"
            )
        self.seed = seed

    def draw(self, distribution, shape, dtype, *parameters):
        """Random numbers of `distribution`: "normal", "truncated_normal", "uniform"; half types come from float32."""
        seed = self.seed.next() if hasattr(self.seed, "next") else (int(self.seed), 0)
        dtype = standardize_dtype(dtype)
        drawn = "float64" if dtype == "float64" else "float32"
        sample = getattr(tf.random, "stateless_" + distribution)
        return tf.cast(sample(tuple(shape), seed, *parameters, dtype=drawn), dtype)

    def get_config(self):
        return {"seed": serialize_keras_object(self._init_seed)}


class RandomNormal(RandomInitializer):
    """Normal distribution."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape, dtype=None, **kwargs):
        return self.draw("normal", shape, dtype, self.mean, self.stddev)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Normal distribution; what lies more than two standard deviations from the mean is drawn again."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape, dtype=None, **kwargs):
        return self.draw("truncated_normal", shape, dtype, self.mean, self.stddev)

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Uniform distribution on [minval, maxval)."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape, dtype=None, **kwargs):
        return self.draw("uniform", shape, dtype, self.minval, self.maxval)

    def get_config(self):
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class VarianceScaling(RandomInitializer):
    """Zero mean and variance `scale / n`, where `mode` says what n is: fan_in, fan_out or their mean, fan_avg.

    Args:
        scale: positive float.
        mode: "fan_in", "fan_out", "fan_avg".
        distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes, output_axes: the axes whose sizes multiply to the fans; by default the last two, as in layers.
    """

    distributions = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, input_axes=None, output_axes=None
    ):
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode}. Please use one of 'fan_in', 'fan_out', 'fan_avg'")
        distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if distribution not in self.distributions:
            raise ValueError(f"Invalid `distribution` argument: {distribution}. Please use one of {self.distributions}")
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape, dtype=None, **kwargs):
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self.draw("uniform", shape, dtype, -limit, limit)
        if self.distribution == "untruncated_normal":
            return self.draw("normal", shape, dtype, 0.0, math.sqrt(variance))
        # the standard deviation of a standard normal cut at two
        return self.draw("truncated_normal", shape, dtype, 0.0, math.sqrt(variance) / 0.87962566103423978)

    def get_config(self):
        names = ("scale", "mode", "distribution", "input_axes", "output_axes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _NamedScaling(VarianceScaling):
    """A VarianceScaling with a name of its own: its subclasses say which."""

    kind: tuple[float, str, str]

    def __init__(self, seed=None, input_axes=None, output_axes=None):
        super().__init__(*self.kind, seed, input_axes, output_axes)

    def get_config(self):
        return {**RandomInitializer.get_config(self), "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(_NamedScaling):
    """Uniform on [-a, a], a = sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010."""

    kind = (1.0, "fan_avg", "uniform")


class GlorotNormal(_NamedScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out). Glorot and Bengio 2010."""

    kind = (1.0, "fan_avg", "truncated_normal")


class LecunNormal(_NamedScaling):
    """Truncated normal of variance 1 / fan_in. Klambauer et al. 2017."""

    kind = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_NamedScaling):
    """Uniform on [-a, a], a = sqrt(3 / fan_in). Klambauer et al. 2017."""

    kind = (1.0, "fan_in", "uniform")


class HeNormal(_NamedScaling):
    """Truncated normal of variance 2 / fan_in. He et al. 2015."""

    kind = (2.0, "fan_in", "truncated_normal")


class HeUniform(_NamedScaling):
    """Uniform on [-a, a], a = sqrt(6 / fan_in). He et al. 2015."""

    kind = (2.0, "fan_in", "uniform")


class Orthogonal(RandomInitializer):
    """`gain` times a random matrix with orthonormal rows or columns; axes but the last are merged. Saxe et al. 2014.

    ValueError for fewer than two axes.
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape, dtype=None, **kwargs):
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = self.draw("normal", (max(rows, columns), min(rows, columns)), "float32", 0.0, 1.0)
        q, r = np.linalg.qr(normal.numpy())  # on the host: it is done once
        q = q * np.sign(np.diag(r))  # makes the decomposition unique, so that q is uniform
        q = (q.T if rows < columns else q).reshape(tuple(shape))
        return tf.cast(np.float32(self.gain) * q, standardize_dtype(dtype))

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


# a window is sum_k (-1)^k a_k cos(2 pi k n / N)
_WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08), "boxcar": (1.0,)}


class STFT(Initializer):
    """The kernel that makes a 1-D convolution a short-time Fourier transform, of shape (frame_length, 1, fft_length).

    Args:
        side: "real" or "imag", the part of the transform.
        window: name of a window ("hann", "hamming", "blackman", "boxcar", "tukey"), an array of frame_length values, or
            None.
        scaling: "density", "spectrum" or None: what the window is divided by.
        periodic: whether a named window is periodic rather than symmetric.
    """

    def __init__(self, side="real", window="hann", scaling="density", periodic=False):
        if side not in ("real", "imag"):
            raise ValueError(f"side should be 'real' or 'imag', not {side}")
        if isinstance(window, str) and window not in (*_WINDOWS, "tukey"):
            known = sorted((*_WINDOWS, "tukey"))
            raise ValueError(f"Unknown window type: {window!r}; expected one of {known} or an array")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(
                f"Scaling is invalid, it must be `None`, 'density' or 'spectrum'. Received scaling={scaling}"
            )
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape, dtype=None, **kwargs):
        frame_length, _, fft_length = shape
        time = np.arange(frame_length).reshape(-1, 1, 1)
        angle = -2 * np.pi * time * np.arange(fft_length) / (2 * (fft_length - 1))
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is not None:
            window = self._window(frame_length)
            kernel = kernel * window.reshape(-1, 1, 1)
            if self.scaling == "density":
                kernel = kernel / np.sqrt(np.sum(window**2))
            elif self.scaling == "spectrum":
                kernel = kernel / np.sum(np.abs(window))
        return tf.constant(kernel.astype(tf.as_dtype(standardize_dtype(dtype)).as_numpy_dtype))

    def _window(self, length):
        if not isinstance(self.window, str):
            window = np.asarray(self.window)
            if window.shape != (length,):
                raise ValueError(
                    f"The shape of `window` must be equal to [frame_length]. Received: window shape={window.shape}"
                )
            return window
        if length == 1:
            return np.ones(1)
        angle = 2 * np.pi * np.arange(length) / (length if self.periodic else length - 1)
        if self.window == "tukey":  # flat in the middle, half a cosine over a quarter of the length at either end
            return (1 - np.cos(np.minimum(2 * np.minimum(angle, 2 * np.pi - angle), np.pi))) / 2
        return sum((-1) ** k * a * np.cos(k * angle) for k, a in enumerate(_WINDOWS[self.window]))

    def get_config(self):
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}


def compute_fans(shape, input_axes=None, output_axes=None):
    """The number of inputs and of outputs of one unit, for a kernel of `shape` (..., inputs, outputs).

    >>> compute_fans((3, 3, 8, 16))
    (72, 144)
    """
    shape = tuple(int(s) for s in shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return (shape or (1,)) * 2
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class _Given(Initializer):
    """The values of an array that was passed in an initializer's place."""

    def __init__(self, values):
        self.values = values

    def __call__(self, shape, dtype=None, **kwargs):
        if tuple(shape) != tuple(self.values.shape):
            raise ValueError(
                f"Expected `shape` to be {self.values.shape} for direct tensor as initializer. Received shape={shape}"
            )
        return tf.cast(self.values, standardize_dtype(dtype))


IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT
constant, zeros, ones, identity, orthogonal, stft = Constant, Zeros, Ones, Identity, Orthogonal, STFT
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, glorot_uniform, glorot_normal = VarianceScaling, GlorotUniform, GlorotNormal
lecun_normal, lecun_uniform, he_normal, he_uniform = LecunNormal, LecunUniform, HeNormal, HeUniform

_others = {"zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform}
serialize, deserialize, _get = functions("initializer", {**classes_in(globals(), Initializer), **_others})


def get(identifier) -> Any:
    """The initializer that `identifier` names: None, a string, a config dict, a class, a callable, a tensor of values.

    ValueError for anything else.

    >>> get("glorot_uniform").__class__.__name__
    'GlorotUniform'
    """
    if isinstance(identifier, (np.ndarray, np.generic)) or tf.is_tensor(identifier):
        return _Given(identifier)
    return _get(identifier)
