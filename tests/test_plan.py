"""Plans: recorded programs as one Python function, with the bits of the ops one by one."""

import threading

import numpy as np
import pytest

import gputape as tf


def recorded(f, *arguments, signature=None):
    """The function, recorded, and its plan."""
    made = tf.function(f, input_signature=signature)
    made(*arguments)
    return made, next(iter(made._concrete.values()))[0].plan


pytestmark = pytest.mark.usefixtures("host")  # a device has graphs instead
with tf.device("/CPU:0"):
    X = tf.constant(np.random.default_rng(0).standard_normal((5, 7)), tf.float32)


def chain(x):
    y = tf.exp(x) * 2.0 + x
    z = tf.reshape(y, (7, 5))
    return tf.reduce_sum(tf.tanh(y) * y) + tf.reduce_sum(tf.transpose(z) - y), tf.nn.softmax(z)


def test_replay_has_the_bits_of_the_ops():
    f, plan = recorded(chain, X)
    for a, b in zip(f(X), chain(X), strict=True):
        np.testing.assert_array_equal(a, b)
    assert plan.buffers and plan.bytes > 0


def test_buffers_are_shared_when_lives_do_not_overlap():
    def f(x):
        for _ in range(10):
            x = tf.exp(-x)
        return tf.reduce_sum(x)

    made, plan = recorded(f, X)
    assert len(plan.buffers) == 20 and plan.bytes <= 2 * 192  # 140 bytes, rounded up to whole lines
    np.testing.assert_array_equal(made(X), f(X))


def test_a_view_keeps_the_buffer_it_shows():
    def f(x):
        y = x + 1.0
        view = tf.transpose(y)
        z = x * 3.0  # may not go where y is
        return tf.matmul(view, z)

    made, _ = recorded(f, X)
    np.testing.assert_array_equal(made(X), f(X))


def test_results_are_never_buffers():
    made, plan = recorded(lambda x: (x + 1.0, tf.reshape(x * 2.0, (35,))), X)
    first = [y.numpy().copy() for y in made(X)]
    kept = made(X)
    made(X * 5.0)
    for a, b in zip(kept, first, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not plan.buffers


def test_structures_come_back_as_they_are():
    from collections import namedtuple

    Pair = namedtuple("Pair", "a b")
    made, _ = recorded(
        lambda x: {"b": [x + 1.0, None, "text"], "a": Pair(x * 2.0, (x,)), "c": (3.5,)}, tf.constant(1.0)
    )
    result = made(tf.constant(2.0))
    assert list(result) == ["b", "a", "c"] and result["b"][1:] == [None, "text"] and type(result["a"]) is Pair
    assert [float(result["b"][0]), float(result["a"].a), float(result["a"].b[0])] == [3.0, 4.0, 2.0]


def test_scalars_stay_arrays():
    made, _ = recorded(lambda x: tf.reduce_sum(x) + 1.0, X)
    assert type(made(X)._array) is np.ndarray and made(X).shape == ()


def test_errors_are_told_as_the_op_tells_them():
    table = tf.constant([1.0, 2.0])
    made = tf.function(lambda i: tf.gather(table, i) * 2.0)
    made(tf.constant([0, 1]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="gather"):
        made(tf.constant([0, 5]))
    np.testing.assert_array_equal(made(tf.constant([1, 0])), [4.0, 2.0])  # and it works on


def test_variables_of_changing_shape_have_no_buffers():
    v = tf.Variable([1.0, 2.0], shape=[None])
    made, plan = recorded(lambda: tf.reduce_sum(tf.exp(v) * 1.0))
    assert not plan.buffers
    v.assign([0.0, 0.0, 0.0])
    assert float(made()) == 3.0


def test_fused_ops_without_a_body_are_written_out():
    from gputape.op import Fused, Op

    x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    meaning = Fused(lambda a, b, *, scale=2.0: tf.exp(a) * b * scale)
    meaning.gradient(lambda dy, a, b, scale: (dy, dy))
    made, plan = recorded(lambda a, b: meaning(a, b) + 1.0, x, y)
    assert not any(isinstance(step.op, Fused) for step in plan.steps) and all(isinstance(s.op, Op) for s in plan.steps)
    np.testing.assert_array_equal(made(x, y), tf.exp(x) * y * 2.0 + 1.0)


def test_threads_have_buffers_of_their_own():
    made, _ = recorded(lambda x: tf.reduce_sum(tf.exp(x) * x + 1.0), X)
    inputs = [X * float(k) for k in range(4)]
    expected = [float(made(x)) for x in inputs]
    wrong = []

    def work(k):
        wrong.extend(k for _ in range(200) if float(made(inputs[k])) != expected[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
