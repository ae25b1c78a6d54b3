"""Records what Keras gives for preprocessing_cases.py in preprocessing.json. Run it where Keras is installed."""

from __future__ import annotations

import json
from pathlib import Path

import keras
from preprocessing_cases import CASES, evaluate

made = {}
for name in CASES:
    try:
        made[name] = evaluate(keras, name)
    except Exception as error:
        raise SystemExit(f"{name}: {error}") from error
(Path(__file__).parent / "preprocessing.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
