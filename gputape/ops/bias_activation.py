"""A layer's bias and activation in one pass, of which the tape keeps one array."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgumentError
from ..op import fused, public
from ..tensor import as_tensor
from .activation import elu, elu_grad, launch, relu, relu6, relu6_grad, relu_grad, selu, selu_grad
from .functor import camel
from .unary import sigmoid, sigmoid_grad, tanh, tanh_grad

# By name: the function, and its gradient from its value, so that a layer keeps one array and not two.
BY_VALUE: dict[str, tuple[Any, Any]] = {
    "relu": (relu, relu_grad),
    "relu6": (relu6, relu6_grad),
    "elu": (elu, elu_grad),
    "selu": (selu, selu_grad),
    "sigmoid": (sigmoid, sigmoid_grad),
    "tanh": (tanh, tanh_grad),
}


@fused
def biased(x, bias, *, activation):
    return BY_VALUE[activation][0](x + bias)


@biased.kernel
def _(x, bias, *, activation):
    return launch(f"Biased<{camel(activation)}>")(x, bias)


@biased.gradient
def _(dy, y, activation):
    dz = BY_VALUE[activation][1](y, dy)
    return dz, dz


@public
def bias_activation(value: Any, bias: Any, activation: str) -> Any:
    """activation(value + bias) in one pass; `bias` of shape (channels,) belongs to the last axis of `value`.

    `activation` is one of "relu", "relu6", "elu", "selu", "sigmoid", "tanh"; ValueError for others.

    >>> import gputape as tf
    >>> tf.nn.bias_activation([[1.0, 2.0]], [-3.0, 3.0], "relu").numpy()
    array([[0., 5.]], dtype=float32)
    """
    if activation not in BY_VALUE:
        raise ValueError(f"bias_activation: activation must be one of {sorted(BY_VALUE)}, not {activation!r}")
    x = as_tensor(value)
    b = as_tensor(bias, x._array.dtype)
    if b._array.shape != x._array.shape[-1:] or not x._array.ndim:
        raise InvalidArgumentError(
            f"bias_activation: bias must have the size of the last axis of value: value has shape {x._array.shape}, "
            f"bias has shape {b._array.shape} [Op:BiasAdd]"
        )
    return biased(x, b, activation=activation)


NAMES = {"tf.nn.bias_activation": bias_activation}
