"""Strings, ragged and sparse tensors, files and tables against what TensorFlow makes of the same expressions."""

import json
from pathlib import Path

import pytest

import gputape as tf
from tests.references.text_cases import TOPICS, outcomes

RECORDED = json.loads((Path(__file__).parent / "references" / "text.json").read_text())


@pytest.mark.parametrize("topic", TOPICS)
def test_as_in_tensorflow(topic, tmp_path):
    wrong = []
    for line, made in outcomes(tf, topic, str(tmp_path)).items():
        expected = RECORDED[topic][line]
        if isinstance(made, Exception):
            if expected not in {f"raises {kind.__name__}" for kind in type(made).__mro__}:
                wrong.append(f"{line}\n  gives    {made!r}\n  expected {expected}")
        elif made != expected:
            wrong.append(f"{line}\n  gives    {made}\n  expected {expected}")
    assert not wrong, "\n".join(wrong)
