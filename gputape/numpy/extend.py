"""gputape.numpy.extend: functions whose gradient one states oneself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import nest
from ..custom import custom_gradient
from ..errors import unknown_name
from ..record import state
from ..tape import GradientTape
from ..tensor import Array, Tensor
from .array import FUNCTIONS, ndarray, tensor, wrap

Maker = Callable[..., Any]
_RULES = "_gputape_rule"  # of a primitive: from (argnum, ans, args, kwargs) to its vjp, or None for no gradient


def primitive(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function that tapes do not look into; `defvjp` says what its gradient is.

    The function is given arrays and may do with them what it likes, in any library. NotImplementedError when a
    gradient is taken of an argument that has no rule.

    >>> import gputape.numpy as np
    >>> from gputape.numpy.extend import defvjp, primitive
    >>> @primitive
    ... def cube(x):
    ...     return x * x * x
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3.0 * x**2)
    >>> np.grad(np.grad(cube))(2.0)
    array(12.)
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        seen = nest.map_structure(_array, args)
        wanted = [k for k, a in enumerate(seen) if any(map(_followed, nest.flatten(a)))]
        if not wanted:
            return nest.map_structure(_array, f(*seen, **kwargs))
        rule = getattr(call, _RULES, None)
        if rule is None:
            raise NotImplementedError(
                f"{f.__name__}: a gradient is taken of it, and it has no rule: state it with defvjp"
            )
        made: list[Any] = []  # the result as the tapes know it, for the gradient of the gradient

        def gradient(*dys: Any) -> Any:
            g = nest.pack_sequence_as(made[0], [_conjugate(dy) for dy in dys])
            rows: list[Any] = []
            for k, a in enumerate(seen):
                vjp = rule(k, made[0], seen, kwargs) if k in wanted else None
                leaves = nest.flatten(a)
                rows += [None] * len(leaves) if vjp is None else map(_conjugate, nest.flatten(vjp(g)))
            return tuple(rows)

        def body(*xs: Any) -> Any:
            return nest.map_structure(tensor, f(*xs, **kwargs)), gradient

        body.__name__ = f.__name__
        made.append(nest.map_structure(wrap, custom_gradient(body)(*seen)))
        return made[0]

    return call


def _array(x: Any) -> Any:
    return wrap(tensor(x)) if isinstance(x, Array) or hasattr(x, "dtype") else x


def _followed(x: Any) -> bool:
    return isinstance(x, Array) and any(isinstance(r, GradientTape) and r.watches([x]) for r in state.stack)


def _conjugate(g: Any) -> Any:
    """Between NumPy users' gradients of complex numbers and TensorFlow's; also from arrays to tensors and back."""
    x = wrap(tensor(g))
    return FUNCTIONS["conj"](x) if isinstance(x, ndarray) and x.dtype.kind == "c" else x


def defvjp_argnum(fun: Any, maker: Maker) -> None:
    """State `maker(argnum, ans, args, kwargs)`, which returns `vjp`: from the gradient of the result to the argument's."""
    setattr(fun, _RULES, maker)


def defvjp(fun: Any, *makers: Maker | None, argnums: Sequence[int] | None = None) -> None:
    """State a `maker(ans, *args, **kwargs)` for each argument, which returns its `vjp`; None for no gradient.

    argnums: which arguments the makers are of; the first ones by default. Rules made of differentiable functions give
    gradients of any order. A rule's result must have its argument's shape: broadcasting is undone by the rule.
    """
    numbers = range(len(makers)) if argnums is None else argnums
    by_number = dict(zip(numbers, makers, strict=True))

    def rule(argnum: int, ans: Any, args: Any, kwargs: Any) -> Any:
        if argnum not in by_number:
            raise NotImplementedError(
                f"{fun.__name__}: no rule for argument {argnum}, there are some for {sorted(by_number)}: use defvjp"
            )
        maker = by_number[argnum]
        return None if maker is None else maker(ans, *args, **kwargs)

    defvjp_argnum(fun, rule)


def notrace_primitive(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function of values, of which no gradient is taken: its arguments are cut off from tapes."""

    def cut(x: Any) -> Any:
        return wrap(Tensor(tensor(x)._array)) if isinstance(x, Array) else x

    return functools.wraps(f)(lambda *args, **kwargs: f(*nest.map_structure(cut, args), **kwargs))


Box = ndarray  # what a function is given in place of the number that a gradient is taken of

__all__ = ["Box", "defvjp", "defvjp_argnum", "notrace_primitive", "primitive"]


def __getattr__(name: str) -> Any:
    raise unknown_name(__name__, name, __all__)
