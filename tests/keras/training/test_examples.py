"""The examples about training run and learn."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    ("name", "arguments", "learned"),
    [
        ("custom_train_step", {}, lambda error: error < 0.04),
        ("custom_loop", {}, lambda accuracy: accuracy > 0.94),
        ("own_parts", {}, lambda accuracy: accuracy > 0.9),
        ("vae", {}, lambda error: error < 0.055),
        ("gan", {"epochs": 4}, lambda error: error < 0.15),
        ("fashion_classifier", {"epochs": 3, "small": True}, lambda accuracy: accuracy > 0.75),
        ("text_transformer", {"epochs": 8}, lambda accuracy: accuracy > 0.9),
        ("time_series", {"epochs": 4, "days": 120}, lambda ratio: ratio < 0.98),
        ("transfer_learning", {"epochs": 10}, lambda accuracy: accuracy > 0.7),
        ("actor_critic", {"episodes": 60}, lambda steps: steps > 50),
    ],
)
def test_example(name: str, arguments: dict[str, Any], learned: Any) -> None:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert learned(module.main(**arguments))
