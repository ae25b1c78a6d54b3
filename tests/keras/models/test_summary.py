import json
from pathlib import Path

import pytest

from gputape import keras
from gputape.keras import layers
from gputape.keras.models.summary import layer_bounds, readable_memory_size

# The text that Keras 3.15 prints for the models below, recorded.
RECORDED = json.loads((Path(__file__).parent / "summaries.json").read_text())
OPTIONS = {
    "plain": {},
    "trainable": {"show_trainable": True},
    "nested": {"expand_nested": True},
    "narrow": {"line_length": 60},
}


def models():
    long = "a_layer_with_a_very_long_name_that_wraps_around"
    sequential = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, activation="relu", name="first"), layers.Dense(2, name=long)], name="seq"
    )
    sequential.layers[0].trainable = False
    x = keras.Input((4,), name="x")
    h, k = layers.Dense(3, name="h")(x), layers.Dense(3, name="k")(x)
    y = layers.Concatenate(name="concat")([layers.Add(name="add")([h, k]), h, k])
    z = keras.Input((4,), name="z")
    return {"m": sequential, "f": keras.Model(x, y, name="fun"), "n": keras.Model(z, sequential(z), name="nested")}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", ["m", "f", "n"])
def test_the_same_text_as_keras(name, option, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    said = []
    models()[name].summary(print_fn=said.append, **OPTIONS[option])
    assert "".join(said) == RECORDED[f"{option}_{name}"]


def test_unbuilt_layers_and_the_optimizer(capsys):
    model = keras.Sequential([layers.Dense(2, name="late")])
    model.summary()
    assert "0 (unbuilt)" in capsys.readouterr().out
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.summary()
    said = capsys.readouterr().out
    assert " Trainable params: 10 (40.00 B)" in said and " Optimizer params: " in said


def test_ranges_and_sizes():
    layers_ = [layers.ReLU(name=n) for n in ("a1", "b", "a2", "c")]
    assert layer_bounds(layers_, ("b", "a.*")) == (1, 3) and layer_bounds(layers_, None) == (0, 4)
    for bad in (("a",), ("a", 3), ("z", "c")):
        with pytest.raises(ValueError, match="layer_"):
            layer_bounds(layers_, bad)
    assert [readable_memory_size(s) for s in (0, 1023, 1536, 3 * 2**30)] == [
        "0.00 B",
        "1023.00 B",
        "1.50 KB",
        "3.00 GB",
    ]
    with pytest.raises(ValueError, match="Insufficient console width"):
        keras.Sequential([layers.Dense(1)]).summary(line_length=10)
