"""lstm: a whole sequence in one op, time first. One product for the inputs of all steps, one a step for the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import fused, public
from ..registry import OPS
from ..tensor import as_tensor
from .dense import affine
from .math import add
from .matmul import multiply_matrices
from .reduce import reduce_sum, sum_over
from .unary import sigmoid, tanh

kernels = cuda.Kernels("lstm.cu", block=256)
ROWS = 256  # of inputs that the NumPy bodies multiply at once: the product stays in the cache until it is used


@fused(mixed=("mask",))
def lstm_steps(x, kernel, recurrent, bias, h, c, mask):
    """h of all steps and then the last c, (steps + 1, batch, units); and for the gradient c of all steps and their gates
    i, f, g, o, (steps, 4, batch, units).

    x (steps, batch, features), kernel (features, 4 units), recurrent (units, 4 units), bias (4 units,), h and c (batch,
    units); mask (steps, batch), or (0,) for none.
    """
    hs, cs, gates = walk(x, kernel, recurrent, bias, h, c, mask)
    return OPS["stack"]([*hs, cs[-1]]), OPS["stack"](cs), OPS["stack"]([OPS["stack"](g) for g in gates])


def walk(x: Any, kernel: Any, recurrent: Any, bias: Any, h: Any, c: Any, mask: Any) -> tuple[list[Any], ...]:
    """The meaning: h, c and the gates of every step."""
    hs, cs, gates = [], [], []
    for t, z in enumerate(OPS["unstack"](OPS["dense"](x, kernel, bias))):
        i, f, g, o = OPS["split"](z + multiply_matrices(h, recurrent), 4, 1)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        carry = f * c + i * g
        h, c = chosen(mask, t, o * tanh(carry), h), chosen(mask, t, carry, c)
        hs.append(h)
        cs.append(c)
        gates.append((i, f, g, o))
    return hs, cs, gates


def chosen(mask: Any, t: int, new: Any, old: Any) -> Any:
    """`new` where the mask of step t is set, and wherever there is no mask; else `old`."""
    return OPS["where"](OPS["expand_dims"](mask[t], 1), new, old) if mask.shape[0] else new


@lstm_steps.numpy
def _(x, kernel, recurrent, bias, h, c, mask):
    wide, (steps, batch, _), units = accumulator(x.dtype), x.shape, h.shape[1]
    states, cs, gates = (np.empty(s, wide) for s in ((steps + 1, *h.shape), (steps, *h.shape), (steps, 4, *h.shape)))
    slopes = np.array([0.5, 0.5, 1, 0.5], wide)[:, None, None]  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: one tanh for all
    weights, h, c = by_gate(recurrent, units) * slopes, h.astype(wide, copy=False), c.astype(wide, copy=False)
    product, part = np.empty((4, batch, units), wide), np.empty((batch, units), wide)
    for t, z in enumerate(projected(x, kernel, bias, wide)):
        gate, new_h, new_c = gates[t], states[t], cs[t]
        np.multiply(by_gate(z, units), slopes, out=gate)
        np.matmul(h, weights, out=product)
        gate += product
        np.tanh(gate, out=gate)
        for some in (gate[:2], gate[3]):
            some *= 0.5
            some += 0.5
        i, f, g, o = gate
        np.multiply(f, c, out=new_c)
        np.multiply(i, g, out=part)
        new_c += part
        np.tanh(new_c, out=new_h)
        new_h *= o
        if len(mask):
            stay = ~mask[t, :, None]
            np.copyto(new_h, h, where=stay)
            np.copyto(new_c, c, where=stay)
        h, c = new_h, new_c
    states[steps] = c
    return tuple([a.astype(x.dtype, copy=False) for a in (states, cs, gates)])


def projected(x: Any, kernel: Any, bias: Any, wide: Any) -> Iterator[Any]:
    """x kernel + bias of one step after another, in memory that is used again; for NumPy."""
    steps, batch, _ = x.shape
    kernel, together = kernel.astype(wide, copy=False), max(1, ROWS // max(batch, 1))
    space = np.empty((min(together, steps), batch, kernel.shape[1]), wide)
    for t in range(0, steps, together):
        some = x[t : t + together].astype(wide, copy=False)
        made = space[: len(some)]
        np.matmul(some.reshape(-1, x.shape[2]), kernel, out=made.reshape(-1, kernel.shape[1]))
        made += bias
        yield from made


def by_gate(x: Any, units: int) -> Any:
    """(..., rows, gates * units) as (..., gates, rows, units), a view."""
    return x.reshape(*x.shape[:-1], -1, units).swapaxes(-2, -3)


@lstm_steps.kernel
def _(x, kernel, recurrent, bias, h, c, mask):
    recurrent, h, c, mask = [cuda.contiguous(a) for a in (recurrent, h, c, mask)]
    steps, sizes = len(x), (np.int64(h.size), np.int64(h.shape[1]))
    states, cs, gates = (
        cuda.empty(s, x.dtype) for s in ((steps + 1, *h.shape), (steps, *h.shape), (steps, 4, *h.shape))
    )
    z = project(x, kernel, bias)
    for t in range(steps):
        product = multiply_matrices.run_device([h, recurrent], {"transpose_a": False, "transpose_b": False})
        args = (z[t], product, h, c, row(mask, t), states[t], cs[t], gates[t], *sizes)
        kernels.lstm_step_forward[x.dtype](grid=blocks(h.size), args=args)
        h, c = states[t], cs[t]
    cuda.array_code(lambda to, last: to.__setitem__(slice(None), last), states[steps], c)
    return states, cs, gates


def project(x: Any, kernel: Any, bias: Any) -> Any:
    """x kernel + bias of all steps; for kernels."""
    flat = cuda.contiguous(x).reshape(-1, x.shape[2])
    return affine.run_device([flat, kernel, bias], {"activation": None}).reshape(*x.shape[:2], -1)


def blocks(n: int) -> int:
    return -(-n // kernels.block)


def row(mask: Any, t: int) -> Any:
    """The mask of step t, None where there is no mask."""
    return mask[t] if len(mask) else None


@lstm_steps.gradient
def _(dy, x, kernel, recurrent, bias, h, c, mask, ys):
    dz, *others = lstm_steps_grad(x, kernel, recurrent, bias, h, c, mask, dy, *ys)
    return rest_of_gradient(x, kernel, dz, *others)


def rest_of_gradient(x: Any, kernel: Any, dz: Any, d_recurrent: Any, *others: Any) -> tuple[Any, ...]:
    """The gradients of x, kernel, recurrent, bias (unless it comes first in `others`), the states, and the mask's None."""
    flat = _flat(dz)
    dx = lambda: OPS["reshape"](multiply_matrices(flat, kernel, transpose_b=True), x.shape)  # noqa: E731
    d_kernel = lambda: multiply_matrices(_flat(x), flat, transpose_a=True)  # noqa: E731
    return dx, d_kernel, d_recurrent, *others, None


