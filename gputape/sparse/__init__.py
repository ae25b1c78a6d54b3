"""tf.sparse: tensors of which only the values that are not zero are stored.

sparse_tensor   SparseTensor: values, and where they stand
shapes          dense and back, order, slices, concatenation
math            sums, products, reductions
sets            tf.sets, edit distances
"""

from __future__ import annotations

from typing import Any

from . import math, sets, shapes
from .sparse_tensor import SparseTensor as SparseTensor
from .sparse_tensor import SparseTensorSpec as SparseTensorSpec

_SHAPES = (
    "concat", "expand_dims", "eye", "fill_empty_rows", "from_dense", "mask", "reorder", "reset_shape", "reshape", "retain",
    "split", "to_dense", "to_indicator", "transpose",
)  # fmt: skip
_MATH = (
    "add", "map_values", "maximum", "minimum", "reduce_max", "reduce_sum", "segment_mean", "segment_sqrt_n", "segment_sum",
    "softmax", "sparse_dense_matmul",
)  # fmt: skip
_SETS = ("difference", "intersection", "size", "union")
NAMES: dict[str, Any] = {
    "tf.edit_distance": sets.edit_distance,
    **{f"tf.sets.{name}": getattr(sets, name) for name in _SETS},
    "tf.SparseTensor": SparseTensor,
    "tf.SparseTensorSpec": SparseTensorSpec,
    "tf.sparse.SparseTensor": SparseTensor,
    "tf.sparse.slice": shapes.slice_,
    **{f"tf.sparse.{name}": getattr(shapes, name) for name in _SHAPES},
    **{f"tf.sparse.{name}": getattr(math, name) for name in _MATH},
}
