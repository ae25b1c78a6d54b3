"""tf.print and the assertions: effects, so that a recorded function performs them at every call."""

from __future__ import annotations

import sys
from typing import Any

from .. import nest, printing
from ..cuda import to_host
from ..errors import InvalidArgumentError
from ..op import effect
from ..tensor import Array, as_tensor

_HOLE = "\0tensor\0"


@effect(on_host=True)
def print_values(xp, targets, *values, template, output_stream, sep, end, summarize):
    """Write `template` (nested Python values, tensors replaced by their positions) with `values` filled in."""
    hosts = iter([to_host(v) for v in values])
    filled = nest.map_structure(lambda v: next(hosts) if isinstance(v, str) and v == _HOLE else v, template)
    text = printing.print_line(*filled, sep=sep, end=end, summarize=summarize)
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        with open(output_stream[7:], "a", encoding="utf-8") as file:
            file.write(text)
    else:
        (sys.stderr if output_stream is None else output_stream).write(text)


def print_(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> None:
    """Print tensors and Python values, at every call of a recorded function too. Reference: tf.print.

    output_stream: a writable object such as sys.stdout, or "file://PATH" to append to; default sys.stderr.
    summarize: how many elements to show at each end of an axis; -1 for all.

    >>> import sys
    >>> import gputape as tf
    >>> tf.print("x:", tf.constant([1.0, 2.5]), output_stream=sys.stdout)
    x: [1 2.5]
    """
    tensors = []

    def hole(x: Any) -> Any:
        if isinstance(x, Array):
            tensors.append(x)
            return _HOLE
        return x

    template = [nest.map_structure(hole, x) for x in inputs]
    print_values((), *tensors, template=template, output_stream=output_stream, sep=sep, end=end, summarize=summarize)


@effect(on_host=True)
def check(xp, targets, holds, *values, message, told):
    """Raise InvalidArgumentError with `message` and `values` unless all of `holds` is true."""
    if not bool(holds.all()):
        parts = [f"{t} {printing.print_format(to_host(v))}" for t, v in zip(told, values, strict=True)]
        raise InvalidArgumentError(". ".join([message, *parts]))


def assert_(condition: Any, data: Any = (), summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError showing `data` if `condition` has a false element. Reference: tf.debugging.Assert."""
    values = [as_tensor(d) for d in data]
    check((), as_tensor(condition), *values, message="assertion failed", told=tuple("" for _ in values))


NAMES = {"tf.print": print_, "tf.Assert": assert_, "tf.debugging.Assert": assert_}
