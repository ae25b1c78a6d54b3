"""What memory_report tells; and memory stays flat: over steps, functions, and models trained one after the other."""

import gc
import sys
import tracemalloc

import numpy as np

import gputape as tf
from gputape import keras


def growth(step, warm: int, count: int) -> int:
    """How many objects `count` calls of `step` leave behind, after `warm` calls that fill caches."""
    for _ in range(warm):
        step()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(count):
        step()
    gc.collect()
    return sys.getallocatedblocks() - before


def test_tape_steps():
    w, x = tf.Variable(np.ones((4, 4), "float32")), tf.constant(np.ones((2, 4), "float32"))

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(x @ w))
        w.assign_sub(0.01 * tape.gradient(loss, w))

    assert growth(step, 50, 10_000) < 500


def test_tapes_that_nobody_asks():
    w = tf.Variable(np.ones(100, "float32"))

    def step():
        with tf.GradientTape(persistent=True):
            tf.exp(w * w)

    assert growth(step, 20, 1000) < 200


def test_a_step_frees_its_arrays_without_the_cycle_collector():
    w = tf.Variable(np.ones(100_000, "float32"))

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.exp(w * 0.5))
        tape.gradient(loss, w)

    step()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            step()
        assert tracemalloc.get_traced_memory()[0] < 400_000
    finally:
        tracemalloc.stop()
        gc.enable()


def test_recorded_functions_die_with_their_last_reference():
    def step():
        v = tf.Variable(np.ones(1000, "float32"))
        f = tf.function(lambda x: x * v)
        f(tf.ones([1000]))
        f(tf.ones([1000]))

    assert growth(step, 10, 200) < 200


def test_models_built_and_trained():
    x, y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")

    def step():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        model.fit(x, y, batch_size=8, epochs=1, verbose=0)

    assert growth(step, 10, 190) < 1900


def test_report_tells_ops_layers_and_lines():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="first")], name="net")
    run = tf.function(lambda x: tf.exp(model(x)))
    run(tf.ones((32, 8)))
    report = tf.memory_report(run)
    (recording,) = report.recordings
    ops = {row.op: row for row in recording.made}
    assert ops["exp"].bytes == 32 * 4 * 4 and "test_memory.py" in ops["exp"].where and ops["exp"].layer == ""
    assert any(row.layer == "net/first" and row.bytes == 32 * 4 * 4 for row in recording.made)
    assert recording.weights == 4 * (8 * 4 + 4) and recording.arena >= 0
    told = str(report)
    assert "weights 144 B" in told and "net/first" in told
    assert recording.name in [r.name for r in tf.memory_report().recordings]


def test_report_tells_the_layers_of_gradients():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="first")], name="net")

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x) ** 2)
        return tape.gradient(loss, model.trainable_variables)

    gradients(tf.ones((32, 8)))
    made = tf.memory_report(gradients).recordings[0].made
    products = ("multiply_matrices", "affine", "affine_grad")
    assert {row.layer for row in made if row.op in products} == {"net/first", "net/first backwards"}


def test_report_of_what_runs_eagerly_and_of_nothing():
    eager = tf.function(lambda x: x + 1.0 if x > 0 else x)
    eager(tf.constant(1.0))
    assert tf.memory_report(eager).recordings[0].arena == 0
    assert str(tf.memory_report(tf.function(lambda x: x))).startswith("nothing is recorded")
