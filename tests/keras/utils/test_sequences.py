import numpy as np
import pytest

from gputape import keras

SEQUENCES = [[1], [1, 2], [1, 2, 3]]


@pytest.mark.parametrize(
    "kwargs, rows",
    [
        ({}, [[0, 0, 1], [0, 1, 2], [1, 2, 3]]),
        ({"maxlen": 2}, [[0, 1], [1, 2], [2, 3]]),
        ({"maxlen": 2, "truncating": "post", "padding": "post", "value": 9}, [[1, 9], [1, 2], [1, 2]]),
    ],
)
def test_pad_sequences(kwargs, rows):
    made = keras.utils.pad_sequences(SEQUENCES, **kwargs)
    assert made.tolist() == rows and made.dtype == np.int32


def test_edges_and_refusals():
    assert keras.utils.pad_sequences([]).shape == (0, 0)
    assert keras.utils.pad_sequences([[], [[1.0, 2.0]]], dtype="float32").shape == (2, 1, 2)
    for kwargs in ({"padding": "middle"}, {"truncating": "middle"}, {"value": "text"}):
        with pytest.raises(ValueError):
            keras.utils.pad_sequences(SEQUENCES, **kwargs)
    with pytest.raises(ValueError, match="iterable"):
        keras.utils.pad_sequences([1, 2])
