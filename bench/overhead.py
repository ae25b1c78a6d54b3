"""What does Python cost per op? Microseconds of small ops (8x8 arrays), eager: forward, under a tape, and backward.

Run: python -m bench.overhead. NumPy's own call is the floor; TensorFlow and PyTorch stand beside it if installed.
"""

from __future__ import annotations

import importlib.util
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

SIDE, CHAIN = 8, 10


def microseconds(work: Callable[[], Any], number: int = 2000, repeat: int = 7) -> float:
    """The best of `repeat` means: what the call costs when nothing else disturbs it."""
    work()
    return min(timeit.repeat(work, number=number, repeat=repeat)) / number * 1e6


def numpy_case() -> dict[str, float]:
    a, b = np.ones((2, SIDE, SIDE), np.float32)
    return {
        "add": microseconds(lambda: np.add(a, b)),
        "exp": microseconds(lambda: np.exp(a)),
        "matmul": microseconds(lambda: np.matmul(a, b)),
        "sum": microseconds(lambda: np.sum(a, axis=0)),
    }


def tape_case(tf: Any) -> dict[str, float]:
    """The same for anything that has TensorFlow's API: gputape and TensorFlow run this very code."""
    a, b = (tf.constant(np.ones((SIDE, SIDE), np.float32)) for _ in range(2))

    def forward() -> Any:
        y = a
        for _ in range(CHAIN):
            y = y * b
        return y

    def recorded() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = forward()
        return tape, y

    def backward() -> Any:
        tape, y = recorded()
        return tape.gradient(y, a)

    return {
        "add": microseconds(lambda: a + b),
        "exp": microseconds(lambda: tf.exp(a)),
        "matmul": microseconds(lambda: tf.matmul(a, b)),
        "sum": microseconds(lambda: tf.reduce_sum(a, axis=0)),
        "multiply under a tape": microseconds(recorded, 300) / CHAIN,
        "multiply, forward and backward": microseconds(backward, 300) / CHAIN,
    }


def torch_case() -> dict[str, float]:
    import torch

    torch.set_num_threads(1)
    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)

    def recorded() -> Any:
        x = a.detach().requires_grad_(True)
        y = x
        for _ in range(CHAIN):
            y = y * b
        return x, y

    def backward() -> Any:
        x, y = recorded()
        return torch.autograd.grad(y, x, torch.ones_like(y))

    return {
        "add": microseconds(lambda: a + b),
        "exp": microseconds(lambda: torch.exp(a)),
        "matmul": microseconds(lambda: torch.matmul(a, b)),
        "sum": microseconds(lambda: torch.sum(a, 0)),
        "multiply under a tape": microseconds(recorded, 300) / CHAIN,
        "multiply, forward and backward": microseconds(backward, 300) / CHAIN,
    }


def main() -> None:
    import gputape

    found = {"numpy": numpy_case(), "gputape": tape_case(gputape)}
    if importlib.util.find_spec("torch"):
        found["pytorch"] = torch_case()
    if importlib.util.find_spec("tensorflow"):
        import tensorflow

        found["tensorflow"] = tape_case(tensorflow)
    print(f"microseconds per op on {SIDE}x{SIDE} float32; in brackets: ops a second beside gputape's")
    print(f"{'':34}" + "".join(f"{name:>18}" for name in found))
    for row in found["gputape"]:
        ours = found["gputape"][row]
        cells = [f"{case[row]:9.2f} ({ours / case[row]:5.2f})" if row in case else "" for case in found.values()]
        print(f"{row:34}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
