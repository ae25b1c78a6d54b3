"""tf.device and the lists of devices, with and without a GPU."""

import pytest

import gputape as tf
from gputape import cuda
from gputape.record import state


def test_device_sets_where_new_arrays_go_and_nests():
    with tf.device("/CPU:0"):
        assert state.device == "CPU" and tf.constant(1.0).device.endswith("CPU:0")
        with tf.device(None):
            assert state.device is None
        with tf.device(tf.DeviceSpec(device_type="CPU", device_index=0).to_string()):
            assert state.device == "CPU"
        assert state.device == "CPU"
    assert state.device is None


def test_device_is_put_back_after_an_error():
    with pytest.raises(KeyError), tf.device("cpu"):
        raise KeyError
    assert state.device is None


def test_wrong_names():
    with pytest.raises(ValueError, match="no device"), tf.device("/TPU:0"):
        pass
    if not cuda.available():
        with pytest.raises(RuntimeError, match="doctor"), tf.device("/GPU:0"):
            pass


@pytest.mark.parametrize("usable", [False, True])
def test_lists_of_devices(monkeypatch, usable):
    monkeypatch.setattr(cuda, "available", lambda: usable)
    kinds = ["CPU", "GPU"] if usable else ["CPU"]
    assert [d.device_type for d in tf.config.list_physical_devices()] == kinds
    assert len(tf.config.list_physical_devices("GPU")) == usable == tf.test.is_built_with_cuda()
    assert tf.config.list_logical_devices("CPU")[0].name == "/device:CPU:0"
    assert tf.test.is_gpu_available() is usable


def test_memory_grows_and_ops_are_deterministic():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.experimental.set_memory_growth(cpu, True)
    assert tf.config.experimental.get_memory_growth(cpu)
    tf.config.experimental.enable_op_determinism()
