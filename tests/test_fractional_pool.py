"""Fractional pools against the cells that they tell of."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.testing import check_gradients

X = np.random.default_rng(17).permutation(2 * 7 * 9 * 2).reshape(2, 7, 9, 2).astype(np.float64)


@pytest.mark.parametrize("pseudo_random", [False, True])
@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("kind, reduce", [("max", np.max), ("avg", np.mean)])
def test_cells(pseudo_random, overlapping, kind, reduce):
    pool = getattr(tf.nn, f"fractional_{kind}_pool")
    y, rows, columns = pool(tf.constant(X), [1.0, 1.6, 1.3, 1.0], pseudo_random, overlapping, seed=3)
    assert y.shape == (2, 4, 6, 2) and rows.shape == (5,) and columns.dtype == tf.int64
    rows, columns, more = rows.numpy(), columns.numpy(), int(overlapping)
    for i in range(4):
        for j in range(6):
            cell = X[:, rows[i] : rows[i + 1] + more, columns[j] : columns[j + 1] + more]
            np.testing.assert_allclose(y[:, i, j], reduce(cell, axis=(1, 2)), rtol=1e-12)


def test_whole_ratios_are_plain_pools():
    x = tf.constant(X[:, :6, :6])
    np.testing.assert_array_equal(tf.nn.fractional_max_pool(x, 2.0).output, tf.nn.max_pool2d(x, 2, 2, "VALID"))
    np.testing.assert_allclose(tf.nn.fractional_avg_pool(x, 3).output, tf.nn.avg_pool2d(x, 3, 3, "VALID"), rtol=1e-12)


def test_gradients():
    x = X[:1, :3, :3, :1] / 100
    tf.random.set_seed(1)
    made = tf.nn.fractional_max_pool(tf.constant(x), 1.5, seed=5)

    def same(v, pool):
        tf.random.set_seed(1)
        return pool(v, 1.5, seed=5).output ** 2

    check_gradients(lambda v: same(v, tf.nn.fractional_max_pool), x)
    check_gradients(lambda v: same(v, tf.nn.fractional_avg_pool), x)
    assert made.output.shape == (1, 2, 2, 1)


def test_functions_draw_anew():
    f = tf.function(lambda v: tf.nn.fractional_max_pool(v, 1.3)[1:])
    assert len({tuple(np.concatenate([b.numpy() for b in f(tf.constant(X))])) for _ in range(12)}) > 1


def test_errors():
    with pytest.raises(ValueError, match="should be >= 1"):
        tf.nn.fractional_max_pool(X, 0.5)
    with pytest.raises(ValueError, match="length 1, 2 or 4"):
        tf.nn.fractional_max_pool(X, [1.0, 2.0, 2.0])
    with pytest.raises(InvalidArgumentError, match="batch and channels"):
        tf.nn.fractional_avg_pool(X, [2.0, 1.0, 1.0, 1.0])
    with pytest.raises(InvalidArgumentError, match="leaves nothing"):
        tf.nn.fractional_avg_pool(X, 8.0)
