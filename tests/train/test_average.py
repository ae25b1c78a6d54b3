"""ExponentialMovingAverage against its formula."""

import numpy as np
import pytest

import gputape as tf


def test_a_variable_starts_at_its_value_and_moves():
    v, ema = tf.Variable([1.0, 2.0]), tf.train.ExponentialMovingAverage(0.75)
    assert ema.average(v) is None
    ema.apply([v])
    np.testing.assert_array_equal(ema.average(v).numpy(), [1.0, 2.0])
    v.assign([5.0, 2.0])
    ema.apply([v])
    np.testing.assert_array_equal(ema.average(v).numpy(), [2.0, 2.0])
    assert not ema.average(v).trainable
    assert ema.variables_to_restore([v]) == {"Variable/ExponentialMovingAverage": v}


def test_early_steps_move_faster():
    v, ema = tf.Variable(1.0), tf.train.ExponentialMovingAverage(0.99, num_updates=3)
    ema.apply([v])
    v.assign(5.0)
    ema.apply([v])
    np.testing.assert_allclose(ema.average(v).numpy(), 1 + (1 - 4 / 13) * 4, rtol=1e-6)


def test_averages_of_tensors_are_freed_of_their_start():
    x, ema = tf.constant(3.0), tf.train.ExponentialMovingAverage(0.9, zero_debias=True)
    for _ in range(3):
        ema.apply([x])
        np.testing.assert_allclose(ema.average(x).numpy(), 3.0, rtol=1e-6)


def test_errors():
    ema = tf.train.ExponentialMovingAverage(0.9)
    with pytest.raises(TypeError, match="must be half, float, or double"):
        ema.apply([tf.Variable(1)])
    with pytest.raises(ValueError, match="var_list"):
        ema.apply()
