"""Diagonals, bands and transposes of matrices in the last two axes.

Several diagonals travel packed: rows from the highest diagonal to the lowest, each padded to the longest of them on the
side that `align` says.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .complex import conj
from .shape import static

ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


# -- ops over the diagonals low to high


def _length(rows: int, columns: int, d: int) -> int:
    return max(min(rows + min(d, 0), columns - max(d, 0)), 0)


def _longest(shape: tuple[int, ...], low: int, high: int) -> int:
    """The length of the longest of the diagonals low to high."""
    rows, columns = shape[-2:]
    return max(min(rows + min(high, 0), columns - max(low, 0)), 0)


def _diagonals(shape: tuple[int, ...], low: int, high: int, align: str) -> Any:
    """For each diagonal: its row in the packed form, the elements it fills there, and its elements in a flat matrix."""
    rows, columns = shape[-2:]
    longest = _longest(shape, low, high)
    upper, lower = align.split("_")
    for row, d in enumerate(range(high, low - 1, -1)):
        n = _length(rows, columns, d)
        if n:
            left = (d >= 0 and upper == "LEFT") or (d <= 0 and lower == "LEFT")
            first = 0 if left else longest - n
            start = d if d >= 0 else -d * columns
            yield row, slice(first, first + n), slice(start, start + (n - 1) * (columns + 1) + 1, columns + 1)


def _flat(x: Any) -> Any:
    """A view of `x`, which is in C order, with the last two axes in one."""
    return x.reshape((*x.shape[:-2], x.shape[-2] * x.shape[-1]))


def _packed(x: Any, low: int, high: int) -> Any:
    """Packed diagonals with the axis of the rows, which a single diagonal lacks."""
    return x if low < high else x[..., None, :]


@op
def take_diagonals(xp, input, *, low, high, align, padding=0):
    """The diagonals of matrices, packed; `padding` stands where they are shorter than the longest."""
    longest = _longest(input.shape, low, high)
    made = xp.full((*input.shape[:-2], high - low + 1, longest), padding, input.dtype)
    source = _flat(input)
    for row, filled, elements in _diagonals(input.shape, low, high, align):
        made[..., row, filled] = source[..., elements]
    return made if low < high else made[..., 0, :]


@take_diagonals.gradient
def _(dy, input_shape, low, high, align):
    return put_diagonals(dy, rows=input_shape[-2], columns=input_shape[-1], low=low, high=high, align=align)


@op
def put_diagonals(xp, diagonal, *, rows, columns, low, high, align, padding=0):
    """Matrices with packed diagonals, and `padding` elsewhere."""
    packed = _packed(diagonal, low, high)
    made = xp.full((*packed.shape[:-2], rows, columns), padding, diagonal.dtype)
    target = _flat(made)
    for row, filled, elements in _diagonals(made.shape, low, high, align):
        target[..., elements] = packed[..., row, filled]
    return made


@put_diagonals.gradient
def _(dy, low, high, align):
    return take_diagonals(dy, low=low, high=high, align=align)


@op
def replace_diagonals(xp, input, diagonal, *, low, high, align):
    """`input` with other diagonals."""
    made, packed = input.copy(order="C"), _packed(diagonal, low, high)
    target = _flat(made)
    for row, filled, elements in _diagonals(made.shape, low, high, align):
        target[..., elements] = packed[..., row, filled]
    return made


@replace_diagonals.gradient
def _(dy, diagonal_shape, low, high, align):
    def without():
        return replace_diagonals(dy, OPS["zeros"](diagonal_shape, dy.dtype), low=low, high=high, align=align)

    return without, lambda: take_diagonals(dy, low=low, high=high, align=align)


@op
def keep_band(xp, input, *, num_lower, num_upper):
    """`input` with zeros below the subdiagonal num_lower and above the superdiagonal num_upper; negative: keep all."""
    rows, columns = input.shape[-2:]
    offset = xp.arange(columns) - xp.arange(rows)[:, None]
    keep = xp.ones((rows, columns), bool)
    keep = keep & (offset >= -num_lower) if num_lower >= 0 else keep
    keep = keep & (offset <= num_upper) if num_upper >= 0 else keep
    return xp.where(keep, input, xp.zeros((), input.dtype))


@keep_band.gradient
def _(dy, num_lower, num_upper):
    return keep_band(dy, num_lower=num_lower, num_upper=num_upper)


# -- public functions


def _matrix(name: str, x: Any) -> Any:
    x = as_tensor(x)
    if x._array.ndim < 2:
        raise InvalidArgumentError(
            f"{name}: input must be at least 2-dim, received shape: {list(x._array.shape)} [Op:{name}]"
        )
    return x


def _range(name: str, k: Any, align: str) -> tuple[int, int]:
    """The lowest and the highest diagonal that `k` names."""
    given = static(k)
    low, high = (given, given) if isinstance(given, int) else (given[0], given[-1])
    if low > high:
        raise InvalidArgumentError(
            f"{name}: lower_diag_index must not be larger than upper_diag_index: {low} > {high} [Op:{name}]"
        )
    if align not in ALIGNMENTS:
        raise InvalidArgumentError(f"{name}: align {align!r} is not in the list of allowed values: {ALIGNMENTS}")
    return low, high


def _inside(name: str, shape: tuple[int, ...], low: int, high: int) -> None:
    rows, columns = shape[-2:]
    for word, d in (("lower", low), ("upper", high)):
        if not (-rows < d < columns or d == 0):
            raise InvalidArgumentError(
                f"{name}: {word}_diag_index is out of bound: {d}. It must be between {-rows} and {columns}, as input "
                f"has shape {shape} [Op:{name}]"
            )


def _number(value: Any) -> Any:
    return value.numpy().item() if isinstance(value, Array) else value


@public
def diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with the given diagonals: (..., n) gives (..., n, n) with `diagonal` on the main one.

    Args:
        k: which diagonal (0 the main one, positive above), or the lowest and the highest of several; then `diagonal` is
            (..., diagonals, longest), from the highest to the lowest.
        num_rows, num_cols: the size of the matrices; default the smallest that holds them, square if both are open.
        padding_value: what stands elsewhere.
        align: on which sides the diagonals above and below are aligned in their rows.

    Raises InvalidArgumentError for scalars and sizes that do not fit.

    >>> import gputape as tf
    >>> tf.linalg.diag([1.0, 2.0]).numpy()
    array([[1., 0.],
           [0., 2.]], dtype=float32)
    """
    x = as_tensor(diagonal)
    low, high = _range("MatrixDiag", k, align)
    shape = tuple(x._array.shape)
    if len(shape) < (1 if low == high else 2):
        raise InvalidArgumentError(
            f"diagonal must be at least {1 if low == high else 2}-dim, received shape: {list(shape)} [Op:MatrixDiag]"
        )
    if low < high and shape[-2] != high - low + 1:
        raise InvalidArgumentError(
            f"The number of diagonals provided in the input does not match the lower_diag_index and upper_diag_index "
            f"range: diagonal has shape {shape}, k is ({low}, {high}) [Op:MatrixDiag]"
        )
    least_rows, least_columns = shape[-1] - min(high, 0), shape[-1] + max(low, 0)
    rows, columns = static(num_rows), static(num_cols)
    if rows == -1 and columns == -1:
        rows = columns = max(least_rows, least_columns)
    rows, columns = least_rows if rows == -1 else rows, least_columns if columns == -1 else columns
    for word, got, least in (("rows", rows, least_rows), ("columns", columns, least_columns)):
        if got < least:
            raise InvalidArgumentError(
                f"The number of {word} is too small: {got}, the diagonals of shape {shape} need {least} [Op:MatrixDiag]"
            )
    if rows != least_rows and columns != least_columns:
        raise InvalidArgumentError(
            f"The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal: "
            f"{rows} x {columns} for diagonals {low} to {high} of shape {shape} [Op:MatrixDiag]"
        )
    return put_diagonals(x, rows=rows, columns=columns, low=low, high=high, align=align, padding=_number(padding_value))


