"""Combined embeddings against loops over the rows."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import embedding_sparse
from gputape.testing import check_gradients
from tests.ops.declared import declared

TABLE = np.random.default_rng(15).standard_normal((6, 3))
PLACES = [[0, 0], [0, 1], [1, 0], [3, 0], [3, 2]]
VALUES = [1, 3, 0, 5, 1]
WEIGHTS = np.array([0.5, 2.0, -1.0, 3.0, 0.25])
IDS = tf.SparseTensor(PLACES, tf.constant(VALUES, tf.int64), [5, 3])
NORMS = {"sum": lambda w: 1, "mean": np.sum, "sqrtn": lambda w: np.sqrt(np.sum(np.square(w)))}


def weights(values=WEIGHTS):
    return tf.SparseTensor(PLACES, values, [5, 3])


def expected(combiner, w, table=TABLE, rows=4):
    out = np.zeros((rows, 3))
    for row in range(rows):
        at = [k for k, place in enumerate(PLACES) if place[0] == row]
        if at:
            out[row] = sum(w[k] * table[VALUES[k]] for k in at) / NORMS[combiner]([w[k] for k in at])
    return out


def test_every_function_is_here():
    assert declared(embedding_sparse) == {"embedding_lookup_sparse", "safe_embedding_lookup_sparse"}


@pytest.mark.parametrize("combiner", NORMS)
def test_values(combiner):
    table = tf.constant(TABLE)
    np.testing.assert_allclose(
        tf.nn.embedding_lookup_sparse(table, IDS, None, combiner), expected(combiner, np.ones(5))
    )
    np.testing.assert_allclose(
        tf.nn.embedding_lookup_sparse(table, IDS, weights(), combiner), expected(combiner, WEIGHTS)
    )
    made = tf.nn.embedding_lookup_sparse([table[:2], table[2:]], IDS, weights(), combiner)
    np.testing.assert_allclose(made, expected(combiner, WEIGHTS))


def test_max_norm():
    small = TABLE * np.minimum(1, 0.8 / np.linalg.norm(TABLE, axis=1, keepdims=True))
    made = tf.nn.embedding_lookup_sparse(tf.constant(TABLE), IDS, None, "sum", max_norm=0.8)
    np.testing.assert_allclose(made, expected("sum", np.ones(5), small))


def test_safe_fills_all_rows():
    made = tf.nn.safe_embedding_lookup_sparse(tf.constant(TABLE), IDS)
    np.testing.assert_allclose(made, expected("mean", np.ones(5), rows=5))
    made = tf.nn.safe_embedding_lookup_sparse(tf.constant(TABLE), IDS, default_id=2).numpy()
    np.testing.assert_allclose(made[[2, 4]], TABLE[[2, 2]])


@pytest.mark.parametrize("combiner", NORMS)
def test_safe_leaves_out_bad_ids_and_weights(combiner):
    kept = WEIGHTS if combiner == "sum" else np.maximum(WEIGHTS, 0)
    made = tf.nn.safe_embedding_lookup_sparse(tf.constant(TABLE), IDS, weights(), combiner).numpy()
    np.testing.assert_allclose(made[[0, 3]], expected(combiner, WEIGHTS)[[0, 3]])
    np.testing.assert_allclose(made[1], -TABLE[0] if combiner == "sum" else np.zeros(3))
    assert kept[2] in (0, -1)
    bad = tf.SparseTensor(PLACES, tf.constant([1, -3, -1, 5, -1], tf.int64), [5, 3])
    made = tf.nn.safe_embedding_lookup_sparse(tf.constant(TABLE), bad).numpy()
    np.testing.assert_allclose(made, [TABLE[1], np.zeros(3), np.zeros(3), TABLE[5], np.zeros(3)])


def test_safe_of_more_axes():
    ids = tf.SparseTensor([[0, 0, 0], [0, 1, 0], [1, 1, 1]], tf.constant([1, 3, 0], tf.int64), [2, 2, 2])
    made = tf.nn.safe_embedding_lookup_sparse(tf.constant(TABLE), ids)
    np.testing.assert_allclose(made, [[TABLE[1], TABLE[3]], [np.zeros(3), TABLE[0]]])


@pytest.mark.parametrize("combiner", NORMS)
def test_gradients(combiner):
    w = np.abs(WEIGHTS)
    check_gradients(lambda t, w: tf.nn.embedding_lookup_sparse(t, IDS, weights(w), combiner) ** 2, TABLE, w)


def test_errors():
    with pytest.raises(TypeError, match="sp_ids must be SparseTensor"):
        tf.nn.embedding_lookup_sparse(TABLE, [1], None)
    with pytest.raises(TypeError, match="sp_weights must be"):
        tf.nn.embedding_lookup_sparse(TABLE, IDS, [1.0])
    with pytest.raises(ValueError, match="combiner must be one of"):
        tf.nn.safe_embedding_lookup_sparse(TABLE, IDS, None, "max")
