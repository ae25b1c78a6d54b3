"""Losses averaged over a global batch."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError

LOSS = tf.constant([1.0, 2.0, 6.0])


def test_average():
    assert tf.nn.compute_average_loss(LOSS).numpy() == 3
    assert tf.nn.compute_average_loss(LOSS, [1.0, 0.0, 2.0]).numpy() == np.float32(13 / 3)
    assert tf.nn.compute_average_loss(LOSS, global_batch_size=6).numpy() == 1.5
    weighted = tf.nn.compute_average_loss(tf.ones([2, 3]), sample_weight=[1.0, 2.0])
    assert weighted.numpy() == 4.5
    assert tf.nn.compute_average_loss(tf.constant([1.0], tf.float16)).dtype == tf.float16


def test_size_may_be_a_tensor():
    assert tf.nn.compute_average_loss(LOSS, global_batch_size=tf.constant(9)).numpy() == 1


def test_regularization():
    assert tf.nn.scale_regularization_loss(LOSS).numpy() == 9
    assert tf.nn.scale_regularization_loss([]).numpy() == 0


def test_gradient():
    x = tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.compute_average_loss(x**2)
    np.testing.assert_allclose(tape.gradient(y, x), [3, 4])


def test_errors():
    with pytest.raises(ValueError, match="at least rank 1"):
        tf.nn.compute_average_loss(1.0)
    with pytest.raises(TypeError, match="must be an integer"):
        tf.nn.compute_average_loss(LOSS, global_batch_size=2.0)
    with pytest.raises(ValueError, match="must be scalar"):
        tf.nn.compute_average_loss(LOSS, global_batch_size=[2])
    with pytest.raises(InvalidArgumentError, match="non-negative"):
        tf.nn.compute_average_loss(LOSS, global_batch_size=-2)
