"""ForwardAccumulator: every op's tangents against differences; nesting with itself, tapes and functions; errors."""

import numpy as np
import pytest

import gputape as tf
from gputape import nest
from tests.test_op_table import CASES

ForwardAccumulator = tf.autodiff.ForwardAccumulator
X = tf.constant([1.0, 2.0])
E0 = tf.constant([1.0, 0.0])


def floats(y):
    return [t for t in nest.flatten(y) if t.dtype.is_floating or t.dtype.is_complex]


@pytest.mark.parametrize("name", CASES)
def test_every_op(name):
    f, *args = CASES[name]
    rng = np.random.default_rng(0)
    args = [tf.constant(a) for a in args]
    directions = [tf.constant(rng.standard_normal(a.shape)) for a in args]
    with ForwardAccumulator(args, directions) as acc:
        made = floats(f(*args))
    step = 1e-6
    ends = [floats(f(*[a + s * step * d for a, d in zip(args, directions, strict=True)])) for s in (1, -1)]
    for y, high, low in zip(made, *ends, strict=True):
        tangent = acc.jvp(y, unconnected_gradients="zero").numpy()
        np.testing.assert_allclose(tangent, (high - low).numpy() / (2 * step), rtol=1e-5, atol=1e-7)


def test_unconnected():
    with ForwardAccumulator(X, E0) as acc:
        y, rounded, whole, half = X * X, tf.round(X), tf.cast(X, tf.int32), tf.stop_gradient(X) * X
    np.testing.assert_array_equal(acc.jvp(y), [2, 0])
    np.testing.assert_array_equal(acc.jvp(X), [1, 0])
    assert acc.jvp([rounded, whole, tf.constant(1.0)]) == [None] * 3
    np.testing.assert_array_equal(acc.jvp(rounded, tf.UnconnectedGradients.ZERO), [0, 0])
    np.testing.assert_array_equal(acc.jvp({"half": half})["half"], [1, 0])


def test_only_what_ran_in_the_body():
    acc = ForwardAccumulator(X, E0)
    with acc:
        y = X * X
    outside = y * 2.0
    with acc:
        again = y * 2.0
    assert acc.jvp(outside) is None
    np.testing.assert_array_equal(acc.jvp(again), [4, 0])


def test_variables():
    v = tf.Variable([1.0, 2.0])
    with ForwardAccumulator(v, tf.ones([2])) as acc:
        y = v * v
        v.assign([3.0, 4.0])
        z = v * v
    np.testing.assert_array_equal(acc.jvp(y), [2, 4])
    np.testing.assert_array_equal(acc.jvp(z), [6, 8])


def test_tape_inside_gives_hessian_times_vector():
    with ForwardAccumulator(X, E0) as acc:
        with tf.GradientTape() as tape:
            tape.watch(X)
            y = tf.reduce_sum(X**3) + X[0] * X[1]
        g = tape.gradient(y, X)
    np.testing.assert_allclose(acc.jvp(g), [6, 1])


def test_tape_outside():
    with tf.GradientTape() as tape:
        tape.watch(X)
        with ForwardAccumulator(X, E0) as acc:
            y = tf.reduce_sum(X**3)
        slope = acc.jvp(y)
    assert slope.numpy() == 3
    np.testing.assert_allclose(tape.gradient(slope, X), [6, 0])


def test_accumulators_nest():
    with ForwardAccumulator(X, E0) as outer:
        with ForwardAccumulator(X, E0) as inner:
            y = tf.reduce_sum(X**3)
        slope = inner.jvp(y)
    assert (slope.numpy(), outer.jvp(y).numpy(), outer.jvp(slope).numpy()) == (3, 3, 6)


def test_around_and_inside_functions(host):
    @tf.function
    def f(x):
        return tf.sin(x) * x

    @tf.function
    def slope(x):
        with ForwardAccumulator(x, E0) as acc:
            y = tf.sin(x) * x
        return acc.jvp(y)

    expected = [np.sin(1) + np.cos(1), 0]
    for _ in range(2):
        with ForwardAccumulator(X, E0) as acc:
            y = f(X)
        np.testing.assert_allclose(acc.jvp(y), expected, rtol=1e-6)
        np.testing.assert_allclose(slope(X), expected, rtol=1e-6)
    np.testing.assert_allclose(slope(2.0 * X), [np.sin(2) + 2 * np.cos(2), 0], rtol=1e-6, atol=1e-7)


def test_custom_gradients_count():
    @tf.custom_gradient
    def twice_as_steep(x):
        return x * x, lambda dy: dy * 4.0 * x

    with ForwardAccumulator(X, E0) as acc:
        y = twice_as_steep(X)
    np.testing.assert_array_equal(acc.jvp(y), [4, 0])


def test_a_layer():
    dense = tf.keras.layers.Dense(1)
    x = tf.constant([[2.0, 3.0], [1.0, 4.0]])
    dense.build(x.shape)
    with ForwardAccumulator(dense.kernel, tf.constant([[1.0], [0.0]])) as acc:
        moved = tf.reduce_sum((dense(x) - tf.constant([1.0, -1.0])) ** 2.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((dense(x) - tf.constant([1.0, -1.0])) ** 2.0)
    np.testing.assert_allclose(acc.jvp(moved), tape.gradient(loss, dense.kernel)[0, 0], rtol=1e-5)


def test_errors(caplog):
    with pytest.raises(ValueError, match="same nested structure"):
        ForwardAccumulator([X], [E0, E0])
    with pytest.raises(ValueError, match="multiple times"):
        ForwardAccumulator([X, X], [E0, E0])
    with pytest.raises(ValueError, match=r"shape \(1,\).*\(2,\)"):
        ForwardAccumulator(X, tf.constant([1.0]))
    with pytest.raises(TypeError, match="primals holds"):
        ForwardAccumulator([1.0], [1.0])
    acc = ForwardAccumulator(X, E0)
    with acc, pytest.raises(ValueError, match="already recording"):
        acc.__enter__()
    with pytest.raises(ValueError, match="nconnected"):
        acc.jvp(X, "both")
    ForwardAccumulator(tf.constant([1]), tf.constant([1]))
    assert "must be floating" in caplog.text
