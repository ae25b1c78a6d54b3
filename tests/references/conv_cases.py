"""The convolutions and pools that are compared with TensorFlow's: name -> f(tf, *inputs)."""

import re

import numpy as np

X1, X2, X3 = (2, 9, 4), (2, 7, 6, 4), (1, 5, 4, 6, 2)


def inputs(name):
    """The inputs of a case, from its name's first word: float64 arrays."""
    rng = np.random.default_rng(len(name))
    x = {"1": X1, "2": X2, "3": X3}[re.search(r"(\d)d", name)[1]]
    kinds = {
        "conv1d": [x, (3, 4, 5)],
        "conv2d": [x, (3, 2, 4, 5)],
        "conv3d": [x, (2, 3, 2, 2, 3)],
        "grouped2d": [x, (3, 2, 2, 6)],
        "depthwise2d": [x, (3, 2, 4, 2)],
        "separable2d": [x, (3, 2, 4, 2), (1, 1, 8, 3)],
        "transpose2d": [x, (3, 2, 5, 4)],
        "transpose1d": [x, (3, 5, 4)],
        "transpose3d": [x, (2, 3, 2, 3, 2)],
        "max1d": [x],
        "max2d": [x],
        "max3d": [x],
        "avg1d": [x],
        "avg2d": [x],
        "avg3d": [x],
    }
    return [rng.standard_normal(s) for s in kinds[name.split()[0]]]


PADS = [[0, 0], [1, 2], [0, 1], [0, 0]]
CASES = {
    "conv1d same": lambda tf, x, w: tf.nn.conv1d(x, w, 1, "SAME"),
    "conv1d valid stride": lambda tf, x, w: tf.nn.conv1d(x, w, 2, "VALID"),
    "conv1d dilated": lambda tf, x, w: tf.nn.conv1d(x, w, 1, "SAME", dilations=2),
    "conv2d same": lambda tf, x, w: tf.nn.conv2d(x, w, 1, "SAME"),
    "conv2d valid": lambda tf, x, w: tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID"),
    "conv2d same strides": lambda tf, x, w: tf.nn.conv2d(x, w, [2, 3], "SAME"),
    "conv2d valid dilated": lambda tf, x, w: tf.nn.conv2d(x, w, 1, "VALID", dilations=[2, 1]),
    "conv2d explicit": lambda tf, x, w: tf.nn.conv2d(x, w, 2, PADS),
    "grouped2d same": lambda tf, x, w: tf.nn.conv2d(x, w, 1, "SAME"),
    "conv3d same": lambda tf, x, w: tf.nn.conv3d(x, w, [1, 1, 1, 1, 1], "SAME"),
    "conv3d valid strides": lambda tf, x, w: tf.nn.conv3d(x, w, [1, 2, 1, 2, 1], "VALID"),
    "depthwise2d same": lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME"),
    "depthwise2d valid stride": lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "VALID"),
    "depthwise2d dilated": lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME", dilations=[2, 2]),
    "separable2d same": lambda tf, x, d, p: tf.nn.separable_conv2d(x, d, p, [1, 1, 1, 1], "SAME"),
    "transpose1d same": lambda tf, x, w: tf.nn.conv1d_transpose(x, w, [2, 18, 5], 2),
    "transpose2d same": lambda tf, x, w: tf.nn.conv2d_transpose(x, w, [2, 14, 12, 5], 2),
    "transpose2d valid": lambda tf, x, w: tf.nn.conv2d_transpose(x, w, [2, 15, 7, 5], [2, 1], "VALID"),
    "transpose3d same": lambda tf, x, w: tf.nn.conv3d_transpose(x, w, [1, 5, 8, 6, 3], [1, 2, 1]),
    "max1d": lambda tf, x: tf.nn.max_pool1d(x, 3, 2, "SAME"),
    "max2d valid": lambda tf, x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
    "max2d same": lambda tf, x: tf.nn.max_pool2d(x, [3, 2], [1, 2], "SAME"),
    "max3d": lambda tf, x: tf.nn.max_pool3d(x, 2, 1, "SAME"),
    "avg1d": lambda tf, x: tf.nn.avg_pool1d(x, 3, 2, "SAME"),
    "avg2d valid": lambda tf, x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    "avg2d same": lambda tf, x: tf.nn.avg_pool2d(x, 3, 2, "SAME"),
    "avg3d": lambda tf, x: tf.nn.avg_pool3d(x, [1, 2, 2, 2, 1], 1, "SAME"),
}
