"""Input: a symbolic tensor to start a graph from; InputLayer: the layer that stands for it in the graph."""

from __future__ import annotations

import warnings
from typing import Any

from ..backend import standardize_dtype, standardize_shape
from ..symbolic import KerasTensor, Node
from .layer import Layer


class InputLayer(Layer):
    """The start of a graph, a symbolic tensor of the given shape; made by `Input`.

    Args:
        shape: without the batch axis.
        batch_size: the size of the batch axis; default None, any.
        batch_shape: the whole shape, instead of both.
        input_tensor: a KerasTensor to start from instead of a new one.
        optional: whether None may be passed in its place.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name)
        if "input_shape" in kwargs:
            warnings.warn("Argument `input_shape` is deprecated. Use `shape` instead.", stacklevel=2)
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
        if input_tensor is not None:
            _check_agrees(input_tensor, shape, batch_size, batch_shape, dtype, sparse)
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        elif batch_shape is not None:
            for argument, value in (("shape", shape), ("batch_size", batch_size)):
                if value is not None:
                    raise ValueError(f"You cannot pass both `{argument}` and `batch_shape` at the same time.")
        elif shape is None:
            raise ValueError("You must pass a `shape` argument.")
        else:
            batch_shape = (batch_size, *standardize_shape(shape))
        if ragged:
            raise ValueError("`ragged=True` is not supported: tensors are dense here.")
        self._batch_shape = standardize_shape(batch_shape)
        self._dtype = standardize_dtype(dtype)
        self.sparse, self.ragged = bool(sparse), False  # the model makes sparse tensors dense at its door
        self.optional = optional
        self._input_tensor = input_tensor
        if input_tensor is None:
            self._input_tensor = KerasTensor(self._batch_shape, dtype=self._dtype, name=name)
        Node(self, outputs=self._input_tensor)
        self.built = True

    def call(self) -> None:
        return None

    @property
    def batch_shape(self) -> Any:
        return self._batch_shape

    @property
    def dtype(self) -> str:
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        names = ("batch_shape", "dtype", "sparse", "ragged", "name", "optional")
        return {n: getattr(self, n) for n in names}


def _check_agrees(tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any, sparse: Any) -> None:
    if not isinstance(tensor, KerasTensor):
        raise ValueError(
            f"Argument `input_tensor` must be a KerasTensor. Received invalid type: input_tensor={tensor} "
            f"(of type {type(tensor)})"
        )
    wrong = {
        "batch_size": batch_size is not None and (not tensor.shape or tensor.shape[0] != batch_size),
        "shape": shape is not None and tuple(shape) != tensor.shape[1:],
        "batch_shape": batch_shape is not None and tuple(batch_shape) != tensor.shape,
        "dtype": dtype is not None and tensor.dtype != dtype,
        "sparse": sparse is not None and tensor.sparse != sparse,
    }
    for argument in [a for a, is_wrong in wrong.items() if is_wrong]:
        raise ValueError(
            f"When providing the `input_tensor` argument, you cannot provide an incompatible `{argument}` argument."
        )


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
    **kwargs: Any,
) -> Any:
    """A symbolic tensor: layers called on it build a graph, and `keras.Model(inputs, outputs)` makes a model of it.

    Args:
        shape: without the batch axis; None for sizes that may vary.
        batch_size: the size of the batch axis; default None, any.
        dtype: default floatx.
        batch_shape: the whole shape, instead of `shape` and `batch_size`.
        sparse: whether SparseTensors are expected: the model makes them dense before its first layer.
        name: of the input layer.
        tensor: a KerasTensor to wrap instead.
        optional: whether None may be passed in its place.

    >>> from gputape import keras
    >>> x = keras.Input((28, 28))
    >>> keras.layers.Flatten()(x).shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name, **kwargs)
    return layer.output
