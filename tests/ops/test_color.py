"""Colours: values against formulas and Python's colorsys, conversions there and back, gradients."""

import colorsys

import numpy as np
import pytest

import gputape as tf
from gputape.ops import color as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).random((2, 12, 13, 3)).astype(np.float32)
BYTES = np.uint8([[[0, 100, 255]]])
im = tf.image


def of_pixels(f, x):
    return np.array([f(*p) for p in x.reshape(-1, 3).astype(float)], np.float32).reshape(x.shape)


HSV = of_pixels(colorsys.rgb_to_hsv, X)
TURNED = of_pixels(
    lambda r, g, b: colorsys.hsv_to_rgb(*np.add(colorsys.rgb_to_hsv(r, g, b), (0.3, 0, 0)) % 1.0000001), X
)
MEAN = X.mean((1, 2), keepdims=True)
EACH = X.reshape(2, -1)
VALUES = [
    ("convert_image_dtype", lambda: im.convert_image_dtype(BYTES, "float32"), BYTES.astype("f") / 255),
    ("convert_image_dtype", lambda: im.convert_image_dtype(BYTES, "int16"), (BYTES.astype("int16") * 128)),
    (
        "convert_image_dtype",
        lambda: im.convert_image_dtype(np.float32([-1, 0.5, 2]), "uint8", True),
        np.uint8([0, 127, 255]),
    ),
    ("adjust_brightness", lambda: im.adjust_brightness(X, 0.25), X + np.float32(0.25)),
    ("adjust_brightness", lambda: im.adjust_brightness(BYTES, 0.25), np.uint8([[[63, 164, 255]]])),
    ("adjust_contrast contrast_adjusted", lambda: im.adjust_contrast(X, 1.5), (X - MEAN) * 1.5 + MEAN),
    ("adjust_gamma", lambda: im.adjust_gamma(X, 0.5, 2.0), 2 * X**0.5),
    ("rgb_to_hsv", lambda: im.rgb_to_hsv(X), HSV),
    ("hsv_to_rgb", lambda: im.hsv_to_rgb(HSV), X),
    ("adjust_hue", lambda: im.adjust_hue(X, 0.3), TURNED.astype("f")),
    ("adjust_saturation", lambda: im.adjust_saturation(X, 0.0), np.repeat(X.max(-1, keepdims=True), 3, -1)),
    (
        "per_image_standardization",
        lambda: im.per_image_standardization(X),
        ((EACH - EACH.mean(1)[:, None]) / EACH.std(1)[:, None]).reshape(X.shape),
    ),
    ("rgb_to_grayscale", lambda: im.rgb_to_grayscale(X), (X @ np.float32([0.2989, 0.587, 0.114]))[..., None]),
    ("grayscale_to_rgb", lambda: im.grayscale_to_rgb(X[..., :1]), np.repeat(X[..., :1], 3, -1)),
    ("rgb_to_yuv yuv_to_rgb", lambda: im.yuv_to_rgb(im.rgb_to_yuv(X))[0, 0, 0], X[0, 0, 0]),
    ("rgb_to_yiq yiq_to_rgb", lambda: tf.round(im.yiq_to_rgb(im.rgb_to_yiq(BYTES / np.float32(1)))), BYTES.astype("f")),
    ("psnr", lambda: im.psnr(X, X + 0.1, 1.0), np.float32([20, 20])),
    ("ssim", lambda: im.ssim(X, X, 1.0), np.float32([1, 1])),
    (
        "total_variation",
        lambda: im.total_variation(X),
        abs(np.diff(X, axis=1)).sum((1, 2, 3)) + abs(np.diff(X, axis=2)).sum((1, 2, 3)),
    ),
    ("image_gradients", lambda: im.image_gradients(X)[0][:, :-1], np.diff(X, axis=1)),
    (
        "sobel_edges",
        lambda: im.sobel_edges(np.arange(9.0, dtype="f").reshape(1, 3, 3, 1))[0, 1, 1, 0],
        np.float32([24, 8]),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected, rtol=2e-4)


def test_contrast_has_no_gradient():
    image, delta = tf.Variable([[[0.5, 0.0, 0.0]]]), tf.Variable(0.1)
    with tf.GradientTape() as tape:
        adjusted = im.adjust_contrast(image, delta)
    with pytest.raises(LookupError, match="no entry for: AdjustContrastv2"):
        tape.gradient(adjusted, [image, delta])


def test_gradients():
    x = X[0, :2, :2].astype(float)
    check_gradients(lambda x: im.hsv_to_rgb(im.rgb_to_hsv(x) * 0.9), x)
    check_gradients(im.rgb_to_grayscale, x)


@pytest.mark.parametrize(
    "call", [lambda: im.rgb_to_hsv(X[..., :2]), lambda: im.hsv_to_rgb(BYTES), lambda: im.adjust_hue(X, 2)]
)
def test_errors(call):
    with pytest.raises(tf.errors.InvalidArgumentError):
        call()
