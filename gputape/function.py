"""tf.function: run a Python function once and record its ops, afterwards replay them without Python.

A Trace is a recorder that keeps every op. The first call of each signature runs the function for real under a Trace;
later calls run the recorded program: a list of steps over numbered registers. Registers hold the arguments, the
constants that the trace met, and what ops made; a Variable is read when the function read it, and older values that a
later op still needs stay in their registers. Effects (assignments, random draws, printing) are steps like any other,
so they happen at every call.

What cannot be replayed is run eagerly, signature by signature, and `report()` says why: a value was read into Python
(`if x > 0`, `float(x)`), or a shape depends on values.
"""

from __future__ import annotations

import functools
import inspect
import logging
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import nest
from .custom import CustomOp
from .op import Effect
from .record import drop, recording, state
from .tape import _caller
from .tensor import Array, Tensor, Variable, as_tensor
from .tensor_spec import TensorSpec

log = logging.getLogger("gputape")


class Step:
    """One op of a program: registers in, registers out; `targets` are the Variables that an effect changes."""

    __slots__ = ("attrs", "dead", "inputs", "op", "outputs", "targets")

    def __init__(self, op: Any, targets: Any, inputs: list[int], outputs: list[int], attrs: dict[str, Any]) -> None:
        self.op, self.targets, self.inputs, self.outputs, self.attrs = op, targets, inputs, outputs, attrs
        self.dead: list[int] = []  # registers that nobody reads after this step


class Read:
    """The op of a step that reads a Variable into a register."""

    name = "read"

    def __init__(self, variable: Variable) -> None:
        self.variable = variable


class Trace:
    """A recorder that turns what a function does into a program."""

    is_tape = False

    def __init__(self, arguments: list[Tensor]) -> None:
        self.steps: list[Step] = []
        self.registers: list[Any] = []  # constants; None for what is made at run time
        self.slots: dict[int, int] = {}  # tensor identity -> register
        self.alive: list[Any] = []  # tensors seen: an identity is only good while its tensor lives
        self.versions: dict[int, list[tuple[Any, int]]] = {}  # variable identity -> [(array, register)], newest last
        self.reasons: list[str] = []
        self.created_variables: list[Any] = []
        self.custom = False
        self.start = Tensor(np.zeros(()))._id  # tensors made from here on are made by the function itself
        self.captured: dict[int, Tensor] = {}  # register -> tensor from outside that the function uses
        for x in arguments:
            self.slots[x._id] = self.new()
            self.alive.append(x)

    def new(self, value: Any = None) -> int:
        self.registers.append(value)
        return len(self.registers) - 1

    def register(self, x: Any) -> int:
        """The register that holds `x`, an input of an op."""
        if isinstance(x, Variable) or (isinstance(x, Tensor) and x._id in self.versions):
            return self.register_of_variable(x)
        if not isinstance(x, Array):
            return self.new(x)
        slot = self.slots.get(x._id)
        if slot is None:
            slot = self.slots[x._id] = self.new(x._array)
            self.alive.append(x)
            if x._id < self.start:
                self.captured[slot] = x  # type: ignore[assignment]
        return slot

    def is_constant(self, slot: int) -> bool:
        """Whether a register holds the same at every call, whatever tapes outside watch."""
        return self.registers[slot] is not None and slot not in self.captured

    def register_of_variable(self, x: Any) -> int:
        """A variable's value: read now, or the register where the value that `x` (a snapshot) shows was read."""
        seen = self.versions.setdefault(x._id, [])
        for array, known in reversed(seen):
            if array is x._array:
                return int(known)
        if not isinstance(x, Variable):  # a value from before the function was called: a constant
            return self.new(x._array)
        slot = self.new()
        self.steps.append(Step(Read(x), (), [], [slot], {}))
        seen.append((x._array, slot))
        return slot

    # -- Recorder
    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        if isinstance(op, CustomOp):
            self.custom = True
            return
        if getattr(op, "dynamic", False):
            self.reasons.append(f"{op.name}: the shape of its result depends on values ({_caller()})")
        targets: tuple[Any, ...] = ()
        if isinstance(op, Effect):
            targets, inputs = inputs[0], inputs[1:]
        ins = [self.register(x) for x in inputs]
        fixed = not isinstance(op, Effect) and all(self.is_constant(slot) for slot in ins)
        outs = []
        for y in outputs:
            slot = self.slots[y._id] = self.new(y._array if fixed else None)
            self.alive.append(y)
            outs.append(slot)
        if fixed:
            return  # made of constants, so a constant
        self.steps.append(Step(op, targets, ins, outs, attrs))

    def read(self, tensor: Any, how: str) -> None:
        if isinstance(tensor, Variable) or tensor._id in self.slots:
            slot = self.slots.get(tensor._id)
            if slot is None or self.registers[slot] is None:
                self.reasons.append(f"{how}: a value was read into Python ({_caller()})")

    def created(self, variable: Any, initial: Any) -> None:
        self.created_variables.append(weakref.ref(variable))

    # -- the program
    def program(self, results: list[int]) -> list[Step]:
        """The steps that matter: effects and what results and effects need, each with the registers it frees."""
        needed = set(results)
        kept = []
        for step in reversed(self.steps):
            if isinstance(step.op, Effect) or not needed.isdisjoint(step.outputs):
                needed.update(step.inputs)
                kept.append(step)
        kept.reverse()
        last: dict[int, Step] = {}
        for step in kept:
            for r in (*step.inputs, *step.outputs):
                last[r] = step
        fixed = {r for r, value in enumerate(self.registers) if value is not None} | set(results)
        for r, step in last.items():
            if r not in fixed:
                step.dead.append(r)
        return kept


