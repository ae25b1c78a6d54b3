"""RaggedTensors: gradients, broadcasting and errors. TensorFlow's answers to many more calls stand in test_text.py."""

import numpy as np
import pytest

import gputape as tf
from gputape.testing import check_gradients

Bad = tf.errors.InvalidArgumentError
LENGTHS = [2, 0, 3]
X = np.random.default_rng(0).standard_normal(5)


def rows(x, lengths=LENGTHS):
    return tf.RaggedTensor.from_row_lengths(x, lengths)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: rows(x).to_tensor() ** 2,
        lambda x: rows(x).to_tensor(shape=[2, 2]) ** 2,
        lambda x: tf.reduce_sum(rows(x) * rows(x), axis=1),
        lambda x: tf.reduce_mean(rows(x), axis=0) ** 2,
        lambda x: tf.reduce_max(rows(x, [2, 1, 2]), axis=1) ** 2,
        lambda x: (rows(x) * tf.constant([[1.0], [2.0], [3.0]], tf.float64)).flat_values ** 2,
        lambda x: tf.concat([rows(x), rows(x)], 1).flat_values ** 2,
        lambda x: tf.gather(rows(x), [2, 2, 0]).flat_values ** 2,
        lambda x: rows(x)[:, :1].flat_values ** 2,
        lambda x: rows(x)[2] ** 2,
        lambda x: tf.exp(rows(x)).flat_values,
    ],
)
def test_gradients(f):
    check_gradients(f, X)


def test_gradient_of_the_default_value():
    check_gradients(lambda x, d: rows(x).to_tensor(default_value=d) ** 2, X, np.float64(0.5))


def test_gradient_of_an_embedding():
    table = tf.Variable(np.ones([4, 2], np.float32))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.nn.embedding_lookup(table, tf.ragged.constant([[1], [3, 1]])), axis=1)
    assert tf.convert_to_tensor(tape.gradient(y, table)).numpy().tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]


@pytest.mark.parametrize("seed", range(5))
def test_against_rows_of_lists(seed):
    """Random nestings of two ragged axes against plain Python."""
    random = np.random.default_rng(seed)
    lists = [
        [random.integers(0, 9, random.integers(0, 4)).tolist() for _ in range(random.integers(0, 4))] for _ in range(5)
    ]
    x = tf.ragged.constant(lists, tf.int32, ragged_rank=2)
    assert x.to_list() == lists and [r.to_list() for r in x] == lists
    assert tf.reduce_sum(x, axis=2).to_list() == [[sum(r) for r in row] for row in lists]
    assert tf.reduce_sum(x, axis=[1, 2]).numpy().tolist() == [sum(map(sum, row)) for row in lists]
    assert x[::-2].to_list() == lists[::-2]
    assert x[:, 1:].to_list() == [row[1:] for row in lists]
    assert x[:, :, ::-1].to_list() == [[r[::-1] for r in row] for row in lists]
    assert tf.concat([x, x], 2).to_list() == [[r + r for r in row] for row in lists]
    assert tf.concat([x, x], 1).to_list() == [row + row for row in lists]
    assert x.merge_dims(1, 2).to_list() == [[v for r in row for v in r] for row in lists]
    assert tf.RaggedTensor.from_nested_row_splits(x.flat_values, x.nested_row_splits).to_list() == lists
    dense = x.to_tensor(-1).numpy()
    assert [[[v for v in r if v >= 0] for r in row][: len(want)] for row, want in zip(dense.tolist(), lists)] == lists
    assert tf.sparse.to_dense(x.to_sparse(), -1).numpy().tolist() == dense.tolist()


def test_empty_and_one_row():
    empty = tf.RaggedTensor.from_row_splits(tf.zeros([0]), [0])
    assert len(empty) == 0 and empty.to_list() == [] and empty.to_tensor().shape == (0, 0)
    assert tf.reduce_sum(empty, axis=1).shape == (0,) and repr(empty) == "<tf.RaggedTensor []>"
    assert tf.ragged.constant([[7]]).to_tensor().numpy().tolist() == [[7]]


def test_halves_and_strings():
    assert tf.reduce_sum(rows(tf.cast(X, tf.bfloat16)), axis=1).dtype == tf.bfloat16
    assert tf.ragged.constant([["a"], []]).to_tensor().numpy().tolist() == [[b"a"], [b""]]


def test_specs():
    spec = tf.RaggedTensorSpec([None, None], tf.int32)
    assert spec.is_compatible_with(tf.ragged.constant([[1], []])) and not spec.is_compatible_with(
        tf.ragged.constant([["a"]])
    )
    assert spec == tf.RaggedTensorSpec([None, None], tf.int32, 1) and repr(spec).startswith("RaggedTensorSpec(")


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: rows([1, 2, 3, 4, 5])[:, 0], ValueError, "inner ragged dimension"),
        (lambda: rows([1, 2, 3, 4, 5])[3], IndexError, "3 rows"),
        (lambda: rows(X) + rows(X, [1, 1, 3]), Bad, "incompatible row_splits"),
        (lambda: rows(X) + tf.zeros([3, 7], tf.float64), Bad, "Unable to broadcast"),
        (lambda: tf.matmul(rows(X), rows(X)), TypeError, "to_tensor"),
        (lambda: tf.concat([rows(X), rows(X, [5])], 1), Bad, "one number of rows"),
        (lambda: rows(X).to_tensor(default_value=tf.constant(1)), ValueError, "default_value"),
        (lambda: tf.RaggedTensor.from_row_splits([1], [0, 2]), Bad, "end with 2, but there are 1"),
        (lambda: tf.RaggedTensor.from_row_splits([1], [0.0, 1.0]), ValueError, "int32 or int64"),
        (lambda: bool(rows(X)), TypeError, "boolean"),
        (lambda: tf.gather(rows(X), [3]), Bad, r"\[0, 3\)"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_map_fn_takes_rows_and_makes_rows():
    rt = tf.ragged.constant([[3, 1], [], [5]])
    assert tf.map_fn(tf.square, rt).to_list() == [[9, 1], [], [25]]
    assert tf.map_fn(tf.reduce_sum, rt, fn_output_signature=tf.int32).numpy().tolist() == [4, 0, 5]
    spec = tf.RaggedTensorSpec([None], tf.int32, 0)
    assert tf.map_fn(tf.range, tf.constant([2, 0, 1]), fn_output_signature=spec).to_list() == [[0, 1], [], [0]]
