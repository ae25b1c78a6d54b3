"""A dense layer in one op: product, bias and activation forward, both gradients of the weights backward."""

from __future__ import annotations

import functools
import math
from typing import Any

from .. import blas, cuda
from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import fused, op, public
from ..registry import OPS
from ..tensor import as_tensor
from .bias_activation import BY_VALUE, biased
from .complex import conj
from .matmul import multiply_matrices
from .reduce import sum_over

_EPILOGUES = {None: "bias", "relu": "relu_bias"}


@fused
def affine(x, kernel, bias, *, activation):
    """activation(x kernel + bias) of a matrix x (rows, inputs), kernel (inputs, units) and bias (units,)."""
    z = multiply_matrices(x, kernel)
    return z + bias if activation is None else biased(z, bias, activation=activation)


@affine.kernel
def _(x, kernel, bias, *, activation):
    """One launch where the library has the activation; otherwise a product and one more for the rest."""
    if activation not in _EPILOGUES:
        return NotImplemented
    y = cuda.empty((x.shape[0], kernel.shape[1]), x.dtype)
    made = blas.multiply(x, kernel, y, epilogue=_EPILOGUES[activation], vector=cuda.contiguous(bias))
    return y if made else NotImplemented


@affine.gradient
def _(dy, x, kernel, y, activation):
    dz = dy if activation is None else BY_VALUE[activation][1](y, dy)
    weights = functools.cache(lambda: affine_grad(x, dz))
    return lambda: multiply_matrices(dz, conj(kernel), transpose_b=True), lambda: weights()[0], lambda: weights()[1]


@op
def affine_grad(xp, x, dy):
    """The gradients of kernel and bias: xᴴ dy, and the sum of the rows of dy."""
    wide = accumulator(x.dtype)
    dw = xp.matmul(x.conj().T.astype(wide, copy=False), dy.astype(wide, copy=False))
    return dw.astype(x.dtype, copy=False), dy.sum(0, dtype=wide).astype(x.dtype, copy=False)


@affine_grad.kernel
def _(x, dy):
    x = x.conj() if x.dtype.kind == "c" else x
    dw, db = cuda.empty((x.shape[1], dy.shape[1]), x.dtype), cuda.empty((dy.shape[1],), x.dtype)
    if blas.multiply(x, dy, dw, transpose_a=True, epilogue="bgrad", vector=db):
        return dw, db
    product = multiply_matrices.run([x, dy], {"transpose_a": True, "transpose_b": False})
    return product, sum_over.run([dy], {"axes": (0,), "keepdims": False})


@affine_grad.gradient
def _(dys, x, dy):
    d_dw, d_db = dys
    return (
        lambda: multiply_matrices(dy, conj(d_dw), transpose_b=True),
        lambda: multiply_matrices(x, d_dw) + d_db,
    )


@public
def dense(inputs: Any, kernel: Any, bias: Any = None, activation: str | None = None) -> Any:
    """activation(inputs kernel + bias): `inputs` (..., features), `kernel` (features, units), `bias` (units,) or None.

    activation: None, "relu", "relu6", "elu", "selu", "sigmoid", "tanh"; ValueError for others. All of one dtype.
    InvalidArgumentError for shapes that do not fit. On a GPU bias and ReLU cost no launch of their own.

    >>> import gputape as tf
    >>> tf.nn.dense([[1.0, 2.0]], [[1.0], [1.0]], [-5.0], "relu").numpy()
    array([[0.]], dtype=float32)
    """
    if activation is not None and activation not in BY_VALUE:
        raise ValueError(f"dense: activation must be None or one of {sorted(BY_VALUE)}, not {activation!r}")
    x = as_tensor(inputs)
    w = as_tensor(kernel, x._array.dtype)
    shape, of_w = tuple(x._array.shape), tuple(w._array.shape)
    b = OPS["zeros"](of_w[-1:], w.dtype) if bias is None else as_tensor(bias, x._array.dtype)
    if not shape or len(of_w) != 2 or shape[-1] != of_w[0] or tuple(b._array.shape) != of_w[1:]:
        raise InvalidArgumentError(
            f"Matrix size-incompatible: dense takes inputs (..., features), kernel (features, units) and bias (units,), "
            f"not inputs {shape}, kernel {of_w} and bias {tuple(b._array.shape)} [Op:MatMul]"
        )
    rows = x if len(shape) == 2 else OPS["reshape"](x, (math.prod(shape[:-1]), shape[-1]))
    y = affine(rows, w, b, activation=activation)
    return y if len(shape) == 2 else OPS["reshape"](y, (*shape[:-1], of_w[1]))


NAMES = {"tf.nn.dense": dense}
