"""`x[...]`, masks and tf.where: values against NumPy's indexing, gradients, TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import getitem as family
from gputape.record import recording
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = np.random.default_rng(0).standard_normal((3, 4, 5))
Invalid = tf.errors.InvalidArgumentError
c = tf.constant


def test_every_name_is_here():
    assert declared(family) == {"subscript", "unsubscript", "nonzero", "getitem", "boolean_mask", "where"}


KEYS = [
    1,
    -1,
    (1, 2, 3),
    (),
    Ellipsis,
    None,
    slice(None, None, -1),
    (slice(1, None), Ellipsis, slice(0, 4, 2)),
    (Ellipsis, None, 2),
    (None, 1, None, slice(None), 0),
    slice(2, 0),
    slice(-5, 50),
    (np.int64(1), np.array(2)),
    (slice(None), slice(3, 0, -2)),
]


@pytest.mark.parametrize("key", KEYS)
def test_values_and_gradients(key, device):
    np.testing.assert_array_equal(c(X)[key].numpy(), X[key])
    if device == "cpu":
        check_gradients(lambda x: x[key], X)


# (key with tensors, the same without)
TENSORS = [
    (c(1), 1),
    (c(-1), -1),
    ((0, c(-1, tf.int64)), (0, -1)),
    ((c(1), Ellipsis, c(2)), (1, Ellipsis, 2)),
    ((None, slice(None), c(3), slice(1, 3)), (None, slice(None), 3, slice(1, 3))),
    ((slice(c(1), c(3)), 0), (slice(1, 3), 0)),
    ((c(2), None, c(0), c(4)), (2, None, 0, 4)),
]


@pytest.mark.parametrize(("key", "plain"), TENSORS)
def test_scalar_tensors(key, plain, device):
    np.testing.assert_array_equal(c(X)[key].numpy(), X[plain])
    if device == "cpu":
        check_gradients(lambda x: x[key], X)


def test_scalar_tensors_are_not_read():
    """An index computed on the device stays there: nothing waits for it."""
    reads = []

    class Listener:
        is_tape = False

        def record(self, op, inputs, outputs, attrs):
            pass

        def read(self, tensor, how):
            reads.append(how)

        def created(self, variable, initial):
            pass

    x, i = c(X), c(1)
    with recording(Listener()):
        x[i, :, i + 1]
    assert reads == []


def test_gradient_is_dense():
    v = tf.Variable(X)
    with tf.GradientTape(persistent=True) as tape:
        y, z = v[c(1)], v[np.array([True, False, True])]
    assert tape.gradient(y, v).shape == X.shape and tape.gradient(z, v).shape == X.shape


def test_views_do_not_change_with_their_variable():
    v = tf.Variable([1.0, 2.0, 3.0])
    tail = v[1:]
    v.assign([7.0, 8.0, 9.0])
    assert tail.numpy().tolist() == [2, 3] and v[0].numpy() == 7


def test_other_dtypes():
    assert c(["a", "b"])[1].numpy() == b"b"
    assert c([1, 2], tf.bfloat16)[0].dtype == tf.bfloat16 and c([True, False])[0].dtype == tf.bool
    assert c(3.0)[...].numpy() == 3


def test_lists_count_as_tuples():
    assert c(X)[[0, 1]].numpy().tolist() == X[0, 1].tolist()


MASKS = [
    (np.array([True, False, True]), 0),
    (X > 0, 0),
    (X[:, :, 0] > 0, 0),
    (np.array([True, False, True, True]), 1),
    (np.zeros(3, bool), 0),
    (X[0] > 0, 1),
]


@pytest.mark.parametrize(("mask", "axis"), MASKS)
def test_boolean_mask(mask, axis, device):
    key = (slice(None),) * axis + (mask,)
    np.testing.assert_array_equal(tf.boolean_mask(X, mask, axis=axis).numpy(), X[key])
    if axis == 0:
        np.testing.assert_array_equal(c(X)[c(mask)].numpy(), X[mask])
        np.testing.assert_array_equal(c(X)[mask].numpy(), X[mask])


@pytest.mark.parametrize(("mask", "axis"), MASKS)
def test_boolean_mask_gradients(mask, axis):
    check_gradients(lambda x: tf.boolean_mask(x, mask, axis=axis), X)


def test_where(device):
    made = tf.where([[0.0, np.nan], [-0.0, 2.0]])
    assert made.dtype == tf.int64 and made.numpy().tolist() == [[0, 1], [1, 1]]
    assert tf.where(tf.zeros((0, 2), tf.bool)).shape == (0, 2)
    assert tf.where([[True], [False]], [1, 2], 9).numpy().tolist() == [[1, 2], [9, 9]]
    assert tf.where(True, 1.0, 2.0).numpy() == 1


def test_where_hides_the_nan_that_is_not_chosen():
    x = c([0.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.where(x > 0, tf.sqrt(x), 0.0)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy()[1:], [0.25])
    check_gradients(lambda a, b: tf.where(X > 0, a, b), X, X[0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: c(X)[5], Invalid, "out of bounds"),
        (lambda: c(X)[c(7)], Invalid, "is not in"),
        (lambda: c(X)[0, 0, 0, 0], Invalid, "only 3 dims"),
        (lambda: c(3.0)[0], Invalid, "too many"),
        (lambda: c(X)[..., ...], Invalid, "Multiple ellipses"),
        (lambda: c(X)[::0], Invalid, "non-zero"),
        (lambda: c(X)[1.0], TypeError, "got 1.0"),
        (lambda: c(X)["a"], TypeError, "got 'a'"),
        (lambda: c(X)[c([0, 1])], TypeError, "use tf.gather"),
        (lambda: c(X)[c(1.0)], TypeError, "valid indices"),
        (lambda: c(X)[0, c([True])], TypeError, "valid indices"),
        (lambda: c(X)[True], ValueError, "mask cannot be scalar"),
        (lambda: c(X)[c([True, False])], ValueError, "incompatible"),
        (lambda: tf.boolean_mask(X, X[0] > 0), ValueError, "incompatible"),
        (lambda: tf.where(True), Invalid, "scalar"),
        (lambda: tf.where([True], 1), ValueError, "both"),
        (lambda: tf.where([1, 0], 1.0, 2.0), TypeError, "bool"),
    ],
)
def test_errors(call, error, words):
    with tf.device("/CPU:0"), pytest.raises(error, match=words):
        call()
