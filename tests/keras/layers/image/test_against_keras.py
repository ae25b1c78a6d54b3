"""Image functions and layers give what Keras gives; see tests/references/images_cases.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from gputape import keras
from tests.references import images_cases as cases

RECORDED = np.load(Path(__file__).parents[3] / "references" / "images.npz")
CONFIGS = json.loads(str(RECORDED["configs"]))


@pytest.mark.parametrize("name", cases.FUNCTIONS)
def test_functions(name):
    np.testing.assert_allclose(cases.function(keras, name), RECORDED[f"function/{name}"], atol=2e-3, rtol=1e-5)


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layers(name):
    np.testing.assert_allclose(cases.layer(keras, name), RECORDED[f"layer/{name}"], atol=2e-3, rtol=1e-5)


@pytest.mark.parametrize("name", cases.BOXED)
def test_boxes(name):
    boxes, labels = cases.boxed(keras, name)
    np.testing.assert_allclose(boxes, RECORDED[f"boxes/{name}"], atol=1e-5)
    np.testing.assert_array_equal(labels, RECORDED[f"labels/{name}"])


@pytest.mark.parametrize("name", [*cases.LAYERS, *cases.CONFIGS])
def test_configs_and_layers_made_of_them(name):
    config = cases.config(keras, name)
    left_out = {"grayscale": {"seed"}, "boxes": {"fill_value"}}.get(name, set())  # which Keras forgets
    assert json.loads(json.dumps({k: v for k, v in config.items() if k not in left_out})) == CONFIGS[name]
    cls = getattr(keras.layers, (cases.CONFIGS.get(name) or cases.LAYERS[name])[0])
    again = cls.from_config(config).get_config()
    assert {k: again[k] for k in config} == config
