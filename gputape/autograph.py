"""tf.autograph: TensorFlow rewrites Python's control flow; here functions run as they are, so there is nothing to do."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from .function import Function


def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of a function: nothing is rewritten, so the code that runs is the code that was written."""
    return textwrap.dedent(inspect.getsource(getattr(entity, "python_function", entity)))


def to_graph(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> Any:
    """The Python function itself."""
    return entity.python_function if isinstance(entity, Function) else entity


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Decorator: the function itself, as nothing is ever converted."""
    return (lambda f: f) if func is None else func


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accepted: there are no conversions to tell of."""


def trace(*args: Any) -> None:
    """Print `args` where Python comes by: in a recorded function only while it is recorded."""
    print(*args)


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Accepted: loops are Python's."""


NAMES = {
    **{f"tf.autograph.{f.__name__}": f for f in (to_code, to_graph, set_verbosity, trace)},
    **{f"tf.autograph.experimental.{f.__name__}": f for f in (do_not_convert, set_loop_options)},
}
