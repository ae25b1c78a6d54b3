"""What an op is. `Op.__call__` is the single place where work happens and is recorded.

Four kinds, each declared by a decorator:

    @op            a body `f(xp, *arrays, **attrs)` in NumPy's language, `xp` being numpy or cupy
    @elementwise   the same for element-by-element ops: broadcasting, Python numbers as operands, a functor in kernels/
    @fused         a composition of ops (its meaning): NumPy path, reference for the kernel, and gradient at any order
    @effect        changes Variables or the world: a body `f(xp, targets, *arrays, **attrs)`, run again at every replay

Each may carry `.gradient` (a rule written in ops), `.kernel` (arrays on the device in, arrays out) and `.numpy` (a
faster body for NumPy). Arrays are positional, attributes keyword-only.

A rule's parameters say what it needs, and so what a tape keeps alive: `dy`, the gradient of the output (`dys`, a tuple,
for several outputs, zeros where nothing arrived); `y`, the output (`ys`); an input by its name (`x`), or `x_shape`
alone; an attribute by its name;
for ops of any number of inputs the name of the tuple (`xs`, `xs_shapes`). It returns one gradient per input (a tuple
if there are several), each a tensor, None, or a function without arguments that is called only if it is wanted.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from . import cuda, dtypes
from .errors import InvalidArgumentError, OpError
from .record import pause, state
from .registry import OPS, register
from .tensor import Array, SymbolicInput, Tensor, Variable, as_tensor

F = TypeVar("F", bound=Callable[..., Any])
_NUMBERS = (bool, int, float, complex)


class Op:
    """A primitive op: a body over arrays, and a rule.

    mixed: names of inputs whose dtype is their own business (indices, masks); all others must share one dtype.
    dynamic: the output's shape depends on values, so a recorded function cannot replay it.
    """

    def __init__(self, body: Callable[..., Any], mixed: tuple[str, ...] = (), dynamic: bool = False) -> None:
        self.body = body
        self.name = body.__name__.rstrip("_")
        self.dynamic = dynamic
        parameters = list(inspect.signature(body).parameters.values())[self.skipped :]
        self.params = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self.defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.arity = -1 if self.variadic or self.defaults else len(self.params)
        self.mixed: Any = frozenset(self.params.index(m) for m in mixed if m != self.variadic)
        if self.variadic is not None and self.variadic in mixed:
            self.mixed = range(2**31)  # all of them
        self.kinds: str = getattr(body, "kinds", "")  # NumPy kinds of the first array; "" for any, see ops/domain.py
        self.taken: Any = None  # the dtype that was last found to be of these kinds
        self.rule: Callable[..., Any] | None = None
        self.wants: list[str] = []
        self.keep: list[int] = []
        self.plain = False  # whether the rule takes nothing but the gradient of one output, inputs and that output
        self.differentiable = False
        self.kernel_body: Callable[..., Any] | None = None
        self.numpy_body: Callable[..., Any] = self._direct() or functools.partial(body, np)
        functools.update_wrapper(self, body)
        array_params = [p.replace(annotation=Any) for p in parameters]
        name = inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)
        self.__signature__ = inspect.Signature([*array_params, name])

    skipped = 1  # leading parameters of the body that are not arrays: xp

    def _direct(self) -> Callable[..., Any] | None:
        """The NumPy function itself if the body is nothing but a call of it: one Python call less per op."""
        if self.defaults or self.variadic:
            return None
        operands = tuple(object() for _ in self.params)
        try:
            name, given = self.body(_Probe(), *operands)
        except Exception:  # whatever a body does with operands that are no arrays, it is then no plain call
            return None
        return getattr(np, name, None) if given == operands else None

    # -- declaration
    def gradient(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the rule that turns gradients of the outputs into gradients of the inputs."""
        self.rule = rule
        self.wants = list(inspect.signature(rule).parameters)[1:]
        self.keep = [k for want in self.wants for k in self._kept(want)]
        self.plain = all(want == "y" or want in self.params for want in self.wants)
        self.differentiable = True
        return rule

    def kernel(self, body: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the same in CUDA, device arrays in and out; returns NotImplemented for cases it leaves."""
        self.kernel_body = body
        return body

    def numpy(self, body: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the same on NumPy arrays, faster than the meaning."""
        self.numpy_body = body
        return body

    def _kept(self, want: str) -> list[int]:
        """What a rule's parameter keeps alive: k for input k, ~k for output k."""
        if want in self.params:
            return [self.params.index(want)]
        if want == "y":
            return [-1]
        if want in ("ys", self.variadic) or want in self.defaults or want.endswith(("_shape", "_shapes")):
            return []
        raise TypeError(f"gradient of {self.name}: parameter {want!r} is no input, output or attribute of the op")

    # -- the choke point
    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        if attrs or len(inputs) != self.arity:
            inputs, attrs = self.bind(inputs, attrs)
        if state.reader is not None:
            inputs = read(inputs, state.reader)
        for x in inputs:
            if not isinstance(x, Array):
                try:
                    inputs = self.convert(inputs)
                except SymbolicInput as symbolic:
                    return symbolic.value.__gputape_op__(self, inputs, attrs)
                break
        arrays = [x._array for x in inputs]
        if len(arrays) > 1:
            self.check_dtypes(arrays)
        if self.kinds and arrays[0].dtype is not self.taken:
            self.take(arrays[0].dtype)
        return self.finish(inputs, self.run(arrays, attrs), attrs)

    def finish(self, inputs: tuple[Any, ...], made: Any, attrs: dict[str, Any]) -> Any:
        """Wrap the arrays an op made and tell the recorders."""
        result: Any
        if type(made) is tuple:
            outputs = result = tuple([Tensor(a if type(a) is np.ndarray else boxed(a)) for a in made])
        else:
            result = Tensor(made if type(made) is np.ndarray else boxed(made))
            outputs = (result,)
        stack = state.stack
        if stack:
            for recorder in stack:
                recorder.record(self, inputs, outputs, attrs)
        return result

    def run(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        """The work itself, on arrays: the kernel on a device, the NumPy body on the host."""
        try:
            for a in arrays:
                if type(a) is not np.ndarray or cuda.emulating:
                    return self.run_device(arrays, attrs)
            return state.quiet(self.numpy_body, *arrays, **attrs)
        except Exception as error:
            raise self.explained(error, arrays, attrs) from error

    def run_device(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        if len(arrays) > 1 and any(map(cuda.is_device, arrays)):
            arrays = [cuda.to_device(a) if isinstance(a, (np.ndarray, np.generic)) else a for a in arrays]
        if self.kernel_body is not None:
            made = self.kernel_body(*arrays, **attrs)
            if made is not NotImplemented:
                return made
        return cuda.array_code(lambda *a: state.quiet(self.composed, *a, **attrs), *arrays)

    def composed(self, *arrays: Any, **attrs: Any) -> Any:
        """The meaning on arrays of either module."""
        return self.body(cuda.array_module(*arrays), *arrays, **attrs)

    # -- arguments
    def bind(self, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort keywords into arrays and attributes, add defaults; `name=` is accepted and ignored, as in TensorFlow."""
        if len(inputs) == len(self.params) and attrs.keys() == self.defaults.keys() and self.variadic is None:
            return inputs, attrs
        attrs.pop("name", None)
        if self.variadic is None and len(inputs) < len(self.params):
            try:
                inputs = (*inputs, *[attrs.pop(p) for p in self.params[len(inputs) :]])
            except KeyError as missing:
                raise TypeError(f"{self.name}() missing 1 required positional argument: {missing}") from None
        elif self.variadic is None and len(inputs) > len(self.params):
            raise TypeError(
                f"{self.name}() takes {len(self.params)} arrays ({', '.join(self.params)}), got {len(inputs)}"
            )
        if attrs.keys() - self.defaults.keys():
            extra = sorted(attrs.keys() - self.defaults.keys())
            raise TypeError(
                f"{self.name}() got unexpected keyword arguments {extra}; attributes: {sorted(self.defaults)}"
            )
        return inputs, {**self.defaults, **attrs}

    def convert(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Turn operands that are no tensors into tensors of the dtype of those that are."""
        hint = None
        for k, x in enumerate(inputs):
            if isinstance(x, Array) and k not in self.mixed:
                hint = x._array.dtype
                break
        out = []
        for k, x in enumerate(inputs):
            if not isinstance(x, Array):
                x = as_tensor(x, None if k in self.mixed else hint)
                if hint is None and k not in self.mixed:
                    hint = x._array.dtype
            out.append(x)
        return tuple(out)

    def check_dtypes(self, arrays: list[Any]) -> None:
        first = None
        for k, a in enumerate(arrays):
            if a.dtype is first or k in self.mixed:
                continue
            if first is None:
                first, at = a.dtype, k
            elif a.dtype != first:
                names = self.params or [f"{self.variadic}[{i}]" for i in range(len(arrays))]
                raise InvalidArgumentError(
                    f"cannot compute {self.name} as input #{k}(zero-based) was expected to be a {_c_name(first)} tensor "
                    f"but is a {_c_name(a.dtype)} tensor: {names[at]} is {dtypes.FROM_NUMPY[first].name}, {names[k]} is "
                    f"{dtypes.FROM_NUMPY[a.dtype].name}; use tf.cast [Op:{self.name}]"
                )

    def take(self, dtype: Any) -> None:
        """InvalidArgumentError if the op does not take arrays of `dtype`."""
        if dtype.kind not in self.kinds:
            raise InvalidArgumentError(
                f"Value for attr 'T' of {dtypes.FROM_NUMPY[dtype].name} is not in the list of allowed values: "
                f"{self.name} takes {self.body.kinds_told}; use tf.cast [Op:{self.name}]"  # type: ignore[attr-defined]
            )
        self.taken = dtype

    def explained(self, error: Exception, arrays: list[Any], attrs: dict[str, Any]) -> Exception:
        """The error of a body, told in terms of the op: its name, its arguments and their shapes."""
        if (isinstance(error, OpError) and "[Op:" in error.message) or isinstance(error, NotImplementedError):
            return error
        if isinstance(error, cuda.CaptureError):
            return cuda.CaptureError(f"{self.name}: {error}")
        if not isinstance(error, (OpError, ValueError, TypeError, IndexError)):
            return error
        names = (
            self.params if len(self.params) == len(arrays) else [f"{self.variadic}[{i}]" for i in range(len(arrays))]
        )
        told = ", ".join(f"{n} {tuple(np.shape(a))}" for n, a in zip(names, arrays, strict=True))
        extra = "".join(f", {k}={v!r}" for k, v in attrs.items())
        kind = type(error) if isinstance(error, OpError) else InvalidArgumentError
        return kind(f"{self.name}: {told}{extra}: {error} [Op:{self.name}]")

    # -- the gradient
    def kept(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> Any:
        """What a tape must keep for `backward`."""
        if self.plain:
            return [inputs[k] if k >= 0 else outputs[~k] for k in self.keep]
        if self.variadic is not None and self.variadic in self.wants:
            return (inputs, outputs) if "ys" in self.wants else (inputs, ())
        if "ys" in self.wants:
            return [inputs[k] for k in self.keep], outputs
        return [inputs[k] if k >= 0 else outputs[~k] for k in self.keep]

    def backward(self, dys: list[Any], node: Any) -> Any:
        """Gradients of the inputs from those of the outputs (None where nothing arrived)."""
        rule: Any = self.rule
        if self.plain and len(dys) == 1:
            return rule(dys[0], *node.kept)
        values, outputs = node.kept, ()
        if "ys" in self.wants or (self.variadic is not None and self.variadic in self.wants):
            values, outputs = values
        values = iter(values)
        args = []
        for want in self.wants:
            if want == self.variadic:
                args.append(node.kept[0])
            elif want in self.defaults:
                args.append(node.attrs[want])
            elif want == "ys":
                args.append(outputs)
            elif want.endswith("_shapes"):
                args.append(node.shapes)
            elif want.endswith("_shape") and want not in self.params:
                args.append(node.shapes[self.params.index(want[:-6])])
            else:
                args.append(next(values))
        if len(dys) > 1:
            first = next(iter(inspect.signature(rule).parameters))
            dy: Any = dys[0]
            if first != "dy":
                dy = tuple([OPS["zeros"](*like) if d is None else d for d, like in zip(dys, node.likes, strict=True)])
        else:
            dy = dys[0]
        return rule(dy, *args)

    def __repr__(self) -> str:
        return f"<gputape {type(self).__name__.lower()} {self.name}({', '.join(self.params or [f'*{self.variadic}'])})>"


class _Probe:
    """Stands for numpy in a body, to see which function it calls with what."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: (name, args)


def boxed(made: Any) -> Any:
    """NumPy hands back scalars for arrays of no dimensions; tensors hold arrays."""
    if cuda.is_device(made):
        return made
    return np.asarray(made, object if isinstance(made, bytes) else None)


def _c_name(dtype: Any) -> str:
    name = dtypes.FROM_NUMPY[dtype].name
    return {"float32": "float", "float64": "double", "float16": "half"}.get(name, name)


def read(inputs: tuple[Any, ...], reader: Callable[[Any], Any]) -> tuple[Any, ...]:
    """`inputs` with what `reader` makes of the Variables among them; the reader's own ops see the variables."""
    state.reader = None
    try:
        return tuple([reader(x) if isinstance(x, Variable) else x for x in inputs])
    finally:
        state.reader = reader


class Elementwise(Op):
    """An op over single elements, its operands broadcast together; Python numbers may stand for operands.

    Its kernel is the functor of the same name in CamelCase in kernels/math.cu.
    """

    def __init__(self, body: Callable[..., Any]) -> None:
        super().__init__(body)

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        if attrs or len(inputs) != self.arity:
            inputs, attrs = self.bind(inputs, attrs)
        if state.reader is not None:
            inputs = read(inputs, state.reader)
        dtype: Any = None
        arrays: list[Any] = []
        for x in inputs:
            if isinstance(x, Array):
                a = x._array
                arrays.append(a)
                if dtype is None:
                    dtype = a.dtype
                elif a.dtype is not dtype:
                    self.check_dtypes([x._array for x in inputs if isinstance(x, Array)])
            else:
                arrays.append(x)
        if dtype is None or len(arrays) > 1:
            for x in inputs:
                if not (isinstance(x, Array) or (dtype is not None and type(x) in _WEAK.get(dtype, ()))):
                    try:
                        inputs = self.convert(inputs)
                    except SymbolicInput as symbolic:
                        return symbolic.value.__gputape_op__(self, inputs, attrs)
                    arrays = [x._array for x in inputs]
                    dtype = arrays[0].dtype
                    self.check_dtypes(arrays)
                    break
        if self.kinds and dtype is not self.taken:
            self.take(dtype)
        made = self.run(arrays, attrs)
        result = Tensor(made if type(made) is np.ndarray else boxed(made))
        stack = state.stack
        if stack:
            outputs = (result,)
            for recorder in stack:
                recorder.record(self, inputs, outputs, attrs)
        return result

    def run(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        try:
            for a in arrays:
                if (type(a) is not np.ndarray and type(a) not in _NUMBERS) or cuda.emulating:
                    return self.run_device(arrays, attrs)
            return state.quiet(self.numpy_body, *arrays, **attrs)
        except Exception as error:
            raise self.explained(error, arrays, attrs) from error

    def explained(self, error: Exception, arrays: list[Any], attrs: dict[str, Any]) -> Exception:
        try:
            np.broadcast_shapes(*[np.shape(a) for a in arrays])
        except ValueError:
            told = " and ".join(f"{n} {list(np.shape(a))}" for n, a in zip(self.params, arrays, strict=True))
            return InvalidArgumentError(
                f"Incompatible shapes: {self.name} cannot broadcast {told} together: sizes must be equal or 1, "
                f"counted from the last axis [Op:{self.name}]"
            )
        if isinstance(error, OverflowError):
            return TypeError(f"{self.name}: a Python number is out of range for the tensor's dtype: {error}")
        return super().explained(error, arrays, attrs)


class Unary(Elementwise):
    """An elementwise op of one operand, with a short way for the commonest case: a NumPy tensor."""

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        if len(inputs) == 1 and not attrs and type(inputs[0]) is Tensor and not cuda.emulating:
            a = inputs[0]._array
            if type(a) is np.ndarray:
                return self.made(inputs, (a,), a.dtype)
        return super().__call__(*inputs, **attrs)

    def made(self, inputs: tuple[Any, ...], arrays: tuple[Any, ...], dtype: Any) -> Tensor:
        """Run the NumPy body on arrays of `dtype` that are known to fit, and tell the recorders."""
        if self.kinds and dtype is not self.taken:
            self.take(dtype)
        try:
            made = state.quiet(self.numpy_body, *arrays)
        except Exception as error:
            raise self.explained(error, list(arrays), {}) from error
        result = Tensor(made if type(made) is np.ndarray else boxed(made))
        stack = state.stack
        if stack:
            outputs = (result,)
            for recorder in stack:
                recorder.record(self, inputs, outputs, {})
        return result


class Binary(Unary):
    """An elementwise op of two operands, with a short way for NumPy tensors of one dtype and Python numbers."""

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        if len(inputs) == 2 and not attrs and not cuda.emulating:
            x, y = inputs
            if type(x) is Tensor:
                a = x._array
                if type(y) is Tensor:
                    b = y._array
                    if (dtype := a.dtype) is b.dtype and type(a) is np.ndarray and type(b) is np.ndarray:
                        return self.made(inputs, (a, b), dtype)
                elif type(a) is np.ndarray and type(y) in _WEAK.get(dtype := a.dtype, ()):
                    return self.made(inputs, (a, y), dtype)
            elif type(y) is Tensor:
                b = y._array
                if type(b) is np.ndarray and type(x) in _WEAK.get(dtype := b.dtype, ()):
                    return self.made(inputs, (x, b), dtype)
        return Elementwise.__call__(self, *inputs, **attrs)


# Python numbers that NumPy treats as weak operands of each dtype with TensorFlow's result; others become tensors first.
_WEAK: dict[Any, tuple[type, ...]] = {
    **{d.numpy: (float, int) for d in dtypes.ALL if d.numpy.kind == "f"},
    **{d.numpy: (int,) for d in dtypes.ALL if d.numpy.kind in "iu"},
    **{d.numpy: (complex, float, int) for d in dtypes.ALL if d.numpy.kind == "c"},
}


class Fused(Op):
    """A composition of ops. Without a kernel or a faster body it is transparent: its ops are recorded one by one."""

    skipped = 0

    def __init__(self, meaning: Callable[..., Any], mixed: tuple[str, ...] = ()) -> None:
        super().__init__(meaning, mixed)
        self.numpy_body = self.composed
        self.differentiable = True

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        if attrs or len(inputs) != self.arity:
            inputs, attrs = self.bind(inputs, attrs)
        if state.reader is not None:
            inputs = read(inputs, state.reader)
        for x in inputs:
            if not isinstance(x, Array):
                try:
                    inputs = self.convert(inputs)
                except SymbolicInput as symbolic:
                    return symbolic.value.__gputape_op__(self, inputs, attrs)
                break
        arrays = [x._array for x in inputs]
        if len(arrays) > 1:
            self.check_dtypes(arrays)
        if self.transparent(arrays):
            return self.body(*inputs, **attrs)
        return self.finish(inputs, self.run(arrays, attrs), attrs)

    def transparent(self, arrays: list[Any]) -> bool:
        """Whether this call has nothing of its own: no rule, and neither a kernel nor a body for these arrays."""
        if self.rule is not None:
            return False
        if cuda.emulating or any(cuda.is_device(a) for a in arrays):
            return self.kernel_body is None
        return self.numpy_body == self.composed

    def run(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        if self.numpy_body == self.composed and not cuda.emulating and all(type(a) is np.ndarray for a in arrays):
            return self.composed(*arrays, **attrs)
        return super().run(arrays, attrs)

    def run_device(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        if self.kernel_body is not None:
            made = self.kernel_body(*arrays, **attrs)
            if made is not NotImplemented:
                return made
        return self.composed(*arrays, **attrs)

    def composed(self, *arrays: Any, **attrs: Any) -> Any:
        with pause():
            made = self.body(*[Tensor(a) for a in arrays], **attrs)
        return tuple([t._array for t in made]) if isinstance(made, (tuple, list)) else made._array

    def backward(self, dys: list[Any], node: Any) -> Any:
        if self.rule is not None:
            return super().backward(dys, node)
        return OPS["gradient_of_meaning"](self, node.kept, node.attrs, dys)

    def kept(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> Any:
        return super().kept(inputs, outputs) if self.rule is not None else inputs


class Effect(Op):
    """An op that changes Variables (its leading arguments) or the world; it has no gradient and runs at every replay.

    The body's parameter `targets` receives the variables' arrays to write into. What it returns becomes outputs.
    on_host: whether it reads values or calls Python, which cannot be part of a graph on the device.
    """

    skipped = 2  # xp, targets

    def __init__(self, body: Callable[..., Any], on_host: bool = False) -> None:
        super().__init__(body)
        self.on_host = on_host

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        targets, operands = self.split(inputs)
        operands, attrs = self.bind(operands, attrs)
        operands = tuple([x if isinstance(x, Array) else as_tensor(x) for x in operands])
        made = self.perform(targets, [x._array for x in operands], attrs)
        return self.finish((targets, *operands), () if made is None else made, attrs)

    def split(self, inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The variables to change, and the operands: the parameters named in the body are the operands."""
        count = len(inputs) - len(self.params) if self.variadic is None else 1
        if inputs and isinstance(inputs[0], (list, tuple)):
            return tuple(inputs[0]), inputs[1:]
        return inputs[:count], inputs[count:]

    def perform(self, targets: tuple[Any, ...], arrays: list[Any], attrs: dict[str, Any]) -> Any:
        writable = [t.writable() for t in targets]
        module = cuda.array_module(*writable, *arrays)
        if self.kernel_body is not None and (cuda.emulating or module is not np):
            made = self.kernel_body(writable, *arrays, **attrs)
            if made is not NotImplemented:
                return made
        count = len(writable)
        return cuda.array_code(
            lambda *a: state.quiet(self.body, module, list(a[:count]), *a[count:], **attrs), *writable, *arrays
        )


def op(body: Any = None, *, mixed: tuple[str, ...] = (), dynamic: bool = False) -> Any:
    """Decorator: declare a primitive op. See the module's docstring."""
    return _declare(lambda f: Op(f, mixed, dynamic), body)


def elementwise(body: Callable[..., Any]) -> Elementwise:
    """Decorator: declare an elementwise op."""
    operands = sum(p.kind is not p.KEYWORD_ONLY for p in inspect.signature(body).parameters.values()) - 1
    return _declare({1: Unary, 2: Binary}.get(operands, Elementwise), body)  # type: ignore[no-any-return]


def fused(body: Any = None, *, mixed: tuple[str, ...] = ()) -> Any:
    """Decorator: declare a fused op by its meaning."""
    return _declare(lambda f: Fused(f, mixed), body)


def effect(body: Any = None, *, on_host: bool = False) -> Any:
    """Decorator: declare an op that changes Variables or the world."""
    return _declare(lambda f: Effect(f, on_host), body)


def _declare(kind: Callable[..., Any], body: Any) -> Any:
    def declare(f: Callable[..., Any]) -> Any:
        made = kind(f)
        register(made.name.rstrip("_"), made)
        return made

    return declare if body is None else declare(body)


def public(function: F) -> F:
    """Decorator: a function under TensorFlow's name and signature that sorts its arguments and calls ops.

    Registered beside the ops. Symbolic tensors among its arguments make the whole call one symbolic node.
    """

    name = function.__name__.rstrip("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SymbolicInput as symbolic:
            return symbolic.value.__gputape_op__(call, args, kwargs)
        except OpError as error:  # told by an op inside: put the name that the user called in front
            if name not in error.message:
                error.message = f"{name}: {error.message}"
            raise

    register(name, call)
    return call  # type: ignore[return-value]


__all__ = ["Effect", "Elementwise", "Fused", "Op", "effect", "elementwise", "fused", "op", "public"]
