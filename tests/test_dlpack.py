"""Arrays go to other libraries and come back on the same memory."""

import numpy as np

import gputape as tf
from gputape import cuda


def test_from_an_array_of_another_library():
    array = np.arange(6, dtype="f4").reshape(2, 3)[:, ::2]
    made = tf.experimental.dlpack.from_dlpack(array)
    assert made.dtype == tf.float32 and made.numpy().tolist() == array.tolist()
    assert np.shares_memory(made.numpy(), array)


def test_through_a_capsule():
    x = tf.constant([[1.0, 2.0]])
    capsule = tf.experimental.dlpack.to_dlpack(x)
    assert "dltensor" in repr(capsule)
    made = tf.experimental.dlpack.from_dlpack(capsule)
    assert cuda.address(made._array) == cuda.address(x._array)
