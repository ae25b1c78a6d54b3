"""Gradients of functions of arrays: grad and its relatives, for arguments that are arrays, numbers or nests of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import nest
from ..custom import recompute_grad
from ..dtypes import DIFFERENTIABLE
from ..registry import OPS
from ..tape import GradientTape, densified
from ..tensor import Array, Tensor
from .array import FUNCTIONS, ndarray, tensor, wrap

Function = Callable[..., Any]


def _fresh(x: Any) -> Any:
    """An argument under an identity of its own, which a tape can follow; TypeError if it has no gradient."""
    t = tensor(x)
    if t._array.dtype not in DIFFERENTIABLE:
        raise TypeError(f"grad: an argument of dtype {t._array.dtype} has no gradient: give floats (1.0, not 1)")
    return wrap(OPS["identity"](t))


def _followed(f: Function, args: tuple[Any, ...], kwargs: Any, argnum: Any, persistent: bool = False) -> Any:
    """A tape over `f(*args)`, its value, and the arguments it follows, nested as they are."""
    nums = (argnum,) if isinstance(argnum, int) else tuple(argnum)
    given = list(args)
    for k in nums:
        given[k] = nest.map_structure(_fresh, given[k])
    wanted = given[argnum] if isinstance(argnum, int) else tuple([given[k] for k in nums])
    tape = GradientTape(persistent=persistent, watch_accessed_variables=False)
    with tape:
        tape.watch([x._tensor for x in nest.flatten(wanted)])
        value = f(*given, **kwargs)
    return tape, value, wanted


def _plain(wanted: Any) -> Any:
    return nest.map_structure(lambda x: x._tensor, wanted)


def _out(grads: Any) -> Any:
    """Gradients as NumPy users know them: of a complex number the conjugate of TensorFlow's."""

    def one(g: Any) -> Any:
        g = densified(g)
        return FUNCTIONS["conj"](g) if g._array.dtype.kind == "c" else wrap(g)

    return nest.map_structure(one, grads)


def _pulled(tape: GradientTape, value: Any, wanted: Any, seed: Any = None) -> Any:
    seeds = None if seed is None else [tensor(s, v._array.dtype) for s, v in zip(seed, value, strict=True)]
    return _out(tape.gradient(value, _plain(wanted), seeds, unconnected_gradients="zero"))


def _scalar(value: Any, name: str) -> Tensor:
    y = tensor(value)
    if y._array.size != 1 or y._array.dtype.kind == "c":
        what = "complex values" if y._array.dtype.kind == "c" else f"shape {y._array.shape}"
        raise TypeError(
            f"{name} only applies to real scalar-output functions. Try jacobian, elementwise_grad or holomorphic_grad: "
            f"the function returned {what}"
        )
    return y


