"""Losses, log keys and orders of calls of whole trainings against those that Keras recorded (see tests/references)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import gputape as tf
from tests.keras.training import callback_cases as callback_cases  # adds to CASES
from tests.keras.training.cases import CASES
from tests.keras.training.whole_cases import WHOLE

REFERENCES = Path(__file__).parents[2] / "references"
RECORDED = json.loads((REFERENCES / "training.json").read_text())
RECORDED_WHOLE = json.loads((REFERENCES / "whole_trainings.json").read_text())
# A float32 sum taken in another order differs by about 1e-6 of its terms, and nine to thirty steps carry that on. In
# bfloat16 a sum that falls on the other side of a rounding differs by 1/256 at once.
TOLERANCE = {"rel": 2e-4, "abs": 2e-5}
WHOLE_TOLERANCE = {"mixed_bfloat16": {"rel": 2e-2, "abs": 1e-2}}


def compare(ours: Any, theirs: Any, where: str = "", **tolerance: float) -> None:
    """Same structure and strings; numbers to float32's precision after a few steps."""
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), where
        for key in theirs:
            compare(ours[key], theirs[key], f"{where}.{key}", **tolerance)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), f"{where}: {ours} != {theirs}"
        for k, (a, b) in enumerate(zip(ours, theirs)):
            compare(a, b, f"{where}[{k}]", **tolerance)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, nan_ok=True, **tolerance or {"rel": 2e-4, "abs": 1e-6}), where
    else:
        assert ours == theirs, where


def test_every_case_is_recorded() -> None:
    assert set(CASES) == set(RECORDED)
    assert set(WHOLE) == set(RECORDED_WHOLE)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases warn of missing gradients and of data that run out, as Keras does
        compare(CASES[name](tf), RECORDED[name], name)


@pytest.mark.parametrize("run_eagerly", [False, True], ids=["replayed", "eager"])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_training(name: str, run_eagerly: bool) -> None:
    made = WHOLE[name](tf, run_eagerly=run_eagerly)
    compare(made, RECORDED_WHOLE[name], name, **WHOLE_TOLERANCE.get(name, TOLERANCE))
