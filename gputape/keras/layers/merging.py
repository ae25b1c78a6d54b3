"""Layers that merge a list of tensors into one, and the functions of the same names."""

from __future__ import annotations

import functools
from typing import Any

import gputape as tf

from ..scopes import get_keras_mask, set_keras_mask
from ..symbolic import KerasTensor
from .layer import Layer
from .promotion import alike


class Merge(Layer):
    """The base of merging layers: `_merge` works on inputs of one rank, broadcast together.

    Inputs of lower rank get axes of size 1 after the batch axis. ValueError for inputs that do not broadcast.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        _check_list(input_shape, "A merge layer should be called on a list of inputs.")
        batch_sizes = {s[0] for s in input_shape if s} - {None}
        if len(batch_sizes) > 1:
            raise ValueError(
                f"Cannot merge tensors with different batch sizes. Received tensors with shapes {input_shape}"
            )
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"A merge layer should be called on a list of inputs. Received: inputs={inputs} (not a list of tensors)"
            )
        rank = max(len(x.shape) for x in inputs)
        return self._merge([_of_rank(x, rank) for x in alike(inputs)])

    def _merge(self, inputs: list[Any]) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = functools.reduce(_broadcast, [s[1:] for s in input_shape])
        batch_sizes = {s[0] for s in input_shape if s} - {None}
        return (batch_sizes.pop() if len(batch_sizes) == 1 else None, *sizes)

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape([tuple(x.shape) for x in inputs]), dtype=self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return None
        _check_masks(inputs, mask)
        return None if any(m is None for m in mask) else functools.reduce(tf.logical_or, map(_as_bool, mask))


def _of_rank(x: Any, rank: int) -> Any:
    for _ in range(rank - len(x.shape)):
        x = tf.expand_dims(x, 1)
    return x


def _broadcast(a: Any, b: Any) -> tuple[int | None, ...]:
    if len(a) < len(b):
        a, b = b, a
    sizes = []
    for m, n in zip(a[len(a) - len(b) :], b):
        if None not in (m, n) and 1 not in (m, n) and m != n:
            raise ValueError(f"Inputs have incompatible shapes. Received shapes {tuple(a)} and {tuple(b)}")
        sizes.append(None if None in (m, n) else n if m == 1 else m)
    return (*a[: len(a) - len(b)], *sizes)


def _check_list(shapes: Any, told: str, count: int | None = None) -> None:
    shaped = isinstance(shapes, (list, tuple)) and shapes and all(isinstance(s, (list, tuple)) for s in shapes)
    if not shaped or (count is not None and len(shapes) != count):
        raise ValueError(f"{told} Received: input_shape={shapes} (not a list of shapes)")


def _check_masks(inputs: Any, mask: Any) -> None:
    for argument, value in (("mask", mask), ("inputs", inputs)):
        if not isinstance(value, (tuple, list)):
            raise ValueError(f"`{argument}` should be a list. Received: {argument}={value}")
    if len(mask) != len(inputs):
        raise ValueError(
            "The lists `inputs` and `mask` should have the same length. Received: "
            f"inputs={inputs} of length {len(inputs)}, and mask={mask} of length {len(mask)}"
        )


def _as_bool(mask: Any) -> Any:
    return tf.cast(mask, "bool") if getattr(mask, "dtype", None) != "bool" else mask


def _full_masks(inputs: list[Any]) -> list[Any]:
    """The masks of the inputs, each as large as its input; None where there is none."""
    masks = [get_keras_mask(x) for x in inputs]
    return [None if m is None else tf.broadcast_to(tf.expand_dims(m, -1), x.shape) for m, x in zip(masks, inputs)]


class Add(Merge):
    """The sum of the inputs.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.add([tf.constant([[1.0, 2.0]]), tf.constant([[10.0, 20.0]])]).numpy()
    array([[11., 22.]], dtype=float32)
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(tf.add, inputs)


