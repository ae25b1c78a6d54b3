"""The steps of optimizers. One call changes all parameters of one dtype and their slots, in place.

    op(targets, learning_rate, iterations, *gradients, weight_decay=(), ...)

`targets` are the Variables: all parameters, then for each kind of slot one Variable per parameter, in the same order.
What may change from step to step is an operand and read on the device: the learning rate, a float32 scalar, and
`iterations`, an int64 scalar that counts the steps before this one. What stays is an attribute. `weight_decay` has one
number per parameter, or none: each parameter w first becomes w - w * weight_decay * learning_rate. Half types are
computed in float32 and rounded when they are stored. Coefficients such as 1 - beta^t are computed in float64.

The formulas are those of Keras 3; w is the parameter, g its gradient, lr the learning rate, t = iterations + 1.
"""

from __future__ import annotations

import numpy as np

from .. import cuda, dtypes
from ..cuda import Kernels
from ..errors import InvalidArgumentError
from ..op import effect

kernels = Kernels("update.cu", block=256)
_PIECE = 1 << 15  # elements of one array that NumPy works on at a time: they stay in the cache


def _check(targets, gradients):
    for k, gradient in enumerate(gradients):
        for slot, array in enumerate(targets[k :: len(gradients)]):
            if array.shape != gradient.shape:
                what = f"slot {slot - 1}" if slot else "the parameter"
                raise InvalidArgumentError(
                    f"update: gradient {k} has shape {gradient.shape}, {what} it belongs to has shape {array.shape}"
                )


def _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate, *scalars):
    """Call `step(g, lr, *scalars, w, *slots)`, which writes in place, on every parameter; on NumPy in pieces."""
    _check(targets, gradients)
    numbers = {}
    for k, gradient in enumerate(gradients):
        arrays = targets[k :: len(gradients)]
        kind = arrays[0].dtype
        work = dtypes.accumulator(kind)
        if work not in numbers:
            numbers[work] = [s.astype(work) for s in (learning_rate, *scalars)]
        lr = numbers[work][0]
        decay = weight_decay[k] if weight_decay else 0.0
        whole = xp is not np or gradient.size <= _PIECE
        if not whole:
            gradient, arrays = gradient.reshape(-1), [a.reshape(-1) for a in arrays]
        for start in range(0, 1 if whole else gradient.size, _PIECE):
            part = ... if whole else slice(start, start + _PIECE)
            stored = [a[part] for a in arrays]
            pieces = [a.astype(work) for a in stored] if work != kind else stored
            if decay:
                pieces[0] -= pieces[0] * (decay * lr)
            step(gradient[part].astype(work, copy=False), *numbers[work], *pieces)
            if work != kind:
                for a, piece in zip(stored, pieces):
                    a[...] = piece


def _count(iterations):
    """t, the number of the step that is being done, as float64."""
    return iterations.astype(np.float64) + 1.0


@effect
def sgd(xp, targets, learning_rate, iterations, *gradients, momentum=0.0, nesterov=False, weight_decay=()):
    """w -= lr g; with momentum (slot m): m = momentum m - lr g, w += m, or w += momentum m - lr g if `nesterov`."""

    def step(g, lr, w, *m):
        change = -lr * g
        if m:
            m[0][...] = momentum * m[0] + change
            change = momentum * m[0] + change if nesterov else m[0]
        w += change

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def adam(xp, targets, learning_rate, iterations, *gradients, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=()):
    """m += (1 - beta_1) (g - m), v += (1 - beta_2) (g² - v), w -= a m / (sqrt(v) + epsilon).

    a = lr sqrt(1 - beta_2^t) / (1 - beta_1^t). Slots m, v and, for amsgrad, v_hat = max(v_hat, v) in v's place.
    Kingma and Ba 2014; Reddi et al. 2018.
    """
    t = _count(iterations)
    a = learning_rate.astype(np.float64) * xp.sqrt(1 - beta_2**t) / (1 - beta_1**t)

    def step(g, lr, a, w, m, v, *v_hat):
        change = xp.subtract(g, m, out=xp.empty_like(m))  # one array for what the formula makes on its way
        change *= 1 - beta_1
        m += change
        xp.multiply(g, g, out=change)
        change -= v
        change *= 1 - beta_2
        v += change
        if v_hat:
            v = xp.maximum(v_hat[0], v, out=v_hat[0])
        xp.multiply(m, a, out=change)
        root = xp.sqrt(v)
        root += epsilon
        change /= root
        w -= change

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate, a)


