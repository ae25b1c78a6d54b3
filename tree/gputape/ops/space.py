"""Moving blocks of pixels between the spatial axes and the batch or the channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from .shape import static


def _image(name: str, x: Any, data_format: str) -> Any:
    if data_format not in ("NHWC", "NCHW"):
        raise InvalidArgumentError(f"{name}: data_format must be NHWC or NCHW, not {data_format!r}")
    if x._array.ndim != 4:
        raise InvalidArgumentError(
            f"{name}: Input rank should be 4, instead of {x._array.ndim}: input {x._array.shape}"
        )
    return x if data_format == "NHWC" else OPS["transpose"](x, [0, 2, 3, 1])


def _back(y: Any, data_format: str) -> Any:
    return y if data_format == "NHWC" else OPS["transpose"](y, [0, 3, 1, 2])


@public
def space_to_depth(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Any:
    """Blocks of block_size x block_size pixels become channels: (n, h, w, c) -> (n, h/b, w/b, b*b*c).

    InvalidArgumentError if height or width is no multiple of `block_size`.
    """
    x = _image("space_to_depth", as_tensor(input), data_format)
    b = static(block_size)
    n, h, w, c = x._array.shape
    if b < 2 or h % b or w % b:
        raise InvalidArgumentError(
            f"space_to_depth: Image height {h} and width {w} should be divisible by block_size: {b} >= 2"
        )
    y = OPS["transpose"](OPS["reshape"](x, [n, h // b, b, w // b, b, c]), [0, 1, 3, 2, 4, 5])
    return _back(OPS["reshape"](y, [n, h // b, w // b, b * b * c]), data_format)


@public
def depth_to_space(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Any:
    """The inverse of `space_to_depth`: (n, h, w, b*b*c) -> (n, h*b, w*b, c)."""
    x = _image("depth_to_space", as_tensor(input), data_format)
    b = static(block_size)
    n, h, w, c = x._array.shape
    if b < 2 or c % (b * b):
        raise InvalidArgumentError(
            f"depth_to_space: Input depth dimension {c} should be divisible by: {b * b}, block_size >= 2 squared"
        )
    y = OPS["transpose"](OPS["reshape"](x, [n, h, w, b, b, c // (b * b)]), [0, 1, 3, 2, 4, 5])
    return _back(OPS["reshape"](y, [n, h * b, w * b, c // (b * b)]), data_format)


def _blocks(name: str, x: Any, block_shape: Any, edges: Any) -> tuple[tuple[int, ...], Any]:
    """The block sizes and the (before, after) pair of each spatial axis, checked."""
    block, pairs = static(block_shape), static(edges)
    block = block if isinstance(block, tuple) else (block,) * len(pairs)
    m = len(block)
    if x._array.ndim < m + 1 or len(pairs) != m or any(len(p) != 2 for p in pairs) or min(block, default=1) < 1:
        raise InvalidArgumentError(
            f"{name}: input {x._array.shape} needs at least {m + 1} axes, one size >= 1 in block_shape {block} and "
            f"one pair per spatial axis, got {pairs}"
        )
    return block, pairs


@public
def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Blocks of the zero-padded spatial axes become batch entries: (n, s..., ...) -> (n*prod(block), s/block..., ...).

    InvalidArgumentError if a padded size is no multiple of its block.
    """
    x = as_tensor(input)
    block, pairs = _blocks("space_to_batch", x, block_shape, paddings)
    m = len(block)
    x = OPS["pad"](x, [(0, 0), *pairs, *[(0, 0)] * (x._array.ndim - m - 1)])
    n, space, rest = x._array.shape[0], x._array.shape[1 : m + 1], x._array.shape[m + 1 :]
    if any(s % b for s, b in zip(space, block, strict=True)):
        raise InvalidArgumentError(f"space_to_batch: padded_shape {space} is not divisible by block_shape={block}")
    cut = [v for s, b in zip(space, block, strict=True) for v in (s // b, b)]
    order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m + 1, 2), *range(2 * m + 1, 2 * m + 1 + len(rest))]
    y = OPS["transpose"](OPS["reshape"](x, [n, *cut, *rest]), order)
    return OPS["reshape"](y, [n * int(np.prod(block)), *cut[::2], *rest])


@public
def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """The inverse of `space_to_batch_nd`: batch entries become blocks of the spatial axes, which are cropped then.

    InvalidArgumentError if the batch is no multiple of the block's size, or the crops are larger than the result.
    """
    x = as_tensor(input)
    block, pairs = _blocks("batch_to_space", x, block_shape, crops)
    m, (n, *old) = len(block), x._array.shape
    count = int(np.prod(block))
    if n % count:
        raise InvalidArgumentError(
            f"batch_to_space: Input batch dimension ({n}) is not divisible by product of block sizes ({count})"
        )
    space, rest = old[:m], old[m:]
    order = [m, *[v for k in range(m) for v in (m + 1 + k, k)], *range(2 * m + 1, 2 * m + 1 + len(rest))]
    y = OPS["transpose"](OPS["reshape"](x, [*block, n // count, *space, *rest]), order)
    wide = [s * b for s, b in zip(space, block, strict=True)]
    sizes = [w - before - after for w, (before, after) in zip(wide, pairs, strict=True)]
    if min(sizes, default=0) < 0:
        raise InvalidArgumentError(f"batch_to_space: crops {pairs} are larger than the spatial sizes {wide}")
    y = OPS["reshape"](y, [n // count, *wide, *rest])
    return OPS["slice"](y, [0, *[before for before, _ in pairs], *[0] * len(rest)], [n // count, *sizes, *rest])


@public
def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """`space_to_batch_nd`; an int `block_shape` holds for every spatial axis."""
    return space_to_batch_nd(input, block_shape, paddings)


@public
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> Any:
    """Least paddings that make `input_shape` divisible by `block_shape`, and the crops that undo them, both (m, 2)."""
    sizes, block = np.array(static(input_shape), np.int32), np.array(static(block_shape), np.int32)
    base = np.zeros((len(block), 2), np.int32) if base_paddings is None else np.array(static(base_paddings), np.int32)
    full = sizes + base[:, 0] + base[:, 1]
    extra = (block - full % block) % block
    paddings = np.stack([base[:, 0], base[:, 1] + extra], axis=1)
    return Tensor(paddings), Tensor(np.stack([np.zeros_like(extra), extra], axis=1))


NAMES = {
    "tf.nn.space_to_depth": space_to_depth,
    "tf.nn.depth_to_space": depth_to_space,
    "tf.space_to_batch": space_to_batch,
    "tf.space_to_batch_nd": space_to_batch_nd,
    "tf.nn.space_to_batch": space_to_batch,
    "tf.batch_to_space": batch_to_space,
    "tf.required_space_to_batch_paddings": required_space_to_batch_paddings,
}
