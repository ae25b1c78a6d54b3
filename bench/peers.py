"""Kernels beside other libraries: PyTorch (eager and compiled), JAX (jit), plain CuPy. Microseconds of a call, one run.

Run: python -m bench.peers [--seconds 0.3]. On a GPU the arrays are large, in bfloat16 where products count;
without one they are small and in float32, to see that everything runs. A call's time includes its launch. "ratio" is the
time of the best other library over ours: above 1 we are faster.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.timing import keep, ratio
from gputape import cuda

ROWS, COLS = (16384, 4096) if cuda.available() else (256, 128)
SIDE = 4096 if cuda.available() else 128
IMAGES, PIXELS, CHANNELS = (64, 28, 128) if cuda.available() else (2, 8, 8)
BATCH, TOKENS, HEADS, DEPTH = (8, 1024, 12, 64) if cuda.available() else (2, 16, 2, 8)


def inputs() -> dict[str, list[np.ndarray]]:
    """The arrays of each case."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, np.float32)

    x, heads = normal(ROWS, COLS), [normal(BATCH, TOKENS, HEADS, DEPTH) for _ in range(3)]
    labels = rng.integers(0, COLS, ROWS)
    return {
        "gelu": [x],
        "sum over rows": [x],
        "sum over columns": [x],
        "transpose": [x],
        "softmax": [x],
        "layer norm": [x, normal(COLS), normal(COLS)],
        "cross-entropy": [x, labels],
        "gather": [x, rng.integers(0, ROWS, ROWS)],
        "matmul": [normal(SIDE, SIDE), normal(SIDE, SIDE)],
        "conv 3x3": [normal(IMAGES, PIXELS, PIXELS, CHANNELS), normal(3, 3, CHANNELS, CHANNELS)],
        "conv 1x1": [normal(IMAGES, PIXELS, PIXELS, CHANNELS), normal(1, 1, CHANNELS, CHANNELS)],
        "attention": heads,
    }


HALF = {"matmul", "conv 3x3", "conv 1x1", "attention"}  # in bfloat16 on a GPU


def with_gputape() -> tuple[Any, Any, dict[str, Callable[..., Any]]]:
    import gputape as tf

    def given(a: np.ndarray, half: bool) -> Any:
        x = tf.constant(a)
        return tf.cast(x, tf.bfloat16) if half else x

    def wait(made: Any) -> None:
        if cuda.available():
            cuda.stream().synchronize()

    return given, wait, {
        "gelu": tf.nn.gelu,
        "sum over rows": lambda x: tf.reduce_sum(x, 1),
        "sum over columns": lambda x: tf.reduce_sum(x, 0),
        "transpose": tf.transpose,
        "softmax": tf.nn.softmax,
        "layer norm": lambda x, g, b: tf.keras.ops.layer_normalization(x, g, b),
        "cross-entropy": lambda x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x),
        "gather": tf.gather,
        "matmul": tf.matmul,
        "conv 3x3": lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"),
        "conv 1x1": lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"),
        "attention": lambda q, k, v: tf.nn.dot_product_attention(q, k, v),
    }  # fmt: skip


def with_torch(compiled: bool) -> tuple[Any, Any, dict[str, Callable[..., Any]]]:
    import torch

    place, F = "cuda" if torch.cuda.is_available() else "cpu", torch.nn.functional

    def given(a: np.ndarray, half: bool) -> Any:
        x = torch.from_numpy(a).to(place)
        return x.to(torch.bfloat16) if half else x

    def wait(made: Any) -> None:
        if place == "cuda":
            torch.cuda.synchronize()

    def convolved(x: Any, w: Any) -> Any:  # channels-last memory under PyTorch's order of axes
        return F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), padding="same")

    def attended(q: Any, k: Any, v: Any) -> Any:
        return F.scaled_dot_product_attention(*[a.transpose(1, 2) for a in (q, k, v)]).transpose(1, 2)

    calls = {
        "gelu": F.gelu,
        "sum over rows": lambda x: x.sum(1),
        "sum over columns": lambda x: x.sum(0),
        "transpose": lambda x: x.t().contiguous(),
        "softmax": lambda x: torch.softmax(x, -1),
        "layer norm": lambda x, g, b: F.layer_norm(x, (COLS,), g, b, 1e-3),
        "cross-entropy": lambda x, y: F.cross_entropy(x, y, reduction="none"),
        "gather": lambda x, at: x[at],
        "matmul": torch.matmul,
        "conv 3x3": convolved,
        "conv 1x1": convolved,
        "attention": attended,
    }
    return given, wait, {name: torch.compile(f) for name, f in calls.items()} if compiled else calls


