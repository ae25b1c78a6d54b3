"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gputape
from gputape import blas, cuda, keras, random
from tests.emulator import emulator

collect_ignore_glob = ["references/*"]  # scripts that need TensorFlow or Keras
DEVICES = ["cpu", "emulated", *(["cuda"] if cuda.available() else [])]


@pytest.fixture(autouse=True)
def exact_products(monkeypatch: Any) -> None:
    """Products of float32 matrices keep all their bits on a GPU too, where TensorFlow's default rounds the factors."""
    monkeypatch.setattr(blas, "_tensor_float_32", False)


@pytest.fixture
def host() -> Iterator[None]:
    """The CPU also where there is a GPU, with random generators of its own."""
    shared = dict(random._generators), keras.random._global[0]
    random._generators.clear()
    keras.random._global[0] = None
    with gputape.device("/CPU:0"):
        yield
    random._generators.clear()
    random._generators.update(shared[0])
    keras.random._global[0] = shared[1]


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
