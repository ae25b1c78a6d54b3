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

RECORDED = json.loads((Path(__file__).parents[2] / "references" / "training.json").read_text())


def compare(ours: Any, theirs: Any, where: str = "") -> None:
    """Same structure and strings; numbers to float32's precision after a few steps."""
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs), where
        for key in theirs:
            compare(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), f"{where}: {ours} != {theirs}"
        for k, (a, b) in enumerate(zip(ours, theirs)):
            compare(a, b, f"{where}[{k}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=2e-4, abs=1e-6, nan_ok=True), where
    else:
        assert ours == theirs, where


def test_every_case_is_recorded() -> None:
    assert set(CASES) == set(RECORDED)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases warn of missing gradients and of data that run out, as Keras does
        compare(CASES[name](tf), RECORDED[name], name)
