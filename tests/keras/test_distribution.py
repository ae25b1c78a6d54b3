"""Meshes, layouts and maps are Keras's; a distribution is over one device or refused."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

d = keras.distribution
MESH = d.DeviceMesh((2, 2), ["data", "model"], [f"cpu:{k}" for k in range(4)])
ONE = d.DeviceMesh((1, 1), ["data", "model"], ["cpu:0"])


def test_devices():
    assert d.list_devices("cpu") == ["cpu:0"] and d.get_device_count("CPU") == 1
    assert len(d.list_devices()) == 1
    d.initialize()
    with pytest.raises(NotImplementedError, match="one process"):
        d.initialize("10.0.0.1:1,10.0.0.2:1", 2, 0)


def test_meshes():
    assert MESH.devices.tolist() == [["cpu:0", "cpu:1"], ["cpu:2", "cpu:3"]] and "data" in repr(MESH)
    for arguments, text in (
        (((4,), "", ["cpu:0"]), "cannot be empty"),
        (((4, 2), ["batch"], ["cpu:0"]), "same size"),
        (((4, 2), ["batch", "model"], ["cpu:0"]), "does not match the number of devices"),
    ):
        with pytest.raises(ValueError, match=text):
            d.DeviceMesh(*arguments)


def test_layouts():
    layout = d.TensorLayout(["data", None])
    layout.device_mesh = MESH
    assert layout.axes == ("data", None) and layout.device_mesh is MESH
    with pytest.raises(ValueError, match="Cannot override"):
        layout.device_mesh = ONE
    with pytest.raises(ValueError, match="Invalid axis names"):
        d.TensorLayout(["other"], MESH)


def test_layout_maps():
    layouts = d.LayoutMap(MESH)
    layouts["dense.*kernel"] = d.TensorLayout([None, "model"])
    layouts["dense.*bias"] = ("model",)
    assert layouts["dense_1/kernel"] is layouts["dense.*kernel"] and layouts["conv/kernel"] is None
    assert layouts["dense/bias"].device_mesh is MESH and list(layouts) == ["dense.*kernel", "dense.*bias"]
    with pytest.raises(ValueError, match="already exist"):
        layouts["dense.*bias"] = ("model",)
    with pytest.raises(ValueError, match="TensorLayout type"):
        layouts["x"] = "model"
    layouts["kernel"] = (None, None)
    with pytest.raises(ValueError, match="matches multiple"):
        layouts["dense/kernel"]
    del layouts["kernel"]
    assert len(layouts) == 2


def test_one_device_or_none():
    with pytest.raises(NotImplementedError, match="one device here, the mesh has 4"):
        d.DataParallel(MESH)
    parallel = d.DataParallel()
    assert d.distribution() is None
    with parallel.scope():
        assert d.distribution() is parallel
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert d.distribution() is None
    assert parallel.get_variable_layout(model.weights[0]).axes == (None, None)
    data = tf.data.Dataset.range(2)
    assert parallel.distribute_dataset(data) is data and parallel.get_tensor_layout("x") is None


def test_model_parallel():
    layouts = d.LayoutMap(ONE)
    layouts[".*kernel"] = (None, "model")
    parallel = d.ModelParallel(layout_map=layouts, batch_dim_name="data")
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    kernel, bias = (parallel.get_variable_layout(w).axes for w in layer.weights)
    assert (kernel, bias) == ((None, "model"), (None,)) and parallel.get_data_layout((4, 3)).axes == ("data", None)
    with pytest.raises(ValueError, match="LayoutMap"):
        d.ModelParallel()
    x = tf.ones(2)
    assert d.distribute_tensor(x, d.TensorLayout([None], ONE)) is x
