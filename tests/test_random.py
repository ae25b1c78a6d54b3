"""tf.random: seeds, generators, distributions, and recorded functions that draw anew."""

import numpy as np
import pytest

import gputape as tf

N = 20000


@pytest.mark.parametrize(
    "draw, mean, std",
    [
        (lambda: tf.random.normal([N], 2.0, 3.0), 2.0, 3.0),
        (lambda: tf.random.uniform([N], -1.0, 3.0), 1.0, 4 / 12**0.5),
        (lambda: tf.random.truncated_normal([N]), 0.0, 0.8796),
        (lambda: tf.random.gamma([N], 4.0, 2.0), 2.0, 1.0),
        (lambda: tf.random.poisson([N], 4.0), 4.0, 2.0),
        (lambda: tf.random.stateless_normal([N], [1, 2]), 0.0, 1.0),
        (lambda: tf.cast(tf.random.uniform([N], 0, 10, tf.int32), tf.float32), 4.5, 2.872),
        (lambda: tf.cast(tf.random.stateless_binomial([N], [1, 2], 10.0, 0.5), tf.float32), 5.0, 1.581),
    ],
)
def test_moments(draw, mean, std):
    tf.random.set_seed(0)
    made = draw().numpy()
    assert abs(made.mean() - mean) < 0.06 and abs(made.std() - std) < 0.06


def test_seeds():
    tf.random.set_seed(5)
    a, b = tf.random.uniform([3]).numpy(), tf.random.uniform([3], seed=9).numpy()
    again = tf.random.uniform([3], seed=9).numpy()
    tf.random.set_seed(5)
    np.testing.assert_array_equal(a, tf.random.uniform([3]).numpy())
    np.testing.assert_array_equal(b, tf.random.uniform([3], seed=9).numpy())
    assert not np.array_equal(b, again) and not np.array_equal(a, b)


def test_stateless_functions_repeat():
    np.testing.assert_array_equal(tf.random.stateless_uniform([4], [1, 2]), tf.random.stateless_uniform([4], [1, 2]))
    assert not np.array_equal(tf.random.stateless_uniform([4], [1, 2]), tf.random.stateless_uniform([4], [1, 3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="seed must have shape"):
        tf.random.stateless_uniform([4], [1, 2, 3])
    assert tuple(tf.random.split([1, 2], 3).shape) == (3, 2)


def test_generators():
    g = tf.random.Generator.from_seed(3)
    first = g.normal([2]).numpy()
    copy = tf.random.Generator(copy_from=g)
    np.testing.assert_array_equal(g.normal([2]).numpy(), copy.normal([2]).numpy())
    g.reset_from_seed(3)
    np.testing.assert_array_equal(first, g.normal([2]).numpy())
    a, b = g.split(2)
    assert not np.array_equal(a.normal([2]).numpy(), b.normal([2]).numpy())
    assert g.uniform_full_int([2], "int32").dtype == "int32"
    assert tf.random.get_global_generator() is tf.random.get_global_generator()


def test_dtypes_and_shapes():
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        assert tf.random.normal([3, 1], dtype=dtype).dtype == dtype
    assert tuple(tf.random.uniform([]).shape) == () and tuple(tf.random.normal([0, 2]).shape) == (0, 2)
    with pytest.raises(ValueError, match="Must specify maxval"):
        tf.random.uniform([2], dtype=tf.int32)


def test_categorical_and_shuffle():
    tf.random.set_seed(1)
    made = tf.random.categorical(tf.math.log([[0.25, 0.75]]), 4000).numpy()
    assert made.shape == (1, 4000) and abs(made.mean() - 0.75) < 0.03
    assert sorted(tf.random.shuffle(tf.range(9)).numpy()) == list(range(9))
    with pytest.raises(tf.errors.InvalidArgumentError, match="matrix"):
        tf.random.categorical([0.5, 0.5], 3)


def test_a_recorded_function_draws_anew_and_as_eager_would():
    tf.random.set_seed(4)
    eager = [tf.random.normal([3]).numpy() for _ in range(4)]
    tf.random.set_seed(4)
    recorded = tf.function(lambda: tf.random.normal([3]))
    for expected in eager:
        np.testing.assert_array_equal(recorded().numpy(), expected)


def test_a_generator_goes_back_to_a_key_and_a_counter():
    g = tf.random.Generator.from_key_counter(7, [3, 0])
    first = g.normal([4]).numpy()
    g.reset_from_key_counter(7, [3, 0])
    assert (g.normal([4]).numpy() == first).all()
    state = tf.random.create_rng_state(7, tf.random.Algorithm.PHILOX)
    assert state.dtype == tf.int64 and state.numpy().tolist() == [7, 0, 0]
