"""What `fit` and `predict` take as data, and what they refuse."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras


def test_ragged_and_sparse_data_are_refused():
    model = keras.Sequential([keras.layers.Identity()])
    with pytest.raises(ValueError, match=r"RaggedTensor of shape \(2, None\) as data.*to_tensor"):
        model.predict(tf.ragged.constant([[1], [2, 3]]))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"SparseTensor of shape \(1, 2\) as data.*to_dense"):
        model.fit(np.ones((1, 2)), tf.sparse.from_dense([[0.0, 1.0]]))
