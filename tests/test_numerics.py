"""The NaN finder: eager, replayed on the CPU without an eager run, and in a captured graph."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.numerics import not_finite
from gputape.record import state
from tests.emulator import emulator

INVALID = tf.errors.InvalidArgumentError


@pytest.fixture(autouse=True)
def checking():
    yield
    tf.debugging.disable_check_numerics()


@tf.function
def step(x):
    y = x + 1.0
    z = tf.math.log(y)  # the line that is told
    return tf.reduce_sum(tf.math.exp(z) * 0.0)


LINE = f"test_numerics.py:{step.python_function.__code__.co_firstlineno + 3}"  # the one marked above


def test_a_replayed_function_tells_the_op_and_its_line(monkeypatch, host):
    tf.debugging.enable_check_numerics()
    step(tf.constant([1.0, 2.0]))
    monkeypatch.setattr(step, "python_function", None)  # whoever ran it eagerly would fail
    assert step(tf.constant([1.0, 2.0])).numpy() == 0
    with pytest.raises(INVALID, match=rf"Detected Inf in output 0 of op 'log' at .*{LINE}.*shape \[2\]"):
        step(tf.constant([1.0, -1.0]))
    with pytest.raises(INVALID, match="Detected NaN in output 0 of op 'log'"):
        step(tf.constant([1.0, -2.0]))
    tf.debugging.disable_check_numerics()
    assert step(tf.constant([1.0, -1.0])).numpy() == 0


def test_under_a_tape_the_line_is_that_of_the_op():
    tf.debugging.enable_check_numerics()
    step(tf.constant([1.0, 2.0]))
    x = tf.constant([1.0, -1.0])
    with pytest.raises(INVALID, match=f"'log' at .*{LINE}"), tf.GradientTape() as tape:
        tape.watch(x)
        step(x)


def test_the_layer_is_told():
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(2, name="first")], name="net")
    run = tf.function(lambda x: model(x))
    tf.debugging.enable_check_numerics()
    run(tf.ones((1, 2)))
    with pytest.raises(INVALID, match="layer 'net/first'"):
        run(tf.constant([[1.0, np.inf]]))
    with pytest.raises(INVALID, match="layer 'net/first'"):
        model(tf.constant([[1.0, np.inf]]))


def test_the_layer_of_a_gradient_is_told():
    layer = tf.keras.layers.Activation(tf.sqrt, name="root")

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, x)

    tf.debugging.enable_check_numerics()
    slope(tf.constant([[4.0]]))
    with pytest.raises(INVALID, match=r"Detected Inf .* layer 'root backwards'"):
        slope(tf.constant([[0.0]]))


def test_in_fit(host):
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, name="first")])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)
    x[5] = np.nan
    tf.debugging.enable_check_numerics()
    with pytest.raises(INVALID, match=r"layer 'sequential.*/first'"):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0)


def test_in_a_graph_the_first_op_is_told_after_the_launch():
    if reason := emulator.unavailable():
        pytest.skip(reason)
    with tf.device("/CPU:0"), cuda.emulated(emulator.Emulator()):
        step(tf.constant([1.0, 2.0]))
        tf.debugging.enable_check_numerics()
        with cuda.count_launches() as counter:
            assert step(tf.constant([1.0, 2.0])).numpy() == 0
        with cuda.count_launches() as counter:
            assert step(tf.constant([1.0, 2.0])).numpy() == 0
        assert counter.graphs == 1 and counter.launches == []
        for x in ([1.0, -1.0], [2.0, -2.0]):
            with pytest.raises(INVALID, match=r"Detected Inf or NaN in output 0 of op .*log.*dtype float32"):
                step(tf.constant(x))
            assert step(tf.constant([1.0, 2.0])).numpy() == 0


@pytest.mark.parametrize(
    "array, found",
    [
        (np.full(9, 3e38, np.float32), ""),  # the sum overflows
        (np.array([np.inf, -np.inf, np.nan], np.float32), "Inf and NaN"),
        (np.array([np.nan + 1j]), "NaN"),
        (np.array([], np.float64), ""),
        (np.array(np.inf), "Inf"),
        (np.full(3, 65504, np.float16), ""),
        (np.full(3, np.nan, tf.bfloat16.as_numpy_dtype), "NaN"),
    ],
)
def test_what_is_found(array, found):
    assert state.quiet(not_finite, array) == found
