"""Activation functions, each with its derivative as an op of its own. sigmoid, tanh and softplus are in unary.py.

At the kinks: relu'(0) = 0, relu6'(0) = relu6'(6) = 0, leaky_relu'(0) = alpha, as in TensorFlow.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import elementwise, fused, public
from ..registry import OPS
from ..tensor import as_tensor
from .cast import cast, zeros_like
from .compare import less, select
from .domain import real, real_floating, refusal
from .functor import camel, functor
from .join import concat
from .unary import abs_, exp, sigmoid, sigmoid_grad, sign, square, tanh

SELU_SCALE = 1.0507009873554805
SELU_SCALE_ALPHA = 1.7580993408473766  # the scale times alpha = 1.6732632423543772


def through_float32(body: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a body: half types are computed in float32 and rounded once."""

    @functools.wraps(body)
    def widened(xp: Any, x: Any, *rest: Any) -> Any:
        if x.dtype.itemsize > 2:
            return body(xp, x, *rest)
        wide = [r.astype(np.float32) if hasattr(r, "dtype") else r for r in (x, *rest)]
        return body(xp, *wide).astype(x.dtype)

    return widened


@functools.cache
def launch(name: str, kinds: str = "fV") -> Any:
    """The kernel body of a functor of kernels/activation.cu."""
    return functor(name, kinds, file="activation.cu")


# -- piecewise linear


@elementwise
@real
def relu(xp, features):
    """max(x, 0), of floating point numbers or integers; NaN stays NaN."""
    return xp.maximum(features, 0)


@relu.gradient
def _(dy, y):
    return relu_grad(y, dy)


@elementwise
@real
def relu_grad(xp, y, dy):
    """dy where y > 0 and 0 elsewhere: the gradient of relu, y being its value or its input."""
    return xp.multiply(dy, y > 0)


@relu_grad.gradient
def _(d, y):
    return lambda: zeros_like(d), lambda: relu_grad(y, d)


@elementwise
@real
def relu6(xp, features):
    """min(max(x, 0), 6)."""
    return xp.minimum(xp.maximum(features, 0), 6)


@relu6.gradient
def _(dy, y):
    return relu6_grad(y, dy)


@elementwise
@real
def relu6_grad(xp, y, dy):
    """dy where 0 < y < 6 and 0 elsewhere."""
    return xp.multiply(dy, (y > 0) & (y < 6))


@relu6_grad.gradient
def _(d, y):
    return lambda: zeros_like(d), lambda: relu6_grad(y, d)


@elementwise
@real_floating
@through_float32
def leaky(xp, x, alpha):
    """x where x > 0, alpha * x elsewhere."""
    return xp.maximum(x, 0) + alpha * xp.minimum(x, 0)


@leaky.gradient
def _(dy, x, alpha):
    return leaky_grad(x, dy, alpha), None


@elementwise
@real_floating
@through_float32
def leaky_grad(xp, x, dy, alpha):
    """dy where x > 0, alpha * dy elsewhere."""
    return xp.multiply(dy, (1 - alpha) * (x > 0).astype(x.dtype) + alpha)


@leaky_grad.gradient
def _(d, x, alpha):
    return lambda: zeros_like(d), lambda: leaky_grad(x, d, alpha), None


@public
def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """`features` where positive, `alpha * features` elsewhere; of any shape. Integers are computed in float32.

    TypeError unless `alpha` is a Python number.

    >>> import gputape as tf
    >>> tf.nn.leaky_relu([-10.0, 10.0]).numpy()
    array([-2., 10.], dtype=float32)
    """
    if not isinstance(alpha, (int, float, np.number)):
        raise TypeError(f"leaky_relu: Expected float for argument 'alpha', not {alpha!r}")
    x = as_tensor(features)
    if not (x.dtype.is_floating or x.dtype.is_integer):
        raise refusal("leaky_relu", (x._array,), "real numbers")
    return leaky(cast(x, "float32") if x.dtype.is_integer else x, float(alpha))


@public
def crelu(features: Any, axis: Any = -1, name: str | None = None) -> Any:
    """relu of `features` and relu of their negatives, joined along `axis`, which becomes twice as long.

    >>> import gputape as tf
    >>> tf.nn.crelu([-1.0, 2.0]).numpy()
    array([0., 2., 1., 0.], dtype=float32)
    """
    x = as_tensor(features)
    return relu(concat([x, -x], axis))


# -- exponential


@elementwise
@real_floating
@through_float32
def elu(xp, features):
    """x where x > 0, exp(x) - 1 elsewhere. https://arxiv.org/abs/1511.07289"""
    return xp.maximum(features, 0) + xp.expm1(xp.minimum(features, 0))


@elu.gradient
def _(dy, y):
    return elu_grad(y, dy)


@elementwise
@real_floating
@through_float32
def elu_grad(xp, y, dy):
    """dy * (1 + min(y, 0)): the gradient of elu, y being its value."""
    return xp.multiply(dy, xp.minimum(y, 0) + 1)


@elu_grad.gradient
def _(d, y, dy):
    return lambda: select(less(y, 0), d * dy, 0), lambda: elu_grad(y, d)


@elementwise
@real_floating
@through_float32
def selu(xp, features):
    """scale * x where x > 0, scale * alpha * (exp(x) - 1) elsewhere. https://arxiv.org/abs/1706.02515"""
    return SELU_SCALE * xp.maximum(features, 0) + SELU_SCALE_ALPHA * xp.expm1(xp.minimum(features, 0))


@selu.gradient
def _(dy, y):
    return selu_grad(y, dy)


