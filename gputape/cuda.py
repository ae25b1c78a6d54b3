"""Placeholder until the GPU side lands."""
from __future__ import annotations
import contextlib
from typing import Any
import numpy as np
emulating = False
def available() -> bool: return False
def is_device(array: Any) -> bool: return False
def array_module(*arrays: Any) -> Any: return np
def to_device(array: Any) -> Any: return array
def to_host(array: Any) -> Any: return array
def from_foreign(value: Any) -> Any: return np.from_dlpack(value)
def empty(shape: Any, dtype: Any) -> Any: return np.empty(shape, dtype)
def empty_like(a: Any) -> Any: return np.empty_like(a)
class Kernels:
    def __init__(self, *a: Any, **k: Any) -> None: ...
@contextlib.contextmanager
def meaning() -> Any:
    yield
