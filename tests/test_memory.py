"""Memory stays flat: over tape steps, recorded functions, and models built and trained one after the other."""

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
