"""Matrix products: `matmul` over batches of matrices, `matvec`, and `bias_add`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import blas, cuda, dtypes
from ..blas_plan import planned
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .complex import conj

kernels = cuda.Kernels("matmul.cu", block=256)
TILE = 64  # rows and columns of a product that a block owns


@op
def multiply_matrices(xp, a, b, *, transpose_a=False, transpose_b=False):
    """Products of matrices in the last two axes, the leading ones broadcast; half types accumulate in float32."""
    a = a.swapaxes(-1, -2) if transpose_a else a
    b = b.swapaxes(-1, -2) if transpose_b else b
    dtype = a.dtype
    if dtype.itemsize > 2:
        return xp.matmul(a, b)
    wide = dtypes.accumulator(dtype)
    return xp.matmul(a.astype(wide, copy=False), b.astype(wide, copy=False)).astype(dtype, copy=False)


@multiply_matrices.kernel
def _(a, b, *, transpose_a, transpose_b):
    """By cuBLASLt; by a kernel of ours what it does not do, integers above all."""
    m, n = a.shape[-1 if transpose_a else -2], b.shape[-2 if transpose_b else -1]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim + b.ndim > 4 else ()
    y = cuda.empty((*batch, m, n), a.dtype)
    if not a.size or not b.size:
        y.fill(0)
        return y
    if blas.multiply(a, b, y, transpose_a, transpose_b):
        return y
    if a.dtype.kind not in "fiuV":
        return NotImplemented
    a, b = cuda.contiguous(a), cuda.contiguous(b)
    plan = planned(a.shape, a.strides, b.shape, b.strides, a.dtype.itemsize, transpose_a, transpose_b)
    assert plan is not None  # contiguous operands have one
    tiles = -(-plan.product.rows // TILE) * -(-plan.product.cols // TILE)
    matrices = plan.first, plan.second, plan.product
    sizes = [plan.product.rows, plan.product.cols, plan.depth, *[x.ld for x in matrices], *[x.stride for x in matrices]]
    for begins in plan.begins:
        arrays = [x.reshape(-1)[begin:] for x, begin in zip((b, a, y), begins)]
        kernels.multiply_forward[(a.dtype, *plan.turned)](tiles * plan.batch, (*arrays, *map(np.int64, sizes)))
    return y


@multiply_matrices.gradient
def _(dy, a, b, transpose_a, transpose_b):
    """With A, B the matrices as they are multiplied: dA = dy Bᴴ and dB = Aᴴ dy, transposed where a and b are."""

    def product(x, y, transpose_x, transpose_y):
        return multiply_matrices(x, y, transpose_a=transpose_x, transpose_b=transpose_y)

    def da():
        if transpose_a:
            return product(conj(b), dy, transpose_b, True)
        return product(dy, conj(b), False, not transpose_b)

    def db():
        if transpose_b:
            return product(dy, conj(a), True, transpose_a)
        return product(conj(a), dy, not transpose_a, False)

    return da, db


def _pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both operands as tensors; one that is none takes the dtype of the other where it may."""
    if isinstance(a, Array):
        return a, b if isinstance(b, Array) else as_tensor(b, a._array.dtype)
    b = b if isinstance(b, Array) else as_tensor(b)
    return as_tensor(a, b._array.dtype), b