class Subtract(Merge):
    """The first input less the second; ValueError unless there are two."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        _check_list(input_shape, "A `Subtract` layer should be called on exactly 2 inputs.", 2)

    def _merge(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise ValueError(f"A `Subtract` layer should be called on exactly 2 inputs. Received: inputs={inputs}")
        return tf.subtract(*inputs)


class Multiply(Merge):
    """The product of the inputs; a masked element counts as 1, and where all are masked the product is 0."""

    def _merge(self, inputs: list[Any]) -> Any:
        masks = _full_masks(inputs)
        if all(m is None for m in masks):
            return functools.reduce(tf.multiply, inputs)
        kept = [x if m is None else tf.where(m, x, tf.ones_like(x)) for x, m in zip(inputs, masks)]
        product = functools.reduce(tf.multiply, kept)
        if any(m is None for m in masks):
            return product
        mask = functools.reduce(tf.logical_or, masks)
        product = tf.where(mask, product, tf.zeros_like(product))
        set_keras_mask(product, tf.reduce_any(mask, axis=-1))
        return product


class Average(Merge):
    """The mean of the inputs."""

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(tf.add, inputs) / len(inputs)


class _Extremum(Merge):
    """Maximum and Minimum: a masked element gives way to the others."""

    _of: Any

    def _merge(self, inputs: list[Any]) -> Any:
        masks = _full_masks(inputs)
        output, mask = inputs[0], masks[0]
        for x, m in zip(inputs[1:], masks[1:]):
            if m is not None:
                x = tf.where(m, x, output)
            if mask is not None:
                output = tf.where(mask, output, x)
            mask = tf.logical_or(mask, m) if mask is not None and m is not None else None
            output = type(self)._of(output, x)
        if mask is not None:
            set_keras_mask(output, tf.reduce_any(mask, axis=-1))
        return output


class Maximum(_Extremum):
    """The largest of the inputs, element by element."""

    _of = staticmethod(tf.maximum)


class Minimum(_Extremum):
    """The smallest of the inputs, element by element."""

    _of = staticmethod(tf.minimum)


class Concatenate(Merge):
    """The inputs one after the other along `axis`; ValueError unless their other sizes are equal."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        _check_list(input_shape, "A `Concatenate` layer should be called on a list of at least 1 input.")
        others = [tuple(d for k, d in enumerate(s) if k != self.axis % len(s)) for s in input_shape]
        alike = len({len(s) for s in others}) == 1
        if not alike or any(len(set(sizes) - {None}) > 1 for sizes in zip(*others)):
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                f"Received: input_shape={input_shape}"
            )

    def _merge(self, inputs: list[Any]) -> Any:
        return tf.concat(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        _check_list(input_shape, "A `Concatenate` layer should be called on a list of inputs.")
        sizes = [s[self.axis] for s in input_shape]
        shape = list(input_shape[0])
        shape[self.axis] = None if None in sizes else sum(sizes)
        return tuple(shape)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return None
        _check_masks(inputs, mask)
        if all(m is None for m in mask):
            return None
        full = []
        for x, m in zip(inputs, mask):
            m = tf.ones_like(x, dtype="bool") if m is None else _as_bool(m)
            if len(m.shape) < len(x.shape):
                m = tf.logical_or(tf.expand_dims(m, -1), tf.zeros_like(x, dtype="bool"))
            full.append(m)
        return tf.reduce_any(tf.concat(full, axis=self.axis), axis=-1)


class Dot(Merge):
    """Dot product of two inputs along `axes` for each sample: (b, 3, 5) and (b, 10, 3) with axes (1, 2) to (b, 5, 10).

    Args:
        axes: one axis for both inputs or one for each; not 0, the batch.
        normalize: divide the inputs by their norms along these axes first (cosine similarity).

    >>> from gputape import keras
    >>> keras.layers.Dot(axes=(1, 2))([keras.Input((3, 5)), keras.Input((10, 3))]).shape
    (None, 5, 10)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)):
                raise TypeError(
                    f"Invalid type for argument `axes`: it should be a list or an int. Received: axes={axes}"
                )
            if len(axes) != 2:
                raise ValueError(
                    f"Invalid format for argument `axes`: it should contain two elements. Received: axes={axes}"
                )
            if not all(isinstance(a, int) for a in axes):
                raise ValueError(
                    f"Invalid format for argument `axes`: list elements should be integers. Received: axes={axes}"
                )
        self.axes = axes
        self.normalize = normalize

    def _axes(self, ranks: Any) -> list[int]:
        given = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [a % rank if a < 0 else a for a, rank in zip(given, ranks)]

    def build(self, input_shape: Any) -> None:
        _check_list(input_shape, "A `Dot` layer should be called on a list of 2 inputs.", 2)
        a, b = input_shape
        m, n = self._axes((len(a), len(b)))
        if a[m] != b[n]:
            raise ValueError(
                f"Incompatible input shapes: axis values {a[m]} (at axis {m}) != {b[n]} (at axis {n}). "
                f"Full input shapes: {a}, {b}"
            )

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            raise ValueError(f"A `Dot` layer should be called on exactly 2 inputs. Received: inputs={inputs}")
        inputs = alike(inputs)
        a, b = inputs
        m, n = self._axes((len(a.shape), len(b.shape)))
        if self.normalize:
            a, b = tf.math.l2_normalize(a, axis=m), tf.math.l2_normalize(b, axis=n)
        return _batch_dot(a, b, m, n)

    def compute_output_shape(self, input_shape: Any) -> Any:
        _check_list(input_shape, "A `Dot` layer should be called on a list of 2 inputs.", 2)
        a, b = (list(s) for s in input_shape)
        m, n = self._axes((len(a), len(b)))
        del a[m], b[n], b[0]
        return (*a, *b) if len(a) + len(b) > 1 else (*a, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


def _batch_dot(a: Any, b: Any, m: int, n: int) -> Any:
    """Sums a * b along axis m of a and n of b, for each index of their first axes."""
    kept_a = [k for k in range(1, len(a.shape)) if k != m]
    kept_b = [k for k in range(1, len(b.shape)) if k != n]
    sizes = [a.shape[k] for k in kept_a] + [b.shape[k] for k in kept_b]
    batch, inner = a.shape[0], a.shape[m]
    rows = tf.reshape(tf.transpose(a, (0, *kept_a, m)), (batch, -1, inner))
    columns = tf.reshape(tf.transpose(b, (0, n, *kept_b)), (b.shape[0], inner, -1))
    return tf.reshape(tf.matmul(rows, columns), (batch, *(sizes or [1])))


def add(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Add` applied to `inputs`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Subtract` applied to `inputs`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Multiply` applied to `inputs`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Average` applied to `inputs`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Maximum` applied to `inputs`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The layer `Minimum` applied to `inputs`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The layer `Concatenate` applied to `inputs`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """The layer `Dot` applied to `inputs`."""
    return Dot(axes=axes, **kwargs)(inputs)
