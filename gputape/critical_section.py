"""tf.CriticalSection: a function that only one thread runs at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class CriticalSection:
    """A lock around functions that share something, such as Variables. Reference: tf.CriticalSection.

    >>> import gputape as tf
    >>> section, total = tf.CriticalSection(), tf.Variable(0.0)
    >>> section.execute(lambda: total.assign_add(2.0)).numpy()
    np.float32(2.0)
    """

    def __init__(
        self, name: str | None = None, shared_name: str | None = None, critical_section_def: Any = None
    ) -> None:
        self.name = name or shared_name or "critical_section"
        self._lock = threading.Lock()
        self._holder: int | None = None

    def execute(self, fn: Callable[[], Any], exclusive_resource_access: bool = True, name: str | None = None) -> Any:
        """What `fn()` returns, when no other thread is in this section. ValueError if this thread already is."""
        if self._holder == threading.get_ident():
            raise ValueError(
                f"Attempting to lock CriticalSection {self.name} when in its own execution: this would wait for ever."
            )
        with self._lock:
            self._holder = threading.get_ident()
            try:
                return fn()
            finally:
                self._holder = None


NAMES = {"tf.CriticalSection": CriticalSection}
