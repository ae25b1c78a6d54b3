"""SciPy's names over gputape.numpy: `special`, `stats` and `integrate`, differentiable."""

from . import integrate, special, stats

__all__ = ["integrate", "special", "stats"]
