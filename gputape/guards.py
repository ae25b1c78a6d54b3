"""Guards: the Python state that a recorded function used, so that a later call can tell whether it has changed.

The bytecode of the function, and of the user's functions and layers that it calls, names what it reads: globals,
variables of enclosing functions, and attributes of those and of arguments that are no tensors (`self.scale`,
`config.rate`). A guard keeps what such a path led to after the recording. Numbers, strings, small arrays and what
lists, tuples and dicts hold are compared by value, all else by identity. Properties and other code are never run.
"""

from __future__ import annotations

import dis
import functools
import inspect
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
_CODE = (types.ModuleType, type, types.BuiltinFunctionType, np.ufunc)  # what nobody replaces to change a result
_MISSING = object()
_SCOPES = {"LOAD_GLOBAL": "GLOBAL", "LOAD_DEREF": "CELL", "LOAD_CLASSDEREF": "CELL", "LOAD_FAST": "LOCAL"}
SMALL = 4096  # bytes of an array that are compared at every call
MANY = 100  # elements of a list or dict that are compared, and functions that are looked at


class Guard:
    """One path, such as `scale`, `self.rate` or `config.layers`, and what it led to."""

    def __init__(self, path: str, read: Callable[[], Any]) -> None:
        self.path, self.read = path, read
        self.seen = snapshot(read())

    def holds(self) -> bool:
        return same(self.seen, self.read())

    def told(self) -> str:
        """What has changed, for people."""
        now = self.read()
        if isinstance(now, _PLAIN) and isinstance(self.seen, _PLAIN):
            return f"{self.path}: {self.seen!r} -> {now!r}"
        return f"{self.path} is another object than before, or holds other things"


class _Identity:
    """An object as it was known, without keeping it alive."""

    def __init__(self, value: Any) -> None:
        self.reference = weakref.ref(value)


class _Contents:
    """The elements of a list, tuple or dict as they were."""

    def __init__(self, value: Any) -> None:
        self.kind = type(value)
        self.items = {k: snapshot(x) for k, x in (value.items() if self.kind is dict else enumerate(value))}


def snapshot(value: Any) -> Any:
    """What `same` needs to compare a later value with this one."""
    if isinstance(value, _PLAIN):
        return value
    if type(value) in (list, tuple, dict) and len(value) <= MANY:
        return _Contents(value)
    if isinstance(value, np.ndarray) and value.nbytes <= SMALL:
        return value.copy()
    try:
        return _Identity(value)
    except TypeError:  # no weak references to it
        return value


def same(seen: Any, now: Any) -> bool:
    """Whether `now` is what `seen`, a snapshot, was taken of."""
    if seen is now:
        return True
    if type(seen) is _Identity:
        return seen.reference() is now
    if type(seen) is _Contents:
        if type(now) is not seen.kind or len(now) != len(seen.items):
            return False
        if seen.kind is dict:
            return all(k in now and same(x, now[k]) for k, x in seen.items.items())
        return all(map(same, seen.items.values(), now))
    if type(seen) is not type(now):
        return False
    if isinstance(seen, np.ndarray):
        return bool(seen.dtype == now.dtype and seen.shape == now.shape and seen.tobytes() == now.tobytes())
    return isinstance(seen, _PLAIN) and bool(seen == now or (seen != seen and now != now))


def guards(function: Callable[..., Any], arguments: dict[str, Any]) -> list[Guard]:
    """The guards of a function that has just been called with `arguments`, by the names of its parameters."""
    search = _Search()
    search.function(function, {name: _holder(x) for name, x in arguments.items()}, first=True)
    return list(search.found.values())