@fused(mixed=("mask",))
def lstm_steps_grad(x, kernel, recurrent, bias, h, c, mask, d_states, states, cs, gates):
    """The gradients of x kernel + bias and of recurrent, bias, h and c; the meaning makes states, cs and gates again."""
    hs, cs, gates = walk(x, kernel, recurrent, bias, h, c, mask)
    before, carries, dz, dh, dc = [h, *hs], [c, *cs], [], OPS["zeros_like"](h), d_states[-1]
    for t in reversed(range(len(gates))):
        i, f, g, o = gates[t]
        dh = dh + d_states[t]
        top = tanh(f * carries[t] + i * g)
        inner = dc + dh * o * (1.0 - top * top)
        parts = inner * g * i * (1.0 - i), inner * carries[t] * f * (1.0 - f), inner * i * (1.0 - g * g)
        step = OPS["concat"]([*parts, dh * top * o * (1.0 - o)], 1)
        step = chosen(mask, t, step, OPS["zeros_like"](step))
        dz.append(step)
        dc = chosen(mask, t, inner * f, dc)
        dh = chosen(mask, t, multiply_matrices(step, recurrent, transpose_b=True), dh)
    dz = OPS["stack"](dz[::-1])
    d_recurrent = multiply_matrices(_flat(OPS["stack"](before[:-1])), _flat(dz), transpose_a=True)
    return dz, d_recurrent, reduce_sum(_flat(dz), 0), dh, dc


