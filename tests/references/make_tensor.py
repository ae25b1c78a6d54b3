"""Writes tensor.json: what TensorFlow makes of the expressions in tensor_cases.py. Run it where TensorFlow is installed."""

import json
from pathlib import Path

import tensorflow as tf
from tensor_cases import EXPRESSIONS, outcome


def told(made: object) -> str:
    return f"raises {type(made).__name__}" if isinstance(made, Exception) else str(made)


if __name__ == "__main__":
    table = {expression: told(outcome(tf, expression)) for expression in EXPRESSIONS}
    Path(__file__).with_name("tensor.json").write_text(json.dumps(table, indent=1) + "\n")
