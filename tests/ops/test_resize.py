"""Resized images: TensorFlow's recorded values, tables that sum to one, gradients."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import resize as family
from gputape.testing import check_gradients
from tests.ops.declared import declared

METHODS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
ROW = np.float32([1, 2, 4, 8, 16]).reshape(1, 5, 1)
# tf.image.resize(ROW, [1, size], method, antialias=...), TensorFlow 2.21
RECORDED = {
    "bilinear False 3": [1.3333, 4.0, 13.3333],
    "bilinear False 8": [1.0, 1.4375, 2.125, 3.375, 5.25, 7.75, 12.5, 16.0],
    "bilinear True 3": [1.4286, 4.4444, 12.5714],
    "bilinear True 8": [1.0, 1.4375, 2.125, 3.375, 5.25, 7.75, 12.5, 16.0],
    "nearest False 3": [1.0, 4.0, 16.0],
    "nearest False 8": [1.0, 1.0, 2.0, 4.0, 4.0, 8.0, 16.0, 16.0],
    "nearest True 3": [1.0, 4.0, 16.0],
    "nearest True 8": [1.0, 1.0, 2.0, 4.0, 4.0, 8.0, 16.0, 16.0],
    "bicubic False 3": [1.2066, 4.0, 13.9337],
    "bicubic False 8": [0.928, 1.2941, 2.0939, 3.1937, 4.968, 7.6365, 13.043, 16.5756],
    "bicubic True 3": [1.2308, 4.1581, 12.8615],
    "bicubic True 8": [0.928, 1.2941, 2.0939, 3.1937, 4.968, 7.6365, 13.043, 16.5756],
    "area False 3": [1.4, 4.4, 12.8],
    "area False 8": [1.0, 1.4, 2.0, 3.6, 4.8, 8.0, 12.8, 16.0],
    "area True 3": [1.4, 4.4, 12.8],
    "area True 8": [1.0, 1.4, 2.0, 3.6, 4.8, 8.0, 12.8, 16.0],
    "lanczos3 False 3": [1.1705, 4.0, 14.1059],
    "lanczos3 False 8": [0.9602, 1.2688, 2.0816, 3.3443, 4.5687, 7.4743, 13.2927, 16.6925],
    "lanczos3 True 3": [1.2282, 3.9309, 13.0112],
    "lanczos3 True 8": [0.9602, 1.2688, 2.0816, 3.3443, 4.5687, 7.4743, 13.2927, 16.6925],
    "lanczos5 False 3": [1.0507, 4.0, 14.16],
    "lanczos5 False 8": [0.9753, 1.0925, 2.1875, 3.8592, 4.0692, 7.3801, 13.4062, 16.7403],
    "lanczos5 True 3": [1.3429, 3.8304, 13.0489],
    "lanczos5 True 8": [0.9753, 1.0925, 2.1875, 3.8592, 4.0692, 7.3801, 13.4062, 16.7403],
    "gaussian False 3": [1.3392, 4.213, 13.286],
    "gaussian False 8": [1.0601, 1.4378, 2.1893, 3.4775, 5.199, 8.1158, 12.4974, 15.5193],
    "gaussian True 3": [1.6344, 4.709, 11.8348],
    "gaussian True 8": [1.0601, 1.4378, 2.1893, 3.4775, 5.199, 8.1158, 12.4974, 15.5193],
    "mitchellcubic False 3": [1.2689, 4.1111, 13.5857],
    "mitchellcubic False 8": [0.9859, 1.3571, 2.1501, 3.292, 5.1049, 7.8574, 12.7818, 16.1125],
    "mitchellcubic True 3": [1.4104, 4.4193, 12.3618],
    "mitchellcubic True 8": [0.9859, 1.3571, 2.1501, 3.292, 5.1049, 7.8574, 12.7818, 16.1125],
}


def test_table_is_complete():
    assert {"resize", "resampled"} == declared(family)


@pytest.mark.parametrize("case", RECORDED, ids=str)
def test_values(device, case):
    method, antialias, size = case.split()
    made = tf.image.resize(ROW, [1, int(size)], method, antialias=antialias == "True")
    np.testing.assert_allclose(made.numpy().reshape(-1), RECORDED[case], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_gradients(method):
    x = np.random.default_rng(0).standard_normal((1, 5, 2, 1))
    for size in (3, 8):
        check_gradients(lambda x, n=size: family.resampled(x, axis=1, size=n, method=method, antialias=n < 5) ** 2, x)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_dtypes(dtype):
    x = tf.cast(tf.ones([1, 4, 4, 1]), dtype)
    assert tf.image.resize(x, [2, 2]).dtype == "float32"
    assert tf.image.resize(x, [2, 2], "nearest").dtype == dtype
    assert tf.image.resize(x, [4, 4]).dtype == dtype


def test_aspect_ratio():
    assert tf.image.resize(tf.zeros([2, 8, 4, 3]), [4, 4], preserve_aspect_ratio=True).shape == (2, 4, 2, 3)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.image.resize(tf.zeros([3, 3]), [2, 2]), ValueError, "3 or 4 dimensions"),
        (lambda: tf.image.resize(tf.zeros([3, 3, 1]), 2), ValueError, "2 elements"),
        (lambda: tf.image.resize(tf.zeros([3, 3, 1]), [2, 2], "best"), ValueError, "not implemented"),
        (lambda: tf.image.resize(tf.zeros([3, 3, 1]), [0, 2]), tf.errors.InvalidArgumentError, "positive"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
