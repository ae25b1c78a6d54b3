"""From bits to numbers: intervals, moments, and dropout's product with its gradient."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import sampling as family
from gputape.registry import OPS
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
BITS = np.random.Philox(key=[5, 0]).random_raw(20000).view(np.uint32)


def test_all_names_are_tried():
    assert declared(family) == {"unit_interval", "random_integer", "box_muller", "drop"}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_unit_interval_never_reaches_one(dtype):
    made = OPS["unit_interval"](np.append(BITS, np.uint32(2**32 - 1)), dtype=dtype)
    values = tf.cast(made, "float64").numpy()
    assert made.dtype == dtype and values.min() >= 0 and values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01


def test_integers_cover_the_span():
    made = OPS["random_integer"](BITS.view(np.uint64), np.asarray(7), dtype="int32").numpy()
    assert made.dtype == np.int32 and np.bincount(made, minlength=7).min() > 2000 and made.max() == 6


def test_box_muller_is_normal():
    unit = OPS["unit_interval"](BITS, dtype="float32").numpy().reshape(2, -1)
    made = OPS["box_muller"](unit).numpy()
    assert abs(made.mean()) < 0.02 and abs(made.std() - 1) < 0.02 and np.isfinite(made).all()
    assert np.isfinite(OPS["box_muller"](np.asarray([[0.0, 1 - 2**-24], [0.0, 0.5]], "float32")).numpy()).all()


def test_drop_keeps_the_share_and_the_mean():
    x = np.ones(BITS.size)
    made = OPS["drop"](x, BITS, rate=0.25).numpy()
    assert set(np.unique(made)) == {0.0, 1 / 0.75} and abs(made.mean() - 1) < 0.02
    check_gradients(lambda a: OPS["drop"](tf.square(a), BITS[:6], rate=0.5), np.arange(6.0) + 1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (37, 5)])
def test_drop_kernel(dtype, shape, device):
    x = RNG.standard_normal(shape).astype(tf.as_dtype(dtype).as_numpy_dtype)
    bits = RNG.integers(0, 2**32, shape, np.uint32)
    if device != "cpu":
        check_kernel(OPS["drop"], x, np.asarray(bits), rate=0.3)
    nans = tf.fill([64], np.nan)
    dropped = OPS["drop"](nans, tf.constant(np.arange(64, dtype=np.uint32) << 26), rate=0.5).numpy()
    assert (dropped[:32] == 0).all() and np.isnan(dropped[32:]).all()


def test_dropout():
    x = tf.ones([4, 1000])
    tf.random.set_seed(1)
    a = tf.nn.dropout(x, 0.5).numpy()
    assert (a == tf.nn.dropout(x, 0.5).numpy()).mean() < 0.6
    tf.random.set_seed(1)
    np.testing.assert_array_equal(a, tf.nn.dropout(x, 0.5).numpy())
    rows = tf.nn.dropout(x, 0.5, noise_shape=[4, 1]).numpy()
    assert (rows == rows[:, :1]).all()
    assert tf.nn.dropout(x, 0.0) is x
    assert 0.4 < tf.nn.dropout(x, tf.constant(0.5)).numpy().mean() / 2 < 0.6
    with pytest.raises(ValueError, match="rate"):
        tf.nn.dropout(x, 1.5)
    with pytest.raises(ValueError, match="floating point"):
        tf.nn.dropout(tf.ones([2], tf.int32), 0.5)
