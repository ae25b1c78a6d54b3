"""Whole models in `.h5` files: what comes back, the layout that Keras reads, and what is refused."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from gputape import keras

X = np.arange(24, dtype=np.float32).reshape(6, 4) / 24
Y = np.arange(6) % 2


def trained():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.BatchNormalization(name="n")], name="m"
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(X, Y, verbose=0)
    return model


def test_a_compiled_model_goes_on_where_it_was(tmp_path):
    model = trained()
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert again.fit(X, Y, shuffle=False, verbose=0).history == model.fit(X, Y, shuffle=False, verbose=0).history
    np.testing.assert_array_equal(again.layers[0].kernel, model.layers[0].kernel)
    assert not keras.models.load_model(tmp_path / "m.h5", compile=False).compiled
    model.save(tmp_path / "new" / "bare.h5", include_optimizer=False)
    assert not keras.models.load_model(tmp_path / "new" / "bare.h5").compiled


def test_the_layout_is_that_of_keras(tmp_path):
    trained().save(tmp_path / "m.hdf5")
    with h5py.File(tmp_path / "m.hdf5") as h5:
        assert json.loads(h5.attrs["model_config"])["class_name"] == "Sequential"
        assert json.loads(h5.attrs["training_config"])["optimizer_config"]["class_name"] == "Adam"
        weights = h5["model_weights"]
        assert list(weights.attrs["layer_names"]) == ["a", "n"]
        assert list(weights["a"].attrs["weight_names"]) == ["m/a/kernel", "m/a/bias"]
        assert weights["a/m/a/kernel"].shape == (4, 3)
        assert h5["optimizer_weights"].attrs["weight_names"][0].endswith("/iteration")


def test_nested_and_shared_layers(tmp_path):
    x = keras.Input((4,), name="x")
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)], name="inner")
    model = keras.Model(x, keras.layers.Add(name="sum")([inner(x), inner(inner(x))]))
    model.save(tmp_path / "m.h5")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "m.h5")(X), model(X), rtol=1e-6)
    other = keras.models.clone_model(model)
    other.load_weights(tmp_path / "m.h5")
    np.testing.assert_allclose(other(X), model(X), rtol=1e-6)


def test_own_layers_are_named_when_the_file_is_read(tmp_path):
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    keras.Sequential([keras.Input((4,)), Twice()]).save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5", custom_objects={"Twice": Twice})
    np.testing.assert_array_equal(again(X), 2 * X)
    with pytest.raises(TypeError, match="Twice"):
        keras.models.load_model(tmp_path / "m.h5")


def test_what_is_refused(tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x

    model = Own()
    model(X)
    with pytest.raises(NotImplementedError, match="subclassed"):
        model.save(tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())
    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x)]).save(tmp_path / "l.h5")
    with pytest.raises((ValueError, TypeError), match="safe_mode"):
        keras.models.load_model(tmp_path / "l.h5")
    with h5py.File(tmp_path / "w.h5", "w"):
        pass
    with pytest.raises(ValueError, match="No model config"):
        keras.models.load_model(tmp_path / "w.h5")
