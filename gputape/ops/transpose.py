"""Transposes: any permutation of the axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from .shape import static


@op
def permute(xp, x, *, perm):
    return x.transpose(perm)


@permute.gradient
def _(dy, perm):
    return permute(dy, perm=tuple(np.argsort(perm).tolist()))


@public
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """`a` with its axes in the order `perm`: axis k of the result is axis perm[k] of `a`. Default: reversed.

    conjugate: also take the complex conjugate. InvalidArgumentError if `perm` is no permutation of the axes.

    >>> import gputape as tf
    >>> tf.transpose(tf.zeros([2, 3, 4]), [0, 2, 1]).shape
    TensorShape([2, 4, 3])
    """
    x = as_tensor(a)
    rank = x._array.ndim
    order = tuple(reversed(range(rank))) if perm is None else static(perm)
    if perm is not None:
        if len(order) != rank:
            raise InvalidArgumentError(
                f"transpose expects a vector of size {rank}. But perm is a vector of size {len(order)}: a has shape "
                f"{x._array.shape} [Op:Transpose]"
            )
        order = tuple([k + rank if k < 0 else k for k in order])
        if sorted(order) != list(range(rank)):
            raise InvalidArgumentError(
                f"transpose: perm {static(perm)} is no permutation of the axes 0 to {rank - 1} of a [Op:Transpose]"
            )
    made = x if order == tuple(range(rank)) else permute(x, perm=order)
    return OPS["conj"](made) if conjugate and x.dtype.is_complex else made  # type: ignore[no-any-return]


NAMES = {"tf.transpose": transpose}
