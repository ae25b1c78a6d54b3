import json
from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import layers
from gputape.keras.models.functional import Functional

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(5, 4)).astype("float32")


def branched():
    x = keras.Input((4,), name="x")
    z = keras.Input((2,), name="z")
    shared = layers.Dense(3, activation="relu", name="shared")
    a = shared(x)
    b = shared(x * 2.0)
    c = layers.Concatenate(name="joined")([a, b, z])
    return keras.Model(
        [x, z], {"sum": layers.Add(name="sum")([a, b]), "out": layers.Dense(1, name="out")(c)}, name="net"
    )


def test_values_of_a_branched_graph():
    model = branched()
    z = RANDOM.normal(size=(5, 2)).astype("float32")
    y = model([X, z])
    w, bias = model.get_layer("shared").get_weights()
    a, b = (np.maximum(v @ w + bias, 0) for v in (X, 2 * X))
    np.testing.assert_allclose(y["sum"], a + b, rtol=1e-5, atol=1e-6)
    out = np.concatenate([a, b, z], 1) @ model.get_layer("out").kernel.numpy()
    np.testing.assert_allclose(y["out"], out, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(model({"x": X, "z": z})["out"], y["out"])
    assert isinstance(model, Functional) and len(model.weights) == 4
    assert model.input_shape == [(None, 4), (None, 2)] and [x.name for x in model.inputs] == ["x", "z"]
    assert model.compute_output_shape([(7, 4), (7, 2)]) == {"sum": (7, 3), "out": (7, 1)}


def test_configs_make_equal_models():
    model = branched()
    again = keras.models.model_from_json(model.to_json())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    again.set_weights(model.get_weights())
    z = np.ones((5, 2), "float32")
    np.testing.assert_array_equal(again([X, z])["out"], model([X, z])["out"])
    assert json.loads(again.to_json())["config"]["layers"] == json.loads(model.to_json())["config"]["layers"]


def test_structures_of_inputs_and_outputs():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model({"a": a, "b": b}, (a + b, [a - b]))
    total, (difference,) = model({"a": X, "b": 2 * X})
    np.testing.assert_allclose(total, 3 * X, rtol=1e-6)
    np.testing.assert_allclose(difference, -X, rtol=1e-6)
    assert keras.Model([a], [a * 1.0])(X).shape == (5, 4)
    with pytest.raises(ValueError, match="Missing data for input"):
        model({"a": X})
    with pytest.raises(ValueError, match=r"expects 2 named input"):
        model(X)
    with pytest.warns(UserWarning, match="must match the names"):
        keras.Model({"other": a}, a * 1.0)


def test_inputs_are_cast_and_reshaped_to_the_graph():
    x = keras.Input((4, 1))
    model = keras.Model(x, x * 2.0)
    assert model(X.astype("float64")).shape == (5, 4, 1) and model(X).dtype == "float32"
    flat = keras.Input((4,))
    assert keras.Model(flat, flat * 2.0)(X[..., None]).shape == (5, 4)
    with pytest.raises(ValueError, match="expected shape"):
        model(np.ones((5, 3), "float32"))


def test_parts_of_models():
    x = keras.Input((4,))
    h = layers.Dense(3, name="h")(x)
    y = layers.Dense(2, name="y")(h)
    whole = keras.Model(x, y)
    features = keras.Model(whole.input, whole.get_layer("h").output)
    head = keras.Model(h, y)
    np.testing.assert_allclose(head(features(X)), whole(X), rtol=1e-6)
    assert head.layers[-1] is whole.get_layer("y") and len(head.weights) == 2
    deep = keras.Model(x, whole(layers.Dense(4)(x)))
    assert deep(X).shape == (5, 2) and len(deep.weights) == 6
    frozen = whole.get_layer("h")
    frozen.trainable = False
    assert len(deep.trainable_weights) == 4


def test_training_said_in_the_graph_stays():
    seen = []

    class Noted(layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    x = keras.Input((4,))
    fixed = keras.Model(x, Noted()(x, training=False))
    free = keras.Model(x, Noted()(x))
    stacked = keras.Sequential([free])
    stacked(X)
    seen.clear()
    for model in (fixed, free, stacked):
        model(X, training=True)
    assert seen == [False, True, True]


def test_masks_go_through_graphs():
    seen = []

    class Noted(layers.Layer):
        def call(self, x, mask=None):
            seen.append(mask)
            return tf.reduce_sum(x, 1)

    x = keras.Input((None,), dtype="int32")
    y = layers.Embedding(4, 2, mask_zero=True)(x)
    with pytest.warns(UserWarning, match="does not support masking"):
        model = keras.Model(x, Noted()(layers.Dense(3)(y)))
    seen.clear()
    with pytest.warns(UserWarning, match="does not support masking"):
        model(np.array([[1, 0], [2, 3]]))
    assert seen[0].numpy().tolist() == [[True, False], [True, True]]


def test_subclasses_with_the_functional_constructor():
    class Custom(keras.Model):
        def extra(self):
            return len(self.layers)

    class WithArguments(keras.Model):
        def __init__(self, width):
            x = keras.Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(width)(x))
            self.width = width

    x = keras.Input((4,))
    model = Custom(x, layers.Dense(2)(x))
    assert isinstance(model, Functional) and model.extra() == 2 and model(X).shape == (5, 2)
    assert isinstance(Custom.from_config(model.get_config()), Custom)
    assert WithArguments(3)(X).shape == (5, 3)


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda x, y: keras.Model(np.ones(3), y), "All `inputs` values must be KerasTensors"),
        (lambda x, y: keras.Model(x, [y, 3]), "All `outputs` values must be KerasTensors"),
        (lambda x, y: keras.Model([], y), "cannot be empty"),
        (lambda x, y: keras.Model(x, keras.Input((4,)) + y), "not connected|disconnected"),
        (lambda x, y: keras.Model(x, layers.Dense(1, name="d")(layers.Dense(1, name="d")(x))), "should be unique"),
    ],
)
def test_refusals(make, told):
    x = keras.Input((4,))
    with pytest.raises(ValueError, match=told):
        make(x, x * 2.0)


