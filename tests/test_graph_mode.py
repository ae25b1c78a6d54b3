"""Names of TensorFlow's graph mode, autograph, specs, and tf's own initializers."""

import time

import numpy as np
import pytest

import gputape as tf
from gputape import keras


def test_gradients_of_graphs_are_told_off():
    for f in (tf.gradients, tf.hessians):
        with pytest.raises(RuntimeError, match="not supported when eager execution is enabled"):
            f(1, 2)


def test_static_values():
    x = keras.Input((2,))
    assert tf.get_static_value(tf.constant([1, 2])).tolist() == [1, 2] and tf.get_static_value(3) == 3
    assert tf.get_static_value(x) is None
    assert tf.is_symbolic_tensor(x) and not tf.is_symbolic_tensor(tf.constant(1))
    seen = []
    tf.function(lambda x: seen.append(tf.get_static_value(x)))(tf.constant(1.0))
    assert seen == [None]


def test_time_and_names():
    assert abs(float(tf.timestamp()) - time.time()) < 5 and tf.timestamp().dtype == tf.float64
    assert tf.get_logger().name == "gputape" and tf.get_current_name_scope() == ""
    assert tf.guarantee_const(tf.constant(2.0)).numpy() == 2.0


def test_settings_are_kept():
    tf.debugging.disable_traceback_filtering()
    assert not tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.enable_traceback_filtering()
    assert tf.debugging.is_traceback_filtering_enabled() and not tf.debugging.get_log_device_placement()


def test_modes_of_variables():
    v = tf.Variable(1.0, aggregation=tf.VariableAggregation.MEAN)
    assert v.aggregation is tf.VariableAggregation.MEAN and v.synchronization is tf.VariableSynchronization.AUTO


def test_autograph_rewrites_nothing(capsys):
    def f(x):
        return x + 1

    assert tf.autograph.to_code(tf.function(f)) == "def f(x):\n    return x + 1\n"
    assert tf.autograph.to_graph(tf.function(f)) is f and tf.autograph.to_graph(f) is f
    assert tf.autograph.experimental.do_not_convert(f) is f
    assert tf.autograph.experimental.do_not_convert()(f) is f
    tf.autograph.trace("a", 1)
    assert capsys.readouterr().out == "a 1\n"


def test_device_names():
    spec = tf.DeviceSpec.from_string("/job:w/replica:1/task:2/device:GPU:3")
    assert (spec.job, spec.replica, spec.task, spec.device_type, spec.device_index) == ("w", 1, 2, "GPU", 3)
    assert tf.DeviceSpec.from_string(spec.to_string()) == spec and len({spec, spec.replace()}) == 1
    assert tf.DeviceSpec.from_string("/gpu:*").to_string() == "/device:GPU:*"
    merged = tf.DeviceSpec.from_string("/cpu:0").make_merged_spec(tf.DeviceSpec(job="x"))
    assert merged.to_string() == "/job:x/device:CPU:0"
    assert repr(tf.DeviceSpec(job="a")) == (
        "<DeviceSpec(job=a, replica=None, task=None, device_type=None, device_index=None)>"
    )
    for wrong in ("/foo:1", "gpu"):
        with pytest.raises(ValueError, match="Unknown attribute"):
            tf.DeviceSpec.from_string(wrong)


def test_specs():
    slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]), tf.constant([3, 2]))
    spec = tf.type_spec_from_value(slices)
    assert spec == tf.IndexedSlicesSpec([3, 2], tf.float32, tf.int32, tf.int32, [1])
    assert tf.IndexedSlicesSpec([None, 2]).is_compatible_with(slices)
    assert not tf.IndexedSlicesSpec([None, 3]).is_compatible_with(slices)
    assert spec.value_type is tf.IndexedSlices and isinstance(tf.TensorSpec([1]), tf.TypeSpec)
    assert tf.type_spec_from_value(tf.constant([1.0])) == tf.TensorSpec([1])
    with pytest.raises(TypeError, match="Could not build a TypeSpec"):
        tf.type_spec_from_value("a")


def test_initializers():
    assert tf.zeros_initializer()([2], tf.int32).numpy().tolist() == [0, 0]
    assert tf.ones_initializer()([1, 2]).numpy().tolist() == [[1.0, 1.0]]
    assert tf.constant_initializer(3)([2]).dtype == tf.float32
    assert tf.constant_initializer([1, 2, 3, 4])([2, 2], tf.int32).numpy().tolist() == [[1, 2], [3, 4]]
    uniform = tf.random_uniform_initializer(1, 5, seed=1)
    drawn = uniform([100], tf.int32).numpy()
    assert drawn.min() >= 1 and drawn.max() < 5 and len(set(drawn)) > 1
    normal = tf.random_normal_initializer(10.0, 0.1, seed=2)([1000]).numpy()
    assert abs(normal.mean() - 10) < 0.02 and abs(normal.std() - 0.1) < 0.02
    for made in (uniform, tf.constant_initializer(2.0), tf.random_normal_initializer(), tf.ones_initializer()):
        assert type(made).from_config(made.get_config()).get_config() == made.get_config()
    with pytest.raises(ValueError, match="floating point"):
        tf.random_normal_initializer()([2], tf.int32)
    with pytest.raises(ValueError, match="numeric or boolean"):
        tf.ones_initializer()([2], tf.string)
    with pytest.raises(TypeError, match="elements"):
        tf.constant_initializer([1.0, 2.0])([3])
    with pytest.raises(TypeError, match="Invalid type"):
        tf.constant_initializer(object())


def test_keras_under_short_names():
    for name in ("initializers", "losses", "metrics", "optimizers"):
        assert getattr(tf, name) is getattr(keras, name) and name in dir(tf)


def test_parts_of_variables_are_assigned():
    v = tf.Variable(np.arange(6.0, dtype="float32").reshape(2, 3))
    v[1:, ::2].assign([[7.0, 8.0]])
    v[0, tf.constant(1)].assign(9.0)
    assert v.numpy().tolist() == [[0.0, 9.0, 2.0], [7.0, 4.0, 8.0]]
    assert v[0].assign(0.0, read_value=False) is None and v.numpy()[0].tolist() == [0.0] * 3
    assert not hasattr(v[0] * 1.0, "assign")
    with tf.GradientTape() as tape:
        y = v[1] * 2.0
    assert tape.gradient(y, v).numpy().tolist() == [[0.0] * 3, [2.0] * 3]


def test_small_differences():
    assert repr(tf.Variable([1.0], shape=[None])).startswith("<tf.Variable 'Variable:0' shape=(None,) dtype=float32")
    with pytest.raises(tf.errors.InvalidArgumentError, match="x is int32, y is float32"):
        assert tf.constant([1, 2]) == tf.constant([1.0, 2.0, 3.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="limit must be a scalar"):
        tf.range(tf.ones([2]))
