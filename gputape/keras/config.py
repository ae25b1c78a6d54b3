"""keras.config: settings for the whole program."""

from __future__ import annotations

from .backend import backend, epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format
from .dtype_policies import dtype_policy, set_dtype_policy
from .serialization import enable_unsafe_deserialization

_switches: dict[str, bool | None] = {"interactive_logging": True, "traceback_filtering": True, "flash_attention": None}
_limits: dict[str, int | None] = {"epochs": None, "steps_per_epoch": None}


def set_backend(backend: str) -> None:
    """There is one backend, "tensorflow" by the API it has; ValueError for others."""
    if backend != "tensorflow":
        raise ValueError(f"gputape has no backends: its API is that of 'tensorflow'. Received: backend={backend!r}")


def enable_interactive_logging() -> None:
    """Show progress to people, with bars that are drawn again and again."""
    _switches["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Show progress in plain lines, for log files."""
    _switches["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    return bool(_switches["interactive_logging"])


def enable_traceback_filtering() -> None:
    """Accepted: tracebacks are short here as they are."""
    _switches["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    _switches["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    return bool(_switches["traceback_filtering"])


def enable_flash_attention() -> None:
    """Let attention layers use a fused kernel where there is one."""
    _switches["flash_attention"] = True


def disable_flash_attention() -> None:
    _switches["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """True or False as set, None if it was never set."""
    return _switches["flash_attention"]


def is_nnx_enabled() -> bool:
    return False


def max_epochs() -> int | None:
    """The number of epochs after which every `fit` stops; None for no limit."""
    return _limits["epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    _limits["epochs"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """The number of steps after which every epoch stops; None for no limit."""
    return _limits["steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    _limits["steps_per_epoch"] = max_steps_per_epoch


__all__ = [
    "backend", "disable_flash_attention", "disable_interactive_logging", "disable_traceback_filtering", "dtype_policy",
    "enable_flash_attention", "enable_interactive_logging", "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon", "floatx", "image_data_format", "is_flash_attention_enabled", "is_interactive_logging_enabled",
    "is_nnx_enabled", "is_traceback_filtering_enabled", "max_epochs", "max_steps_per_epoch", "set_backend",
    "set_dtype_policy", "set_epsilon", "set_floatx", "set_image_data_format", "set_max_epochs",
    "set_max_steps_per_epoch",
]  # fmt: skip
