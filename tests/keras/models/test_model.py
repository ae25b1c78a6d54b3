import copy
import pickle

import numpy as np
import pytest

from gputape import keras
from gputape.keras import layers

X = np.ones((3, 4), "float32")


class Net(keras.Model):
    def __init__(self, width=2, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.hidden = [layers.Dense(width), layers.Dense(3)]
        self.head = layers.Dense(1)

    def call(self, x, training=None):
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def test_a_subclass_is_built_by_its_first_call():
    model = Net(name="net")
    assert not model.built and model.weights == []
    assert model(X).shape == (3, 1) and model.built and len(model.weights) == 6
    assert model.weights[0].path == f"net/{model.hidden[0].name}/kernel"
    assert model.layers == [*model.hidden, model.head]


def test_build_runs_the_call():
    model = Net()
    model.build((None, 4))
    assert model.built and model.hidden[0].kernel.shape == (4, 2) and model.count_params() == 10 + 9 + 4

    class Demanding(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            if float(x[0, 1]) == 0.0:
                raise ValueError("zeros are not for me")
            return self.dense(x)

    with pytest.raises(ValueError, match="cannot be built automatically"):
        Demanding().build((None, 4))


def test_configs_of_subclasses():
    model = Net(width=5, name="n")
    again = Net.from_config(model.get_config())
    assert (again.width, again.name) == (5, "n")
    with pytest.raises(TypeError, match="Unable to revive model"):
        Net.from_config({"nonsense": 1})
    with pytest.raises(NotImplementedError, match=r"does not have a `call\(\)`"):
        keras.Model()(X)


def test_state_trees():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="d")], name="m")
    state = model.get_state_tree("numpy_array")
    assert set(state["trainable_variables"]["m"]["d"] if "m" in state["trainable_variables"] else
               state["trainable_variables"]["d"]) == {"kernel", "bias"}  # fmt: skip
    changed = {"trainable_variables": _map(lambda v: v + 1, state["trainable_variables"])}
    model.set_state_tree(changed)
    assert model.layers[0].bias.numpy().tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="value_format"):
        model.get_state_tree("list")
    with pytest.raises(ValueError, match="Unknown variable name"):
        model.set_state_tree({"other": {}})


def _map(f, tree):
    return {k: _map(f, v) for k, v in tree.items()} if isinstance(tree, dict) else f(tree)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_copies_of_compiled_models(duplicate):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], epochs=1, verbose=0)
    other = duplicate(model)
    np.testing.assert_array_equal(other(X), model(X))
    for m in (model, other):
        m.fit(X, X[:, :2], epochs=1, verbose=0)
    np.testing.assert_allclose(other(X), model(X), rtol=1e-6)


def test_clone_has_weights_of_its_own():
    x = keras.Input((4,))
    shared = layers.Dense(4, name="shared")
    model = keras.Model(x, shared(shared(x)))
    clone = keras.models.clone_model(model)
    assert len(clone.weights) == 2 and clone.get_layer("shared") is not shared
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(X), model(X))
    sequential = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.ReLU()])
    wider = keras.models.clone_model(
        sequential, clone_function=lambda layer: layers.Dense(5) if isinstance(layer, layers.Dense) else layer
    )
    assert wider.output_shape == (None, 5)
    doubled = keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=lambda layer, *a: layer(*a) * 2.0
    )
    np.testing.assert_allclose(doubled(X), 2 * shared(2 * shared(X)), rtol=1e-5)
    with pytest.raises(ValueError, match="not supported with Sequential"):
        keras.models.clone_model(sequential, call_function=lambda layer, *a: layer(*a))
    with pytest.raises(ValueError, match="only supported for Sequential"):
        keras.models.clone_model(Net(), clone_function=lambda layer: layer)


def test_clone_recursive_and_inputs():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inner")], name="block")
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(1)])
    clone = keras.models.clone_model(
        model, recursive=True, clone_function=lambda layer: type(layer).from_config(layer.get_config())
    )
    assert clone.get_layer("block").layers[0] is not inner.layers[0]
    tensor = keras.Input((4,), batch_size=2)
    assert keras.models.clone_model(model, input_tensors=tensor).output_shape == (2, 1)
