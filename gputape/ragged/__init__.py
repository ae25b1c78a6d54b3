"""tf.ragged: tensors whose rows have different lengths.

ragged_tensor   RaggedTensor: values, and where each row of them ends
dense           its conversions from and to dense and sparse tensors
partition       row partitions as NumPy arrays
spec            RaggedTensorSpec
build           constant, range, stack, boolean_mask and row partitions
reduce          reductions along ragged axes
dispatch        what tf.add, tf.reduce_sum, tf.concat and their like do with a RaggedTensor
"""

from __future__ import annotations

from typing import Any

from . import build, dispatch, reduce  # noqa: F401
from .ragged_tensor import RaggedTensor
from .spec import RaggedTensorSpec

NAMES: dict[str, Any] = {
    "tf.RaggedTensor": RaggedTensor,
    "tf.RaggedTensorSpec": RaggedTensorSpec,
    "tf.ragged.boolean_mask": build.boolean_mask,
    "tf.ragged.constant": build.constant,
    "tf.ragged.map_flat_values": dispatch.map_flat_values,
    "tf.ragged.range": build.ragged_range,
    "tf.ragged.row_splits_to_segment_ids": build.row_splits_to_segment_ids,
    "tf.ragged.segment_ids_to_row_splits": build.segment_ids_to_row_splits,
    "tf.ragged.stack": build.stack,
    "tf.ragged.stack_dynamic_partitions": build.stack_dynamic_partitions,
}