def with_jax() -> tuple[Any, Any, dict[str, Callable[..., Any]]]:
    import jax

    np_, nn = jax.numpy, jax.nn

    def given(a: np.ndarray, half: bool) -> Any:
        return np_.asarray(a, np_.bfloat16 if half else None)

    def layer_norm(x: Any, g: Any, b: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-3) * g + b

    def convolved(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    calls = {
        "gelu": lambda x: nn.gelu(x, approximate=False),
        "sum over rows": lambda x: x.sum(1),
        "sum over columns": lambda x: x.sum(0),
        "transpose": lambda x: x.T + 0,
        "softmax": nn.softmax,
        "layer norm": layer_norm,
        "cross-entropy": lambda x, y: -np_.take_along_axis(nn.log_softmax(x), y[:, None], 1)[:, 0],
        "gather": lambda x, at: x[at],
        "matmul": np_.matmul,
        "conv 3x3": convolved,
        "conv 1x1": convolved,
        "attention": nn.dot_product_attention,
    }
    return given, jax.block_until_ready, {name: jax.jit(f) for name, f in calls.items()}


def with_cupy() -> tuple[Any, Any, dict[str, Callable[..., Any]]]:
    import cupy

    def given(a: np.ndarray, half: bool) -> Any:
        return cupy.asarray(a)

    def softmax(x: Any) -> Any:
        e = cupy.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def layer_norm(x: Any, g: Any, b: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return centred / cupy.sqrt((centred**2).mean(-1, keepdims=True) + 1e-3) * g + b

    return given, lambda made: cupy.cuda.get_current_stream().synchronize(), {
        "sum over rows": lambda x: x.sum(1),
        "sum over columns": lambda x: x.sum(0),
        "transpose": lambda x: cupy.ascontiguousarray(x.T),
        "softmax": softmax,
        "layer norm": layer_norm,
        "gather": lambda x, at: x[at],
    }  # fmt: skip


def libraries() -> dict[str, Callable[[], Any]]:
    """Those that run here: ours first."""
    found: dict[str, Callable[[], Any]] = {"gputape": with_gputape}
    if importlib.util.find_spec("torch"):
        found["pytorch"] = lambda: with_torch(False)
        if cuda.available():  # the compiler for the CPU takes minutes
            found["pytorch-compile"] = lambda: with_torch(True)
    if importlib.util.find_spec("jax"):
        found["jax"] = with_jax
    if cuda.available():
        found["cupy"] = with_cupy
    return found


def seconds_of(call: Callable[[], Any], wait: Callable[[Any], None], seconds: float) -> float:
    """The least time of a call, among runs of several calls each, so that the wait at the end counts little."""
    wait(call())
    start = time.perf_counter()
    wait(call())
    calls = max(1, min(100, int(seconds / 5 / (time.perf_counter() - start))))
    times: list[float] = []
    while len(times) < 3 or sum(times) * calls < seconds:
        start = time.perf_counter()
        for _ in range(calls):
            made = call()
        wait(made)
        times.append((time.perf_counter() - start) / calls)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.3, help="of measuring each case in each library")
    given = parser.parse_args()
    made = {name: load() for name, load in libraries().items()}
    print(f"{'microseconds':<18}" + "".join(f"{name:>17}" for name in made) + f"{'ratio':>8}")
    for case, arrays in inputs().items():
        times = {}
        for name, (to, wait, calls) in made.items():
            if case not in calls:
                continue
            arguments = [
                to(a, case in HALF and cuda.available()) if a.dtype.kind == "f" else to(a, False) for a in arrays
            ]
            times[name] = seconds_of(lambda f=calls[case], a=arguments: f(*a), wait, given.seconds)
            keep({"kernel": case, "library": name, "seconds": times[name], "bytes": sum(a.nbytes for a in arrays)})
        beside = ratio(times)
        cells = [f"{times[name] * 1e6:17.1f}" if name in times else f"{'':17}" for name in made]
        print(f"{case:<18}" + "".join(cells) + (f"{beside:8.2f}" if beside else ""), flush=True)


if __name__ == "__main__":
    main()
