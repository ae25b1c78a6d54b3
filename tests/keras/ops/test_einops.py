"""keras.ops.rearrange."""

import numpy as np
import pytest

from gputape import keras

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "pattern, lengths, expected",
    [
        ("a b c -> a b c", {}, X),
        ("a b c -> c a b", {}, X.transpose(2, 0, 1)),
        ("a b c -> (a b) c", {}, X.reshape(6, 4)),
        ("a b c -> (b a) c", {}, X.transpose(1, 0, 2).reshape(6, 4)),
        ("a b (h w) -> a h b w", {"h": 2}, X.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3)),
        ("(a x) b c -> x (a b c)", {"a": 1}, X.reshape(2, 12)),
    ],
)
def test_values(pattern, lengths, expected):
    np.testing.assert_array_equal(keras.ops.rearrange(X, pattern, **lengths), expected)


def test_step_of_a_model():
    x = keras.Input((6, 4))
    model = keras.Model(x, keras.ops.rearrange(x, "b (h w) c -> b h w c", h=2))
    assert model.output.shape == (None, 2, 3, 4)
    assert model(np.zeros((5, 6, 4), np.float32)).shape == (5, 2, 3, 4)


@pytest.mark.parametrize(
    "pattern, lengths, told",
    [
        ("a b c", {}, "axes before -> axes after"),
        ("a b c -> a b", {}, "must name each axis once"),
        ("a b -> b a", {}, "has 2 axes"),
        ("a b (h w) -> a b h w", {}, "no product"),
        ("a b (h w) -> a b h w", {"h": 3}, "no product"),
    ],
)
def test_errors(pattern, lengths, told):
    with pytest.raises(ValueError, match=told):
        keras.ops.rearrange(X, pattern, **lengths)