@effect
def nadam(
    xp, targets, learning_rate, iterations, product, *gradients, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=()
):
    """Adam with Nesterov momentum: w -= lr (a m + b g) / (sqrt(v / (1 - beta_2^t)) + epsilon), m and v as in adam.

    u_t = beta_1 (1 - 0.96^t / 2), a = u_{t+1} / (1 - product u_{t+1}), b = (1 - u_t) / (1 - product); `product` is
    u_1 ... u_t, a float32 scalar. Slots m, v. Dozat 2016.
    """
    t = _count(iterations)
    product = product.astype(np.float64)
    u, u_next = (beta_1 * (1 - 0.5 * 0.96**s) for s in (t, t + 1))
    a, b = u_next / (1 - product * u_next), (1 - u) / (1 - product)

    def step(g, lr, a, b, correction, w, m, v):
        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g * g - v)
        w -= lr * (a * m + b * g) / (xp.sqrt(v / correction) + epsilon)

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate, a, b, 1 - beta_2**t)


@effect
def adamax(xp, targets, learning_rate, iterations, *gradients, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=()):
    """m += (1 - beta_1) (g - m), u = max(beta_2 u, |g|), w -= lr m / ((1 - beta_1^t) (u + epsilon)). Slots m, u."""
    correction = 1 - beta_1 ** _count(iterations)

    def step(g, lr, correction, w, m, u):
        m += (1 - beta_1) * (g - m)
        xp.maximum(beta_2 * u, abs(g), out=u)
        w -= lr * m / (correction * (u + epsilon))

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate, correction)


@effect
def adagrad(xp, targets, learning_rate, iterations, *gradients, epsilon=1e-7, weight_decay=()):
    """s += g², w -= lr g / sqrt(s + epsilon). Slot s. Duchi et al. 2011."""

    def step(g, lr, w, s):
        s += g * g
        w -= lr * g / xp.sqrt(s + epsilon)

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def adadelta(xp, targets, learning_rate, iterations, *gradients, rho=0.95, epsilon=1e-7, weight_decay=()):
    """s = rho s + (1 - rho) g², d = g sqrt(r + epsilon) / sqrt(s + epsilon), r = rho r + (1 - rho) d², w -= lr d.

    Slots s, r. Zeiler 2012.
    """

    def step(g, lr, w, s, r):
        s[...] = rho * s + (1 - rho) * (g * g)
        d = xp.sqrt(r + epsilon) * g / xp.sqrt(s + epsilon)
        r[...] = rho * r + (1 - rho) * (d * d)
        w -= lr * d

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def rmsprop(
    xp,
    targets,
    learning_rate,
    iterations,
    *gradients,
    rho=0.9,
    momentum=0.0,
    epsilon=1e-7,
    centered=False,
    weight_decay=(),
):
    """v = rho v + (1 - rho) g², d = lr g / sqrt(v + epsilon), w -= d. Hinton 2012.

    With `momentum`: m = momentum m + d, w -= m. If `centered`: a = rho a + (1 - rho) g, and v - a² in v's place.
    Slots v, then m if there is momentum, then a if centered.
    """

    def step(g, lr, w, v, *slots):
        v[...] = rho * v + (1 - rho) * (g * g)
        variance = v + epsilon
        if centered:
            a = slots[-1]
            a[...] = rho * a + (1 - rho) * g
            variance = v - a * a + epsilon
        d = lr * g / xp.sqrt(variance)
        if momentum > 0:
            m = slots[0]
            d += momentum * m
            m[...] = d
        w -= d

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def ftrl(
    xp,
    targets,
    learning_rate,
    iterations,
    *gradients,
    learning_rate_power=-0.5,
    l1=0.0,
    l2=0.0,
    l2_shrinkage=0.0,
    beta=0.0,
    weight_decay=(),
):
    """Follow the regularized leader, p = -learning_rate_power. Slots n, z. McMahan et al. 2013.

    z += g + 2 l2_shrinkage w - ((n + g²)^p - n^p) w / lr, n += g²,
    w = (clip(z, -l1, l1) - z) / (n^p / lr + 2 l2 + beta / lr)
    """

    def step(g, lr, w, n, z):
        before = n**-learning_rate_power
        n += g * g
        after = n**-learning_rate_power
        z += g + 2 * l2_shrinkage * w - (after - before) / lr * w
        w[...] = (xp.clip(z, -l1, l1) - z) / (after / lr + 2 * (l2 + beta / (2 * lr)))

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def lion(xp, targets, learning_rate, iterations, *gradients, beta_1=0.9, beta_2=0.99, weight_decay=()):
    """w -= lr sign(beta_1 m + (1 - beta_1) g), m = beta_2 m + (1 - beta_2) g. Slot m. Chen et al. 2023."""

    def step(g, lr, w, m):
        w -= lr * xp.sign(beta_1 * m + (1 - beta_1) * g)
        m[...] = beta_2 * m + (1 - beta_2) * g

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate)


