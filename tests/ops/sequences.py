"""What the tests of ops over whole sequences (lstm, gru) share: masks, and the checks that are the same for both.

`run(*operands, mask)` is the public function, its outputs as a list; `steps` and `grad` are the ops under it. Operands
are x (steps, batch, features), kernel, recurrent and what else the op takes.
"""

import ml_dtypes
import numpy as np

import gputape as tf
from gputape import cuda
from gputape.testing import check_kernel, compare
from tests.emulator.emulator import ORDERS, Emulator

RNG = np.random.default_rng(0)
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
LOOSE = {np.float16: {"rtol": 2e-2, "atol": 1e-2}, ml_dtypes.bfloat16: {"rtol": 1e-1, "atol": 8e-2}}
NONE = np.zeros(0, bool)
SIZES = [(4, 3, 3, 2), (1, 1, 1, 1), (3, 70, 5, 9), (300, 2, 2, 3)]  # steps, batch, features, units


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mask_of(steps, batch):
    """Some steps masked, the first and the last of a sample among them, and one sample altogether."""
    mask = RNG.random((steps, batch)) > 0.4
    mask[0, 0] = mask[-1, 0] = False
    mask[:, -1] = False
    return mask


def assert_bodies_are_the_meaning(device, steps, grad, given):
    """The NumPy bodies on the CPU, the kernels elsewhere, forward and backward."""
    dtype = given[0].dtype.type
    made = steps.composed(*given)
    dy = RNG.standard_normal(made[0].shape).astype(dtype)
    for op, arrays in ((steps, given), (grad, (*given, dy, *made))):
        if device == "cpu":
            compare(op.numpy_body(*arrays), op.composed(*arrays), what=op.name, **LOOSE.get(dtype, {}))
        else:
            check_kernel(op, *arrays, **LOOSE.get(dtype, {}))


def assert_a_masked_nan_stays_out(run, x, *others):
    """`x` and `others` are of three steps and two samples."""
    x[1, 0] = np.nan
    mask = np.array([[True, True], [False, True], [True, True]])
    with tf.GradientTape() as tape:
        weights = [tf.constant(a) for a in others]
        tape.watch(weights)
        made = run(x, *weights, mask)
    assert all(np.isfinite(y.numpy()).all() for y in made)
    assert np.isfinite(tape.gradient(made, weights[1]).numpy()).all()  # that of kernel is 0 * nan


def assert_the_order_of_threads_does_not_matter(steps, grad, given):
    with cuda.emulated(Emulator(orders=ORDERS)):  # compares the bits
        forward = steps.kernel_body(*given)
        grad.kernel_body(*given, forward[0], *forward)


def assert_recorded_equals_eager(run, given):
    given = [tf.constant(a) for a in given]

    def step(*a):
        with tf.GradientTape() as tape:
            tape.watch(a)
            made = run(*a)
        return [*made, *tape.gradient(made, a)]

    recorded = tf.function(step)
    recorded(*given)
    for a, b in zip(step(*given), recorded(*given), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
