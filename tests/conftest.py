"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gputape
from gputape import cuda
from tests.emulator import emulator

collect_ignore_glob = ["references/*"]  # scripts that need TensorFlow or Keras
DEVICES = ["cpu", "emulated", *(["cuda"] if cuda.available() else [])]


@pytest.fixture(params=DEVICES)
def device(request: Any) -> Iterator[str]:
    """Where ops run in a test: "cpu", NumPy; "emulated", kernels on NumPy memory; "cuda", a GPU, if there is one."""
    if request.param == "cuda":
        yield request.param
        return
    with gputape.device("/CPU:0"):
        if request.param == "cpu":
            yield request.param
            return
        if reason := emulator.unavailable():
            pytest.skip(reason)
        with cuda.emulated(emulator.Emulator()):
            yield request.param
