"""Where arrays live: tf.device, and what tf.config says about the machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import cuda
from .function import functions_run_eagerly, run_functions_eagerly
from .record import state


class PhysicalDevice(NamedTuple):
    """A CPU or GPU of this machine."""

    name: str
    device_type: str


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Put the arrays made in the body on "/CPU:0" or "/GPU:0"; None is the default (the GPU if there is one).

    Raises ValueError for names that are no device, RuntimeError for a GPU that is not there.

    >>> import gputape as tf
    >>> with tf.device("/CPU:0"):
    ...     tf.constant(1.0).device
    '/job:localhost/replica:0/task:0/device:CPU:0'
    """
    kind = None
    if device_name is not None:
        text = str(device_name).upper()
        kind = "CPU" if "CPU" in text else "GPU" if "GPU" in text else None
        if kind is None:
            raise ValueError(f"device: {device_name!r} is no device; say '/CPU:0' or '/GPU:0'")
        if kind == "GPU" and not cuda.available():
            raise RuntimeError(
                f"device: {device_name!r} asked for, but no GPU is usable: see `python -m gputape doctor`"
            )
    kept, state.device = state.device, kind
    try:
        yield
    finally:
        state.device = kept


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine, all or of one type ("CPU", "GPU")."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    if cuda.available():
        found.append(PhysicalDevice("/physical_device:GPU:0", "GPU"))
    return [d for d in found if device_type is None or d.device_type == device_type]


def list_logical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices under the names that `tf.device` takes."""
    return [PhysicalDevice(f"/device:{d.device_type}:0", d.device_type) for d in list_physical_devices(device_type)]


def is_built_with_cuda() -> bool:
    """Whether the GPU path can be taken on this machine."""
    return cuda.available()


def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Accepted: memory always grows as needed, from CuPy's pool."""


def get_memory_growth(device: PhysicalDevice) -> bool:
    return True


def enable_op_determinism() -> None:
    """Accepted: every op is deterministic, always."""


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    return cuda.available()


NAMES = {
    "tf.device": device,
    "tf.config.PhysicalDevice": PhysicalDevice,
    "tf.config.list_physical_devices": list_physical_devices,
    "tf.config.list_logical_devices": list_logical_devices,
    "tf.config.experimental.list_physical_devices": list_physical_devices,
    "tf.config.experimental.list_logical_devices": list_logical_devices,
    "tf.config.experimental.set_memory_growth": set_memory_growth,
    "tf.config.experimental.get_memory_growth": get_memory_growth,
    "tf.config.experimental.enable_op_determinism": enable_op_determinism,
    "tf.config.run_functions_eagerly": run_functions_eagerly,
    "tf.config.functions_run_eagerly": functions_run_eagerly,
    "tf.test.is_built_with_cuda": is_built_with_cuda,
    "tf.test.is_gpu_available": is_gpu_available,
}
