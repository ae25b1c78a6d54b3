"""Records layers.npz from Keras: run with an environment that has tensorflow and keras."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from layers_cases import CASES, evaluate

here = Path(__file__).parent
made, configs = {}, {}
for name in CASES:
    found, configs[name] = evaluate(keras, tf, name)
    made |= {f"{name}/{k}": v for k, v in found.items()}
np.savez_compressed(here / "layers.npz", configs=np.array(json.dumps(configs)), **made)
