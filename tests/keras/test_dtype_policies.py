import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import dtype_policies
from gputape.keras.dtype_policies import DTypePolicy, DTypePolicyMap


@pytest.mark.parametrize(
    "name, compute, variable",
    [("float32", "float32", "float32"), ("mixed_float16", "float16", "float32"), ("int8", "int8", "int8")],
)
def test_names(name, compute, variable):
    policy = DTypePolicy(name)
    assert (policy.compute_dtype, policy.variable_dtype) == (compute, variable)
    assert dtype_policies.deserialize(dtype_policies.serialize(policy)) == policy == dtype_policies.get(name)


def test_refusals():
    with pytest.raises(ValueError, match="mixed precision"):
        DTypePolicy("mixed_int8")
    with pytest.raises(TypeError, match="must be a string"):
        DTypePolicy(3)
    with pytest.raises(ValueError, match="Cannot interpret"):
        dtype_policies.get(3)


def test_inputs_are_converted():
    policy = DTypePolicy("mixed_bfloat16")
    convert = lambda x: policy.convert_input(x, True, policy.compute_dtype)  # noqa: E731
    assert convert(np.ones(2)).dtype == "bfloat16" and convert(np.ones(2, "int32")).dtype == "int32"
    assert convert(keras.Input((2,))).dtype == "bfloat16" and convert("text") == "text" and convert(None) is None
    x = tf.ones(2)
    assert policy.convert_input(x, False, "bfloat16") is x


def test_the_global_policy():
    try:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
        layer = keras.layers.Dense(1)
        assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match="policy"):
        keras.config.set_dtype_policy(3)


def test_policies_by_path():
    policies = DTypePolicyMap("float32")
    policies["a/.*"] = "float16"
    policies["a/b"] = DTypePolicy("float64")
    assert [policies[p].name for p in ("a/b", "a/c", "x")] == ["float64", "float16", "float32"]
    with pytest.raises(ValueError, match="already exist"):
        policies["a/b"] = "float32"
    policies["./c"] = "float16"
    with pytest.raises(ValueError, match="multiple"):
        _ = policies["a/c"]
    again = dtype_policies.deserialize(dtype_policies.serialize(policies))
    assert again["a/b"].name == "float64" and len(again) == 3


def test_a_mixed_layer_computes_in_half_and_trains_in_float32():
    layer = keras.layers.Dense(2, dtype="mixed_float16")
    with tf.GradientTape() as tape:
        y = layer(np.ones((3, 4), "float32"))
    assert y.dtype == "float16" and layer.kernel.dtype == "float32"
    assert [g.dtype.name for g in tape.gradient(y, layer.trainable_variables)] == ["float32", "float32"]
