"""Records applications.json from Keras: run with an environment that has tensorflow and keras."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import keras
from applications_cases import CASES, build, digest, output

made = {}
for name in CASES:
    keras.backend.clear_session()
    model = build(keras, name)
    made[name] = {"layers": len(model.layers), "parameters": model.count_params(), "digest": digest(model)}
    output(model, name)
    with tempfile.TemporaryDirectory() as folder:  # layers of statistics take them into account when they are loaded
        path = f"{folder}/model.weights.h5"
        model.save_weights(path)
        model.load_weights(path)
    made[name]["output"] = [float(v) for v in output(model, name)]
(Path(__file__).parent / "applications.json").write_text(json.dumps(made, indent=1) + "\n")