@effect
def schedule_free(
    xp,
    targets,
    learning_rate,
    iterations,
    *gradients,
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-8,
    warmup=0,
    weight_decay=(),
):
    """AdamW that averages instead of following a schedule; w is a point between the iterate z and the average x of z.

    v += (1 - beta_2) (g² - v), x = (w - (1 - beta_1) z) / beta_1, z -= lr' g / (sqrt(v / (1 - beta_2^t)) + epsilon),
    w = (1 - beta_1) z + beta_1 ((1 - 1/t) x + z / t), lr' = lr min(t / warmup, 1). Slots z (at first equal to w), v.
    Defazio et al. 2024.
    """
    t = _count(iterations)
    rate = learning_rate.astype(np.float64) * (xp.minimum(t / warmup, 1.0) if warmup else 1.0)

    def step(g, lr, rate, correction, share, w, z, v):
        v += (1 - beta_2) * (g * g - v)
        x = (w - (1 - beta_1) * z) / beta_1
        z -= rate * g / (xp.sqrt(v / correction) + epsilon)
        w[...] = (1 - beta_1) * z + beta_1 * ((1 - share) * x + share * z)

    _in_pieces(xp, step, targets, gradients, weight_decay, learning_rate, rate, 1 - beta_2**t, 1 / t)


# -- kernels: a table of addresses goes to the device as one argument, so that a launch is all there is to record

_ROWS, _COLUMNS, _CONSTANTS = 64, 5, 6  # as in kernels/update.cu; the arguments of a kernel have room for 4096 bytes
_LENGTH = 4096  # elements per block
_TABLE = np.dtype(
    [
        ("arrays", np.uint64, (_ROWS, _COLUMNS)),
        ("sizes", np.int64, (_ROWS,)),
        ("decays", np.float64, (_ROWS,)),
        ("constants", np.float64, (_CONSTANTS,)),
        ("first", np.int32, (_ROWS + 1,)),
    ],
    align=True,
)


