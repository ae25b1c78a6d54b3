"""How close do layer and batch normalization come to the bandwidth of a copy, forward and backward?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops import norm as family

SIZE = 2**26 if cuda.available() else 2**20  # elements


def main() -> None:
    attrs = {"epsilon": 1e-3}
    for dtype in (np.float32, np.float16):
        for cols in (16, 256, 4096):
            rng = np.random.default_rng(0)
            arrays = [rng.standard_normal((SIZE // cols, cols), np.float32).astype(dtype), np.ones(cols, np.float32)]
            x, w = [cuda.to_device(a) if cuda.available() else a for a in arrays]
            _, mean, rstd = family.layer_norm_rows.run([x, w, w], attrs)
            _, centre, variance = family.batch_norm_columns.run([x, w, w], attrs)
            for op, inputs, passes in (  # passes over x: the bytes of the header of kernels/norm.cu
                (family.layer_norm_rows, [x, w, w], 2),
                (family.layer_norm_rows_grad, [x, w, x, mean, rstd], 5),
                (family.batch_norm_columns, [x, w, w], 3),
                (family.batch_norm_columns_grad, [x, w, x, w, w, centre, variance], 5),
            ):
                seconds = measure(lambda op=op, inputs=inputs: op.run(inputs, attrs))
                report(f"{op.name} {len(x)} x {cols} {np.dtype(dtype).name}", seconds, passes * x.nbytes)


if __name__ == "__main__":
    main()
