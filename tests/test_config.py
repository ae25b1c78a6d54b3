"""tf.config: what is set is given back, and what has a meaning here has its effect."""

import pytest

import gputape as tf
from gputape import config, cuda
from gputape.record import state


@pytest.mark.parametrize(
    "space, name, value",
    [
        (tf.config, "soft_device_placement", False),
        (tf.config.threading, "inter_op_parallelism_threads", 3),
        (tf.config.threading, "intra_op_parallelism_threads", 4),
        (tf.config.experimental, "device_policy", "warn"),
        (tf.config.experimental, "synchronous_execution", False),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_settings_are_kept(space, name, value):
    get, put = getattr(space, f"get_{name}"), getattr(space, f"set_{name}")
    before = get()
    try:
        put(value)
        assert get() == value != before
    finally:
        put(before)


def test_jit_and_options():
    options = tf.config.optimizer.get_experimental_options()
    try:
        tf.config.optimizer.set_jit(True)
        tf.config.optimizer.set_experimental_options({"layout_optimizer": False})
        assert tf.config.optimizer.get_jit() == "autoclustering"
        assert tf.config.optimizer.get_experimental_options() == {**options, "layout_optimizer": False}
    finally:
        tf.config.optimizer.set_jit(False)
    with pytest.raises(ValueError, match="set_jit"):
        tf.config.optimizer.set_jit("now")
    with pytest.raises(ValueError, match="device policy"):
        tf.config.experimental.set_device_policy("loud")


@pytest.fixture
def two_devices(monkeypatch):
    """As if there were a GPU, and the settings as they were afterwards."""
    monkeypatch.setattr(cuda, "available", lambda: True)
    monkeypatch.setattr(config, "_hidden", set())
    monkeypatch.setattr(state, "device", None)


def test_hidden_gpus(two_devices):
    cpu, gpu = tf.config.list_physical_devices()
    assert tf.config.get_visible_devices() == [cpu, gpu]
    tf.config.set_visible_devices([], "GPU")
    assert tf.config.get_visible_devices() == [cpu] and tf.config.get_visible_devices("GPU") == []
    assert tf.constant(1.0).device.endswith("CPU:0")
    tf.config.set_visible_devices(gpu, "GPU")
    assert tf.config.get_visible_devices() == [cpu, gpu] and state.device is None
    tf.config.set_visible_devices([cpu])
    assert tf.config.get_visible_devices() == [cpu]


def test_what_cannot_be_hidden_or_is_not_there():
    cpu = tf.config.list_physical_devices("CPU")[0]
    with pytest.raises(ValueError, match="cannot be hidden"):
        tf.config.set_visible_devices([], "CPU")
    with pytest.raises(ValueError, match="no device of this machine"):
        tf.config.set_visible_devices([tf.config.PhysicalDevice("/physical_device:TPU:0", "TPU")], "TPU")
    assert tf.config.experimental.get_memory_info("CPU:0") == {"current": 0, "peak": 0}
    assert tf.config.experimental.get_device_details(cpu) == {}


def test_logical_devices():
    cpu = tf.config.list_physical_devices("CPU")[0]
    limited = tf.config.LogicalDeviceConfiguration(memory_limit=100)
    tf.config.set_logical_device_configuration(cpu, [limited])
    assert tf.config.get_logical_device_configuration(cpu) == [limited]
    with pytest.raises(ValueError, match="one logical device"):
        tf.config.set_logical_device_configuration(cpu, [limited, limited])
