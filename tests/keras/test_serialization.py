import json

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import serialization
from gputape.keras.serialization import (
    ObjectSharingScope,
    custom_object_scope,
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)


@register_keras_serializable("tests")
def registered_function(x):
    return x + 1


def plain_function(x):
    return x


class Plain(keras.layers.Layer):
    def __init__(self, size, scale=2.0, **kwargs):
        super().__init__(**kwargs)
        self.size, self.scale = size, scale

    def call(self, x):
        return x * self.scale


VALUES = [None, True, 3, 2.5, "text", b"bytes", slice(1, None, 2), Ellipsis, np.float32(1.5), [1, {"a": "b"}]]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive_json(value):
    assert deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(value)))) == value


def test_arrays_and_tensors():
    array = deserialize_keras_object(serialize_keras_object(np.arange(3, dtype="int16")))
    assert array.dtype == np.int16 and array.tolist() == [0, 1, 2]
    tensor = deserialize_keras_object(serialize_keras_object(tf.constant([1.5], "float16")))
    assert isinstance(tensor, tf.Tensor) and tensor.dtype == "float16"
    assert serialize_keras_object(tf.TensorShape([None, 2])) == [None, 2]
    assert type(serialize_keras_object(tf.float32)) is str


def test_public_names_are_keras_names():
    config = serialize_keras_object(keras.layers.Dense(3, activation="relu", name="d"))
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras.layers", "Dense", None)
    inner = config["config"]
    assert inner["activation"] == "relu" and inner["kernel_regularizer"] is None
    assert inner["kernel_initializer"]["module"] == "keras.initializers"
    assert inner["dtype"] == {
        "module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None
    }  # fmt: skip
    revived = deserialize_keras_object(json.loads(json.dumps(config)))
    assert revived.units == 3 and revived.activation is keras.activations.relu and revived.name == "d"


def test_custom_objects_are_found_by_name_scope_or_register():
    layer = Plain(3, scale=4.0, name="p")
    config = serialize_keras_object(layer)
    with pytest.raises(TypeError, match="Could not locate class 'Plain'"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, custom_objects={"Plain": Plain}).scale == 4.0
    with custom_object_scope({"Plain": Plain}):
        assert deserialize_keras_object(config).size == 3
    config = serialize_keras_object(registered_function)
    assert config["registered_name"] == "tests>registered_function"
    assert deserialize_keras_object(config) is registered_function
    assert serialization.get_registered_object("tests>registered_function") is registered_function
    with pytest.raises(TypeError, match="Could not locate function"):
        deserialize_keras_object(serialize_keras_object(plain_function))


def test_lambdas_need_trust():
    with pytest.warns(UserWarning, match="unsafe"):
        config = serialize_keras_object(lambda x: x * 3)
    with pytest.raises(ValueError, match="arbitrary code execution"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, safe_mode=False)(2) == 6


@pytest.mark.parametrize("name", ["load_model", "save_model", "clone_model"])
def test_functions_that_touch_files_are_not_revived(name):
    config = {"module": "keras.models", "class_name": "function", "config": name, "registered_name": name}
    with pytest.raises(TypeError, match="Could not locate"):
        deserialize_keras_object(config)


def test_modules_outside_of_keras_are_not_imported():
    config = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    with pytest.raises(TypeError, match="Could not locate"):
        deserialize_keras_object(config)


def test_an_object_met_twice_is_revived_once():
    shared = keras.layers.Dense(2)
    with ObjectSharingScope():
        config = serialize_keras_object([shared, shared])
    with ObjectSharingScope():
        a, b = deserialize_keras_object(config)
    assert a is b


def test_register_needs_a_config():
    with pytest.raises(ValueError, match="get_config"):
        register_keras_serializable()(object)
    assert serialization.public_name(object) is None
