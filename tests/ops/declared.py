"""What the tables of the op tests share: which names a file of ops registers, and how a row is checked."""

from typing import Any

import numpy as np
import pytest

from gputape import nest
from gputape.registry import OPS
from tests.conftest import DEVICES

# Runs a test of kernels with the fixture `device` on all devices that have them.
on_devices = pytest.mark.parametrize("device", [d for d in DEVICES if d != "cpu"], indirect=True)


def declared(module: Any) -> set[str]:
    """The names that the module registers: its ops and its public functions."""
    return {name for name, f in OPS.items() if f.__module__ == module.__name__}


def named(*tables: list[Any]) -> set[str]:
    """The names in the first column of the tables: several are separated by blanks."""
    return {name for table in tables for row in table for name in row[0].split()}


def ids(table: list[Any]) -> list[str]:
    return [row[0].replace(" ", "+") for row in table]


def assert_value(made: Any, expected: Any, rtol: float = 1e-5) -> None:
    """`made` (tensors in any nest) equals `expected` (arrays): values, shapes, and dtypes where `expected` has one."""
    made = [t.numpy() if hasattr(t, "numpy") else np.asarray(t) for t in nest.flatten(made)]
    expected = nest.flatten(expected)
    assert len(made) == len(expected)
    for m, e in zip(made, expected, strict=True):
        m, dtyped = np.asarray(m), isinstance(e, (np.ndarray, np.generic))
        e = np.asarray(e)
        assert m.shape == e.shape
        if dtyped:
            assert m.dtype == e.dtype
        if m.dtype.kind in "fcV":
            wide = complex if m.dtype.kind == "c" else np.float64
            np.testing.assert_allclose(m.astype(wide), e.astype(wide), rtol=rtol, atol=rtol / 10)
        else:
            np.testing.assert_array_equal(m, e)
