"""gputape.numpy.test_util: the check of gradients, under the name that scripts know."""

from __future__ import annotations

from .misc import check_grads

__all__ = ["check_grads"]
