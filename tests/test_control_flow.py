"""Control flow: values, gradients, and the same inside recorded functions."""

import numpy as np
import pytest

import gputape as tf


def power(x):
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, 1.0))[1]


def array(x):
    made = tf.TensorArray(tf.float32, 2).write(0, x * x).write(1, x)
    return tf.reduce_sum(made.stack())


@pytest.mark.parametrize(
    ("f", "value", "slope"),
    [
        (power, 8.0, 12.0),
        (array, 6.0, 5.0),
        (lambda x: tf.cond(x > 1.0, lambda: x * x, lambda: x), 4.0, 4.0),
        (lambda x: tf.case([(x > 5.0, lambda: x)], default=lambda: x * 3.0), 6.0, 3.0),
        (lambda x: tf.switch_case(tf.constant(1), [lambda: x, lambda: x * x]), 4.0, 4.0),
        (lambda x: tf.reduce_sum(tf.map_fn(lambda a: a * x, tf.constant([1.0, 2.0]))), 6.0, 3.0),
        (lambda x: tf.reduce_sum(tf.vectorized_map(lambda a: a * x, tf.constant([1.0, 2.0]))), 6.0, 3.0),
        (lambda x: tf.reduce_sum(tf.scan(lambda s, a: s * a, tf.stack([x, x]))), 6.0, 5.0),
        (lambda x: tf.foldl(lambda s, a: s - a, tf.stack([x, 3.0 * x])), -4.0, -2.0),
        (lambda x: tf.foldr(lambda s, a: s - a, tf.stack([x, 3.0 * x])), 4.0, 2.0),
        (lambda x: tf.py_function(lambda a: a * a, [x], tf.float32), 4.0, 4.0),
    ],
)
def test_values_and_gradients_eager_and_recorded(f, value, slope):
    for call in (f, tf.function(f)):
        for _ in range(2):
            x = tf.Variable(2.0)
            with tf.GradientTape() as tape:
                y = call(tf.identity(x))
            assert (y.numpy(), tape.gradient(y, x).numpy()) == (value, slope)


def test_a_recorded_branch_follows_its_argument():
    f = tf.function(lambda x: tf.cond(x > 0, lambda: x, lambda: -x))
    assert [f(tf.constant(v)).numpy() for v in (1.0, -2.0, 3.0)] == [1.0, 2.0, 3.0]


def test_python_code_runs_at_every_call():
    calls = []
    f = tf.function(lambda x: tf.numpy_function(lambda a: calls.append(1) or a * 2, [x], tf.float32))
    assert [f(tf.constant(v)).numpy() for v in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0] and len(calls) == 3


def test_tensor_array_errors():
    for error, do in [
        (tf.errors.OutOfRangeError, lambda t: t.write(2, 1.0)),
        (tf.errors.OutOfRangeError, lambda t: t.read(2)),
        (tf.errors.InvalidArgumentError, lambda t: t.write(0, tf.constant(1))),
        (ValueError, lambda t: t.write(0, [1.0]).write(1, 1.0)),
        (ValueError, lambda t: t.stack()),
    ]:
        with pytest.raises(error):
            do(tf.TensorArray(tf.float32, 2))


def test_empty_elements():
    assert tf.map_fn(lambda x: x, tf.zeros([0, 3])).shape == (0,)
    assert tf.vectorized_map(lambda x: x, tf.zeros([0, 3])).shape == (0, 3)
    np.testing.assert_array_equal(tf.foldl(lambda s, x: s + x, tf.zeros([0]), 4.0).numpy(), 4.0)


@pytest.mark.parametrize("calls", [tf.py_function, tf.numpy_function])
def test_python_functions_as_decorators(calls):
    @calls(Tout=[tf.float32, tf.float32])
    def halves(x):
        """Two halves."""
        return np.float32(x / 2), np.float32(x / 2)

    assert halves.__doc__ == "Two halves."
    assert [float(y) for y in halves(tf.constant(3.0))] == [1.5, 1.5]
