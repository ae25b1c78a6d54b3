"""tf.function: run a Python function once and record its ops, afterwards replay them without Python.

The first call of each signature runs the function for real under a Trace; later calls run the recorded program: on
the CPU as a Plan, on a device or when a tape listens op by op. Effects (assignments, random draws, printing) are steps
of the program like any other, so they happen at every call.

A recording stands for the function only as long as what it used is the same, so a call is recorded anew when the
Python state that the function read has changed (guards.py). What cannot be replayed is run eagerly, signature by
signature: a value was read into Python (`if x > 0`, `float(x)`), or a shape depends on values. `report()` tells all of
it, and `verify` compares replays with eager runs bit by bit.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import cuda, nest
from .concrete import Concrete
from .guards import guards
from .record import drop, recording, state
from .tensor import Array, Tensor, Variable, as_tensor
from .tensor_spec import TensorSpec
from .trace import Trace

log = logging.getLogger("gputape")
alive: weakref.WeakSet[Function] = weakref.WeakSet()  # all functions of the process, for reports

_NOTED = (Tensor, TensorSpec, bool, int, float, str, bytes)
VARIANTS = 8  # recordings kept of one signature for different Python state


class Function:
    """A function that is recorded at the first call of each signature and replayed afterwards; see `function`."""

    __name__: str

    def __init__(
        self, python_function: Callable[..., Any], input_signature: Any = None, verify: int | None = None
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.__name__ = getattr(python_function, "__name__", type(python_function).__name__)
        self.python_function = python_function
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self.verify = int(os.environ.get("GPUTAPE_VERIFY", "0")) if verify is None else verify
        self.retraces: list[str] = []  # why each recording after the first was made
        self._concrete: dict[Any, list[Concrete]] = {}  # of each signature the recordings, the latest first
        self.called: list[tuple[Any, Any]] = []  # arguments of signatures that were met or asked for, as specs
        self._built: set[Any] = set()  # signatures whose first call made variables
        self._tracing: set[Any] = set()
        self._traces = self._calls = 0
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
        try:
            self._signature: inspect.Signature | None = inspect.signature(python_function)
        except (TypeError, ValueError):
            self._signature = None
        self._count = -1 if self._signature is None else len(self._signature.parameters)
        alive.add(self)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        bound = self._bound.get(instance)
        if bound is None:
            bound = Function(_Method(self.python_function, instance), self.input_signature, self.verify)
            self._bound[instance] = bound
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _config["eager"]:
            return self.python_function(*args, **kwargs)
        if kwargs or self.input_signature is not None or len(args) != self._count:
            args, kwargs = self._canonical(args, kwargs)
        leaves: list[Tensor] = []
        key, (args, kwargs) = self._key(args, kwargs, leaves)
        for concrete in self._concrete.get(key, ()):
            if concrete.guards and concrete.changed():
                continue
            if concrete.reasons or (concrete.custom and any(r.is_tape for r in state.stack)):
                return self.python_function(*args, **kwargs)
            self._calls += 1
            if self.verify and self._calls % self.verify == 0 and not state.stack:
                return concrete.verified(self.__name__, lambda fresh: self._again(args, kwargs, fresh), leaves)
            return concrete.run(leaves)
        if key in self._tracing:
            return self.python_function(*args, **kwargs)
        return self._trace(key, args, kwargs)

    def _key(self, args: Any, kwargs: Any, leaves: list[Tensor]) -> tuple[Any, tuple[Any, Any]]:
        """The signature of a call and its arguments, arrays turned into tensors, which go to `leaves`."""
        if not kwargs:
            parts: list[Any] = [cuda.emulating]
            for x in args:
                if type(x) is not Tensor:
                    break
                array = x._array
                parts.append((array.shape, array.dtype, type(array)))
                leaves.append(x)
            else:
                return tuple(parts), (args, kwargs)
            leaves.clear()
        key, values = _key((args, kwargs), leaves, self.__name__)
        return (cuda.emulating, key), values

    def _again(self, args: Any, kwargs: Any, tensors: list[Tensor]) -> Any:
        """Call the Python function with other tensors for those among the arguments, in their order."""
        rest = iter(tensors)

        def renew(x: Any) -> Any:
            return next(rest) if type(x) is Tensor else x

        args, kwargs = nest.map_structure(renew, args), nest.map_structure(renew, kwargs)
        return nest.map_structure(_returned, self.python_function(*args, **kwargs))

    def _trace(self, key: Any, args: Any, kwargs: Any) -> Any:
        fresh = [_identity(x) for x in nest.flatten((args, kwargs)) if type(x) is Tensor]
        trace = Trace(fresh)
        self._tracing.add(key)
        self._traces += 1
        try:
            with recording(trace):
                result = self._again(args, kwargs, fresh)
        finally:
            self._tracing.discard(key)
            drop(trace)
        self._note(args, kwargs)
        if trace.created_variables:
            trace.steps.clear()  # a Read step holds its variable
            if key in self._built or key in self._concrete or any(v() is None for v in trace.created_variables):
                raise ValueError(
                    f"{self.__name__}: tf.function only supports singleton tf.Variables created on the first call. "
                    f"Make sure the tf.Variable is only created once or created outside tf.function."
                )
            self._built.add(key)  # the call that makes the variables; the next one is recorded
            return result
        self._keep(key, Concrete(trace, result, guards(self.python_function, self._named(args, kwargs))))
        return result

    def _note(self, args: Any, kwargs: Any) -> None:
        """Remember arguments, tensors as TensorSpecs, for whoever saves this function; not those with other objects."""

        def spec(x: Any) -> Any:
            return TensorSpec(x.shape, x.dtype) if type(x) is Tensor else x

        if all(x is None or type(x) in _NOTED for x in nest.flatten((args, kwargs))):
            call = nest.map_structure(spec, args), nest.map_structure(spec, kwargs)
            if call not in self.called:
                self.called.append(call)

    def _keep(self, key: Any, concrete: Concrete) -> None:
        """Store a recording, note why it was made, and forget those that no call can meet any more."""
        others = self._concrete.get(key, [])
        if others:
            self.retraces.append("; ".join(others[0].changed()))
        elif self._concrete:
            self.retraces.append(_told_change(next(reversed(self._concrete)), key))
        if len(self.retraces) in (5, 50, 500):
            log.warning(
                "%s was recorded %d times, the last time because of %s. Recording is slow: pass numbers that change as "
                "tensors, and make tf.function objects outside of loops.",
                self.__name__,
                self._traces,
                self.retraces[-1],
            )
        if concrete.reasons:
            log.info("%s runs eagerly: %s", self.__name__, concrete.reasons[0])
        self._concrete = {k: v for k, v in self._concrete.items() if not _is_dead(k)}
        self._concrete[key] = [concrete, *others][:VARIANTS]

    def _named(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """The arguments by the names of their parameters, as far as they are plain Python objects."""
        names = list(self._signature.parameters) if self._signature is not None else []
        named = {**dict(zip(names, args, strict=False)), **kwargs}
        return {name: x for name, x in named.items() if not isinstance(x, Array) and not nest.is_nested(x)}

    def _canonical(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """Keywords and defaults where the signature has them, so that f(1) and f(x=1) are one signature."""
        if self._signature is not None and (kwargs or len(args) != self._count):
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        if self.input_signature is not None:
            args = self._checked(args)
        return args, kwargs

    def _checked(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        signature = self.input_signature or ()
        if len(args) < len(signature):
            raise TypeError(f"{self.__name__}: {len(args)} arguments, input_signature has {len(signature)}")
        fitted = [
            self._fitted(x, spec, f"argument {k}") for k, (x, spec) in enumerate(zip(args, signature, strict=False))
        ]
        return (*fitted, *args[len(fitted) :])

    def _fitted(self, x: Any, spec: Any, where: str) -> Any:
        """`x` as the tensors that `spec`, a nest of TensorSpecs, asks for."""
        if isinstance(spec, dict):
            return {k: self._fitted(x[k], spec[k], f"{where}[{k!r}]") for k in spec}
        if isinstance(spec, (list, tuple)):
            return type(spec)(
                [self._fitted(v, s, f"{where}[{i}]") for i, (v, s) in enumerate(zip(x, spec, strict=True))]
            )
        if isinstance(spec, TensorSpec) and not isinstance(x, Array):
            x = as_tensor(x, spec.dtype.numpy)
        if not spec.is_compatible_with(x):
            raise TypeError(
                f"{self.__name__}: {where} of shape {x.shape} and dtype {x.dtype.name} does not fit "
                f"input_signature's {spec!r}"
            )
        return x

    # -- looking inside
    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """A callable for one signature, given by tensors or `tf.TensorSpec`s."""
        specs = args or self.input_signature or ()
        if self.input_signature is None:
            self._note(*self._canonical(tuple(specs), kwargs))
        return ConcreteFunction(self, tuple(specs), kwargs)

    def experimental_get_tracing_count(self) -> int:
        """How many times the Python function ran to be recorded."""
        return self._traces

    def recordings(self) -> list[tuple[str, Concrete]]:
        """Each recording under the function's name and its signature."""
        return [(f"{self.__name__}{_told(key)}", c) for key, made in self._concrete.items() for c in made]

    def report(self) -> str:
        """One line per recording, and one per retrace with its reason.

        A recording is replayed (with the number of its ops, of the buffers it reuses and their bytes) or runs eagerly
        (with what forced it).
        """
        lines = [f"{self.__name__}{_told(key)}: built its variables" for key in self._built - self._concrete.keys()]
        lines += [f"{name}: {concrete.told()}" for name, concrete in self.recordings()]
        lines += [f"{self.__name__} was recorded again: {reason}" for reason in self.retraces]
        return "\n".join(lines)