class Concrete:
    """One signature of a function: its program, or the reasons why it runs eagerly."""

    def __init__(self, trace: Trace, result: Any) -> None:
        self.reasons = trace.reasons
        self.custom = trace.custom
        self.structure = result
        self.results = [trace.register(y) if isinstance(y, Array) else -1 for y in nest.flatten(result)]
        self.plain = [None if isinstance(y, Array) else y for y in nest.flatten(result)]
        self.steps = trace.program([r for r in self.results if r >= 0])
        self.registers = trace.registers
        self.captured = trace.captured

    def replay(self, arguments: list[Tensor]) -> Any:
        """Run the program on arrays; nobody listens."""
        registers = self.registers.copy()
        for k, x in enumerate(arguments):
            registers[k] = x._array
        for step in self.steps:
            op = step.op
            if type(op) is Read:
                registers[step.outputs[0]] = op.variable._array
            else:
                arrays = [registers[r] for r in step.inputs]
                if step.targets or isinstance(op, Effect):
                    made = op.perform(step.targets, arrays, step.attrs)
                else:
                    made = op.run(arrays, step.attrs)
                del arrays
                if type(made) is tuple:
                    for r, a in zip(step.outputs, made, strict=True):
                        registers[r] = a if type(a) is np.ndarray else _array(a)
                elif step.outputs:
                    registers[step.outputs[0]] = made if type(made) is np.ndarray else _array(made)
            for r in step.dead:
                registers[r] = None
        return self.packed([Tensor(registers[r]) if r >= 0 else None for r in self.results])

    def replay_recorded(self, arguments: list[Tensor]) -> Any:
        """Run the program on tensors and report every op to the recorders that are listening."""
        registers: list[Any] = [v if v is None or not hasattr(v, "dtype") else Tensor(v) for v in self.registers]
        registers[: len(arguments)] = arguments
        for r, x in self.captured.items():
            registers[r] = x
        for step in self.steps:
            op = step.op
            if type(op) is Read:
                registers[step.outputs[0]] = as_tensor(op.variable)
                continue
            inputs = tuple([registers[r] for r in step.inputs])
            arrays = [x._array if isinstance(x, Array) else x for x in inputs]
            if isinstance(op, Effect):
                made = op.perform(step.targets, arrays, step.attrs)
                result = op.finish((step.targets, *inputs), () if made is None else made, step.attrs)
            else:
                result = op.finish(inputs, op.run(arrays, step.attrs), step.attrs)
            for r, y in zip(step.outputs, result if type(result) is tuple else (result,), strict=False):
                registers[r] = y
        return self.packed([registers[r] if r >= 0 else None for r in self.results])

    def packed(self, tensors: list[Any]) -> Any:
        return nest.pack_sequence_as(
            self.structure, [p if t is None else t for t, p in zip(tensors, self.plain, strict=True)]
        )


def _array(value: Any) -> Any:
    return value if hasattr(value, "dtype") and getattr(value, "shape", None) != () else np.asarray(value)