@public
def diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """Diagonals of the matrices `input` (..., m, n): (..., length), or (..., diagonals, longest) for several.

    `k`, `align` as in `diag`; `padding_value` fills up diagonals shorter than the longest. Raises InvalidArgumentError
    for ranks below 2 and diagonals that the matrices do not have.

    >>> import gputape as tf
    >>> tf.linalg.diag_part([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([1., 4.], dtype=float32)
    """
    x = _matrix("MatrixDiagPart", input)
    low, high = _range("MatrixDiagPart", k, align)
    _inside("MatrixDiagPart", tuple(x._array.shape), low, high)
    return take_diagonals(x, low=low, high=high, align=align, padding=_number(padding_value))


@public
def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """The matrices `input` with other diagonals; `k`, `align` and the form of `diagonal` as in `diag`.

    >>> import gputape as tf
    >>> tf.linalg.set_diag([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]).numpy()
    array([[0., 2.],
           [3., 0.]], dtype=float32)
    """
    x = _matrix("MatrixSetDiag", input)
    y = diagonal if isinstance(diagonal, Array) else as_tensor(diagonal, x._array.dtype)
    low, high = _range("MatrixSetDiag", k, align)
    shape = tuple(x._array.shape)
    _inside("MatrixSetDiag", shape, low, high)
    expected = (*shape[:-2], *((high - low + 1,) if low < high else ()), _longest(shape, low, high))
    if tuple(y._array.shape) != expected:
        raise InvalidArgumentError(
            f"Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not equal to "
            f"the longests diagonal in range [lower_diag_index:upper_diag_index]: input {shape}, diagonal "
            f"{tuple(y._array.shape)}, expected {expected} [Op:MatrixSetDiag]"
        )
    return replace_diagonals(x, y, low=low, high=high, align=align)


