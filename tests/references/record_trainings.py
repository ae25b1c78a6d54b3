"""Records what Keras gives for tests/keras/training/whole_cases.py, in whole_trainings.json beside this file.

Needs Keras 3 with TensorFlow; run it again only when the cases change: python tests/references/record_trainings.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.keras.training.whole_cases import WHOLE


def rounded(value: Any) -> Any:
    """The value with floats of eight digits: one more than float32 has."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


made = {name: rounded(run(tf)) for name, run in WHOLE.items()}
text = json.dumps(made, indent=None, separators=(",", ":"))
(Path(__file__).parent / "whole_trainings.json").write_text(text + "\n")
