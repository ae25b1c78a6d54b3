"""Products with jacobians and Hessians of functions, none of which is built."""

from __future__ import annotations

import functools
from typing import Any

from .. import nest
from ..indexed_slices import densified
from ..registry import OPS
from ..tape import GradientTape
from .array import FUNCTIONS, tensor, wrap
from .gradients import Function, followed, grad, jacobian, plain, pulled


def hessian_vector_product(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments and one more, a vector like args[argnum]: the Hessian times it, never built."""
    first = grad(fun, argnum)

    def call(*args: Any, **kwargs: Any) -> Any:
        *rest, vector = args
        tape, value, wanted = followed(first, tuple(rest), kwargs, argnum)
        return pulled(tape, [tensor(v) for v in nest.flatten(value)], wanted, nest.flatten(vector))

    return call


hessian_tensor_product = hessian_vector_product  # the tensor is of the argument's shape, whatever that is


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments and one more, of the first axes of `fun`'s result: it times the jacobian.

    >>> import gputape.numpy as np
    >>> np.tensor_jacobian_product(lambda x: x**2)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, weights = args
        return FUNCTIONS["tensordot"](weights, fun(*rest, **kwargs), FUNCTIONS["ndim"](weights))

    return jacobian(product, argnum)


vector_jacobian_product = tensor_jacobian_product


def make_vjp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns `(vjp, value)`: `vjp(g)` is g times the jacobian, as often as called."""

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = followed(fun, args, kwargs, argnum, persistent=True)
        flat = [tensor(v) for v in nest.flatten(value)]
        return (lambda g: pulled(tape, flat, wanted, nest.flatten(g))), value

    return call


def make_jvp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns `jvp`: `jvp(v)` is `(value, jacobian times v)`.

    The reverse pass is linear in the gradient it starts from: its own gradient is the product.
    """

    def at(*args: Any, **kwargs: Any) -> Function:
        def jvp(v: Any) -> Any:
            tape, value, wanted = followed(fun, args, kwargs, argnum, persistent=True)
            flat = [tensor(y) for y in nest.flatten(value)]
            with GradientTape(watch_accessed_variables=False) as outer:
                seeds = [OPS["zeros_like"](y) for y in flat]
                outer.watch(seeds)
                rows = tape.gradient(flat, nest.flatten(plain(wanted)), seeds, unconnected_gradients="zero")
            rows = [densified(p) for p in rows]
            like = [tensor(d, p._array.dtype) for d, p in zip(nest.flatten(v), rows, strict=True)]
            made = outer.gradient(rows, seeds, like, unconnected_gradients="zero")
            return value, nest.pack_sequence_as(value, [wrap(m) for m in made])

        return jvp

    return at


def make_hvp(fun: Function, argnum: int = 0) -> Function:
    """A function of the arguments that returns `(hvp, gradient)`: `hvp(v)` is the Hessian times v."""
    return make_vjp(grad(fun, argnum), argnum)


def _half_square(y: Any) -> Any:
    return 0.5 * FUNCTIONS["sum"](FUNCTIONS["square"](y), -1)


def make_ggnvp(f: Function, g: Function = _half_square, f_argnum: int = 0) -> Function:
    """A function of the arguments that returns `ggnvp`: `ggnvp(v)` is J^T H J v, Gauss' and Newton's curvature.

    J is the jacobian of `f`, H the Hessian of the scalar `g` of its result; the default g makes it J^T J. Schraudolph,
    "Fast curvature matrix-vector products", 2002.
    """

    @functools.wraps(f)
    def at(*args: Any, **kwargs: Any) -> Function:
        vjp, value = make_vjp(f, f_argnum)(*args, **kwargs)
        jvp = make_jvp(f, f_argnum)(*args, **kwargs)
        curvature = make_hvp(g)(value)[0]
        return lambda v: vjp(curvature(jvp(v)[1]))

    return at


make_jvp_reversemode = make_jvp  # there is no other mode


__all__ = [
    *("hessian_tensor_product", "hessian_vector_product", "make_ggnvp", "make_hvp", "make_jvp", "make_jvp_reversemode"),
    *("make_vjp", "tensor_jacobian_product", "vector_jacobian_product"),
]
