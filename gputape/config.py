"""tf.config: what TensorFlow lets one set. What has no meaning here is kept and given back, so that programs run on.

Devices are listed in device.py. Threads on the CPU are those of NumPy's BLAS: set OMP_NUM_THREADS before starting.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import cuda
from .cuda import _cupy
from .device import PhysicalDevice, list_physical_devices
from .function import functions_run_eagerly, run_functions_eagerly
from .record import state


class LogicalDeviceConfiguration(NamedTuple):
    """What `set_logical_device_configuration` takes: `memory_limit` in MB."""

    memory_limit: int | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


_kept: dict[str, Any] = {
    "soft_device_placement": True,
    "inter_op_parallelism_threads": 0,
    "intra_op_parallelism_threads": 0,
    "jit": "",
    "options": {"disable_model_pruning": False, "disable_meta_optimizer": False},
    "device_policy": "silent",
    "synchronous_execution": True,
}
_logical: dict[str, list[LogicalDeviceConfiguration]] = {}
_hidden: set[str] = set()


def get_soft_device_placement() -> bool:
    return bool(_kept["soft_device_placement"])


def set_soft_device_placement(enabled: bool) -> None:
    """Kept: ops run where their arrays are."""
    _kept["soft_device_placement"] = bool(enabled)


def get_inter_op_parallelism_threads() -> int:
    return int(_kept["inter_op_parallelism_threads"])


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Kept: ops run one after the other."""
    _kept["inter_op_parallelism_threads"] = num_threads


def get_intra_op_parallelism_threads() -> int:
    return int(_kept["intra_op_parallelism_threads"])


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Kept: the threads of one op are those of NumPy's BLAS, OMP_NUM_THREADS at the start of the program."""
    _kept["intra_op_parallelism_threads"] = num_threads


def get_jit() -> str:
    return str(_kept["jit"])


def set_jit(enabled: bool | str) -> None:
    """Kept: there is no XLA here; `tf.function` replays a recorded program. ValueError for an unknown setting."""
    if enabled not in (True, False, "autoclustering"):
        raise ValueError(f"Invalid argument {enabled!r} to set_jit. Expected True, False or 'autoclustering'.")
    _kept["jit"] = "autoclustering" if enabled else ""


def get_experimental_options() -> dict[str, Any]:
    return dict(_kept["options"])


def set_experimental_options(options: dict[str, Any]) -> None:
    """Kept: the options of TensorFlow's graph optimizer, which has no counterpart here."""
    _kept["options"].update(options)


def get_device_policy() -> str:
    return str(_kept["device_policy"])


def set_device_policy(device_policy: str | None) -> None:
    """Kept. ValueError unless one of "default", "warn", "silent", "silent_for_int32" or None."""
    if device_policy not in (None, "default", "warn", "silent", "silent_for_int32"):
        raise ValueError(f"Not a valid device policy: {device_policy!r}")
    _kept["device_policy"] = device_policy or "silent"


def get_synchronous_execution() -> bool:
    return bool(_kept["synchronous_execution"])


def set_synchronous_execution(enable: bool) -> None:
    """Kept: on a GPU kernels run behind Python, on the CPU ops are done when they return."""
    _kept["synchronous_execution"] = bool(enable)


# -- devices


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that new arrays may go to."""
    return [d for d in list_physical_devices(device_type) if d.device_type not in _hidden]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Which devices are used from here on: with no GPU among them, this thread's arrays go to the CPU.

    ValueError for what is no device of this machine, and if no CPU is left, as the CPU is where shapes live.
    """
    chosen = [devices] if isinstance(devices, PhysicalDevice) else list(devices or [])
    known = list_physical_devices()
    if unknown := [d for d in chosen if d not in known]:
        raise ValueError(f"set_visible_devices: {unknown[0]} is no device of this machine: {known}")
    kinds = {device_type} if device_type is not None else {"CPU", "GPU"}
    for kind in sorted(kinds):
        if any(d.device_type == kind for d in chosen):
            _hidden.discard(kind)
        elif kind == "CPU":
            raise ValueError("set_visible_devices: the CPU cannot be hidden: shapes and Python's values live there")
        else:
            _hidden.add(kind)
    state.device = "CPU" if "GPU" in _hidden else None


