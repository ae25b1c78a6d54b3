"""Checks for ops: gradients against finite differences, kernels against their meaning. For our ops and users' own."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import cuda, dtypes, nest
from .device import device
from .indexed_slices import densified
from .op import Op
from .tape import GradientTape
from .tensor import Array, Tensor, as_tensor, constant

# Relative tolerances by dtype name for comparing two ways of computing the same thing. CuPy compiles with -ftz=true, so
# float32 results below 1.2e-38 are flushed to zero on the GPU: ABSOLUTE covers them.
RELATIVE = {
    "float64": 1e-12,
    "float32": 2e-5,
    "float16": 4e-3,
    "bfloat16": 3e-2,
    "complex64": 2e-5,
    "complex128": 1e-12,
}
ABSOLUTE = {
    "float64": 1e-12,
    "float32": 2e-6,
    "float16": 1e-3,
    "bfloat16": 1e-2,
    "complex64": 2e-6,
    "complex128": 1e-12,
}


@functools.cache
def _emulator() -> Any:
    """The module of the emulator: inside the installed package, or among the tests of a checkout."""
    here = Path(__file__).resolve().parent
    folder = next(f for f in (here / "emulator", here.parent / "tests" / "emulator") if f.is_dir())
    spec = importlib.util.spec_from_file_location("gputape_emulator", folder / "emulator.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def emulated(orders: tuple[str, ...] = ("forward",)) -> Iterator[None]:
    """Run kernels on the CPU in the body, from their CUDA sources: ops take the path that they take on a GPU.

    Needs Linux and g++, no GPU; RuntimeError says what is missing. orders: of "forward", "reverse" and "random", in
    which the threads run; with more than one all must give the same bits, so that races show.
    """
    emulator = _emulator()
    if reason := emulator.unavailable():
        raise RuntimeError(f"emulated: {reason}")
    with device("/CPU:0"), cuda.emulated(emulator.Emulator(orders)):
        yield


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> None:
    """Check the gradients of `f(*args)` of orders 1 to `order` against central differences in float64.

    Arguments that are float or complex arrays are differentiated (floats as float64); all others are passed on. Order 2
    checks the gradient of the gradient, along random directions: sum(w * df) is a function again, and is checked the
    same way. Raises AssertionError with the argument's number, the order and both values.

    >>> import gputape as tf
    >>> tf.testing.check_gradients(lambda x: tf.exp(x) * x, np.array([0.5, -1.0]))
    """
    inputs = [_float64(a) for a in args]
    wanted = [k for k, a in enumerate(inputs) if isinstance(a, Tensor) and a._array.dtype in dtypes.DIFFERENTIABLE]
    if not wanted:
        raise ValueError("check_gradients: no argument is a floating point or complex array")
    _check(f, inputs, wanted, 1, order, eps, rtol, atol, np.random.default_rng(seed))


def _float64(a: Any) -> Any:
    if isinstance(a, (np.ndarray, np.generic)) and a.dtype.kind == "f":
        return constant(np.asarray(a, np.float64))
    if isinstance(a, Array):
        return constant(a.numpy())
    return constant(a) if isinstance(a, np.ndarray) else a


def _check(
    f: Any, inputs: list[Any], wanted: list[int], at: int, order: int, eps: float, rtol: float, atol: float, rng: Any
) -> None:
    sources = [inputs[k] for k in wanted]
    shapes = [y._array.shape for y in _floats(f(*inputs))]
    weights = [rng.standard_normal(s) for s in shapes]

    def total(*values: Any) -> Any:
        """The outputs weighted and summed: one number."""
        parts = [np.sum(w * cuda.to_host(y._array)) for w, y in zip(weights, _floats(f(*values)), strict=True)]
        return np.sum(np.real(parts))

    def first(*values: Any) -> list[Any]:
        with GradientTape() as tape:
            tape.watch([values[k] for k in wanted])
            outputs = _floats(f(*values))
        seeds = [constant(np.asarray(w, y._array.dtype)) for w, y in zip(weights, outputs, strict=True)]
        grads = tape.gradient(
            outputs, [values[k] for k in wanted], output_gradients=seeds, unconnected_gradients="zero"
        )
        return [densified(g) for g in grads]

    got = first(*inputs)
    for k, source, g in zip(wanted, sources, got, strict=True):
        assert g._array.shape == source._array.shape, f"order {at}: gradient {k} has shape {g._array.shape}"
        expected = _difference(total, inputs, k, eps)
        # TensorFlow's gradient of a real function of a complex argument is df/da + i df/db.
        np.testing.assert_allclose(
            cuda.to_host(g._array), expected, rtol=rtol, atol=atol * 10 ** (at - 1), err_msg=f"order {at}, argument {k}"
        )
    if at < order:
        _check(lambda *values: first(*values), inputs, wanted, at + 1, order, eps, rtol, atol, rng)


def _floats(outputs: Any) -> list[Tensor]:
    flat = [as_tensor(y) for y in nest.flatten(outputs)]
    return [y for y in flat if y._array.dtype in dtypes.DIFFERENTIABLE]


def _difference(total: Any, inputs: list[Any], k: int, eps: float) -> Any:
    base = cuda.to_host(inputs[k]._array)
    grad = np.zeros_like(base)
    for index in np.ndindex(base.shape):
        for step in (eps, 1j * eps) if base.dtype.kind == "c" else (eps,):
            ends = []
            for sign in (1, -1):
                moved = base.copy()
                moved[index] += sign * step
                ends.append(total(*[constant(moved) if i == k else a for i, a in enumerate(inputs)]))
            grad[index] += (ends[0] - ends[1]) / (2 * eps) * (step / eps)
    return grad


def check_kernel(op: Op, *arrays: Any, rtol: float | None = None, atol: float | None = None, **attrs: Any) -> None:
    """Check an op's kernel against its meaning on `arrays`, on the device that is active (a GPU, or the emulator).

    Raises AssertionError if no kernel was launched, or if any output differs by more than the dtype's tolerance.
    """
    assert cuda.emulating or cuda.available(), "check_kernel: needs a GPU, or gputape.cuda.emulated(...)"
    assert op.kernel_body is not None, f"{op.name} has no kernel"
    hosts = [cuda.to_host(a) if hasattr(a, "dtype") else a for a in arrays]
    with cuda.count_launches() as counter:
        placed = [cuda.to_device(a) if isinstance(a, np.ndarray) and not cuda.emulating else a for a in hosts]
        made = op.kernel_body(*placed, **{**op.defaults, **attrs})
    assert made is not NotImplemented, f"{op.name}: the kernel left this case to CuPy"
    empty = all(np.size(a) == 0 for a in (made if isinstance(made, tuple) else (made,)))
    assert counter.launches or empty, f"{op.name}: no kernel was launched"
    with cuda.meaning():
        expected = op.composed(*hosts, **{**op.defaults, **attrs})
    compare(made, expected, rtol, atol, op.name)


def compare(made: Any, expected: Any, rtol: float | None = None, atol: float | None = None, what: str = "") -> None:
    """Compare one array or a tuple of arrays within the tolerances of their dtypes."""
    made, expected = ((v if isinstance(v, (tuple, list)) else (v,)) for v in (made, expected))
    assert len(made) == len(expected), f"{what}: {len(made)} outputs, expected {len(expected)}"
    for k, (m, e) in enumerate(zip(made, expected, strict=True)):
        m, e = cuda.to_host(m), np.asarray(cuda.to_host(e))
        assert m.dtype == e.dtype and m.shape == e.shape, (
            f"{what} output {k}: {m.dtype}{m.shape}, not {e.dtype}{e.shape}"
        )
        if m.dtype not in dtypes.DIFFERENTIABLE:
            np.testing.assert_array_equal(m, e, err_msg=f"{what} output {k}")
            continue
        name = dtypes.FROM_NUMPY[m.dtype].name
        wide = np.complex128 if m.dtype.kind == "c" else np.float64
        r = RELATIVE[name] if rtol is None else rtol
        a = ABSOLUTE[name] if atol is None else atol
        np.testing.assert_allclose(m.astype(wide), e.astype(wide), rtol=r, atol=a, err_msg=f"{what} output {k}")