@public
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    """The matrix product of `a` (..., m, k) and `b` (..., k, n): (..., m, n), leading axes broadcast together.

    Args:
        transpose_a, transpose_b: the last two axes of that operand are swapped first.
        adjoint_a, adjoint_b: swapped and conjugated.
        output_type: dtype of the result, for integer operands that would overflow in their own. Default: theirs.
        a_is_sparse, b_is_sparse, grad_a, grad_b: hints of TensorFlow's, of no effect.

    Float16 and bfloat16 accumulate in float32. Raises ValueError for both transpose and adjoint of one operand,
    InvalidArgumentError for ranks below 2, sizes that do not match, bool operands and different dtypes.

    >>> import gputape as tf
    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        side = "a" if transpose_a and adjoint_a else "b"
        raise ValueError(
            f"Only one of `transpose_{side}` and `adjoint_{side}` can be True. "
            f"Received `transpose_{side}`=True, `adjoint_{side}`=True."
        )
    a, b = _pair(a, b)
    if output_type is not None:
        a, b = OPS["cast"](a, output_type), OPS["cast"](b, output_type)
    if adjoint_a or adjoint_b:
        a, b = conj(a) if adjoint_a else a, conj(b) if adjoint_b else b
        transpose_a, transpose_b = transpose_a or adjoint_a, transpose_b or adjoint_b
    shape, other = a._array.shape, b._array.shape
    if (
        len(shape) < 2
        or len(other) < 2
        or shape[-2 if transpose_a else -1] != other[-1 if transpose_b else -2]
        or a._array.dtype.kind in "bO"
        or (len(other) > 2 and not all(m == n or 1 in (m, n) for m, n in zip(shape[-3::-1], other[-3::-1])))
    ):
        raise _misfit(a, b, transpose_a, transpose_b)
    if len(shape) > 2 and len(other) == 2 and not transpose_a:
        # One product instead of a batch of them, and in the gradient no sum over the batch.
        rows = OPS["reshape"](a, (math.prod(shape[:-1]), shape[-1]))
        product = multiply_matrices(rows, b, transpose_a=False, transpose_b=transpose_b)
        return OPS["reshape"](product, (*shape[:-1], product._array.shape[-1]))
    return multiply_matrices(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


def _misfit(a: Any, b: Any, transpose_a: bool, transpose_b: bool) -> InvalidArgumentError:
    """Why `a` and `b` cannot be multiplied."""
    x, y = tuple(a._array.shape), tuple(b._array.shape)
    for side, shape in (("a", x), ("b", y)):
        if len(shape) < 2:
            return InvalidArgumentError(
                f"matmul: {side} has shape {shape}, it must have at least 2 dimensions; "
                f"use tf.linalg.matvec or tf.tensordot for vectors [Op:MatMul]"
            )
    if a.dtype in ("bool", "string"):
        return InvalidArgumentError(f"matmul: a has dtype {a.dtype.name}, it must hold numbers [Op:MatMul]")
    inner = x[-2 if transpose_a else -1], y[-1 if transpose_b else -2]
    if inner[0] == inner[1]:
        return InvalidArgumentError(
            f"matmul of a {x} and b {y}: In[0] and In[1] must have compatible batch dimensions: all but the last two "
            f"sizes must be equal or 1 [Op:BatchMatMul]"
        )
    turned = f"{' (a transposed)' if transpose_a else ''}{' (b transposed)' if transpose_b else ''}"
    return InvalidArgumentError(
        f"Matrix size-incompatible: matmul of a {x} and b {y}{turned}: the columns of a, {inner[0]}, must be as many "
        f"as the rows of b, {inner[1]} [Op:MatMul]"
    )


@public
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """The product of matrices `a` (..., m, k) and vectors `b` (..., k): (..., m). Options and errors as in `matmul`.

    >>> import gputape as tf
    >>> tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    """
    a, b = _pair(a, b)
    column = OPS["expand_dims"](b, -1)
    return OPS["squeeze"](matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a), axis=[-1])


@public
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """`value` plus the vector `bias` along its channels: the last axis, or axis 1 for a `data_format` such as "NCHW".

    Raises ValueError for an unknown data_format, InvalidArgumentError if bias is no vector of as many elements as value
    has channels, or value has fewer than 2 dimensions.

    >>> import gputape as tf
    >>> tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]).numpy()
    array([[11., 22.]], dtype=float32)
    """
    if data_format is not None and not (data_format.startswith("NC") or (data_format[:1] + data_format[-1:]) == "NC"):
        raise ValueError(f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}")
    value, bias = _pair(value, bias)
    shape, width = tuple(value._array.shape), tuple(bias._array.shape)
    if len(shape) < 2:
        raise InvalidArgumentError(f"bias_add: value has shape {shape}, it must be at least 2D [Op:BiasAdd]")
    axis = 1 if data_format is not None and data_format.startswith("NC") else len(shape) - 1
    if len(width) != 1 or width[0] != shape[axis]:
        raise InvalidArgumentError(
            f"bias_add: bias has shape {width}, it must be ({shape[axis]},): one element per channel of value {shape}, "
            f"axis {axis} [Op:BiasAdd]"
        )
    trailing = len(shape) - 1 - axis
    return OPS["add"](value, OPS["reshape"](bias, (width[0],) + (1,) * trailing) if trailing else bias)


NAMES = {
    "tf.config.experimental.enable_tensor_float_32_execution": blas.enable_tensor_float_32_execution,
    "tf.config.experimental.tensor_float_32_execution_enabled": blas.tensor_float_32_execution_enabled,
    "tf.matmul": matmul,
    "tf.linalg.matmul": matmul,
    "tf.linalg.matvec": matvec,
    "tf.nn.bias_add": bias_add,
}
