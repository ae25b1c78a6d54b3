"""Why a gradient is None: the places where paths of gradients end, and what a tape tells of them."""

from __future__ import annotations

import sys
from typing import Any

from . import dtypes
from .dtypes import DIFFERENTIABLE
from .module import Module
from .tensor import Array, Variable


def explanation(nodes: list[Any], cuts: list[Cut], watched: set[int], target: Any, source: Any) -> str:
    what = f"variable {source.name!r}" if isinstance(source, Variable) else "the source tensor"
    if not isinstance(target, Array):
        return f"The target is no tensor but {type(target).__name__}: its gradient cannot be taken."
    if source._array.dtype not in DIFFERENTIABLE:
        return f"{what} has dtype {source.dtype.name}: only floating point and complex tensors have gradients."
    if source._id not in watched:
        hint = (
            "trainable=False, or it was not read under the tape" if isinstance(source, Variable) else "call tape.watch"
        )
        return f"{what} is not watched by this tape: {hint}."
    reached = {source._id}
    for node in nodes:
        if not reached.isdisjoint(node.inputs):
            reached.update(node.outputs)
    if target._id in reached:
        return f"The target depends on {what}: the path is not cut."
    found = [c for c in cuts if not reached.isdisjoint(c.inputs)]
    if not found:
        return f"{what} was watched, but nothing recorded leads from it to the target: was that made outside the tape?"
    return "\n".join(f"The path is cut at {c.what} ({c.where}): {c.reason}." for c in found)


class Cut:
    """A place where a path of gradients ends."""

    __slots__ = ("inputs", "outputs", "reason", "what", "where")

    def __init__(self, what: str, inputs: list[int], outputs: list[int], reason: str, where: str) -> None:
        self.what, self.inputs, self.outputs, self.reason, self.where = what, inputs, outputs, reason, where


def reason(op: Any, outputs: tuple[Any, ...]) -> str:
    if not op.differentiable:
        return f"{op.name} has no gradient"
    name = dtypes.FROM_NUMPY[outputs[0]._array.dtype].name
    return f"its result is {name}, and only floating point and complex numbers have gradients"


def caller() -> str:
    """File and line of the nearest frame outside this package."""
    frame: Any = sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
    return "unknown place" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def layer() -> str:
    """The modules and layers that are being called, the outermost first: "model/dense"; empty outside of any."""
    names: list[str] = []
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "__call__" and isinstance(module := frame.f_locals.get("self"), Module):
            names.append(str(getattr(module, "name", type(module).__name__)))  # without its __init__ it has no name
        frame = frame.f_back
    return "/".join(reversed(names))


def going_back() -> Any:
    """Identities of the results whose gradient rule is running; nothing outside of a reverse pass."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "reverse" and frame.f_globals.get("__name__") == f"{__package__}.tape":
            node = frame.f_locals.get("node")
            return () if node is None else node.outputs
        frame = frame.f_back
    return ()