@public
def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """`input` with zeros outside a band of `num_lower` subdiagonals and `num_upper` superdiagonals; negative: all.

    >>> import gputape as tf
    >>> tf.linalg.band_part([[1.0, 2.0], [3.0, 4.0]], -1, 0).numpy()
    array([[1., 0.],
           [3., 4.]], dtype=float32)
    """
    x = _matrix("MatrixBandPart", input)
    sizes = tuple(x._array.shape[-2:])
    lower, upper = static(num_lower), static(num_upper)
    for word, side, got, size in (("lower", "rows", lower, sizes[0]), ("upper", "columns", upper, sizes[1])):
        if got > size:
            raise InvalidArgumentError(
                f"num_{word} must be negative or less or equal to number of {side} ({size}) got: {got} "
                f"[Op:MatrixBandPart]"
            )
    return keep_band(x, num_lower=lower, num_upper=upper)


@public
def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of shape `diagonal.shape * 2` with `diagonal` where both halves of the index are equal, zeros elsewhere.

    >>> import gputape as tf
    >>> tf.linalg.tensor_diag(tf.ones((2, 3))).shape
    TensorShape([2, 3, 2, 3])
    """
    x = as_tensor(diagonal)
    shape = tuple(x._array.shape)
    if not shape:
        raise InvalidArgumentError("tensor_diag: diagonal must be at least rank 1, got 0 [Op:Diag]")
    return OPS["reshape"](diag(OPS["reshape"](x, (math.prod(shape),))), (*shape, *shape))


@public
def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The elements of `input`, of shape (*s, *s), where both halves of the index are equal; of shape s.

    >>> import gputape as tf
    >>> tf.linalg.tensor_diag_part(tf.ones((2, 3, 2, 3))).shape
    TensorShape([2, 3])
    """
    x = as_tensor(input)
    shape = tuple(x._array.shape)
    half = len(shape) // 2
    if len(shape) % 2 or not shape:
        raise InvalidArgumentError(
            f"The rank of the tensor should be even and positive, got shape {shape} [Op:DiagPart]"
        )
    if shape[:half] != shape[half:]:
        at = next(i for i in range(half) if shape[i] != shape[half + i])
        raise InvalidArgumentError(
            f"Invalid shape {shape}: dimensions {at} and {half + at} do not match. [Op:DiagPart]"
        )
    side = math.prod(shape[:half])
    return OPS["reshape"](diag_part(OPS["reshape"](x, (side, side))), shape[:half])


@public
def trace(x: Any, name: str | None = None) -> Any:
    """The sum of the main diagonal of the matrices `x` (..., m, n): (...).

    >>> import gputape as tf
    >>> tf.linalg.trace([[1.0, 2.0], [3.0, 4.0]]).numpy()
    np.float32(5.0)
    """
    return OPS["reduce_sum"](diag_part(x), axis=[-1])


@public
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Any:
    """`a` with the last two axes swapped, and conjugated if asked for. ValueError for ranks below 2.

    >>> import gputape as tf
    >>> tf.linalg.matrix_transpose(tf.ones((4, 2, 3))).shape
    TensorShape([4, 3, 2])
    """
    x = as_tensor(a)
    rank = x._array.ndim
    if rank < 2:
        raise ValueError(
            f"Argument `a` should be a (batch) matrix with rank >= 2.  Received `a` with shape: {tuple(x._array.shape)}"
        )
    turned = OPS["transpose"](x, [*range(rank - 2), rank - 1, rank - 2])
    return conj(turned) if conjugate else turned


@public
def adjoint(matrix: Any, name: str | None = None) -> Any:
    """`matrix` with the last two axes swapped, conjugated if it is complex. ValueError for ranks below 2.

    >>> import gputape as tf
    >>> tf.linalg.adjoint([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """
    return matrix_transpose(matrix, conjugate=True)


NAMES = {
    f"tf.linalg.{f.__name__}": f
    for f in (diag, diag_part, set_diag, band_part, tensor_diag, tensor_diag_part, trace, matrix_transpose, adjoint)
}
