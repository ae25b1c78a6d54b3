"""Functions on a device as one graph: emulated here, where a graph notes its work and does it at every launch."""

import io

import numpy as np
import pytest

import gputape as tf
from gputape import cuda, keras
from gputape.captured import Captured
from tests.emulator import emulator


@pytest.fixture(autouse=True)
def emulation(host):
    if reason := emulator.unavailable():
        pytest.skip(reason)
    with cuda.emulated(emulator.Emulator()):
        yield


X = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")
Y = np.array([0, 1, 2, 0, 1, 2])


def test_a_training_step_is_one_graph_with_no_reads_and_the_eager_bits():
    def trained(record):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(0.05)

        def step(x, y):
            with tf.GradientTape() as tape:
                value = loss(y, model(x, training=True))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
            return value

        step = tf.function(step) if record else step
        losses, counts, batch = [], [], (tf.constant(X), tf.constant(Y))
        for _ in range(6):
            with cuda.count_launches() as counter:
                value = step(*batch)
            counts.append((len(counter.launches), counter.graphs, counter.syncs))
            losses.append(value)
        return [float(v) for v in losses], [v.numpy() for v in model.variables], counts, step

    expected, weights, _, _ = trained(False)
    losses, replayed, counts, step = trained(True)
    assert losses == expected and losses[-1] < losses[0]
    for a, b in zip(weights, replayed, strict=True):
        np.testing.assert_array_equal(a, b)
    assert counts[-3:] == [(0, 1, 0)] * 3, counts
    assert "as one graph" in step.report()


def test_graphs_that_change_the_same_variables_stay_valid(monkeypatch):
    made = []
    capture = Captured.capture
    monkeypatch.setattr(Captured, "capture", lambda self, *args: (made.append(self), capture(self, *args))[1])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    for _ in range(3):
        model.fit(X, Y, batch_size=2, epochs=2, validation_data=(X, Y), validation_batch_size=6, verbose=0)
        model.evaluate(X, Y, batch_size=6, verbose=0)
    assert len(made) == len(set(made)) == 2  # a training step and an evaluation
    before = model.layers[0].kernel.value
    kept = before.numpy().copy()
    model.fit(X, Y, batch_size=2, verbose=0)
    np.testing.assert_array_equal(before, kept)  # someone held it: the variable has moved
    assert not np.array_equal(model.layers[0].kernel, kept)
    assert len(made) == 3


def test_chains_of_elementwise_ops_are_one_kernel_with_the_eager_bits():
    def f(x, y):
        return tf.exp(x * y + 0.5) - tf.tanh(x), tf.reduce_sum(x * y)

    x, y = tf.constant(X), tf.constant(X[0])
    recorded = tf.function(f)
    for expected, made in zip(f(x, y), recorded(x, y), strict=True):
        np.testing.assert_array_equal(expected, made)
    assert "chains of them as 1 fused kernels" in recorded.report()
    with cuda.count_launches() as counter:
        captured = next(iter(recorded._concrete.values()))[0].graph
        captured.graph = None  # captured anew, so that its launches are counted
        recorded(x, y)
    assert counter.launches.count("chain") == 1, counter.launches


def test_random_numbers_are_drawn_anew():
    tf.random.set_seed(1)
    eager = [tf.random.normal([3]).numpy() for _ in range(3)]
    tf.random.set_seed(1)
    f = tf.function(lambda: tf.random.normal([3]))
    for expected in eager:
        np.testing.assert_array_equal(f().numpy(), expected)
    assert "as one graph" in f.report()


def test_values_from_before_an_assignment():
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f(x):
        before, view = v.value(), tf.reshape(v, (2, 1))
        v.assign_add(x)
        return before, view * 1.0, v * 1.0

    for k in range(4):
        before, view, after = f(tf.constant([1.0, 1.0]))
        np.testing.assert_array_equal(before, [1.0 + k, 2.0 + k])
        np.testing.assert_array_equal(view, [[1.0 + k], [2.0 + k]])
        np.testing.assert_array_equal(after, [2.0 + k, 3.0 + k])


def test_variables_that_move_and_values_that_others_hold():
    v = tf.Variable([1.0])

    @tf.function
    def f():
        v.assign_add([1.0])
        return v.value()

    results = [f() for _ in range(3)]
    held = v.value()
    results.append(f())
    assert held.numpy() == 4.0
    v.assign([10.0])
    results.append(f())
    assert [float(r[0]) for r in results] == [2.0, 3.0, 4.0, 5.0, 11.0]


def test_printing_and_assertions_come_after_the_launch():
    stream = io.StringIO()

    @tf.function
    def f(x):
        y = x * 2.0
        tf.print("y", y, output_stream=stream)
        tf.debugging.assert_positive(y, message="too small")
        return y + 1.0

    for value in (1.0, 2.0, 3.0):
        assert float(f(tf.constant(value))) == value * 2 + 1
    assert stream.getvalue() == "y 2\ny 4\ny 6\n"
    with pytest.raises(tf.errors.InvalidArgumentError, match="too small"):
        f(tf.constant(-1.0))
    assert "as one graph" in f.report()


@pytest.mark.parametrize(
    "keys, why", [(["a", "b"], "argument 0 holds strings"), ([3, 4], "values are read on the host")]
)
def test_what_reads_values_runs_one_by_one_and_says_so(keys, why):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, [1, 2]), -1)
    f = tf.function(lambda x: table.lookup(x) + 1)
    for _ in range(3):
        assert f(tf.constant(keys[1:])).numpy().tolist() == [3]
    assert "one by one" in f.report() and why in f.report()


def test_what_needs_the_host_runs_one_by_one_and_says_so():
    f = tf.function(lambda: tf.random.shuffle(tf.range(5)))
    first = [f().numpy().tolist() for _ in range(4)]
    assert all(sorted(x) == [0, 1, 2, 3, 4] for x in first) and len({tuple(x) for x in first}) > 1
    assert "one by one" in f.report() and "on the host" in f.report()
