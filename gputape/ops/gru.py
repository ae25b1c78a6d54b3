"""gru: a whole sequence in one op, time first. One product for the inputs of all steps, one a step for the state."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import fused, public
from ..registry import OPS
from ..tensor import as_tensor
from .lstm import blocks, by_gate, checked, chosen, project, projected, rest_of_gradient, row, sums, sums_on_device
from .math import add
from .matmul import multiply_matrices
from .reduce import reduce_sum, sum_over
from .unary import sigmoid, tanh

kernels = cuda.Kernels("gru.cu", block=256)


@fused(mixed=("mask",))
def gru_steps(x, kernel, recurrent, bias, recurrent_bias, h, mask):
    """h of all steps, (steps, batch, units); for the gradient z, r, n and the product q_n, (steps, 4, batch, units).

    x (steps, batch, features), kernel (features, 3 units), recurrent (units, 3 units), bias and recurrent_bias (3 units,),
    h (batch, units); mask (steps, batch), or (0,) for none.
    """
    hs, gates = walk(x, kernel, recurrent, bias, recurrent_bias, h, mask)
    return OPS["stack"](hs), OPS["stack"]([OPS["stack"](g) for g in gates])


def walk(x: Any, kernel: Any, recurrent: Any, bias: Any, recurrent_bias: Any, h: Any, mask: Any) -> tuple[Any, Any]:
    """The meaning: h and the gates of every step."""
    hs, gates = [], []
    for t, now in enumerate(OPS["unstack"](OPS["dense"](x, kernel, bias))):
        xz, xr, xn = OPS["split"](now, 3, 1)
        qz, qr, qn = OPS["split"](multiply_matrices(h, recurrent) + recurrent_bias, 3, 1)
        z, r = sigmoid(xz + qz), sigmoid(xr + qr)
        n = tanh(xn + r * qn)
        h = chosen(mask, t, z * h + (1.0 - z) * n, h)
        hs.append(h)
        gates.append((z, r, n, qn))
    return hs, gates


@gru_steps.numpy
def _(x, kernel, recurrent, bias, recurrent_bias, h, mask):
    wide, (steps, batch, _), units = accumulator(x.dtype), x.shape, h.shape[1]
    hs, gates = np.empty((steps, *h.shape), wide), np.empty((steps, 4, *h.shape), wide)
    slopes = np.array([0.5, 0.5, 1], wide)[:, None, None]  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2
    weights, h = by_gate(recurrent, units) * slopes, h.astype(wide, copy=False)
    offsets = recurrent_bias.reshape(3, 1, units) * slopes
    product, part = np.empty((3, batch, units), wide), np.empty((batch, units), wide)
    for t, now in enumerate(projected(x, kernel, bias, wide)):
        gate, new = gates[t], hs[t]
        np.multiply(by_gate(now, units), slopes, out=gate[:3])
        np.matmul(h, weights, out=product)
        product += offsets
        both = gate[:2]
        both += product[:2]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        z, r, n, q = gate
        q[...] = product[2]
        np.multiply(r, q, out=part)
        n += part
        np.tanh(n, out=n)
        np.subtract(h, n, out=new)  # z h + (1 - z) n = n + z (h - n)
        new *= z
        new += n
        if len(mask):
            np.copyto(new, h, where=~mask[t, :, None])
        h = new
    return hs.astype(x.dtype, copy=False), gates.astype(x.dtype, copy=False)


@gru_steps.kernel
def _(x, kernel, recurrent, bias, recurrent_bias, h, mask):
    recurrent, offset, h, mask = [cuda.contiguous(a) for a in (recurrent, recurrent_bias, h, mask)]
    hs, gates = cuda.empty((len(x), *h.shape), x.dtype), cuda.empty((len(x), 4, *h.shape), x.dtype)
    sizes, projected = (np.int64(h.size), np.int64(h.shape[1])), project(x, kernel, bias)
    for t in range(len(x)):
        product = multiply_matrices.run_device([h, recurrent], {"transpose_a": False, "transpose_b": False})
        args = (projected[t], product, offset, h, row(mask, t), hs[t], gates[t], *sizes)
        kernels.gru_step_forward[x.dtype](grid=blocks(h.size), args=args)
        h = hs[t]
    return hs, gates


@gru_steps.gradient
def _(dy, x, kernel, recurrent, bias, recurrent_bias, h, mask, ys):
    dx, *others = gru_steps_grad(x, kernel, recurrent, bias, recurrent_bias, h, mask, dy, *ys)
    return rest_of_gradient(x, kernel, dx, *others)


@fused(mixed=("mask",))
def gru_steps_grad(x, kernel, recurrent, bias, recurrent_bias, h, mask, dhs, hs, gates):
    """The gradients of x kernel + bias and of recurrent, both biases and h; the meaning makes hs and gates again."""
    hs, gates = walk(x, kernel, recurrent, bias, recurrent_bias, h, mask)
    before, dx, dq, dh = [h, *hs], [], [], OPS["zeros_like"](h)
    for t in reversed(range(len(gates))):
        z, r, n, qn = gates[t]
        dh = dh + dhs[t]
        dz, dn = dh * (before[t] - n) * z * (1.0 - z), dh * (1.0 - z) * (1.0 - n * n)
        first = OPS["concat"]([dz, dn * qn * r * (1.0 - r)], 1)
        zeros = OPS["concat"]([OPS["zeros_like"](z)] * 3, 1)
        dx.append(chosen(mask, t, OPS["concat"]([first, dn], 1), zeros))
        dq.append(chosen(mask, t, OPS["concat"]([first, dn * r], 1), zeros))
        dh = chosen(mask, t, dh * z + multiply_matrices(dq[-1], recurrent, transpose_b=True), dh)
    made, flat = OPS["stack"](dx[::-1]), OPS["concat"](dq[::-1], 0)
    d_recurrent = multiply_matrices(OPS["concat"](before[:-1], 0), flat, transpose_a=True)
    return made, d_recurrent, reduce_sum(made, [0, 1]), reduce_sum(flat, 0), dh


@gru_steps_grad.numpy
def _(x, kernel, recurrent, bias, recurrent_bias, h, mask, dhs, hs, gates):
    wide, (steps, batch, _), (units, width) = accumulator(x.dtype), x.shape, recurrent.shape
    turned = recurrent.T.astype(wide, order="C")
    h, dhs, hs, gates = [a.astype(wide, copy=False) for a in (h, dhs, hs, gates)]
    (dx, dq), dh = np.empty((2, steps, batch, width), wide), np.zeros_like(h)
    by_x, by_q = by_gate(dx, units), by_gate(dq, units)
    work, (product, part) = np.empty((3, batch, units), wide), np.empty((2, *h.shape), wide)
    for t in reversed(range(steps)):
        z, r, n, q = gates[t]
        dh += dhs[t]
        np.square(gates[t, :3], out=work)
        np.subtract(gates[t, :2], work[:2], out=work[:2])  # s' = s (1 - s)
        np.subtract(1, work[2], out=work[2])  # tanh' = 1 - tanh**2
        np.subtract(hs[t - 1] if t else h, n, out=part)
        work[0] *= part
        np.subtract(1, z, out=part)
        work[2] *= part
        work[::2] *= dh
        work[1] *= q
        work[1] *= work[2]
        if len(mask):
            stay = ~mask[t, :, None]
            np.copyto(work, 0, where=stay)
            z, r = np.where(stay, 1, z), np.where(stay, 1, r)
        np.copyto(by_x[t], work)
        work[2] *= r
        np.copyto(by_q[t], work)
        np.matmul(dq[t], turned, out=product)
        dh *= z
        dh += product
    d_recurrent, d_offset = sums(h, hs, dq)
    d_bias = np.concatenate([d_offset[: 2 * units], dx[..., 2 * units :].sum((0, 1))])
    return tuple([a.astype(x.dtype, copy=False) for a in (dx, d_recurrent, d_bias, d_offset, dh)])


@gru_steps_grad.kernel
def _(x, kernel, recurrent, bias, recurrent_bias, h, mask, dhs, hs, gates):
    recurrent, h, mask, dhs, hs, gates = [cuda.contiguous(a) for a in (recurrent, h, mask, dhs, hs, gates)]
    (dx, dq), direct, dh = cuda.empty((2, *x.shape[:2], recurrent.shape[1]), x.dtype), cuda.empty_like(h), None
    sizes = np.int64(h.size), np.int64(h.shape[1])
    for t in reversed(range(len(x))):
        before = hs[t - 1] if t else h
        args = (gates[t], before, dhs[t], dh, row(mask, t), dx[t], dq[t], direct, *sizes)
        kernels.gru_step_backward[x.dtype](grid=blocks(h.size), args=args)
        product = multiply_matrices.run_device([dq[t], recurrent], {"transpose_a": False, "transpose_b": True})
        dh = add.run([product, direct], {})
    d_bias = sum_over.run([dx], {"axes": (0, 1), "keepdims": False})
    d_recurrent, d_offset = sums_on_device(h, hs, dq)
    return dx, d_recurrent, d_bias, d_offset, dh


@public
def gru(x: Any, kernel: Any, recurrent: Any, bias: Any, recurrent_bias: Any, h: Any, mask: Any = None) -> Any:
    """A gated recurrent unit over the first axis of `x`: the outputs of all steps, of which the last is the state.

    At each step p = x[t] kernel + bias, q = h recurrent + recurrent_bias, and of their thirds, in this order,

        z = sigmoid(p_z + q_z)    r = sigmoid(p_r + q_r)    n = tanh(p_n + r * q_n)    h = z * h + (1 - z) * n

    Args:
        x: (steps, batch, features), at least one step.
        kernel: (features, 3 * units); recurrent: (units, 3 * units); bias, recurrent_bias: (3 * units,), None for zeros.
        h: the state to start with, (batch, units).
        mask: bool (steps, batch); where it is False, the state stays. Default None, no mask.

    Returns h of all steps, (steps, batch, units). Any floating dtype, one for all; half types are computed in float32.
    InvalidArgumentError for shapes that do not fit. Cho et al. 2014, with the reset after the product, as in cuDNN.

    >>> import gputape as tf
    >>> x, kernel, recurrent = tf.zeros([5, 2, 7]), tf.zeros([7, 9]), tf.zeros([3, 9])
    >>> float(tf.nn.gru(x, kernel, recurrent, None, None, tf.ones([2, 3]))[-1, 0, 0])
    0.03125
    """
    x, kernel, recurrent, bias, h, mask = checked("gru", x, kernel, recurrent, bias, {"h": h}, mask, 3)
    wanted = tuple(bias._array.shape)
    offset = OPS["zeros"](wanted, x.dtype) if recurrent_bias is None else as_tensor(recurrent_bias, x._array.dtype)
    if tuple(offset._array.shape) != wanted:
        raise InvalidArgumentError(
            f"gru: recurrent_bias has shape {tuple(offset._array.shape)}, it must be {wanted}, as bias [Op:gru]"
        )
    return gru_steps(x, kernel, recurrent, bias, offset, h, mask)[0]


NAMES = {"tf.nn.gru": gru}
