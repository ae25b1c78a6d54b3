"""Gradients of functions of arrays: grad and its relatives, for arguments that are arrays, numbers or nests of them."""

from __future__ import annotations

import collections
import functools
import inspect
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


def followed(f: Function, args: tuple[Any, ...], kwargs: Any, argnum: Any, persistent: bool = False) -> Any:
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


def plain(wanted: Any) -> Any:
    return nest.map_structure(lambda x: x._tensor, wanted)


def _out(grads: Any) -> Any:
    """Gradients as NumPy users know them: of a complex number the conjugate of TensorFlow's."""

    def one(g: Any) -> Any:
        g = densified(g)
        return FUNCTIONS["conj"](g) if g._array.dtype.kind == "c" else wrap(g)

    return nest.map_structure(one, grads)


def pulled(tape: GradientTape, value: Any, wanted: Any, seed: Any = None) -> Any:
    seeds = None if seed is None else [tensor(s, v._array.dtype) for s, v in zip(seed, value, strict=True)]
    return _out(tape.gradient(value, plain(wanted), seeds, unconnected_gradients="zero"))


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
        tape, value, wanted = followed(fun, args, kwargs, argnum)
        return value, pulled(tape, _scalar(value, "grad"), wanted)

    return call


def grad(fun: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """A function that returns the gradient of `fun`'s real scalar result with respect to args[argnum].

    >>> import gputape.numpy as np
    >>> np.grad(np.grad(np.sin))(0.0)
    array(-0.)
    """
    both = value_and_grad(fun, argnum)
    return functools.wraps(fun)(lambda *args, **kwargs: both(*args, **kwargs)[1])


def grad_named(fun: Function, argname: str) -> Function:
    """`grad` with respect to the positional argument called `argname`. ValueError, with the names, if there is none.

    >>> from gputape.numpy import grad_named
    >>> grad_named(lambda x, y: x * y, "y")(3.0, 2.0)
    array(3.)
    """
    names = list(inspect.signature(fun).parameters)
    if argname not in names:
        raise ValueError(f"grad_named: the function has no argument {argname!r}, it has {', '.join(names)}")
    return grad(fun, names.index(argname))


def multigrad_dict(fun: Function) -> Function:
    """A function that returns the gradients of `fun` with respect to all its arguments, a dict by their names.

    Defaults count as given; of `*args` the gradient is a tuple, of `**kwargs` a dict.

    >>> from gputape.numpy import multigrad_dict
    >>> multigrad_dict(lambda x, scale=2.0: scale * x**2)(3.0)
    {'x': array(12.), 'scale': array(9.)}
    """
    signature = inspect.signature(fun)

    def of_dict(arguments: dict[str, Any]) -> Any:
        bound = inspect.BoundArguments(signature, collections.OrderedDict(arguments))
        return fun(*bound.args, **bound.kwargs)

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return grad(of_dict)(dict(bound.arguments))

    return call


def grad_and_aux(fun: Function, argnum: int = 0) -> Function:
    """`fun` returns (scalar, anything): a function that returns (gradient of the scalar, anything)."""

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, (value, aux), wanted = followed(fun, args, kwargs, argnum)
        return pulled(tape, _scalar(value, "grad_and_aux"), wanted), aux

    return call


def elementwise_grad(fun: Function, argnum: int = 0) -> Function:
    """The derivative of a function of single elements, at all of them: the gradient of the sum of its results.

    >>> import gputape.numpy as np
    >>> np.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape, value, wanted = followed(fun, args, kwargs, argnum)
        return pulled(tape, tensor(value), wanted)

    return call


deriv = elementwise_grad  # of a function of single elements both are the same


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
        tape, value, wanted = followed(fun, args, kwargs, argnum, persistent=True)
        y = tensor(value)
        if y._array.size != 1:
            return _out(tape.jacobian(y, plain(wanted), unconnected_gradients="zero"))
        made = pulled(tape, y, wanted)  # one row: a plain reverse pass
        return nest.map_structure(lambda g: FUNCTIONS["reshape"](g, y._array.shape + g.shape), made)

    return call


def hessian(fun: Function, argnum: int = 0) -> Function:
    """Second derivatives of `fun`, of shape `fun(...).shape + arg.shape + arg.shape`."""
    return jacobian(jacobian(fun, argnum), argnum)


def checkpoint(fun: Function) -> Function:
    """`fun`, whose inner values are computed again in the reverse pass and not kept: less memory, more time."""
    light = recompute_grad(
        lambda *args, **kwargs: nest.map_structure(tensor, fun(*nest.map_structure(_view, args), **kwargs))
    )
    return functools.wraps(fun)(lambda *args, **kwargs: nest.map_structure(wrap, light(*args, **kwargs)))


def _view(x: Any) -> Any:
    return wrap(x) if isinstance(x, Array) and not isinstance(x, ndarray) else x


__all__ = [
    *("checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian", "holomorphic_grad"),
    *("jacobian", "multigrad_dict", "value_and_grad"),
]
