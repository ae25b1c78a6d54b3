"""Mixed precision: float16 steps equal Keras's one by one, in fit and in own loops, eager and recorded."""

import json
from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from tests.emulator import emulator
from tests.keras.optimizers.mixed_cases import CASES, OVERFLOW, STEPS, prepared, seen, trained

keras = tf.keras
RECORDED = json.loads((Path(__file__).parents[2] / "references" / "mixed_precision.json").read_text())
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
HALF = 2.0**-10  # float16's epsilon: sums of halves are rounded in another order than TensorFlow's


def assert_same_steps(ours, theirs):
    for k, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(mine[0], other[0], rtol=HALF, err_msg=f"loss of step {k}")
        assert mine[1:4] == other[1:4], f"scale, good steps and steps done at step {k}"
        for a, b in zip(mine[4], other[4], strict=True):
            np.testing.assert_allclose(a, b, atol=4 * HALF, err_msg=f"weights after step {k}")


def own_loop(name, recorded, keras_2):
    """The same training, written out as in TensorFlow's guide, with Keras 2's or Keras 3's methods."""
    model, optimizer, x, y = prepared(tf, name)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = LOSS(y, model(x, training=True))
            scaled = optimizer.get_scaled_loss(loss) if keras_2 else optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        if keras_2:
            gradients = optimizer.get_unscaled_gradients(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    optimizer.build(model.trainable_variables)
    run = tf.function(step) if recorded else step
    steps = [seen(run(tf.constant(x[k]), tf.constant(y[k])), model, optimizer) for k in range(STEPS)]
    if recorded:
        assert "replayed" in run.report()
    return steps, optimizer


@pytest.mark.parametrize("name", CASES)
def test_steps_equal_keras(name):
    assert_same_steps(trained(tf, name), RECORDED[name])


@pytest.mark.parametrize("keras_2", [False, True])
def test_own_loops_do_the_same_recorded_or_not(keras_2):
    eager, optimizer = own_loop("dense", False, keras_2)
    recorded, _ = own_loop("dense", True, keras_2)
    assert_same_steps(eager, RECORDED["dense"])
    assert eager == recorded
    assert int(optimizer.skipped_steps) == 1 and optimizer.dynamic


def test_the_cases_reach_growth_and_overflow():
    scales = [step[1] for step in RECORDED["conv"]]
    assert max(scales[:OVERFLOW]) > scales[0] and scales[OVERFLOW] == scales[OVERFLOW - 1] / 2
    assert RECORDED["conv"][OVERFLOW][4] == RECORDED["conv"][OVERFLOW - 1][4]


def test_fit_counts_skipped_steps():
    model, optimizer, x, y = prepared(tf, "dense")
    model.compile(optimizer, loss=LOSS)
    x[0] *= 1e6  # infinite in float16
    model.fit(x.reshape(-1, 6), y.ravel(), batch_size=5, shuffle=False, verbose=0)
    assert int(optimizer.skipped_steps) == 2
    assert int(optimizer.iterations) == STEPS - 2
    assert len(optimizer.variables) == 2 + len(optimizer.inner_optimizer.variables) + 2  # as in Keras's files


def test_bfloat16_needs_no_scale():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1, dtype="float32")])
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile("sgd", "mse")
    assert not isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    x = np.ones((8, 4), np.float32)
    losses = [model.train_on_batch(x, np.ones((8, 1), np.float32)) for _ in range(5)]
    assert losses[-1] < losses[0]
    assert model.layers[0].compute_dtype == "bfloat16" and model.layers[0].kernel.dtype == "float32"
    assert model.layers[0](x).dtype == "bfloat16"


def test_in_a_graph_the_decision_stays_on_the_device():
    if reason := emulator.unavailable():
        pytest.skip(reason)
    with tf.device("/CPU:0"), cuda.emulated(emulator.Emulator()):
        model, optimizer, x, y = prepared(tf, "dense")
        optimizer.build(model.trainable_variables)

        @tf.function
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = LOSS(y, model(x, training=True))
                scaled = optimizer.scale_loss(loss)
            optimizer.apply(tape.gradient(scaled, model.trainable_variables), model.trainable_variables)
            return loss

        done = []
        for k in range(OVERFLOW + 1):
            batch = tf.constant(x[k]), tf.constant(y[k])
            with cuda.count_launches() as counter:
                loss = step(*batch)
            done.append((counter.graphs, counter.syncs))
            assert float(optimizer.dynamic_scale) == RECORDED["dense"][k][1]
            np.testing.assert_allclose(loss, RECORDED["dense"][k][0], rtol=2 * HALF)
        assert done[-1] == (1, 0)
        assert int(optimizer.skipped_steps) == 1
