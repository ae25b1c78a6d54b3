import numpy as np
import pytest

from gputape import keras
from gputape.keras import layers

IMAGE = np.arange(2 * 5 * 6 * 3, dtype="float32").reshape(2, 5, 6, 3)
VOLUME = np.arange(2 * 4 * 5 * 6 * 2, dtype="float32").reshape(2, 4, 5, 6, 2)
SERIES = IMAGE[:, :, 0]

CASES = [
    (layers.Flatten(), IMAGE, IMAGE.reshape(2, -1)),
    (layers.Flatten("channels_first"), IMAGE, IMAGE.transpose(0, 2, 3, 1).reshape(2, -1)),
    (layers.Flatten(), np.ones(3, "float32"), np.ones((3, 1))),
    (layers.Flatten(), np.ones((0, 2, 3), "int32"), np.ones((0, 6))),
    (layers.Reshape((-1, 9)), IMAGE, IMAGE.reshape(2, -1, 9)),
    (layers.Permute((3, 1, 2)), IMAGE, IMAGE.transpose(0, 3, 1, 2)),
    (layers.RepeatVector(3), SERIES[:, 0], np.repeat(SERIES[:, :1], 3, 1)),
    (layers.Cropping1D((1, 0)), SERIES, SERIES[:, 1:]),
    (layers.Cropping2D(((1, 2), (0, 3))), IMAGE, IMAGE[:, 1:-2, :-3]),
    (layers.Cropping2D(1, data_format="channels_first"), IMAGE, IMAGE[:, :, 1:-1, 1:-1]),
    (layers.Cropping3D((1, 0, 2)), VOLUME, VOLUME[:, 1:-1, :, 2:-2]),
    (layers.ZeroPadding1D(2), SERIES, np.pad(SERIES, ((0, 0), (2, 2), (0, 0)))),
    (layers.ZeroPadding1D((1, 0), data_format="channels_first"), SERIES, np.pad(SERIES, ((0, 0), (0, 0), (1, 0)))),
    (layers.ZeroPadding2D(((1, 0), (2, 3))), IMAGE, np.pad(IMAGE, ((0, 0), (1, 0), (2, 3), (0, 0)))),
    (layers.ZeroPadding3D(1), VOLUME, np.pad(VOLUME, ((0, 0), (1, 1), (1, 1), (1, 1), (0, 0)))),
    (layers.UpSampling1D(2), SERIES, SERIES.repeat(2, 1)),
    (layers.UpSampling2D((2, 3)), IMAGE, IMAGE.repeat(2, 1).repeat(3, 2)),
    (layers.UpSampling2D(2, data_format="channels_first"), IMAGE, IMAGE.repeat(2, 2).repeat(2, 3)),
    (layers.UpSampling3D((1, 2, 3)), VOLUME, VOLUME.repeat(2, 2).repeat(3, 3)),
]


@pytest.mark.parametrize("layer, x, expected", CASES, ids=lambda value: getattr(value, "name", ""))
def test_values_and_shapes(layer, x, expected):
    y = layer(x)
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == x.dtype.name
    symbolic = layer(keras.Input(x.shape[1:], dtype=x.dtype.name))
    assert symbolic.shape == (None, *expected.shape[1:]) and symbolic.dtype == y.dtype.name


@pytest.mark.parametrize(
    "make, error, told",
    [
        (lambda: layers.Reshape((-1, -1)), ValueError, "at most one unknown"),
        (lambda: layers.Reshape((-2, 5)), ValueError, "non-negative"),
        (lambda: layers.Reshape((7,))(keras.Input((5,))), ValueError, "total size"),
        (lambda: layers.Permute((0, 1)), ValueError, "start from 1"),
        (lambda: layers.RepeatVector(2.0), TypeError, "integer value for `n`"),
        (lambda: layers.RepeatVector(0), ValueError, "positive"),
        (lambda: layers.Cropping1D(3)(SERIES), ValueError, "smaller than"),
        (lambda: layers.Cropping2D((1, 2, 3)), ValueError, "should have 2 elements|two elements"),
        (lambda: layers.Cropping2D(-1), ValueError, "negative"),
        (lambda: layers.ZeroPadding2D("same"), ValueError, "elements"),
        (lambda: layers.ZeroPadding1D((1, -2)), ValueError, "non-negative"),
        (lambda: layers.UpSampling1D(0), ValueError, "positive"),
        (lambda: layers.UpSampling2D(0), ValueError, "positive"),
        (lambda: layers.Flatten("last"), ValueError, "data_format"),
    ],
)
def test_refusals(make, error, told):
    with pytest.raises(error, match=told):
        make()


def test_unknown_sizes_stay_unknown():
    x = keras.Input((None, 6, 3))
    assert layers.Flatten()(x).shape == (None, None)
    assert layers.Reshape((-1, 9))(x).shape == (None, None, 9)
    assert layers.ZeroPadding2D(1)(x).shape == (None, None, 8, 3)
    assert layers.UpSampling2D(2)(x).shape == (None, None, 12, 3)