class _Method:
    """A function bound to an instance that it does not keep alive."""

    def __init__(self, function: Callable[..., Any], instance: Any) -> None:
        functools.update_wrapper(self, function)
        self.function, self.instance = function, weakref.ref(instance)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        self.__signature__ = inspect.Signature(parameters)

    def bound(self) -> types.MethodType:
        return types.MethodType(self.function, self.instance())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(self.instance(), *args, **kwargs)


class ConcreteFunction:
    """One signature of a Function, as `get_concrete_function` gives it."""

    def __init__(self, function: Function, specs: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function, self.specs, self.kwargs = function, specs, kwargs
        self.name = function.__name__

    @property
    def structured_input_signature(self) -> Any:
        def spec(x: Any) -> Any:
            return TensorSpec(x.shape, x.dtype) if isinstance(x, Array) else x

        return nest.map_structure(spec, self.specs), nest.map_structure(spec, self.kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        fixed = {k: v for k, v in self.kwargs.items() if not isinstance(v, TensorSpec)}
        for k, (x, spec) in enumerate(zip(args, self.specs, strict=False)):
            if isinstance(spec, TensorSpec) and isinstance(x, Array) and not spec.is_compatible_with(x):
                raise TypeError(f"{self.name}: argument {k} of shape {x.shape}, {x.dtype.name} does not fit {spec!r}")
        plain = [s for s in self.specs[len(args) :] if not isinstance(s, (TensorSpec, Array))]
        return self.function(*args, *plain, **{**fixed, **kwargs})


def _identity(x: Tensor) -> Tensor:
    from .registry import OPS

    return OPS["identity"](x)  # type: ignore[no-any-return]


def _returned(y: Any) -> Any:
    """Results are tensors, as TensorFlow's are; None and foreign objects stay."""
    if isinstance(y, Variable):
        return as_tensor(y)
    return as_tensor(y) if isinstance(y, (bool, int, float, complex, np.ndarray, np.generic)) else y


def _key(value: Any, leaves: list[Tensor], name: str) -> tuple[Any, Any]:
    """What makes two calls one signature, and `value` with its arrays turned into tensors, collected in `leaves`."""
    kind = type(value)
    if kind is Tensor:
        leaves.append(value)
        return (value._array.shape, value._array.dtype, type(value._array)), value
    if isinstance(value, Variable):
        return ("variable", value._id), value
    if isinstance(value, (list, tuple)):
        parts = [_key(v, leaves, name) for v in value]
        values = [v for _, v in parts]
        made = kind(*values) if hasattr(value, "_fields") else kind(values)
        return (kind, *[k for k, _ in parts]), made
    if isinstance(value, dict):
        parts = [(k, _key(value[k], leaves, name)) for k in sorted(value, key=repr)]
        made = {k: v for k, (_, v) in parts}
        return (dict, *[(k, key) for k, (key, _) in parts]), {k: made[k] for k in value}
    if isinstance(value, (np.ndarray, np.generic)):
        return _key(as_tensor(value), leaves, name)
    if isinstance(value, (set, frozenset)):
        return (kind, frozenset(value)), value
    try:
        hash(value)
    except TypeError:
        raise TypeError(
            f"{name}: an argument of type {kind.__name__} cannot be hashed, so calls cannot be told apart by it: pass "
            f"tensors, numbers, strings, or lists, tuples and dicts of them"
        ) from None
    if getattr(kind, "__hash__", None) is object.__hash__:  # told apart by identity, and not kept alive
        try:
            return (kind, weakref.ref(value)), value
        except TypeError:
            pass
    return (kind, value), value


def _is_dead(key: Any) -> bool:
    """Whether a signature names an object that is gone."""
    if isinstance(key, weakref.ref):
        return key() is None
    return isinstance(key, tuple) and any(_is_dead(part) for part in key)


def _is_tensor(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) == 3 and isinstance(key[1], np.dtype)


def _told(key: Any) -> str:
    """A signature for people."""
    if _is_tensor(key):
        return f"{key[1]}{list(key[0])}"
    if isinstance(key, tuple) and key and isinstance(key[0], bool):  # the whole: whether emulated, then the arguments
        parts = key[1:] if all(_is_tensor(k) for k in key[1:]) else key[1][1][1:]
        return "(" + ", ".join([_told(k) for k in parts]) + ")"
    if isinstance(key, tuple) and key and key[0] in (list, tuple, dict):
        return "[" + ", ".join([_told(k) for k in key[1:]]) + "]"
    if isinstance(key, tuple) and len(key) == 2:
        value = key[1]() if isinstance(key[1], weakref.ref) else key[1]
        return f"{key[0]} {value}" if key[0] == "variable" else _told(value) if _is_tensor(value) else repr(value)
    return repr(key)


def _told_change(old: Any, new: Any) -> str:
    """Where two signatures differ."""
    before, now = _told(old), _told(new)
    return f"other arguments: {before} -> {now}"


_config = {"eager": False}


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether functions run their Python body at every call (for debugging). Default False. tf.config's name."""
    _config["eager"] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    return _config["eager"]


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: Any = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    verify: int | None = None,
) -> Any:
    """Decorator: record a function at the first call of each signature, replay it afterwards. Reference: tf.function.

    A signature is the structure of the arguments, shapes and dtypes of tensors and arrays, identities of Variables and
    values of everything else. `jit_compile`, `autograph` and `reduce_retracing` are accepted; every recording is of
    exact shapes. A call is recorded anew, too, when Python state that the function used has changed: globals,
    variables of enclosing functions, attributes.

    verify: hold every n-th call against an eager run, bit by bit, and raise InternalError naming the first op that
    differs; 0 never. Default: the environment's GPUTAPE_VERIFY, else 0.

    >>> import gputape as tf
    >>> @tf.function
    ... def double(x):
    ...     return x + x
    >>> double(tf.constant(2.0)).numpy(), double(tf.constant(4.0)).numpy(), double.experimental_get_tracing_count()
    (np.float32(4.0), np.float32(8.0), 1)
    """
    if func is None:
        return lambda f: Function(f, input_signature, verify)
    return Function(func, input_signature, verify)
