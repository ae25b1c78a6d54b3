"""SciPy's names over gputape.numpy: `gputape.scipy.special` and `gputape.scipy.stats`, differentiable."""

from . import special, stats

__all__ = ["special", "stats"]
