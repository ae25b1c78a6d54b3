"""Records what Keras gives for the cases of tests/keras/training/cases.py, in training.json beside this file.

Needs Keras 3 with TensorFlow; run it again only when the cases change: python tests/references/make_training.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.keras.training import callback_cases as callback_cases  # adds to CASES
from tests.keras.training.cases import CASES

made = {}
for name, run in CASES.items():
    tf.keras.utils.set_random_seed(0)
    made[name] = run(tf)
(Path(__file__).parent / "training.json").write_text(json.dumps(made, indent=None, separators=(",", ":")) + "\n")