def get_logical_device_configuration(device: PhysicalDevice) -> list[LogicalDeviceConfiguration] | None:
    return _logical.get(device.name)


def set_logical_device_configuration(
    device: PhysicalDevice, logical_devices: list[LogicalDeviceConfiguration] | None
) -> None:
    """Limit the memory that a GPU's arrays may take, in MB. ValueError for more than one logical device of a device."""
    configurations = list(logical_devices or [])
    if len(configurations) > 1:
        raise ValueError(
            f"set_logical_device_configuration: {len(configurations)} logical devices for {device.name}: "
            f"a physical device is one logical device here"
        )
    _logical[device.name] = configurations
    limit = configurations[0].memory_limit if configurations else None
    if device.device_type == "GPU" and cuda.available():
        _cupy().get_default_memory_pool().set_limit(size=2**20 * limit if limit else 0)


def get_memory_info(device: str) -> dict[str, int]:
    """Bytes of the device's memory: "current", in use by arrays, and "peak", held by the pool. Zeros for a CPU."""
    if "GPU" not in device.upper() or not cuda.available():
        return {"current": 0, "peak": 0}
    pool = _cupy().get_default_memory_pool()
    return {"current": int(pool.used_bytes()), "peak": int(pool.total_bytes())}


def get_memory_usage(device: str) -> int:
    return get_memory_info(device)["current"]


def reset_memory_stats(device: str) -> None:
    """Give memory that no array uses back to the device, so that "peak" falls to what is in use."""
    if "GPU" in device.upper() and cuda.available():
        _cupy().get_default_memory_pool().free_all_blocks()


def get_device_details(device: PhysicalDevice) -> dict[str, Any]:
    """A GPU's "device_name" and "compute_capability"; nothing of a CPU."""
    if device.device_type != "GPU" or not cuda.available():
        return {}
    found = _cupy().cuda.runtime.getDeviceProperties(0)
    return {"device_name": found["name"].decode(), "compute_capability": (found["major"], found["minor"])}


_PUBLIC: tuple[Any, ...] = (
    get_soft_device_placement,
    set_soft_device_placement,
    get_visible_devices,
    set_visible_devices,
    get_logical_device_configuration,
    set_logical_device_configuration,
    LogicalDeviceConfiguration,
)
_THREADS = (
    get_inter_op_parallelism_threads,
    set_inter_op_parallelism_threads,
    get_intra_op_parallelism_threads,
    set_intra_op_parallelism_threads,
)
_OPTIMIZER = (get_jit, set_jit, get_experimental_options, set_experimental_options)
_EXPERIMENTAL: tuple[Any, ...] = (
    get_device_policy,
    set_device_policy,
    get_synchronous_execution,
    set_synchronous_execution,
    get_visible_devices,
    set_visible_devices,
    get_memory_info,
    get_memory_usage,
    reset_memory_stats,
    get_device_details,
)
NAMES: dict[str, Any] = {
    **{f"tf.config.{f.__name__}": f for f in _PUBLIC},
    **{f"tf.config.threading.{f.__name__}": f for f in _THREADS},
    **{f"tf.config.optimizer.{f.__name__}": f for f in _OPTIMIZER},
    **{f"tf.config.experimental.{f.__name__}": f for f in _EXPERIMENTAL},
    "tf.config.LogicalDevice": PhysicalDevice,
    "tf.config.experimental.VirtualDeviceConfiguration": LogicalDeviceConfiguration,
    "tf.config.experimental.get_virtual_device_configuration": get_logical_device_configuration,
    "tf.config.experimental.set_virtual_device_configuration": set_logical_device_configuration,
    "tf.config.experimental_run_functions_eagerly": run_functions_eagerly,
    "tf.config.experimental_functions_run_eagerly": functions_run_eagerly,
}
