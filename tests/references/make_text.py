"""Writes text.json: what TensorFlow makes of the expressions in text_cases.py. Run it where TensorFlow is installed."""

import json
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from text_cases import TOPICS, outcomes


def told(made: Any) -> Any:
    return f"raises {type(made).__name__}" if isinstance(made, Exception) else made


if __name__ == "__main__":
    table = {}
    for topic in TOPICS:
        with tempfile.TemporaryDirectory() as folder:
            table[topic] = {line: told(made) for line, made in outcomes(tf, topic, folder).items()}
    Path(__file__).with_name("text.json").write_text(json.dumps(table, indent=0) + "\n")
