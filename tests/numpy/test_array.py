"""ndarray: NumPy's operators, methods, indexing, assignment; and NumPy's own functions on it."""

import copy
import pickle

import numpy as onp
import pytest

import gputape as tf
import gputape.numpy as np

RNG = onp.random.default_rng(0)
X = RNG.standard_normal((4, 5, 3))


def test_what_it_is():
    x = np.array([[1, 2], [3, 4]])
    assert isinstance(x, np.ndarray) and isinstance(x, tf.Tensor)
    assert x.dtype == onp.int64 and x.shape == (2, 2) and type(x.shape) is tuple
    assert (x.size, x.ndim, len(x), x.tolist()) == (4, 2, 2, [[1, 2], [3, 4]])
    assert repr(np.array([1.0, 2])) == "array([1., 2.])" and str(x[0]) == "[1 2]"
    assert f"{np.array(1.5):.2f}" == "1.50" and float(np.array(2)) == 2.0
    assert np.array([1.0], onp.float32).dtype == onp.float32 and np.array(1, ndmin=2).shape == (1, 1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        x.foo  # noqa: B018


def test_operators():
    a, b = np.array([1, -2, 3]), np.array([2.5, 0.5, -1.0])
    p, q = onp.array([1, -2, 3]), onp.array([2.5, 0.5, -1.0])
    for f in (
        lambda x, y: x + y - 2 * x / y + (x % 2) - y // 0.3,
        lambda x, y: (1 - (x > 1)) * y,
        lambda x, y: -x + abs(y) ** 2 - 2.0**y,
        lambda x, y: (x > 0) & (y > 0) | ~(x < y),
        lambda x, y: x @ y + 1,
        lambda x, y: (x == y) + (x != 1),
        lambda x, y: divmod(y, 2)[1],
        lambda x, y: [1, 2, 3] * y,
        lambda x, y: x**2,
    ):
        made, expected = f(a, b), f(p, q)
        onp.testing.assert_allclose(made.numpy(), expected)
        assert made.dtype == expected.dtype
    with pytest.raises(ValueError, match="negative integer powers"):
        a**-1


@pytest.mark.parametrize(
    "key",
    [
        *[0, -1, slice(1, 3), slice(None, None, -1), Ellipsis, None, (0, 1), (Ellipsis, 0), (slice(None), None, -2)],
        *[[0, 2], (slice(None), [1, 1, 0]), ([0, 1], [2, 3]), ([0, 1], slice(None), [0, 2]), (onp.int64(1), 2, 0)],
        *[X[..., 0] > 0, (X[:, 0, 0] > 0, 1), onp.array([[0, 1], [3, 2]]), (0, [1, 2], None), [], True],
    ],
    ids=str,
)
def test_indexing(device, key):
    expected = X[key]
    made = np.array(X)[key]
    assert made.shape == expected.shape
    onp.testing.assert_array_equal(made.numpy(), expected)
    if expected.size:
        got = np.grad(lambda x: np.sum(x[key] ** 2))(X)
        weights = onp.zeros_like(X)
        onp.add.at(weights, key, 2 * expected)
        onp.testing.assert_allclose(got.numpy(), weights)


def test_indexing_with_arrays_of_ours():
    x = np.array(X)
    onp.testing.assert_array_equal(x[np.array([1, 2])].numpy(), X[[1, 2]])
    onp.testing.assert_array_equal(x[x > 0].numpy(), X[X > 0])
    onp.testing.assert_array_equal(x[np.argmax(x[:, 0, 0])].numpy(), X[onp.argmax(X[:, 0, 0])])
    for wrong in (7, (0, 9), [9]):
        with pytest.raises(IndexError):
            x[wrong]


def test_assignment():
    x, y = np.zeros((2, 3)), onp.zeros((2, 3))
    for a in (x, y):
        a[0] = 1
        a[:, 1] = [5, 6]
        a[a > 4] += 0.5
        a[1, np.array(2) if a is x else 2] = 9.0
    onp.testing.assert_array_equal(x.numpy(), y)
    row = x[0]
    row[0] = 7.0
    assert float(x[0, 0]) == 7.0  # a view
    kept = np.array(x)
    x[0, 0] = 0.0
    assert float(kept[0, 0]) == 7.0
    x += 1
    assert float(x[0, 0]) == 1.0


def test_assignment_and_gradients():
    def f(x):
        mask = np.zeros(3)
        mask[1] = 2.0
        return np.sum(mask * x)

    assert np.grad(f)(np.ones(3)).tolist() == [0.0, 2.0, 0.0]

    def g(x):
        x[0] = 1.0
        return np.sum(x)

    with pytest.raises(TypeError, match=r"np\.where"):
        np.grad(g)(np.ones(3))


def test_methods():
    x = np.array(X)
    for name, args in [("sum", (0,)), ("mean", ()), ("std", (1,)), ("dot", (X[0, 0],)), ("reshape", (5, -1))]:
        onp.testing.assert_allclose(getattr(x, name)(*args).numpy(), getattr(X, name)(*args))
    for name, args in [("max", ()), ("ravel", ()), ("flatten", ()), ("transpose", (1, 0, 2)), ("clip", (0, 1))]:
        onp.testing.assert_allclose(getattr(x, name)(*args).numpy(), getattr(X, name)(*args))
    onp.testing.assert_array_equal(x.T.numpy(), X.T)
    assert x.argmax().item() == X.argmax() and x.astype(onp.int32).dtype == onp.int32 and x.real.shape == X.shape
    assert x.copy() is not x and len(list(x.flat)) == X.size


def test_numpys_own_functions_keep_the_gradient():
    x = onp.ones(3)
    assert np.grad(lambda w: onp.sum(onp.exp(x * w)))(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    assert np.grad(lambda w: onp.sum(x - w))(np.zeros(3)).tolist() == [-1.0, -1.0, -1.0]
    assert isinstance(x * np.ones(3), np.ndarray)
    assert onp.asarray(np.ones(2)).dtype == onp.float64 and onp.cov(np.array(X[0])).shape == (5, 5)


def test_with_the_rest_of_gputape():
    x = np.array([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.exp(x)) + np.sum(x)
    onp.testing.assert_allclose(tape.gradient(y, x).numpy(), onp.exp([1.0, 2.0]) + 1)
    assert np.add(tf.constant([1.0]), 1).dtype == onp.float32


def test_copies():
    x = np.array([1.0, 2.0])
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        onp.testing.assert_array_equal(onp.asarray(y), [1.0, 2.0])
