"""Images turned, cut and framed, against NumPy."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import image as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).random((2, 5, 6, 3)).astype(np.float32)
im = tf.image
VALUES = [
    ("flip_left_right", lambda: im.flip_left_right(X), X[:, :, ::-1]),
    ("flip_up_down", lambda: im.flip_up_down(X[0]), X[0, ::-1]),
    ("image_transpose", lambda: im.transpose(X), X.swapaxes(1, 2)),
    *[("rot90", lambda k=k: im.rot90(X, k), np.rot90(X, k, (1, 2))) for k in (-1, 0, 1, 2, 7)],
    ("crop_to_bounding_box", lambda: im.crop_to_bounding_box(X, 1, 2, 3, 2), X[:, 1:4, 2:4]),
    (
        "pad_to_bounding_box",
        lambda: im.pad_to_bounding_box(X, 1, 2, 7, 9),
        np.pad(X, [(0, 0), (1, 1), (2, 1), (0, 0)]),
    ),
    ("central_crop", lambda: im.central_crop(X, 0.5), X[:, 1:4, 1:5]),
    (
        "resize_with_crop_or_pad",
        lambda: im.resize_with_crop_or_pad(X, 3, 8),
        np.pad(X[:, 1:4], [(0, 0), (0, 0), (1, 1), (0, 0)]),
    ),
    ("resize_with_pad", lambda: im.resize_with_pad(X, 5, 8), np.pad(X, [(0, 0), (0, 0), (1, 1), (0, 0)])),
    (
        "extract_patches",
        lambda: im.extract_patches(X, [1, 2, 3, 1], [1, 2, 3, 1], [1, 1, 1, 1], "VALID"),
        X[:, :4].reshape(2, 2, 2, 2, 3, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 2, 2, 18),
    ),
    (
        "extract_volume_patches",
        lambda: tf.extract_volume_patches(X[:, None, :4, :, :], [1, 1, 2, 2, 1], [1, 1, 2, 2, 1], "VALID")[:, 0],
        X[:, :4].reshape(2, 2, 2, 3, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 2, 3, 12),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), np.ascontiguousarray(expected))


def test_gradients():
    check_gradients(lambda x: tf.exp(im.rot90(im.central_crop(x, 0.7))), X[0].astype(float))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: im.flip_left_right(X[0, 0]), "3 dimensions"),
        (lambda: im.crop_to_bounding_box(X, 3, 0, 4, 2), "within the image"),
        (lambda: im.pad_to_bounding_box(X, 3, 0, 4, 9), "does not fit"),
        (lambda: im.central_crop(X, 1.5), "central_fraction"),
    ],
)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    "padding, shape, total", [("VALID", (1, 2, 3, 1, 16), 38784.0), ("SAME", (1, 2, 4, 2, 16), 64996.0)]
)
def test_extract_volume_patches(padding, shape, total):
    """The sums are those of TensorFlow 2.21."""
    x = np.arange(96, dtype="f4").reshape(1, 4, 4, 3, 2)
    made = tf.extract_volume_patches(x, [1, 2, 2, 2, 1], [1, 2, 1, 2, 1], padding)
    assert made.shape == shape and float(tf.reduce_sum(made * np.arange(16.0))) == total
    assert made.numpy()[0, 0, 0, 0].tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 24, 25, 26, 27, 30, 31, 32, 33]
    with pytest.raises(tf.errors.InvalidArgumentError, match="5 dimensions"):
        tf.extract_volume_patches(x[0], [1, 2, 2, 2, 1], [1, 2, 1, 2, 1], padding)
