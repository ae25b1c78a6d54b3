import copy
import pickle

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.backend import AutocastScope, StatelessScope, name_scope


def test_made_from_values_names_and_callables():
    assert keras.Variable([1.0, 2.0]).dtype == "float32"
    assert keras.Variable(np.ones(2, "float64")).dtype == "float64"
    assert keras.Variable(np.ones(2), dtype="bfloat16").dtype == "bfloat16"
    np.testing.assert_array_equal(keras.Variable("ones", shape=(2,), dtype="int32").numpy(), [1, 1])
    made = keras.Variable(lambda shape, dtype: tf.fill(shape, tf.cast(7, dtype)), shape=(0, 3))
    assert made.shape == (0, 3) and isinstance(made, tf.Variable)


@pytest.mark.parametrize(
    "kwargs, told",
    [
        ({"initializer": "ones"}, "`shape` argument should be specified"),
        ({"initializer": "ones", "shape": (None, 2)}, "fully-defined"),
        ({"initializer": 1.0, "name": "a/b"}, "cannot contain character"),
        ({"initializer": 1.0, "aggregation": "first"}, "argument `aggregation`"),
        ({"initializer": 1.0, "synchronization": "never"}, "argument `synchronization`"),
    ],
)
def test_refusals(kwargs, told):
    with pytest.raises(ValueError, match=told):
        keras.Variable(**kwargs)


def test_paths_follow_the_scopes():
    with name_scope("outer"), name_scope("inner"):
        v = keras.Variable(1.0, name="v")
    assert (v.name, v.path) == ("v", "outer/inner/v")


def test_assign_casts_checks_and_returns_the_value():
    v = keras.Variable([1.0, 2.0])
    before = v.value
    assert v.assign(np.array([3, 4])).numpy().tolist() == [3.0, 4.0]
    assert before.numpy().tolist() == [1.0, 2.0], "a value read earlier stays as it was"
    v.assign_add(1)
    v.assign_sub([0.5, 0.5])
    assert v.numpy().tolist() == [3.5, 4.5]
    with pytest.raises(ValueError, match="must match"):
        v.assign([1.0, 2.0, 3.0])


def test_it_is_watched_and_trained_like_a_variable():
    v, w = keras.Variable(3.0), keras.Variable(2.0, trainable=False)
    with tf.GradientTape() as tape:
        y = v * v * w
    assert [g if g is None else float(g) for g in tape.gradient(y, [v, w])] == [12.0, None]
    v.trainable = False
    with tf.GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, v) is None


def test_attributes_are_checked():
    v = keras.Variable(1.0)
    v.regularizer, v.constraint = keras.regularizers.L2(0.5), abs
    assert v.regularizer is not None and v.constraint is abs
    for name in ("regularizer", "constraint"):
        with pytest.raises(ValueError, match=name):
            setattr(v, name, 3)
    with pytest.raises(TypeError):
        v.overwrite_with_gradient = "yes"
    with pytest.raises(TypeError, match="boolean"):
        bool(v)
    with pytest.raises(TypeError, match="Only scalar arrays"):
        float(keras.Variable([1.0]))
    assert float(v) == 1.0 and int(v) == 1


def test_copies_keep_everything_but_share_nothing():
    with name_scope("layer"):
        v = keras.Variable([1.0], name="v", trainable=False)
    for other in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert (other.path, other.trainable, other.numpy().tolist()) == ("layer/v", False, [1.0])
        other.assign([2.0])
        assert v.numpy().tolist() == [1.0]


def test_autocast_reads_another_dtype_and_trains_its_own():
    v = keras.Variable([1.0, 2.0])
    fixed = keras.Variable([1.0], autocast=False)
    with AutocastScope("float16"), tf.GradientTape() as tape:
        assert (v.dtype, v.value.dtype, fixed.dtype) == ("float16", "float16", "float32")
        y = tf.square(v)
        v.assign_add([1.0, 1.0])
    assert y.dtype == "float16" and v.dtype == "float32"
    gradient = tape.gradient(y, v)
    assert gradient.dtype == "float32" and gradient.numpy().tolist() == [2.0, 4.0]
    assert v.numpy().tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="floating-point"):
        AutocastScope("int32")


def test_stateless_scope_keeps_what_is_assigned():
    v = keras.Variable(1.0)
    with StatelessScope([(v, tf.constant(5.0))]) as scope:
        assert float(v + 1.0) == 6.0
        v.assign_add(1.0)
        assert float(v.value) == 6.0
    assert float(scope.get_current_value(v)) == 6.0 and float(v) == 1.0
