"""The steps of optimizers: against formulas in float64, the kernel against the meaning, what must not happen."""

from __future__ import annotations

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import update
from gputape.testing import compare

SHAPES = [(5, 3), (), (0, 2), (4099,), (1,)]
RATE, DECAY = 0.1, 0.05


def sgd(t, g, w, *m, momentum=0.0, nesterov=False):
    if not m:
        return (w - RATE * g,)
    m = momentum * m[0] - RATE * g
    return w + (momentum * m - RATE * g if nesterov else m), m


def moments(t, g, m, v, beta_1=0.9, beta_2=0.999):
    return beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2


def adam(t, g, w, m, v, *top):
    m, v = moments(t, g, m, v)
    high = [np.maximum(top[0], v)] if top else []
    step = m / (1 - 0.9**t) / (np.sqrt(high[0] if top else v) / np.sqrt(1 - 0.999**t) + 1e-7 / np.sqrt(1 - 0.999**t))
    return (w - RATE * step, m, v, *high)


def nadam(t, g, w, m, v):
    m, v = moments(t, g, m, v)
    u = [0.9 * (1 - 0.5 * 0.96**s) for s in range(1, t + 2)]
    now, later = np.prod(u[:t]), np.prod(u)
    m_hat = u[t] * m / (1 - later) + (1 - u[t - 1]) * g / (1 - now)
    return w - RATE * m_hat / (np.sqrt(v / (1 - 0.999**t)) + 1e-7), m, v


def adamax(t, g, w, m, u):
    m, u = 0.9 * m + 0.1 * g, np.maximum(0.999 * u, np.abs(g))
    return w - RATE / (1 - 0.9**t) * m / (u + 1e-7), m, u


def adagrad(t, g, w, s):
    s = s + g**2
    return w - RATE * g / np.sqrt(s + 1e-7), s


def adadelta(t, g, w, s, r):
    s = 0.95 * s + 0.05 * g**2
    d = np.sqrt(r + 1e-7) / np.sqrt(s + 1e-7) * g
    return w - RATE * d, s, 0.95 * r + 0.05 * d**2


def rmsprop(t, g, w, v, *slots, momentum=0.0, centered=False):
    v = 0.9 * v + 0.1 * g**2
    a = 0.9 * slots[-1] + 0.1 * g if centered else 0 * g
    d = RATE * g / np.sqrt(v - a**2 + 1e-7)
    m = [momentum * slots[0] + d] if momentum else []
    return (w - (m[0] if momentum else d), v, *m, *([a] if centered else []))


def ftrl(t, g, w, n, z, l1=0.1, l2=0.2, l2_shrinkage=0.3, beta=0.4):
    new = n + g**2
    z = z + g + 2 * l2_shrinkage * w - (np.sqrt(new) - np.sqrt(n)) / RATE * w
    divisor = np.sqrt(new) / RATE + 2 * l2 + beta / RATE
    return np.where(np.abs(z) > l1, (np.sign(z) * l1 - z) / divisor, 0.0), new, z


def lion(t, g, w, m):
    return w - RATE * np.sign(0.9 * m + 0.1 * g), 0.99 * m + 0.01 * g


def schedule_free(t, g, w, z, v, warmup=3):
    v = 0.999 * v + 0.001 * g**2
    x = (w - 0.1 * z) / 0.9
    z = z - RATE * min(t / warmup, 1) * g / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return 0.1 * z + 0.9 * ((1 - 1 / t) * x + z / t), z, v


# op, formula, number of slots, options
CASES = {
    "sgd": (update.sgd, sgd, 0, {}),
    "momentum": (update.sgd, sgd, 1, {"momentum": 0.9}),
    "nesterov": (update.sgd, sgd, 1, {"momentum": 0.9, "nesterov": True}),
    "adam": (update.adam, adam, 2, {}),
    "amsgrad": (update.adam, adam, 3, {}),
    "nadam": (update.nadam, nadam, 2, {}),
    "adamax": (update.adamax, adamax, 2, {}),
    "adagrad": (update.adagrad, adagrad, 1, {}),
    "adadelta": (update.adadelta, adadelta, 2, {}),
    "rmsprop": (update.rmsprop, rmsprop, 1, {}),
    "rmsprop momentum": (update.rmsprop, rmsprop, 2, {"momentum": 0.5}),
    "rmsprop centered": (update.rmsprop, rmsprop, 2, {"centered": True}),
    "rmsprop both": (update.rmsprop, rmsprop, 3, {"momentum": 0.5, "centered": True}),
    "ftrl": (update.ftrl, ftrl, 2, {"l1": 0.1, "l2": 0.2, "l2_shrinkage": 0.3, "beta": 0.4}),
    "lion": (update.lion, lion, 1, {}),
    "schedule_free": (update.schedule_free, schedule_free, 2, {"warmup": 3}),
}


def start(case, dtype, shapes=SHAPES, slot=0.5):
    """Parameters and slots as Variables, and the same in float64."""
    _, _, slots, _ = CASES[case]
    random = np.random.RandomState(3)
    groups = [[np.asarray(random.standard_normal(s)) for s in shapes]]
    groups += [[np.full(s, slot) for s in shapes] for _ in range(slots)]
    if case == "schedule_free":
        groups[1] = [w.copy() for w in groups[0]]
    variables = [[tf.Variable(tf.cast(a, dtype)) for a in group] for group in groups]
    return variables, [[v.numpy().astype("float64") for v in group] for group in variables]


def gradients_of(dtype, shapes, seed):
    random = np.random.RandomState(seed)
    return [tf.cast(np.asarray(random.standard_normal(s)), dtype) for s in shapes]


