"""keras.ops.ctc_loss and ctc_decode, and the loss CTC."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

LOGITS = np.log(
    np.array([[[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], [[0.2, 0.2, 0.6], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]])
)


def test_loss_is_tf_nns():
    labels, lengths, times = np.array([[1, 2], [2, 0]]), [2, 1], [3, 2]
    made = keras.ops.ctc_loss(labels, LOGITS, lengths, times)
    expected = tf.nn.ctc_loss(labels, LOGITS, lengths, times, logits_time_major=False)
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    assert keras.ops.ctc_loss(labels, LOGITS.astype(np.float16), lengths, times).dtype == "float32"


def test_class():
    """The numbers are Keras 3.15's, a label that is the blank among them."""
    logits = (np.arange(24).reshape((2, 4, 3)).astype("float32") - 12) / 100
    labels = np.array([[1, 2, 1, 0], [1, 2, 0, 2]])
    np.testing.assert_allclose(keras.losses.CTC()(labels, logits), 2.448645, rtol=1e-5)


def test_greedy():
    decoded, scores = keras.ops.ctc_decode(LOGITS, [3, 2])
    assert decoded.dtype == "int32"
    np.testing.assert_array_equal(decoded, [[[1, 2, -1], [2, -1, -1]]])
    np.testing.assert_allclose(scores, [[-np.log(0.8 * 0.7 * 0.6)], [-np.log(0.6 * 0.8)]], rtol=1e-5)


@pytest.mark.parametrize("mask", [0, 1, 2])
def test_beam_search(mask):
    decoded, scores = keras.ops.ctc_decode(LOGITS, [3, 3], "beam_search", beam_width=20, top_paths=2, mask_index=mask)
    assert decoded.shape == (2, 2, 3) and scores.shape == (2, 2)
    for path in range(2):
        for row in range(2):
            labels = decoded.numpy()[path, row]
            count = int((labels >= 0).sum())
            assert mask not in labels
            cost = keras.ops.ctc_loss(np.maximum(labels, 0)[None], LOGITS[row : row + 1], [count], [3], mask)
            np.testing.assert_allclose(-cost.numpy()[0], scores.numpy()[row, path], rtol=1e-5)


def test_errors():
    with pytest.raises(ValueError, match="Invalid strategy"):
        keras.ops.ctc_decode(LOGITS, [3, 3], "best")
