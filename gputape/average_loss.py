"""Losses of a batch that several replicas share: divided by what all of them see."""

from __future__ import annotations

from typing import Any

from .distribute import get_strategy
from .errors import InvalidArgumentError
from .op import public
from .registry import OPS
from .tensor import as_tensor


@public
def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    """The sum of `per_example_loss` (batch, ...) over `global_batch_size`, by default batch times the replicas.

    sample_weight: multiplies the losses. ValueError for a scalar loss, TypeError for a size that is no integer,
    InvalidArgumentError for a negative one.

    >>> import gputape as tf
    >>> tf.nn.compute_average_loss([1.0, 3.0], global_batch_size=8).numpy()
    np.float32(0.5)
    """
    loss = as_tensor(per_example_loss)
    if not len(loss.shape):
        raise ValueError(
            "Invalid value passed for `per_example_loss`. Expected a tensor with at least rank 1. "
            f"Received per_example_loss={per_example_loss} with rank 0"
        )
    if sample_weight is not None:
        weight = OPS["cast"](as_tensor(sample_weight), loss.dtype)
        missing = len(loss.shape) - len(weight.shape)
        loss = loss * OPS["reshape"](weight, [*weight.shape, *[1] * max(missing, 0)])
    if global_batch_size is None:
        return OPS["reduce_sum"](loss) / float(get_strategy().num_replicas_in_sync * loss.shape[0])
    size = as_tensor(global_batch_size)
    if len(size.shape):
        raise ValueError(f"global_batch_size must be scalar. Received shape: {size.shape}")
    if not size.dtype.is_integer:
        raise TypeError(f"global_batch_size must be an integer. Received dtype: {size.dtype.name}")
    if isinstance(global_batch_size, int) and global_batch_size < 0:
        raise InvalidArgumentError(f"global_batch_size must be non-negative. Received: {global_batch_size}")
    return OPS["reduce_sum"](loss) / OPS["cast"](size, loss.dtype)


@public
def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of `regularization_loss` over the number of replicas: each adds its part."""
    total = OPS["reduce_sum"](as_tensor(regularization_loss))
    return total / float(get_strategy().num_replicas_in_sync)


NAMES = {
    "tf.nn.compute_average_loss": compute_average_loss,
    "tf.nn.scale_regularization_loss": scale_regularization_loss,
}