class Function:
    """A function that is recorded at the first call of each signature and replayed afterwards; see `function`."""

    __name__: str

    def __init__(
        self, python_function: Callable[..., Any], input_signature: Any = None, reduce_retracing: bool = False
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self._concrete: dict[Any, Concrete | None] = {}
        self._tracing: set[Any] = set()
        self._traces = 0
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()
        try:
            self._signature: inspect.Signature | None = inspect.signature(python_function)
        except (TypeError, ValueError):
            self._signature = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        bound = self._bound.get(instance)
        if bound is None:
            reference, f = weakref.ref(instance), self.python_function

            @functools.wraps(f)
            def method(*args: Any, **kwargs: Any) -> Any:
                return f(reference(), *args, **kwargs)

            bound = Function(method, self.input_signature)
            parameters = list(self._signature.parameters.values())[1:] if self._signature else []
            bound._signature = inspect.Signature(parameters) if self._signature else None
            self._bound[instance] = bound
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _config["eager"]:
            return self.python_function(*args, **kwargs)
        args, kwargs = self._canonical(args, kwargs)
        leaves: list[Tensor] = []
        key, (args, kwargs) = _key((args, kwargs), leaves)
        concrete = self._concrete.get(key)
        if concrete is not None and not concrete.reasons:
            if not state.stack:
                return concrete.replay(leaves)
            if not (concrete.custom and any(r.is_tape for r in state.stack)):
                return concrete.replay_recorded(leaves)
        if concrete is not None or key in self._tracing:
            return self.python_function(*args, **kwargs)
        return self._trace(key, args, kwargs)

    def _trace(self, key: Any, args: Any, kwargs: Any) -> Any:
        fresh: list[Tensor] = []

        def renew(x: Any) -> Any:
            if type(x) is not Tensor:
                return x
            fresh.append(_identity(x))
            return fresh[-1]

        args, kwargs = nest.map_structure(renew, args), nest.map_structure(renew, kwargs)
        trace = Trace(fresh)
        self._tracing.add(key)
        self._traces += 1
        try:
            with recording(trace):
                result = self.python_function(*args, **kwargs)
                result = nest.map_structure(_returned, result)
        finally:
            self._tracing.discard(key)
            drop(trace)
        if trace.created_variables:
            trace.steps.clear()  # a Read step holds its variable
            again = key in self._concrete
            if again or any(v() is None for v in trace.created_variables):
                raise ValueError(
                    f"{self.__name__}: tf.function only supports singleton tf.Variables created on the first call. "
                    f"Make sure the tf.Variable is only created once or created outside tf.function."
                )
            self._concrete[key] = None  # the call that makes the variables; the next one is recorded
            return result
        self._concrete[key] = concrete = Concrete(trace, result)
        if concrete.reasons:
            log.info("%s runs eagerly: %s", self.__name__, concrete.reasons[0])
        return result

    def _canonical(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """Keywords and defaults where the signature has them, so that f(1) and f(x=1) are one signature."""
        if self._signature is not None and (kwargs or len(args) != len(self._signature.parameters)):
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
        if not isinstance(x, Array):
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
        return ConcreteFunction(self, tuple(specs), kwargs)

    def experimental_get_tracing_count(self) -> int:
        """How many times the Python function ran to be recorded."""
        return self._traces

    def report(self) -> str:
        """One line per signature: the number of ops in its program, or why it runs eagerly."""
        lines = []
        for key, concrete in self._concrete.items():
            what = "built its variables" if concrete is None else f"{len(concrete.steps)} ops replayed"
            if concrete is not None and concrete.reasons:
                what = "runs eagerly: " + "; ".join(dict.fromkeys(concrete.reasons))
            lines.append(f"{self.__name__}{_told(key)}: {what}")
        return "\n".join(lines)


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


def _key(value: Any, leaves: list[Tensor]) -> tuple[Any, Any]:
    """What makes two calls one signature, and `value` with its arrays turned into tensors, collected in `leaves`."""
    kind = type(value)
    if kind is Tensor:
        leaves.append(value)
        return (value._array.shape, value._array.dtype), value
    if isinstance(value, Variable):
        return ("variable", value._id), value
    if isinstance(value, (list, tuple)):
        parts = [_key(v, leaves) for v in value]
        values = [v for _, v in parts]
        made = kind(*values) if hasattr(value, "_fields") else kind(values)
        return (kind, *[k for k, _ in parts]), made
    if isinstance(value, dict):
        parts = [(k, _key(value[k], leaves)) for k in sorted(value, key=repr)]
        made = {k: v for k, (_, v) in parts}
        return (dict, *[(k, key) for k, (key, _) in parts]), {k: made[k] for k in value}
    if isinstance(value, (np.ndarray, np.generic)):
        tensor = as_tensor(value)
        leaves.append(tensor)
        return (tensor._array.shape, tensor._array.dtype), tensor
    try:
        hash(value)
    except TypeError:
        return (kind, id(value)), value
    return (kind, value), value


def _told(key: Any) -> str:
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[1], np.dtype):
        return f"{key[1]}{list(key[0])}"
    if isinstance(key, tuple) and key and key[0] in (list, tuple, dict):
        return "(" + ", ".join(_told(k) for k in key[1:] if k != (dict,)) + ")"
    return repr(key[1]) if isinstance(key, tuple) and len(key) == 2 else repr(key)


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
) -> Any:
    """Decorator: record a function at the first call of each signature, replay it afterwards. Reference: tf.function.

    A signature is the structure of the arguments, shapes and dtypes of tensors and arrays, identities of Variables and
    values of everything else. `jit_compile`, `autograph` and `reduce_retracing` are accepted; every recording is of
    exact shapes.

    >>> import gputape as tf
    >>> @tf.function
    ... def double(x):
    ...     return x + x
    >>> double(tf.constant(2.0)).numpy(), double(tf.constant(4.0)).numpy(), double.experimental_get_tracing_count()
    (np.float32(4.0), np.float32(8.0), 1)
    """
    if func is None:
        return lambda f: Function(f, input_signature, reduce_retracing)
    return Function(func, input_signature, reduce_retracing)