def value_and_grad(fun: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """A function that returns `(fun(*args), its gradient with respect to args[argnum])`.

    An argument may be a nest (list, tuple, dict) of arrays, and its gradient is one too. It nests, to any order.
    TypeError if the result is no real scalar, or for arguments of integers.

    >>> from gputape.numpy import value_and_grad
    >>> value_and_grad(lambda x: x**2)(3.0)
    (array(9.), array(6.))
    """

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _followed(fun, args, kwargs, argnum)
        return value, _pulled(tape, _scalar(value, "grad"), wanted)

    return call


def grad(fun: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """A function that returns the gradient of `fun`'s real scalar result with respect to args[argnum].

    >>> import gputape.numpy as np
    >>> np.grad(np.grad(np.sin))(0.0)
    array(-0.)
    """
    both = value_and_grad(fun, argnum)
    return functools.wraps(fun)(lambda *args, **kwargs: both(*args, **kwargs)[1])


def grad_and_aux(fun: Function, argnum: int = 0) -> Function:
    """`fun` returns (scalar, anything): a function that returns (gradient of the scalar, anything)."""

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, (value, aux), wanted = _followed(fun, args, kwargs, argnum)
        return _pulled(tape, _scalar(value, "grad_and_aux"), wanted), aux

    return call


def elementwise_grad(fun: Function, argnum: int = 0) -> Function:
    """The derivative of a function of single elements, at all of them: the gradient of the sum of its results.

    >>> import gputape.numpy as np
    >>> np.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _followed(fun, args, kwargs, argnum)
        return _pulled(tape, tensor(value), wanted)

    return call


def holomorphic_grad(fun: Function, argnum: int = 0) -> Function:
    """The complex derivative of a holomorphic function of single elements."""
    return elementwise_grad(lambda *args, **kwargs: FUNCTIONS["real"](fun(*args, **kwargs)), argnum)


def jacobian(fun: Function, argnum: int = 0) -> Function:
    """d fun / d args[argnum], of shape `fun(...).shape + arg.shape`, by one reverse pass over batches.

    >>> import gputape.numpy as np
    >>> np.jacobian(lambda x: x[::-1] * 2)(np.array([1.0, 2.0]))
    array([[0., 2.],
           [2., 0.]])
    """

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _followed(fun, args, kwargs, argnum, persistent=True)
        y = tensor(value)
        if y._array.size != 1:
            return _out(tape.jacobian(y, _plain(wanted), unconnected_gradients="zero"))
        made = _pulled(tape, y, wanted)  # one row: a plain reverse pass
        return nest.map_structure(lambda g: FUNCTIONS["reshape"](g, y._array.shape + g.shape), made)

    return call


def hessian(fun: Function, argnum: int = 0) -> Function:
    """Second derivatives of `fun`, of shape `fun(...).shape + arg.shape + arg.shape`."""
    return jacobian(jacobian(fun, argnum), argnum)


def hessian_vector_product(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments and one more, a vector like args[argnum]: the Hessian times it, never built."""
    first = grad(fun, argnum)

    def call(*args: Any, **kwargs: Any) -> Any:
        *rest, vector = args
        tape, value, wanted = _followed(first, tuple(rest), kwargs, argnum)
        return _pulled(tape, [tensor(v) for v in nest.flatten(value)], wanted, nest.flatten(vector))

    return call


def make_vjp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns `(vjp, value)`: `vjp(g)` is g times the jacobian, as often as called."""

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = _followed(fun, args, kwargs, argnum, persistent=True)
        flat = [tensor(v) for v in nest.flatten(value)]
        return (lambda g: _pulled(tape, flat, wanted, nest.flatten(g))), value

    return call


def make_jvp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns `jvp`: `jvp(v)` is `(value, jacobian times v)`.

    The reverse pass is linear in the gradient it starts from: its own gradient is the product.
    """

    def at(*args: Any, **kwargs: Any) -> Function:
        def jvp(v: Any) -> Any:
            tape, value, wanted = _followed(fun, args, kwargs, argnum, persistent=True)
            flat = [tensor(y) for y in nest.flatten(value)]
            with GradientTape(watch_accessed_variables=False) as outer:
                seeds = [OPS["zeros_like"](y) for y in flat]
                outer.watch(seeds)
                pulled = tape.gradient(flat, nest.flatten(_plain(wanted)), seeds, unconnected_gradients="zero")
            pulled = [densified(p) for p in pulled]
            like = [tensor(d, p._array.dtype) for d, p in zip(nest.flatten(v), pulled, strict=True)]
            made = outer.gradient(pulled, seeds, like, unconnected_gradients="zero")
            return value, nest.pack_sequence_as(value, [wrap(m) for m in made])

        return jvp

    return at


def checkpoint(fun: Function) -> Function:
    """`fun`, whose inner values are computed again in the reverse pass and not kept: less memory, more time."""
    light = recompute_grad(
        lambda *args, **kwargs: nest.map_structure(tensor, fun(*nest.map_structure(_view, args), **kwargs))
    )
    return functools.wraps(fun)(lambda *args, **kwargs: nest.map_structure(wrap, light(*args, **kwargs)))


def _view(x: Any) -> Any:
    return wrap(x) if isinstance(x, Array) and not isinstance(x, ndarray) else x


__all__ = [
    "checkpoint",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "hessian",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_jvp",
    "make_vjp",
    "value_and_grad",
]