def _launch(rule, targets, gradients, weight_decay, constants, learning_rate, iterations, product=None):
    """Run a rule of kernels/update.cu over all parameters, up to 64 in one launch."""
    kind = targets[0].dtype if targets else None
    if kind is None or kind.kind not in "fV" or any(a.dtype != kind for a in (*targets, *gradients)):
        return NotImplemented
    product = learning_rate if product is None else product  # only Nadam looks at it
    if learning_rate.dtype != np.float32 or iterations.dtype != np.int64 or product.dtype != np.float32:
        return NotImplemented
    _check(targets, gradients)
    module = cuda.array_module(*targets)
    gradients = [module.ascontiguousarray(g) for g in gradients]
    filled = [k for k, g in enumerate(gradients) if g.size]
    for start in range(0, len(filled), _ROWS):
        table = np.zeros((), _TABLE)
        blocks = 0
        for row, k in enumerate(filled[start : start + _ROWS]):
            w, *slots = targets[k :: len(gradients)]
            for column, array in enumerate((w, gradients[k], *slots)):
                table["arrays"][row, column] = cuda.address(array)
            table["sizes"][row] = w.size
            table["decays"][row] = weight_decay[k] if weight_decay else 0.0
            table["first"][row] = blocks
            blocks += -(-w.size // _LENGTH)
        table["first"][row + 1 :] = blocks
        table["constants"][: len(constants)] = constants
        kernels.update[rule, kind](grid=blocks, args=(table, learning_rate, iterations, product))
    return None


@sgd.kernel
def _(targets, learning_rate, iterations, *gradients, momentum, nesterov, weight_decay):
    rule = "Sgd" if len(targets) == len(gradients) else "Nesterov" if nesterov else "Momentum"
    return _launch(rule, targets, gradients, weight_decay, (momentum,), learning_rate, iterations)


@adam.kernel
def _(targets, learning_rate, iterations, *gradients, beta_1, beta_2, epsilon, weight_decay):
    rule = "Adam" if len(targets) == 3 * len(gradients) else "Amsgrad"
    return _launch(rule, targets, gradients, weight_decay, (beta_1, beta_2, epsilon), learning_rate, iterations)


@nadam.kernel
def _(targets, learning_rate, iterations, product, *gradients, beta_1, beta_2, epsilon, weight_decay):
    constants = (beta_1, beta_2, epsilon)
    return _launch("Nadam", targets, gradients, weight_decay, constants, learning_rate, iterations, product)


@adamax.kernel
def _(targets, learning_rate, iterations, *gradients, beta_1, beta_2, epsilon, weight_decay):
    return _launch("Adamax", targets, gradients, weight_decay, (beta_1, beta_2, epsilon), learning_rate, iterations)


@adagrad.kernel
def _(targets, learning_rate, iterations, *gradients, epsilon, weight_decay):
    return _launch("Adagrad", targets, gradients, weight_decay, (epsilon,), learning_rate, iterations)


@adadelta.kernel
def _(targets, learning_rate, iterations, *gradients, rho, epsilon, weight_decay):
    return _launch("Adadelta", targets, gradients, weight_decay, (rho, epsilon), learning_rate, iterations)


@rmsprop.kernel
def _(targets, learning_rate, iterations, *gradients, rho, momentum, epsilon, centered, weight_decay):
    rule = f"RmsProp<{str(momentum > 0).lower()}, {str(bool(centered)).lower()}>"
    return _launch(rule, targets, gradients, weight_decay, (rho, momentum, epsilon), learning_rate, iterations)


@ftrl.kernel
def _(targets, learning_rate, iterations, *gradients, learning_rate_power, l1, l2, l2_shrinkage, beta, weight_decay):
    constants = (learning_rate_power, l1, l2, l2_shrinkage, beta)
    return _launch("Ftrl", targets, gradients, weight_decay, constants, learning_rate, iterations)


@lion.kernel
def _(targets, learning_rate, iterations, *gradients, beta_1, beta_2, weight_decay):
    return _launch("Lion", targets, gradients, weight_decay, (beta_1, beta_2), learning_rate, iterations)


@schedule_free.kernel
def _(targets, learning_rate, iterations, *gradients, beta_1, beta_2, epsilon, warmup, weight_decay):
    constants = (beta_1, beta_2, epsilon, warmup)
    return _launch("ScheduleFree", targets, gradients, weight_decay, constants, learning_rate, iterations)


NAMES = {
    "tf.update.sgd": sgd,
    "tf.update.adam": adam,
    "tf.update.nadam": nadam,
    "tf.update.adamax": adamax,
    "tf.update.adagrad": adagrad,
    "tf.update.adadelta": adadelta,
    "tf.update.rmsprop": rmsprop,
    "tf.update.ftrl": ftrl,
    "tf.update.lion": lion,
    "tf.update.schedule_free": schedule_free,
}
