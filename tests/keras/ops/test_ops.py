"""keras.ops: names, values against NumPy, Keras's promotion rules, symbolic tensors, gradients."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import ops

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
N = np.where(X > 0.5, np.float32("nan"), X)

SAME_AS_NUMPY = [  # name, arguments
    *[
        (name, (X,))
        for name in [
            "sin",
            "cos",
            "tanh",
            "exp",
            "expm1",
            "square",
            "sign",
            "floor",
            "ceil",
            "trunc",
            "cbrt",
            "deg2rad",
            "sinc",
            "isnan",
        ]
    ],
    *[
        (name, (X, X[::-1]))
        for name in ["add", "subtract", "multiply", "divide", "maximum", "fmin", "hypot", "logaddexp", "arctan2"]
    ],
    *[
        (name, (X, 1))
        for name in [
            "sum",
            "mean",
            "var",
            "std",
            "max",
            "min",
            "prod",
            "median",
            "cumsum",
            "argmax",
            "ptp",
            "sort",
            "argsort",
        ]
    ],
    *[(name, (N, 0)) for name in ["nansum", "nanmean", "nanvar", "nanmax", "nanmin", "nanmedian"]],
    ("quantile", (X, np.float32([0.1, 0.6]), 1)),
    ("gcd", (np.int32([12, 18]), np.int32([8, 27]))),
    ("kron", (X[:2, :2], X[1:, 1:])),
    ("outer", (X[0], X[1])),
    ("dot", (X, X.T)),
    ("roll", (X, 2, 1)),
    ("moveaxis", (X[None], 0, 2)),
    ("take_along_axis", (X, np.argsort(X, 1), 1)),
    ("diagonal", (X, 1)),
    ("digitize", (X, np.float32([-1, 0, 1]))),
    ("tril", (X, 1)),
    ("vander", (X[0], 3)),
    ("rot90", (X, 3)),
    ("nan_to_num", (N,)),
]


@pytest.mark.parametrize("name, args", SAME_AS_NUMPY, ids=[n for n, _ in SAME_AS_NUMPY])
def test_values(name, args):
    expected = getattr(np, name)(*args)
    np.testing.assert_allclose(np.array(getattr(ops, name)(*args)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name, dtypes, expected",
    [
        ("add", ("int32", "float16"), "float16"),
        ("add", ("bfloat16", "float16"), "float32"),
        ("add", ("uint8", "int8"), "int16"),
        ("divide", ("int32", "int32"), "float32"),
        ("exp", ("int32",), "float32"),
        ("sum", ("uint8",), "uint32"),
        ("sum", ("bool",), "int32"),
        ("mean", ("int64",), "float32"),
        ("argmax", ("float16",), "int32"),
        ("concatenate", (("int32", "float32"),), "float32"),
    ],
)
def test_promotion(name, dtypes, expected):
    args = [[tf.ones([2], d) for d in dt] if isinstance(dt, tuple) else tf.ones([2], dt) for dt in dtypes]
    assert getattr(ops, name)(*args).dtype == expected


@pytest.mark.parametrize(
    "call, shape",
    [
        (lambda x: ops.sum(x, axis=1), (None,)),
        (lambda x: ops.concatenate([x, x], 1), (None, 8)),
        (lambda x: ops.expand_dims(ops.relu(x), -1), (None, 4, 1)),
        (lambda x: ops.matmul(x, tf.ones([4, 5])), (None, 5)),
        (lambda x: ops.one_hot(ops.argmax(x, 1), 7), (None, 7)),
        (lambda x: ops.where(x > 0, x, 0.0), (None, 4)),
    ],
)
def test_symbolic(call, shape):
    x = keras.Input((4,))
    y = call(x)
    assert isinstance(y, keras.KerasTensor) and y.shape == shape
    np.testing.assert_allclose(keras.Model(x, y)(X), call(tf.constant(X)), rtol=1e-6)


def test_gradients():
    x = tf.Variable(X)
    with tf.GradientTape() as tape:
        y = ops.sum(ops.square(ops.swapaxes(x, 0, 1)))
    np.testing.assert_allclose(tape.gradient(y, x), 2 * X)
    _, along = ops.jvp(lambda x: x * x, [X], [np.ones_like(X)])
    np.testing.assert_allclose(along, 2 * X, rtol=1e-6)


def test_unknown_names_are_told():
    with pytest.raises(AttributeError, match="did you mean 'softmax'"):
        getattr(ops, "softmx")  # noqa: B009


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_unique_slices_are_numpys(axis):
    x = np.random.default_rng(0).integers(0, 2, (6, 2, 3)).astype("int32")
    made = ops.unique(x, axis=axis, return_index=True, return_inverse=True, return_counts=True)
    expected = np.unique(x, axis=axis, return_index=True, return_inverse=True, return_counts=True)
    for a, b in zip(made, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_unique_of_a_given_size():
    x = np.array([[5, 6], [6, 5], [5, 6]], "int32")
    values, first, counts = ops.unique(x, axis=0, size=3, return_index=True, return_counts=True)
    assert values.numpy().tolist() == [[5, 6], [6, 5], [0, 0]]
    assert first.numpy().tolist() == [0, 1, 1] and counts.numpy().tolist() == [2, 1, 0]
    assert ops.unique(x, axis=0, size=1).numpy().tolist() == [[5, 6]]
    assert ops.unique(x, size=3, fill_value=-1).numpy().tolist() == [5, 6, -1]
    assert ops.unique(np.zeros((0,)), axis=0).shape == (0,)
    with pytest.raises(ValueError, match="axis 5 is out of bounds"):
        ops.unique(np.array([3, 1, 3]), axis=5)


@pytest.mark.parametrize("move", [ops.swapaxes, ops.moveaxis])
def test_moves_of_axes_that_are_not_there(move):
    with pytest.raises(ValueError, match="axis 5 is out of bounds for an array of 2 dimensions"):
        move(X, 5, 0)
    with pytest.raises(ValueError, match="axis -3 is out of bounds"):
        move(X, 0, -3)


def test_arguments_as_keras_takes_them():
    assert ops.linspace(0, 10, ops.convert_to_tensor(5)).shape == (5,)
    assert ops.argsort(np.array(3.0)).numpy().tolist() == [0]
    np.testing.assert_array_equal(ops.cumsum(np.ones((2, 3)), axis=(1,)), np.cumsum(np.ones((2, 3)), 1))
    with pytest.raises(TypeError):
        ops.eye(2.0)
    with pytest.raises(ValueError, match="greater than the first"):
        ops.histogram(np.ones(3), range=(5, 1))


@pytest.mark.parametrize("name", ["concatenate", "stack"])
def test_joining_along_an_axis_that_is_not_there_tells_it(name):
    for x in (X, keras.KerasTensor((3, 4))):
        with pytest.raises(ValueError, match="axis 10 is out of bounds"):
            getattr(ops, name)([x, x], axis=10)


def test_axes_that_are_not_there_are_told():
    for x in (X, keras.KerasTensor((3, 4))):
        for name, argument in (("split", 2), ("take", [0])):
            with pytest.raises(ValueError, match="axis 10 is out of bounds"):
                getattr(ops, name)(x, argument, axis=10)
        with pytest.raises(ValueError, match=r"valid permutation.*axes=\[0, 0\]"):
            ops.transpose(x, axes=[0, 0])
        with pytest.raises(ValueError, match="kth"):
            ops.argpartition(x, kth=4)


def test_roll_takes_one_shift_for_several_axes():
    np.testing.assert_array_equal(ops.roll(X, 1, axis=(0, 1)), np.roll(X, 1, axis=(0, 1)))
    assert ops.roll(keras.KerasTensor((None, 3)), 1, axis=(0, 1)).shape == (None, 3)


@pytest.mark.parametrize("op", [keras.ops.sort, keras.ops.argsort, keras.ops.cumsum, keras.ops.cumprod])
@pytest.mark.parametrize("x", [np.ones((2, 3), "float32"), keras.KerasTensor((2, 3))])
def test_an_axis_that_is_not_there_is_named(op, x):
    with pytest.raises(ValueError, match="axis 2 is out of bounds for an array of 2 dimensions"):
        op(x, axis=2)
    assert tuple(op(x, axis=None).shape) == (6,)


def test_slice_update_takes_the_place_from_a_tensor_without_reading_it():
    x, part = np.zeros((4, 5), "float32"), np.arange(1, 7, dtype="float32").reshape(2, 3)
    expected = x.copy()
    expected[1:3, 2:5] = part
    np.testing.assert_array_equal(ops.slice_update(x, [1, 2], part), expected)
    recorded = tf.function(ops.slice_update)
    np.testing.assert_array_equal(recorded(x, tf.constant([1, 2]), part), expected)
    assert "eager" not in recorded.report()
    np.testing.assert_array_equal(ops.slice_update(x, [1, 2], part[:0]), x)
    assert float(ops.slice_update(np.float32(1), [], np.float32(2))) == 2.0
    assert (
        ops.slice_update(keras.KerasTensor((4, None)), keras.KerasTensor((2,)), keras.KerasTensor((2, 2))).shape[0] == 4
    )


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_normalizations_take_weights_as_lists_and_such_that_broadcast(dtype):
    x = tf.cast(np.random.default_rng(0).standard_normal((4, 3)), dtype)
    gamma, beta = [1.0, 2.0, 3.0], [0.5, 0.0, -0.5]
    wide = x.numpy().astype("float64")
    away = wide - wide.mean(-1, keepdims=True)
    normal = away / np.sqrt(away.var(-1, keepdims=True) + 1e-7)
    tolerance = {"rtol": 2e-3, "atol": 2e-3} if dtype == "float16" else {"rtol": 1e-5, "atol": 1e-5}
    made = keras.ops.layer_normalization(x, gamma, beta)
    assert made.dtype == dtype
    np.testing.assert_allclose(made, normal * gamma + beta, **tolerance)
    full = np.arange(12.0).reshape(4, 3)
    np.testing.assert_allclose(keras.ops.layer_normalization(x, full), normal * full, **tolerance)
    rms = wide / np.sqrt((wide**2).mean(-1, keepdims=True) + 1e-7)
    np.testing.assert_allclose(keras.ops.rms_normalization(x, gamma), rms * gamma, **tolerance)
    np.testing.assert_allclose(keras.ops.rms_normalization(x, full), rms * full, **tolerance)
