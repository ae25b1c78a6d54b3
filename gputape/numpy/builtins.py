"""gputape.numpy.builtins: Python's own containers, which gradients here go through as they are."""

from __future__ import annotations

from builtins import dict, isinstance, list, tuple, type  # noqa: UP029 (they are what the module has)

__all__ = ["dict", "isinstance", "list", "tuple", "type"]
