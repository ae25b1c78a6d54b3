"""Progbar: how far along, how long still, and the running values. Live on a terminal, one line at the end elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

REFRESH = 0.05  # seconds between two drawings of a live bar


def write(text: str, end: str = "\n") -> None:
    """Write to stdout at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


class Progbar:
    """A progress bar as Keras users know it.

    Args:
        target: the number of steps, None if unknown.
        width: characters of the bar.
        verbose: 0 silent, 1 live (one line at the end if stdout is no terminal), 2 one line at the end.
        interval: least seconds between two drawings.
        stateful_metrics: names whose values are shown as they are; all others are averaged over the updates.
        stateless_metrics: names whose values are averaged; all others are shown as they are. ValueError with both.
        unit_name: what one step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = REFRESH,
        stateful_metrics: Any = None,
        stateless_metrics: Any = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Only one of `stateful_metrics` or `stateless_metrics` can be provided.")
        self.target, self.width, self.verbose, self.interval, self.unit_name = (
            target,
            width,
            verbose,
            interval,
            unit_name,
        )
        self._stateful, self._stateless = stateful_metrics, stateless_metrics
        self._seen = 0
        self._values: dict[str, Any] = {}
        self._sums: dict[str, tuple[float, int]] = {}
        self._start = time.monotonic()
        self._after_first: float | None = None  # the first step is not like the others: it records
        self._drawn = 0.0
        self._length = 0
        self._live = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()

    def due(self) -> bool:
        """Whether a drawing now would be seen: asking first saves reading values that nobody sees."""
        now = time.monotonic()
        if self._after_first is None:
            self._after_first = now
        return self.verbose == 1 and self._live and now - self._drawn >= self.interval

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Show that `current` steps are done, with `values`, a list of (name, number)."""
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or []:
            self._note(name, value, current, finalize)
        self._seen = current
        now = time.monotonic()
        if self._after_first is None and current == 1:
            self._after_first = now
        if self.verbose == 1 and self._live:
            if finalize or now - self._drawn >= self.interval:
                line = self._line(current, now, finalize)
                write("\r" + line + " " * max(0, self._length - len(line)), end="\n" if finalize else "")
                self._length, self._drawn = len(line), now
        elif self.verbose and finalize:
            write(self._line(current, now, True))

    def add(self, n: int, values: Any = None) -> None:
        """`n` more steps are done."""
        self.update(self._seen + n, values)

    def _note(self, name: str, value: Any, current: int, finalize: bool) -> None:
        averaged = name in self._stateless if self._stateless is not None else name not in (self._stateful or ())
        if averaged and not finalize:
            steps = max(current - self._seen, 1)
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total, count = total + _mean(value) * steps, count + steps
            value = total / count
        self._values[name] = value

    def _step_time(self, current: int, now: float) -> float:
        if self._after_first is not None and current > 1:
            return (now - self._after_first) / (current - 1)
        return (now - self._start) / max(current, 1)

    def _line(self, current: int, now: float, finalize: bool) -> str:
        elapsed = now - self._start
        per_step = self._step_time(current, now)
        parts = []
        if self.target is not None:
            digits = len(str(self.target))
            done = min(current / max(self.target, 1), 1.0)
            filled = int(self.width * done)
            bar = "-" if self.verbose == 2 else f"{'━' * filled}{'─' * (self.width - filled)}"
            parts.append(f"{current:>{digits}}/{self.target} {bar}")
        else:
            parts.append(f"{current}/Unknown")
        if finalize or self.target is None:
            between = " - " if self.verbose == 2 else " "
            parts.append(f"{elapsed:.0f}s{between}{_duration(per_step)}/{self.unit_name}")
        else:
            parts.append(f"{_clock(per_step * (self.target - current))} {_duration(per_step)}/{self.unit_name}")
        parts += [f"- {name}: {_number(value)}" for name, value in self._values.items()]
        return " ".join(parts)


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _clock(seconds: float) -> str:
    if seconds > 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}" if seconds > 60 else f"{seconds:.0f}s"


def _mean(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float(np.mean(value))


def _number(value: Any) -> str:
    number = _mean(value)
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.4e}"
