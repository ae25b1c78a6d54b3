"""What `fit` and `predict` take as data, and what they refuse."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras


def test_ragged_data_are_refused_and_sparse_ones_made_dense():
    model = keras.Sequential([keras.layers.Identity()])
    with pytest.raises(ValueError, match=r"RaggedTensor of shape \(2, None\) as data.*to_tensor"):
        model.predict(tf.ragged.constant([[1], [2, 3]]))
    with pytest.raises(ValueError, match="to_tensor"):
        model.predict(tf.data.Dataset.from_tensors(tf.ragged.constant([[1], [2, 3]])))
    sparse = tf.SparseTensor([[1, 0], [0, 1]], [2.0, 1.0], [2, 2])
    model = keras.Sequential([keras.Input((2,), sparse=True), keras.layers.Identity()])
    for made in (model(sparse), model.predict(sparse, verbose=0)):
        np.testing.assert_array_equal(made, [[0, 1], [2, 0]])
    batches = tf.data.Dataset.from_tensor_slices(sparse).batch(2)
    np.testing.assert_array_equal(model.predict(batches, verbose=0), [[0, 1], [2, 0]])
    model.compile("sgd", "mse")
    assert model.evaluate(batches.map(lambda x: (x, x)), verbose=0) == 0.0