@elementwise
@real_floating
@through_float32
def selu_grad(xp, y, dy):
    """dy * (y + scale * alpha) where y < 0, dy * scale elsewhere: the gradient of selu, y being its value."""
    return xp.multiply(dy, xp.where(y < 0, y + SELU_SCALE_ALPHA, y.dtype.type(SELU_SCALE)))


@selu_grad.gradient
def _(d, y, dy):
    return lambda: select(less(y, 0), d * dy, 0), lambda: selu_grad(y, d)


# -- smooth


@elementwise
@real_floating
@through_float32
def softsign(xp, features):
    """x / (1 + |x|)."""
    return features / (1 + xp.abs(features))


@softsign.gradient
def _(dy, features):
    return softsign_grad(features, dy)


@elementwise
@real_floating
@through_float32
def softsign_grad(xp, x, dy):
    """dy / (1 + |x|)**2: the gradient of softsign."""
    return xp.divide(dy, xp.square(1 + xp.abs(x)))


@softsign_grad.gradient
def _(d, x, dy):
    return lambda: -2.0 * sign(x) * softsign_grad(x, d) * dy / (1.0 + abs_(x)), lambda: softsign_grad(x, d)


@elementwise
@real_floating
@through_float32
def sigmoid_weighted(xp, x):
    """x * sigmoid(x). https://arxiv.org/abs/1710.05941"""
    return x * sigmoid.body(xp, x)


@sigmoid_weighted.gradient
def _(dy, x):
    return sigmoid_weighted_grad(x, dy)


@elementwise
@real_floating
@through_float32
def sigmoid_weighted_grad(xp, x, dy):
    """dy * s * (1 + x * (1 - s)), s = sigmoid(x)."""
    s = sigmoid.body(xp, x)
    return xp.multiply(dy, s * (1 + x * (1 - s)))


@sigmoid_weighted_grad.gradient
def _(d, x, dy):
    def by_x() -> Any:
        s = sigmoid(x)
        return sigmoid_grad(s, d * dy) * (2.0 + x * (1.0 - 2.0 * s))

    return by_x, lambda: sigmoid_weighted_grad(x, d)


@public
def swish(features: Any, beta: Any = 1.0) -> Any:
    """features * sigmoid(beta * features), of any shape; with beta = 1 also called SiLU.

    `beta` is a number, or a tensor that broadcasts with `features`, differentiable too.

    >>> import gputape as tf
    >>> tf.nn.swish([-20.0, 0.0, 20.0]).numpy().round(4)
    array([-0.,  0., 20.], dtype=float32)
    """
    x = as_tensor(features)
    if isinstance(beta, (int, float)) and beta == 1 and not x.dtype.is_complex:
        return sigmoid_weighted(x)
    return x * sigmoid(x * beta)


ROOT_HALF = math.sqrt(0.5)
BELL = 1 / math.sqrt(2 * math.pi)  # the height of the normal distribution
TANH_SCALE, TANH_CUBIC = math.sqrt(2 / math.pi), 0.044715


@fused
def normal_weighted(x, *, approximate):
    """x * P(X <= x) for a standard normal X. https://arxiv.org/abs/1606.08415"""
    if approximate:
        return 0.5 * x * (1.0 + tanh(TANH_SCALE * x * (1.0 + TANH_CUBIC * square(x))))
    return 0.5 * x * (1.0 + OPS["erf"](ROOT_HALF * x))


@normal_weighted.kernel
def _(x, *, approximate):
    return launch("NormalWeightedTanh" if approximate else "NormalWeighted")(x)


@normal_weighted.gradient
def _(dy, x, approximate):
    return normal_weighted_grad(x, dy, approximate=approximate)


@fused
def normal_weighted_grad(x, dy, *, approximate):
    if approximate:
        t = tanh(TANH_SCALE * x * (1.0 + TANH_CUBIC * square(x)))
        slope = TANH_SCALE * (1.0 + 3.0 * TANH_CUBIC * square(x))
        return dy * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - square(t)) * slope)
    return dy * (0.5 * (1.0 + OPS["erf"](ROOT_HALF * x)) + BELL * x * exp(-0.5 * square(x)))


@normal_weighted_grad.kernel
def _(x, dy, *, approximate):
    return launch("NormalWeightedTanhGrad" if approximate else "NormalWeightedGrad")(x, dy)


@public
def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """features * P(X <= features) for a standard normal X, of any shape; the Gaussian error linear unit.

    `approximate` takes tanh(sqrt(2 / pi) * (x + 0.044715 x**3)) for erf(x / sqrt(2)). ValueError unless floating point.

    >>> import gputape as tf
    >>> tf.nn.gelu([-1.0, 0.0, 1.0]).numpy().round(4)
    array([-0.1587,  0.    ,  0.8413], dtype=float32)
    """
    x = as_tensor(features)
    if not x.dtype.is_floating:
        raise ValueError(
            f"gelu: `features.dtype` must be a floating point tensor. Received: features.dtype={x.dtype!r}; use tf.cast"
        )
    return normal_weighted(x, approximate=bool(approximate))


for _op in (relu, relu_grad, relu6, relu6_grad):
    _op.kernel(launch(camel(_op.name), "fViu"))
for _op in (leaky, leaky_grad, elu, elu_grad, selu, selu_grad):
    _op.kernel(launch(camel(_op.name)))
for _op in (softsign, softsign_grad, sigmoid_weighted, sigmoid_weighted_grad):
    _op.kernel(launch(camel(_op.name)))

_NN: tuple[Any, ...] = (relu, relu6, leaky_relu, crelu, elu, selu, softsign, swish, gelu)
NAMES = {f"tf.nn.{f.__name__}": f for f in _NN}
NAMES |= {"tf.nn.silu": swish, "tf.math.softsign": softsign}
