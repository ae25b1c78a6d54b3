"""SparseTensors: gradients, against dense arrays, errors. TensorFlow's answers stand in test_text.py."""

import numpy as np
import pytest

import gputape as tf
from gputape.testing import check_gradients

Bad = tf.errors.InvalidArgumentError
PLACES = [[0, 1], [1, 0], [1, 3], [2, 2]]
V = np.array([1.5, -2.0, 0.5, 3.0])
W = np.random.default_rng(0).standard_normal((4, 2))


def matrix(values, places=PLACES, shape=(3, 4)):
    return tf.SparseTensor(places, values, shape)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: tf.sparse.to_dense(matrix(v)) ** 2,
        lambda v: tf.sparse.reduce_sum(matrix(v), 0) ** 2,
        lambda v: tf.sparse.reduce_max(matrix(v), 1) ** 2,
        lambda v: tf.sparse.add(matrix(v), matrix(v * v)).values,
        lambda v: tf.sparse.add(matrix(v), np.ones((3, 4))) ** 2,
        lambda v: tf.sparse.softmax(matrix(v)).values,
        lambda v: tf.sparse.transpose(matrix(v)).values ** 2,
        lambda v: tf.sparse.slice(matrix(v), [1, 0], [2, 3]).values ** 2,
        lambda v: (matrix(v) * np.arange(4.0)).values ** 2,
        lambda v: tf.sparse.maximum(matrix(v), matrix(v * 2)).values ** 2,
    ],
)
def test_gradients(f):
    check_gradients(f, V)


def test_gradient_of_from_dense():
    check_gradients(lambda x: tf.sparse.from_dense(x).values ** 2, np.array([[1.0, 4.0], [2.0, 3.0]]))
    x = tf.constant([[1.0, 0.0], [2.0, 3.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.sparse.from_dense(x).values ** 2)
    assert tape.gradient(y, x).numpy().tolist() == [[2, 0], [4, 6]]


@pytest.mark.parametrize("adjoint_a, adjoint_b", [(False, False), (True, False), (False, True), (True, True)])
def test_matmul(adjoint_a, adjoint_b):
    a = tf.sparse.to_dense(matrix(V)).numpy()
    b = np.random.default_rng(1).standard_normal((3 if adjoint_a else 4, 2))
    b = b.T.copy() if adjoint_b else b

    def f(v, b):
        return tf.sparse.sparse_dense_matmul(matrix(v), b, adjoint_a, adjoint_b)

    np.testing.assert_allclose(f(V, b), (a.T if adjoint_a else a) @ (b.T if adjoint_b else b))
    check_gradients(f, V, b)


def test_matmul_of_complex_numbers_and_of_nothing():
    a = tf.sparse.from_dense(np.array([[1j, 0], [2, 0]]))
    np.testing.assert_allclose(tf.sparse.sparse_dense_matmul(a, np.eye(2) + 0j, adjoint_a=True), [[-1j, 2], [0, 0]])
    nothing = tf.SparseTensor(np.zeros([0, 2], int), np.zeros(0), [3, 4])
    assert tf.sparse.sparse_dense_matmul(nothing, W).numpy().tolist() == np.zeros((3, 2)).tolist()
    assert tf.sparse.to_dense(nothing).shape == (3, 4) and tf.sparse.reduce_sum(nothing).numpy() == 0


@pytest.mark.parametrize("seed", range(3))
def test_against_dense(seed):
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, 3, (3, 4, 2)) * (random.random((3, 4, 2)) < 0.4) for _ in range(2))
    x, y = tf.sparse.from_dense(a), tf.sparse.from_dense(b)

    def same(sparse, dense):
        assert tf.sparse.to_dense(sparse).numpy().tolist() == dense.tolist()

    same(x, a)
    same(tf.sparse.add(x, y), a + b)
    same(tf.sparse.maximum(x, y), np.maximum(a, b))
    same(tf.sparse.minimum(x, y), np.minimum(a, b))
    same(tf.sparse.transpose(x, [2, 0, 1]), a.transpose(2, 0, 1))
    same(tf.sparse.reshape(x, [6, -1]), a.reshape(6, 4))
    same(tf.sparse.concat(1, [x, y]), np.concatenate([a, b], 1))
    same(tf.sparse.slice(x, [0, 1, 0], [3, 2, 2]), a[:, 1:3])
    same(tf.sparse.expand_dims(x, 1), a[:, None])
    same(tf.sparse.split(x, 3, 1)[0], a[:, :2])
    assert tf.sparse.reduce_sum(x, [0, 2]).numpy().tolist() == a.sum((0, 2)).tolist()
    shuffled = random.permutation(len(x.values))
    mixed = tf.SparseTensor(x.indices.numpy()[shuffled], x.values.numpy()[shuffled], a.shape)
    same(tf.sparse.reorder(mixed), a)


def test_strings_and_a_recorded_function():
    words = tf.sparse.from_dense([["a", ""], ["", "b"]])
    assert tf.sparse.to_dense(words, "-").numpy().tolist() == [[b"a", b"-"], [b"-", b"b"]]
    double = tf.function(lambda x: tf.sparse.from_dense(x * 2))
    assert [double(tf.constant([0, n])).values.numpy().tolist() for n in (1, 2)] == [[2], [4]]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: matrix(V[:3]), ValueError, r"indices \(4, 2\), values \(3,\)"),
        (lambda: tf.sparse.to_dense(matrix(V, PLACES[::-1])), Bad, "out of order: use tf.sparse.reorder"),
        (lambda: tf.sparse.to_dense(matrix(V, [[0, 0]] * 4)), Bad, "repeated"),
        (lambda: tf.sparse.to_dense(matrix(V, shape=(2, 4))), Bad, r"indices\[3\] = \[2, 2\] is out of bounds"),
        (lambda: tf.sparse.to_dense(V), TypeError, "SparseTensor"),
        (lambda: tf.sparse.add(matrix(V), matrix(V, shape=(3, 5))), Bad, "one shape"),
        (lambda: tf.sparse.sparse_dense_matmul(matrix(V), W[:3]), Bad, "inner dimension does not match: 4 vs. 3"),
        (lambda: tf.sparse.reshape(matrix(V), [5, -1]), Bad, "12 dense values"),
        (lambda: tf.matmul(matrix(V), W), TypeError, "to_dense"),
        (lambda: tf.sparse.concat(0, [matrix(V), matrix(V, shape=(3, 5))]), Bad, "sizes must agree"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_printed_as_its_tensors() -> None:
    told = repr(tf.SparseTensor([[0, 1]], [7], [1, 2]))
    assert told.startswith("SparseTensor(indices=tf.Tensor([[0 1]], shape=(1, 2), dtype=int64), values=tf.Tensor([7]")
