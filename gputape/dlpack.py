"""tf.experimental.dlpack: arrays shared with other libraries, without a copy."""

from __future__ import annotations

from typing import Any

from . import cuda
from .tensor import Tensor, as_tensor


class _Capsule:
    """A DLPack capsule as an object with `__dlpack__`, the only form in which NumPy and CuPy take one."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, 0) if cuda.available() else (1, 0)  # kDLCUDA, kDLCPU: where this library puts its tensors


def to_dlpack(tf_tensor: Any) -> Any:
    """A DLPack capsule of the tensor's memory; to be taken once, by any library that takes DLPack.

    >>> import gputape as tf
    >>> tf.experimental.dlpack.from_dlpack(tf.experimental.dlpack.to_dlpack(tf.constant([1, 2]))).numpy()
    array([1, 2], dtype=int32)
    """
    return as_tensor(tf_tensor).__dlpack__()


def from_dlpack(dlcapsule: Any) -> Any:
    """A tensor on the memory of a capsule, or of another library's array with `__dlpack__`."""
    return Tensor(cuda.from_foreign(dlcapsule if hasattr(dlcapsule, "__dlpack__") else _Capsule(dlcapsule)))


NAMES = {"tf.experimental.dlpack.to_dlpack": to_dlpack, "tf.experimental.dlpack.from_dlpack": from_dlpack}
