"""Records images.npz from Keras: run with an environment that has tensorflow and keras."""

from __future__ import annotations

import json
from pathlib import Path

import images_cases as cases
import keras
import numpy as np

made = {f"function/{name}": cases.function(keras, name) for name in cases.FUNCTIONS}
made |= {f"layer/{name}": cases.layer(keras, name) for name in cases.LAYERS}
for name in cases.BOXED:
    made[f"boxes/{name}"], made[f"labels/{name}"] = cases.boxed(keras, name)
configs = {name: cases.config(keras, name) for name in (*cases.LAYERS, *cases.CONFIGS)}
np.savez_compressed(Path(__file__).parent / "images.npz", configs=np.array(json.dumps(configs)), **made)
