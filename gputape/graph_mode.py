"""Names of TensorFlow's graph mode, and what is left of them where every tensor has a value."""

from __future__ import annotations

import enum
import logging
import time
from typing import Any

import numpy as np

from .device_spec import DeviceSpec
from .record import state
from .registry import OPS
from .tensor import Array, Tensor
from .variable_modes import VariableAggregation, VariableSynchronization


class AggregationMethod(enum.IntEnum):
    """How gradients are added up: here always one by one, in the order of the reverse pass."""

    ADD_N = 0
    DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def gradients(*args: Any, **kwargs: Any) -> Any:
    """Always a RuntimeError, as in TensorFlow's eager mode: use tf.GradientTape."""
    raise RuntimeError("tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead.")


def hessians(*args: Any, **kwargs: Any) -> Any:
    """Always a RuntimeError, as in TensorFlow's eager mode: use tf.hessian, or two tapes."""
    raise RuntimeError(
        "tf.hessians is not supported when eager execution is enabled. Use tf.hessian, or tf.GradientTape.jacobian of "
        "a gradient instead."
    )


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether `tensor` stands for a value that does not exist yet: keras.Input and what is made of it."""
    return hasattr(type(tensor), "__gputape_op__")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of `tensor` as a NumPy array; None in a recorded function, where values change from call to call.

    >>> import gputape as tf
    >>> tf.get_static_value(tf.constant([1, 2]))
    array([1, 2], dtype=int32)
    """
    if not isinstance(tensor, Array):
        return None if is_symbolic_tensor(tensor) else tensor
    return tensor.numpy() if isinstance(tensor, Tensor) and all(r.is_tape for r in state.stack) else None


def guarantee_const(input: Any, name: str | None = None) -> Any:
    """`input`; in TensorFlow a promise that it never changes."""
    return OPS["identity"](input)


def get_current_name_scope() -> str:
    """Always "": names are not scoped here."""
    return ""


def timestamp(name: str | None = None) -> Any:
    """Seconds since 1970, a float64 scalar; a recorded function keeps that of its recording."""
    return Tensor(np.asarray(time.time()))


def get_logger() -> logging.Logger:
    """The logger of this library, "gputape"."""
    return logging.getLogger("gputape")


# -- settings that change nothing here, kept and given back

_settings = {"traceback_filtering": True, "log_device_placement": False}


def enable_traceback_filtering() -> None:
    """Kept: tracebacks always show all frames, as this library's are Python to the bottom."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Kept; see `enable_traceback_filtering`."""
    _settings["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    return _settings["traceback_filtering"]


def set_log_device_placement(enabled: bool) -> None:
    """Kept: `tensor.device` says where a result lives."""
    _settings["log_device_placement"] = bool(enabled)


def get_log_device_placement() -> bool:
    return _settings["log_device_placement"]


_NAMES: tuple[Any, ...] = (
    VariableSynchronization,
    VariableAggregation,
    AggregationMethod,
    gradients,
    hessians,
    is_symbolic_tensor,
    get_static_value,
    guarantee_const,
    get_current_name_scope,
    timestamp,
    get_logger,
)
_DEBUGGING = (
    enable_traceback_filtering,
    disable_traceback_filtering,
    is_traceback_filtering_enabled,
    set_log_device_placement,
    get_log_device_placement,
)
NAMES: dict[str, Any] = {
    **{f"tf.{f.__name__}": f for f in _NAMES},
    **{f"tf.debugging.{f.__name__}": f for f in _DEBUGGING},
    "tf.DeviceSpec": DeviceSpec,
}