def step(case, variables, gradients, iterations, **more):
    op, _, _, options = CASES[case]
    operands = [tf.constant(RATE, "float32"), iterations]
    if case == "nadam":
        t = int(iterations) + 1
        operands.append(tf.constant(np.prod([0.9 * (1 - 0.5 * 0.96**s) for s in range(1, t + 1)]), "float32"))
    op([v for group in variables for v in group], *operands, *gradients, **options, **more)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("case", CASES)
def test_three_steps_follow_the_formula(device, case, dtype):
    _, formula, _, options = CASES[case]
    variables, expected = start(case, dtype)
    iterations = tf.Variable(0, dtype="int64")
    decays = tuple(DECAY * k for k in range(len(SHAPES)))
    for t in (1, 2, 3):
        gradients = gradients_of(dtype, SHAPES, t)
        step(case, variables, gradients, iterations, weight_decay=decays)
        iterations.assign_add(1)
        for k, g in enumerate(gradients):
            w, *slots = (group[k] for group in expected)
            w = w - w * decays[k] * RATE
            own = options if case not in ("ftrl", "schedule_free") else {}
            for group, value in zip(expected, formula(t, g.numpy().astype("float64"), w, *slots, **own), strict=True):
                group[k] = np.asarray(value)
    rtol, atol = {"float32": (1e-4, 1e-5), "float64": (1e-6, 1e-7), "float16": (0.02, 0.01)}.get(dtype, (0.1, 0.05))
    for group, values in zip(variables, expected, strict=True):
        for v, value in zip(group, values, strict=True):
            assert v.dtype == dtype and v.numpy().shape == value.shape
            np.testing.assert_allclose(v.numpy().astype("float64"), value, rtol, atol)


@pytest.mark.parametrize("case", CASES)
def test_kernel_equals_meaning(device, case):
    if device == "cpu":
        pytest.skip("compares a kernel")
    made = []
    for use_kernel in (True, False):
        variables, _ = start(case, "float32")
        gradients = gradients_of("float32", SHAPES, 1)
        if use_kernel:
            with cuda.count_launches() as counter:
                step(case, variables, gradients, tf.constant(4, "int64"), weight_decay=(0.1,) * len(SHAPES))
            assert len(counter.launches) == 1
        else:
            with cuda.meaning():
                step(case, variables, gradients, tf.constant(4, "int64"), weight_decay=(0.1,) * len(SHAPES))
        made.append([v.numpy() for group in variables for v in group])
    for a, b in zip(*made, strict=True):
        compare(a, b, rtol=2e-6, atol=1e-6)


def test_more_parameters_than_one_table_holds(device):
    shapes = [(k % 7 + 1,) for k in range(150)]
    variables, expected = start("sgd", "float32", shapes)
    gradients = gradients_of("float32", shapes, 5)
    with cuda.count_launches() as counter:
        step("sgd", variables, gradients, tf.constant(0, "int64"))
    assert len(counter.launches) == (0 if device == "cpu" else 3)
    for v, w, g in zip(variables[0], expected[0], gradients, strict=True):
        np.testing.assert_allclose(v.numpy(), w - RATE * g.numpy(), rtol=1e-6, atol=1e-6)


def test_gradients_may_be_views(device):
    w = tf.Variable(tf.zeros((3, 2)))
    g = tf.transpose(tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    update.sgd([w], tf.constant(1.0), tf.constant(0, "int64"), g)
    np.testing.assert_array_equal(w.numpy(), [[-1, -4], [-2, -5], [-3, -6]])


def test_nan_reaches_the_parameter(device):
    for case in CASES:
        variables, _ = start(case, "float32", [(3,)])
        step(case, variables, [tf.constant([1.0, np.nan, 1.0])], tf.constant(0, "int64"))
        assert list(np.isnan(variables[0][0].numpy())) == [False, True, False], case


def test_who_holds_the_old_value_keeps_it(device):
    w = tf.Variable([1.0, 2.0])
    before = w.value()
    update.sgd([w], tf.constant(1.0), tf.constant(0, "int64"), tf.constant([1.0, 1.0]))
    np.testing.assert_array_equal(before.numpy(), [1, 2])
    np.testing.assert_array_equal(w.numpy(), [0, 1])


def test_a_recorded_step_reads_rate_and_count_anew(device):
    w, m, v = tf.Variable([1.0]), tf.Variable([0.0]), tf.Variable([0.0])
    rate, iterations = tf.Variable(0.1), tf.Variable(0, dtype="int64")

    @tf.function
    def train(g):
        update.adam([w, m, v], rate, iterations, g)
        iterations.assign_add(1)

    train(tf.constant([2.0]))
    np.testing.assert_allclose(w.numpy(), [0.9], rtol=1e-5)
    rate.assign(0.5)
    train(tf.constant([2.0]))
    np.testing.assert_allclose(w.numpy(), [0.4], rtol=1e-5)
    assert int(iterations) == 2


def test_wrong_shapes_are_named(device):
    w, m = tf.Variable(tf.zeros((3, 2))), tf.Variable(tf.zeros((3, 3)))
    rate, count = tf.constant(0.1), tf.constant(0, "int64")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"gradient 0 has shape \(2, 3\), the parameter .* \(3, 2\)"
    ):
        update.sgd([w], rate, count, tf.zeros((2, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"slot 0 it belongs to has shape \(3, 3\)"):
        update.sgd([w, m], rate, count, tf.zeros((3, 2)), momentum=0.9)


def test_every_op_is_tested():
    tested = {op.name for op, *_ in CASES.values()}
    assert tested == {op.name for op in update.NAMES.values()}