def _flat(x: Any) -> Any:
    return OPS["reshape"](x, (-1, x.shape[-1]))


@lstm_steps_grad.numpy
def _(x, kernel, recurrent, bias, h, c, mask, d_states, states, cs, gates):
    wide, (steps, batch, _), (units, width) = accumulator(x.dtype), x.shape, recurrent.shape
    turned = recurrent.T.astype(wide, order="C")
    h, c, d_states, states, cs, gates = [a.astype(wide, copy=False) for a in (h, c, d_states, states, cs, gates)]
    dz, dc, dh = np.empty((steps, batch, width), wide), d_states[steps].copy(), np.zeros_like(h)
    made, work, (product, top, part) = by_gate(dz, units), np.empty((4, *h.shape), wide), np.empty((3, *h.shape), wide)
    for t in reversed(range(steps)):
        gate = gates[t]
        i, f, g, o = gate
        dh += d_states[t]
        stay = ~mask[t, :, None] if len(mask) else None
        if stay is not None:
            passed, past = dh.copy(), dc.copy()
        np.tanh(cs[t], out=top)
        np.square(top, out=part)
        np.subtract(1, part, out=part)
        part *= o
        part *= dh
        dc += part  # all that reaches the carry
        np.square(gate, out=work)
        np.subtract(gate, work, out=work)  # s' = s (1 - s)
        np.square(g, out=work[2])
        np.subtract(1, work[2], out=work[2])  # tanh' = 1 - tanh**2
        work[0] *= g
        work[1] *= cs[t - 1] if t else c
        work[2] *= i
        work[:3] *= dc
        work[3] *= top
        work[3] *= dh
        dc *= f
        if stay is not None:
            np.copyto(work, 0, where=stay)
            np.copyto(dc, past, where=stay)
        np.copyto(made[t], work)
        np.matmul(dz[t], turned, out=product)
        if stay is not None:
            np.copyto(product, passed, where=stay)
        dh, product = product, dh
    made = dz, *sums(h, states[:steps], dz), dh, dc
    return tuple([a.astype(x.dtype, copy=False) for a in made])


def sums(h: Any, hs: Any, dz: Any) -> tuple[Any, Any]:
    """Over all steps (state before)ᵀ dz, and dz; for NumPy."""
    steps, batch, width = dz.shape
    product = h.T @ dz[0]
    if steps > 1:
        product += hs[:-1].reshape(-1, h.shape[1]).T @ dz[1:].reshape(-1, width)
    return product, np.ones(steps * batch, dz.dtype) @ dz.reshape(-1, width)


@lstm_steps_grad.kernel
def _(x, kernel, recurrent, bias, h, c, mask, d_states, states, cs, gates):
    recurrent, h, c, mask, d_states, states, cs, gates = [
        cuda.contiguous(a) for a in (recurrent, h, c, mask, d_states, states, cs, gates)
    ]
    steps, sizes = len(x), (np.int64(h.size), np.int64(h.shape[1]))
    dz, made, dh, dc = (
        cuda.empty((*x.shape[:2], recurrent.shape[1]), x.dtype),
        cuda.empty_like(c),
        None,
        d_states[steps],
    )
    kept = cuda.empty_like(h) if len(mask) else None  # of dh, what passes by the steps that are masked
    for t in reversed(range(steps)):
        before = cs[t - 1] if t else c
        args = (gates[t], before, d_states[t], dh, dc, row(mask, t), kept, dz[t], made, *sizes)
        kernels.lstm_step_backward[x.dtype](grid=blocks(h.size), args=args)
        dh, dc = multiply_matrices.run_device([dz[t], recurrent], {"transpose_a": False, "transpose_b": True}), made
        if kept is not None:
            dh = add.run([dh, kept], {})
    return dz, *sums_on_device(h, states[:steps], dz), dh, dc


