"""How fast are convolutions, forward and both gradients, beside a product of matrices of the same number of operations?"""

from __future__ import annotations

import math

import numpy as np

from bench.timing import measure
from gputape import cuda
from gputape.ops.conv import convolve, convolve_filter, convolve_input
from gputape.ops.matmul import multiply_matrices
from gputape.ops.window import sliding

GPU = cuda.available()
SCALE = 16 if GPU else 1  # a GPU needs more images to be busy
SHAPES = [  # images, side, channels, filters, window, stride
    (64, 28, 1, 16, 3, 1),
    (64, 14, 16, 32, 3, 1),
    (16, 32, 64, 64, 3, 1),
    (16, 32, 64, 64, 1, 1),
    (4, 56, 64, 128, 3, 2),
    (4, 112, 3, 64, 7, 2),
    (8, 14, 256, 256, 3, 1),
]


def numbers(dtype: str, *shape: int) -> np.ndarray:
    made = np.random.default_rng(0).standard_normal(shape, np.float32).astype(dtype)
    return cuda.to_device(made) if GPU else made  # type: ignore[no-any-return]


def rates(dtype: str) -> None:
    side = 8192 if GPU else 1024
    square = numbers(dtype, side, side)
    turns = {"transpose_a": False, "transpose_b": False}
    peak = 2 * side**3 / measure(lambda: multiply_matrices.run([square, square], turns))
    print(f"{dtype}: a product of matrices makes {peak / 1e9:.0f} GFLOP/s; shares of that:")
    for n, h, c, o, k, s in SHAPES:
        n *= SCALE
        how = sliding((k, k), s, "SAME", None, (h, h), "NHWC", "bench")
        x, w, dy = numbers(dtype, n, h, h, c), numbers(dtype, k, k, c, o), numbers(dtype, n, *how.out((h, h)), o)
        attrs: dict[str, object] = {"how": how, "groups": 1}
        flops = 2 * dy.size * math.prod(w.shape[:-1])
        told = f"{n}x{h}x{h}x{c} -> {o}, {k}x{k} / {s}"
        for name, op, arrays, given in (
            ("y", convolve, [x, w], attrs),
            ("dx", convolve_input, [dy, w], {**attrs, "spatial": (h, h)}),
            ("dw", convolve_filter, [x, dy], attrs),
        ):
            seconds = measure(lambda op=op, arrays=arrays, given=given: op.run(arrays, given))
            told += f"   {name} {seconds * 1e3:8.3f} ms {flops / seconds / peak:6.1%}"
        print(told, flush=True)


def main() -> None:
    for dtype in ("float32", "float16") if GPU else ("float32",):
        rates(dtype)


if __name__ == "__main__":
    main()
