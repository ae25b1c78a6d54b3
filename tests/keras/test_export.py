"""Models written for inference come back without their classes."""

from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras


class Doubled(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(2)
        self.drop = keras.layers.Dropout(0.9)

    def call(self, x: Any, training: bool = False) -> Any:
        return 2 * self.drop(self.dense(x), training=training)


def two_inputs() -> Any:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    return keras.Model({"a": a, "b": b}, keras.layers.Dense(2)(a * b))


def called() -> Any:
    model = Doubled()
    model(np.zeros((4, 3), "float32"))
    return model


@pytest.mark.parametrize("make", [lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), called])
def test_one_input(make: Any, tmp_path: Any, capsys: Any) -> None:
    model = make()
    model.export(tmp_path / "m")
    assert "* Endpoint 'serve'" in capsys.readouterr().out
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    for rows in (1, 5):
        x = np.random.default_rng(0).random((rows, 3)).astype("float32")
        np.testing.assert_allclose(loaded.serve(tf.constant(x)), model(x), rtol=1e-6)


def test_inputs_by_name(tmp_path: Any) -> None:
    model = two_inputs()
    model.export(tmp_path / "m", verbose=False)
    x = {"a": tf.ones([2, 3]), "b": tf.fill([2, 3], 2.0)}
    np.testing.assert_allclose(tf.saved_model.load(str(tmp_path / "m")).serve(x), model(x), rtol=1e-6)


def test_an_archive_holds_several_endpoints(tmp_path: Any) -> None:
    model = called()
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("plain", lambda x: model(x), [tf.TensorSpec([None, 3])])
    archive.add_endpoint("summed", lambda x: tf.reduce_sum(model(x), axis=1), [tf.TensorSpec([None, 3])])
    archive.add_variable_collection("weights", model.weights)
    archive.write_out(tmp_path / "m", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    x = tf.ones([4, 3])
    np.testing.assert_allclose(loaded.summed(x), tf.reduce_sum(loaded.plain(x), axis=1), rtol=1e-6)
    assert len(loaded.weights) == 2 and len(archive.trainable_variables) == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Doubled().export("m"), "not yet been built"),
        (lambda: two_inputs().export("m", format="onnx"), "Unrecognized format"),
        (lambda: keras.export.ExportArchive().write_out("m"), "No endpoints"),
        (lambda: keras.export.ExportArchive().track(keras.layers.Dense(1)), "not yet been built"),
        (lambda: keras.export.ExportArchive().add_endpoint("f", lambda x: x), "input_signature"),
        (lambda: keras.export.ExportArchive().add_variable_collection("v", 1), "list/tuple/set"),
    ],
)
def test_errors(wrong: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wrong()