def sums_on_device(h: Any, hs: Any, dz: Any) -> tuple[Any, Any]:
    """What `sums` gives; for kernels."""
    flat, how = dz.reshape(-1, dz.shape[2]), {"transpose_a": True, "transpose_b": False}
    product = multiply_matrices.run_device([h, dz[0]], how)
    if len(dz) > 1:
        rest = multiply_matrices.run_device([hs[:-1].reshape(-1, h.shape[1]), flat[len(h) :]], how)
        product = add.run([product, rest], {})
    return product, sum_over.run([flat], {"axes": (0,), "keepdims": False})


def checked(
    name: str, x: Any, kernel: Any, recurrent: Any, bias: Any, states: dict[str, Any], mask: Any, gates: int
) -> tuple[Any, ...]:
    """The operands of a recurrent op as tensors whose shapes agree; the mask is empty if there is none."""
    x = as_tensor(x)
    dtype = x._array.dtype
    recurrent, kernel, *others = [as_tensor(a, dtype) for a in (recurrent, kernel, *states.values())]
    of_x, of_k, of_r = tuple(x._array.shape), tuple(kernel._array.shape), tuple(recurrent._array.shape)
    units = of_r[0] if of_r else 0
    bias = OPS["zeros"]((gates * units,), x.dtype) if bias is None else as_tensor(bias, dtype)
    mask = OPS["cast"](np.zeros(0, bool) if mask is None else mask, "bool")
    fits = (
        len(of_x) == 3
        and of_x[0] > 0
        and of_k == (of_x[2], gates * units)
        and of_r == (units, gates * units)
        and tuple(bias._array.shape) == of_k[1:]
        and all(tuple(s._array.shape) == (of_x[1], units) for s in others)
        and tuple(mask._array.shape) in ((0,), of_x[:2])
    )
    if not fits:
        told = ", ".join(f"{k} {tuple(s._array.shape)}" for k, s in zip(states, others))
        raise InvalidArgumentError(
            f"{name} takes x (steps, batch, features) of at least one step, kernel (features, {gates} * units), recurrent "
            f"(units, {gates} * units), bias ({gates} * units,) or None, {' and '.join(states)} (batch, units) and mask "
            f"(steps, batch) or None, not x {of_x}, kernel {of_k}, recurrent {of_r}, bias {tuple(bias._array.shape)}, "
            f"{told} and mask {tuple(mask._array.shape)} [Op:{name}]"
        )
    return x, kernel, recurrent, bias, *others, mask


@public
def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any, h: Any, c: Any, mask: Any = None) -> tuple[Any, Any]:
    """A long short-term memory over the first axis of `x`: the outputs of all steps and the last carry.

    At each step i, f, g, o are the quarters of x[t] kernel + h recurrent + bias, in this order, and

        c = sigmoid(f) * c + sigmoid(i) * tanh(g)        h = sigmoid(o) * tanh(c)

    Args:
        x: (steps, batch, features), at least one step.
        kernel: (features, 4 * units); recurrent: (units, 4 * units); bias: (4 * units,), None for zeros.
        h, c: the states to start with, (batch, units).
        mask: bool (steps, batch); where it is False, the states stay. Default None, no mask.

    Returns h of all steps, (steps, batch, units), and the last c, (batch, units). Any floating dtype, one for all; half
    types are computed in float32. InvalidArgumentError for shapes that do not fit. Hochreiter and Schmidhuber 1997.

    >>> import gputape as tf
    >>> x, kernel, recurrent = tf.zeros([5, 2, 7]), tf.zeros([7, 12]), tf.zeros([3, 12])
    >>> hs, c = tf.nn.lstm(x, kernel, recurrent, None, tf.zeros([2, 3]), tf.ones([2, 3]))
    >>> hs.shape, float(c[0, 0])
    (TensorShape([5, 2, 3]), 0.03125)
    """
    states = lstm_steps(*checked("lstm", x, kernel, recurrent, bias, {"h": h, "c": c}, mask, 4))[0]
    return states[:-1], states[-1]


NAMES = {"tf.nn.lstm": lstm}