def test_layers_of_the_graph():
    model = branched()
    assert model.get_layer(index=0) is model.layers[0]
    for kwargs in ({"name": "none"}, {"index": 99}, {"index": 0, "name": "out"}, {}):
        with pytest.raises(ValueError):
            model.get_layer(**kwargs)
    with pytest.raises(AttributeError, match="reserved"):
        model.layers = []


def test_deep_graphs_do_not_exhaust_the_stack():
    x = y = keras.Input((1,))
    for _ in range(1500):
        y = y + 1.0
    assert float(keras.Model(x, y)(np.zeros((1, 1), "float32"))[0, 0]) == 1500.0


def test_gradients_reach_every_weight():
    model = branched()
    with tf.GradientTape() as tape:
        y = model([X, np.ones((5, 2), "float32")], training=True)
        loss = tf.reduce_sum(y["sum"]) + tf.reduce_sum(y["out"])
    assert all(g is not None for g in tape.gradient(loss, model.trainable_variables))


def test_a_config_that_keras_wrote():
    """Recorded from Keras 3.15: a graph of layers with a Sequential inside."""
    recorded = (Path(__file__).parent / "keras_model.json").read_text()
    model = keras.models.model_from_json(recorded)
    assert [layer.name for layer in model.layers] == ["x", "h", "e", "a", "c", "inner"]
    assert model(X).shape == (5, 2) and model.get_layer("h").kernel_regularizer is not None
    ours, theirs = json.loads(model.to_json()), json.loads(recorded)
    assert (ours["module"], ours["class_name"], ours["registered_name"]) == (
        theirs["module"], theirs["class_name"], theirs["registered_name"]
    )  # fmt: skip
    for mine, keras_ in zip(ours["config"]["layers"], theirs["config"]["layers"], strict=True):
        assert (mine["module"], mine["class_name"]) == (keras_["module"], keras_["class_name"])
        assert mine["inbound_nodes"] == keras_["inbound_nodes"] or mine["name"] == "inner"
        missing = keras_["config"].keys() - mine["config"].keys()
        assert missing <= {"quantization_config", "activity_regularizer"}