class _Search:
    """Collects guards from a function and from what it calls."""

    def __init__(self) -> None:
        self.found: dict[str, Guard] = {}
        self.seen: set[Any] = set()

    def function(self, f: Any, arguments: dict[str, Callable[[], Any]], first: bool = False) -> None:
        """Guard what `f` reads; `arguments`: how to get at what its parameters stand for, as far as that is known."""
        f = getattr(f, "python_function", f)  # a recorded function: its Python
        f = f.bound() if hasattr(f, "bound") else f  # of an instance
        if isinstance(f, functools.partial):
            f = f.func
        if isinstance(f, types.MethodType):
            if isinstance(f.__func__, types.FunctionType) and f.__func__.__code__.co_argcount:
                arguments = {f.__func__.__code__.co_varnames[0]: _holder(f.__self__)}
            f = f.__func__
        f = inspect.unwrap(f) if isinstance(f, types.FunctionType) else f
        if not isinstance(f, types.FunctionType) or (not first and _of_a_library(f)):
            return
        mark = (f.__code__, *[id(read()) for read in arguments.values()])
        if mark in self.seen or len(self.seen) >= MANY:
            return
        self.seen.add(mark)
        cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        for kind, root, attributes in _paths(f.__code__):
            if kind == "GLOBAL" and root in f.__globals__:
                self.follow(root, functools.partial(f.__globals__.get, root, _MISSING), attributes, False)
            elif kind != "GLOBAL" and root in arguments:
                self.follow(root, arguments[root], attributes, True)
            elif kind == "CELL" and root in cells:
                self.follow(root, functools.partial(_content, cells[root]), attributes, False)

    def follow(self, path: str, read: Callable[[], Any], attributes: tuple[str, ...], argument: bool) -> None:
        """Walk from a root along attributes that are stored, not computed; guard what stands at the end.

        argument: whether the root is an argument, which the signature of the call tells apart already.
        """
        value = read()
        for name in attributes:
            if name not in getattr(value, "__dict__", ()):
                method = inspect.getattr_static(type(value), name, None)
                if isinstance(method, types.FunctionType):
                    self.function(types.MethodType(method, value), {})
                elif isinstance(method, _PLAIN):  # an attribute of the class
                    self.add(f"{path}.{name}", functools.partial(_attribute, read, name))
                if method is not None:
                    return
                break
            path, read, argument = f"{path}.{name}", functools.partial(_attribute, read, name), False
            value = read()
        if not argument and not isinstance(value, _CODE) and not _of_a_library(value):
            self.add(path, read)
        calls = (types.FunctionType, types.MethodType, functools.partial)
        if isinstance(value, calls) or hasattr(value, "python_function"):
            self.function(value, {})
        elif not isinstance(value, _CODE):
            call = _static(type(value), "call") or _static(type(value), "__call__")
            if isinstance(call, types.FunctionType):
                self.function(types.MethodType(call, value), {})

    def add(self, path: str, read: Callable[[], Any]) -> None:
        if path not in self.found:
            self.found[path] = Guard(path, read)


def _of_a_library(f: Any) -> bool:
    """Whether a function belongs to this package or to NumPy: what they read is not the user's state."""
    module = getattr(f, "__module__", None) if isinstance(f, types.FunctionType) else None
    return (module or "").partition(".")[0] in (__name__.partition(".")[0], "numpy")


def _static(owner: Any, name: str) -> Any:
    return inspect.getattr_static(owner, name, None)


def _holder(value: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return _MISSING


def _attribute(read: Callable[[], Any], name: str) -> Any:
    """What is stored under `name` in the object that `read` gives, or in its class."""
    value = read()
    stored = getattr(value, "__dict__", {})
    return stored[name] if name in stored else inspect.getattr_static(type(value), name, _MISSING)


def _paths(code: types.CodeType, inner: bool = False) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Names that `code` and the functions inside it read, each with the attributes taken of it one after another.

    Each comes with its kind: GLOBAL, CELL (shared with an enclosing or inner function) or LOCAL.
    """
    root: str | None = None
    scope = ""
    attributes: list[str] = []
    for instruction in dis.get_instructions(code):
        kind, value = instruction.opname, instruction.argval
        if kind in ("LOAD_ATTR", "LOAD_METHOD") and root is not None:
            attributes.append(value)
            continue
        if kind in ("PUSH_NULL", "CACHE", "EXTENDED_ARG"):
            continue
        if root is not None:
            yield scope, root, tuple(attributes)
        scope = next((_SCOPES[start] for start in _SCOPES if kind.startswith(start)), "")
        root, attributes = None, []
        if scope == "LOCAL" and inner:  # of an inner function: nobody else's
            continue
        if scope and isinstance(value, tuple):  # two names in one instruction
            yield scope, value[0], ()
            value = value[-1]
        if scope:
            root = value
    if root is not None:
        yield scope, root, tuple(attributes)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _paths(constant, inner=True)
