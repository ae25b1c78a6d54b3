"""Records what Keras gives for tests/keras/optimizers/mixed_cases.py, in mixed_precision.json beside this file.

Needs Keras 3 with TensorFlow; run it again only when the cases change: python tests/references/make_mixed_precision.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.keras.optimizers.mixed_cases import CASES, trained

made = {name: trained(tf, name) for name in CASES}
text = json.dumps(made, indent=None, separators=(",", ":"))
(Path(__file__).parent / "mixed_precision.json").write_text(text + "\n")
