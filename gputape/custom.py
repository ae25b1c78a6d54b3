"""Gradients of one's own: custom_gradient, recompute_grad, grad_pass_through, and gradients of functions."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from . import nest
from .errors import InvalidArgumentError
from .indexed_slices import densified
from .op import public
from .record import recording, state
from .registry import OPS
from .tape import GradientTape, Node
from .tensor import Array, Variable, as_tensor


class VariableWatcher:
    """A recorder that notes which trainable variables are read."""

    is_tape = True

    def __init__(self) -> None:
        self.variables: dict[int, Variable] = {}

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        for x in inputs:
            if isinstance(x, Variable) and x.trainable:
                self.variables[x._id] = x

    def read(self, tensor: Any, how: str) -> None:
        pass

    def created(self, variable: Any, initial: Any) -> None:
        pass


class CustomOp:
    """What a tape records for one call of a custom_gradient function: its backward pass is the user's function."""

    differentiable = True

    def __init__(
        self, name: str, grad_fn: Callable[..., Any], leaves: list[bool], count: int, variables: list[Variable]
    ) -> None:
        self.name, self.grad_fn, self.count, self.variables = name, grad_fn, count, variables
        self.leaves = leaves  # which of the positional arguments are tensors

    def kept(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> Any:
        return ()

    def backward(self, dys: list[Any], node: Node) -> list[Any]:
        if node.likes is not None:
            dys = [OPS["zeros"](*like) if d is None else d for d, like in zip(dys, node.likes, strict=True)]
        made = self.grad_fn(*dys, variables=self.variables) if self.variables else self.grad_fn(*dys)
        of_variables: list[Any] = []
        if self.variables:
            if not isinstance(made, tuple) or len(made) != 2:
                raise ValueError(
                    f"{self.name}: it reads variables {[v.name for v in self.variables]}, so its gradient function "
                    f"must return (gradients of the arguments, gradients of the variables)"
                )
            made, of_variables = made[0], list(nest.flatten(made[1]))
            if len(of_variables) != len(self.variables):
                raise ValueError(
                    f"{self.name}: Must return gradient for each variable from @custom_gradient grad_fn: got "
                    f"{len(of_variables)} for {[v.name for v in self.variables]}"
                )
        grads = list(nest.flatten(made)) if isinstance(made, (list, tuple, dict)) else [made]
        if len(grads) == len(self.leaves):
            grads = [g for g, is_tensor in zip(grads, self.leaves, strict=True) if is_tensor]
            grads += [None] * (self.count - len(grads))
        elif len(grads) != self.count:
            raise ValueError(
                f"custom_gradient function expected to return {len(self.leaves)} gradients, but returned {len(grads)} "
                f"instead: {self.name} has {len(self.leaves)} arguments and {self.count} tensors among its arguments "
                f"and keywords"
            )
        out = []
        for k, (g, shape) in enumerate(zip([*grads, *of_variables], node.shapes, strict=True)):
            if g is not None and not hasattr(g, "dense"):
                g = as_tensor(g)
                if g._array.shape != shape:
                    what = f"argument {k}" if k < self.count else f"variable {self.variables[k - self.count].name}"
                    raise InvalidArgumentError(
                        f"{self.name}: the gradient of {what} has shape {g._array.shape}, {what} has shape {shape}"
                    )
            out.append(g)
        return out

    def lifted(self, vectorizer: Any, inputs: tuple[Any, ...], batches: list[Any]) -> CustomOp:
        """The same for a batch, of which this op's call was the example; see vmap.py."""
        node = Node(self, [], [], (), {}, [x._array.shape for x in inputs])

        def gradient(*dys: Any) -> list[Any]:
            with vectorizer:
                made = self.backward([vectorizer.example(dy) for dy in dys], node)
            grads = [None if g is None else vectorizer.batch(densified(g)) for g in made]
            return [
                g if g is None or b is not None else OPS["reduce_sum"](g, 0)
                for g, b in zip(grads, batches, strict=True)
            ]

        return CustomOp(self.name, gradient, [True] * len(inputs), len(inputs), [])


def custom_gradient(f: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Decorator: give a function a gradient of its own.

    `f(*args, **kwargs)` returns `(y, grad_fn)`; `grad_fn(*upstream)` takes one gradient per output and returns one per
    argument, those that are no tensors included (their entries are ignored), or one per tensor among the arguments and
    keywords (in the order of the signature). If `f` reads trainable variables, `grad_fn` must take `variables` and
    return `(gradients, gradients_of_variables)`. `grad_fn` is made of ops, so it has gradients itself.

    Raises ValueError if the number of gradients is wrong, TypeError if `grad_fn` does not take `variables`.
    Reference: tf.custom_gradient.

    >>> import gputape as tf
    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = tf.constant(100.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = nest.flatten(args)
        arguments = [a for a in (*leaves, *nest.flatten(_in_order(f, args, kwargs))) if isinstance(a, Array)]
        watcher = VariableWatcher()
        with _unseen(arguments), recording(watcher):
            returned = f(*args, **kwargs)
            if not isinstance(returned, (tuple, list)) or len(returned) != 2:
                raise ValueError(f"{call.__name__}: a custom_gradient function must return (value, gradient function)")
            result, grad_fn = returned
            flat = [OPS["identity"](as_tensor(y)) if y is not None else None for y in nest.flatten(result)]
        given = {a._id for a in arguments}
        variables = [v for v in watcher.variables.values() if v._id not in given]
        takes = inspect.signature(grad_fn).parameters
        accepts = "variables" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())
        if variables and not accepts:
            raise TypeError(
                f"{call.__name__}: @tf.custom_gradient grad_fn must accept keyword argument 'variables', since the "
                f"function uses variables: {[v.name for v in variables]}"
            )
        outputs = tuple([y for y in flat if y is not None])
        op = CustomOp(call.__name__, grad_fn, [isinstance(a, Array) for a in leaves], len(arguments), variables)
        for recorder in state.stack:
            recorder.record(op, (*arguments, *variables), outputs, {})
        return nest.pack_sequence_as(result, flat)

    return call


@contextlib.contextmanager
def _unseen(arguments: list[Any]) -> Iterator[None]:
    """Hide the body from the tapes that follow one of `arguments`: they get a gradient instead.

    Other tapes see what a function does with the tensors that it closes over.
    """
    kept = state.stack
    state.stack = [r for r in kept if not (isinstance(r, GradientTape) and r.watches(arguments))]
    try:
        yield
    finally:
        state.stack = kept


def _in_order(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Keyword arguments in the order of the signature."""
    if not kwargs:
        return []
    try:
        bound = inspect.signature(f).bind(*args, **kwargs).arguments
    except TypeError:
        return list(kwargs.values())
    names = [*[k for k in bound if k in kwargs], *[k for k in kwargs if k not in bound]]
    return [kwargs[k] for k in names]


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `f` so that its inner values are not kept but computed again in the backward pass: less memory, more time.

    Reference: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost; tf.recompute_grad.

    >>> import gputape as tf
    >>> x = tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.recompute_grad(lambda a: a * a * a)(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(12.0)
    """

    @custom_gradient
    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)

        def grad(*upstream: Any, variables: Any = ()) -> Any:
            leaves = [a for a in nest.flatten((args, _in_order(f, args, kwargs))) if isinstance(a, Array)]
            fresh = [OPS["identity"](a) for a in leaves]
            by_id = {a._id: b for a, b in zip(leaves, fresh, strict=True)}

            def swap(a: Any) -> Any:
                return by_id.get(a._id, a) if isinstance(a, Array) else a

            with GradientTape() as tape:
                tape.watch(fresh)
                tape.watch(list(variables))
                again = f(*nest.map_structure(swap, args), **nest.map_structure(swap, kwargs))
            targets = [t for t in nest.flatten(again) if isinstance(t, Array)]
            grads = tape.gradient(targets, [*fresh, *variables], output_gradients=list(upstream))
            of_arguments, of_variables = grads[: len(fresh)], grads[len(fresh) :]
            return (of_arguments, of_variables) if variables else of_arguments

        return result, grad

    return call


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `f` so that its gradient is the identity (a straight-through estimator). Reference: tf.grad_pass_through."""

    @custom_gradient
    def call(*args: Any, **kwargs: Any) -> Any:
        def grad(*upstream: Any, variables: Any = None) -> Any:
            of_arguments = upstream if len(upstream) > 1 else upstream[0]
            return (of_arguments, [None] * len(variables)) if variables is not None else of_arguments

        return f(*args, **kwargs), grad

    return call


@public
def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The same value, a constant to every tape. Reference: tf.stop_gradient."""
    return OPS["detach"](input)


# -- gradients of functions


def _argument_tape(f: Callable[..., Any], args: tuple[Any, ...], kwargs: Any, argnums: Any, persistent: bool) -> Any:
    nums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    args = tuple(
        nest.map_structure(lambda a: OPS["identity"](as_tensor(a)), a) if k in nums else a for k, a in enumerate(args)
    )
    tape = GradientTape(persistent=persistent)
    with tape:
        wanted = [args[k] for k in nums]
        tape.watch(wanted)
        value = f(*args, **kwargs)
    return tape, value, wanted[0] if isinstance(argnums, int) else tuple(wanted)


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns `(f(*args), gradient of f's scalar result with respect to args[argnums])`.

    >>> import gputape as tf
    >>> tf.value_and_grad(lambda x: x * x)(3.0)[1].numpy()
    np.float32(6.0)
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _argument_tape(f, args, kwargs, argnums, False)
        shape = tuple(value.shape)
        if shape not in ((), (1,)):
            raise ValueError(f"grad: the function must return a scalar, got shape {shape}; use jacobian, or sum it up")
        return value, tape.gradient(value, wanted, unconnected_gradients="zero")

    return call


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns the gradient of `f`'s scalar result with respect to `args[argnums]`; it nests."""
    both = value_and_grad(f, argnums)
    return functools.wraps(f)(lambda *args, **kwargs: both(*args, **kwargs)[1])


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns d f / d args[argnums], of shape `f(...).shape + arg.shape`."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _argument_tape(f, args, kwargs, argnums, True)
        return tape.jacobian(value, wanted, unconnected_gradients="zero")

    return call


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of `f`'s scalar result, shape `arg.shape + arg.shape`."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function `(*args, vector)` that returns the Hessian of `f` times `vector`, without building the Hessian."""
    first = grad(f, argnums)

    def call(*args: Any, **kwargs: Any) -> Any:
        *rest, vector = args
        tape, value, wanted = _argument_tape(first, tuple(rest), kwargs, argnums, False)
        return tape.gradient(value, wanted, output_gradients=vector, unconnected_gradients="zero")

    return call


__all__ = [
    "custom_gradient",
    "grad",
    "grad_pass_through",
    "hessian",
    "hvp",
    "jacobian",
    "recompute_grad",
    "stop_gradient",
    "value_and_grad",
]
