"""tf.debugging: what holds passes, what does not raises TensorFlow's class, in recorded functions too."""

import pytest

import gputape as tf

d = tf.debugging
INVALID = tf.errors.InvalidArgumentError
X = tf.constant([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("check", "good", "bad", "error"),
    [
        (d.assert_equal, ([1, 2], [1, 2]), ([1, 2], [1, 3]), INVALID),
        (d.assert_none_equal, ([1], [2]), ([1], [1]), INVALID),
        (d.assert_less, ([1], 2), ([2], 2), INVALID),
        (d.assert_less_equal, ([2], 2), ([3], 2), INVALID),
        (d.assert_greater, ([3], 2), ([2], 2), INVALID),
        (d.assert_greater_equal, ([2], 2), ([1], 2), INVALID),
        (d.assert_near, (1.0, 1.0000001), (1.0, 1.1), INVALID),
        (d.assert_negative, ([-1],), ([0],), INVALID),
        (d.assert_positive, ([1],), ([0],), INVALID),
        (d.assert_non_negative, ([0],), ([-1],), INVALID),
        (d.assert_non_positive, ([0],), ([1],), INVALID),
        (d.check_numerics, (1.0, "m"), (float("nan"), "m"), INVALID),
        (d.assert_all_finite, (1.0, "m"), (float("inf"), "m"), INVALID),
        (d.assert_rank, (X, 2), (X, 1), ValueError),
        (d.assert_rank_at_least, (X, 1), (X, 3), ValueError),
        (d.assert_rank_in, (X, [1, 2]), (X, [0, 1]), ValueError),
        (d.assert_scalar, (1.0,), (X,), ValueError),
        (d.assert_shapes, ([(X, (1, "N")), (X, (..., 3))],), ([(X, ("N", "N"))],), ValueError),
        (d.assert_type, (X, tf.float32), (X, tf.int32), TypeError),
        (d.assert_integer, (1,), (1.0,), TypeError),
        (d.assert_same_float_dtype, ([X, X],), ([X, tf.constant(1)],), ValueError),
        (d.assert_proper_iterable, ([X],), (X,), TypeError),
    ],
)
def test_checks(check, good, bad, error):
    check(*good)
    with pytest.raises(error):
        check(*bad)


def test_a_recorded_function_checks_at_every_call():
    f = tf.function(lambda x: (d.assert_positive(x), x * 2.0)[1])
    assert f(tf.constant(1.0)).numpy() == f(tf.constant(1.0)).numpy() == 2.0
    with pytest.raises(INVALID, match="x > y"):
        f(tf.constant(-1.0))


def test_check_numerics_of_every_op():
    d.enable_check_numerics()
    try:
        with pytest.raises(INVALID, match=r"op 'log' at .*test_debugging\.py"):
            tf.math.log(tf.constant(0.0))
    finally:
        d.disable_check_numerics()
    tf.math.log(tf.constant(0.0))


def test_is_numeric_tensor():
    assert d.is_numeric_tensor(X) and not d.is_numeric_tensor(tf.constant(True)) and not d.is_numeric_tensor(1.0)
