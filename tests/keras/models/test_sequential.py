import numpy as np
import pytest

from gputape import keras
from gputape.keras import layers

X = np.ones((3, 4), "float32")


def test_built_from_an_input_or_by_the_first_call():
    known = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Dense(1)])
    assert known.built and len(known.weights) == 4 and known.output_shape == (None, 1)
    late = keras.Sequential([layers.Dense(2), layers.Dense(1)])
    assert not late.built
    with pytest.raises(AttributeError, match="no defined output shape"):
        _ = late.output_shape
    assert late(X).shape == (3, 1) and late.built and late.weights[0].shape == (4, 2)
    assert len(late.layers) == 2 and late.inputs[0].shape[1:] == (4,)


def test_keras_2_input_shape():
    with pytest.warns(UserWarning, match="input_shape"):
        model = keras.Sequential([layers.Dense(2, input_shape=(4,))])
    assert model(X).shape == (3, 2) and model.input_shape == (None, 4)


def test_add_and_pop():
    model = keras.Sequential()
    model.add(keras.Input((4,)))
    model.add(layers.Dense(2))
    model.add(layers.Dense(5))
    assert model.output_shape == (None, 5)
    assert model.pop().units == 5
    assert model.output_shape == (None, 2) and len(model.weights) == 2
    np.testing.assert_array_equal(model(X), model.layers[0](X))


@pytest.mark.parametrize(
    "added, told",
    [
        (lambda: 3, "Only instances of `keras.Layer`"),
        (lambda: layers.Dense(1, name="first"), "unique names"),
        (lambda: keras.Input((7,)), "already been configured"),
    ],
)
def test_refusals(added, told):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="first")])
    with pytest.raises(ValueError, match=told):
        model.add(added())
    with pytest.raises(ValueError, match="no layers"):
        keras.Sequential().build((None, 4))


def test_layers_of_several_arguments_are_refused():
    class Two(layers.Layer):
        def call(self, a, b):
            return a

    with pytest.raises(ValueError, match="single required positional argument"):
        keras.Sequential([keras.Input((4,)), Two()])


def test_layers_in_attributes_are_not_the_stack():
    class Stack(keras.Sequential):
        def __init__(self):
            super().__init__()
            self.kept = layers.Dense(2)
            self.add(self.kept)

    model = Stack()
    assert model(X).shape == (3, 2) and model.layers == [model.kept] and len(model.weights) == 2


def test_nested_inputs_and_training():
    class Pick(layers.Layer):
        def call(self, inputs, training=None):
            self.training = training
            return inputs["a"]

    pick = Pick()
    model = keras.Sequential([pick, layers.Dense(1)])
    assert model({"a": X, "b": X}, training=True).shape == (3, 1) and pick.training is True


def test_configs():
    model = keras.Sequential([layers.Dense(2, activation="relu"), layers.Dense(1)], name="seq")
    assert len(keras.Sequential.from_config(model.get_config()).layers) == 2
    model(X)
    again = keras.models.model_from_json(model.to_json())
    assert again.built and again.name == "seq"
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(X), model(X))
    with pytest.raises(ValueError, match="'name' and 'layers'"):
        keras.Sequential.from_config({})


def test_models_inside():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model = keras.Sequential([inner, layers.Dense(1)])
    assert model.built and model(X).shape == (3, 1) and len(model.weights) == 4


def test_built_by_fit_the_batch_is_open() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=4, verbose=0)
    assert model.input_shape == (None, 2) and model.predict(np.ones((3, 2)), verbose=0).shape == (3, 1)
