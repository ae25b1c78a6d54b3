import numpy as np
import pytest

import gputape as tf
from gputape import keras


def test_to_categorical():
    assert keras.utils.to_categorical([[0], [2]], 4).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert keras.utils.to_categorical(np.zeros((2, 3), int)).shape == (2, 3, 1)
    assert keras.utils.to_categorical([], 3).shape == (0, 3)
    made = keras.utils.to_categorical(tf.constant([1, 0]))
    assert isinstance(made, tf.Tensor) and made.numpy().tolist() == [[0, 1], [1, 0]]


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert keras.utils.normalize(x).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    np.testing.assert_allclose(keras.utils.normalize(tf.constant(x, "float32"), order=1)[0], [3 / 7, 4 / 7], rtol=1e-6)
    with pytest.raises(ValueError, match="order"):
        keras.utils.normalize(x, order=0)
