"""How near is pooling to a copy of its bytes?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.pool import pool_max, pool_max_scatter, pool_spread, pool_sum
from gputape.ops.window import sliding


def main() -> None:
    images = 256 if cuda.available() else 16
    made = np.random.default_rng(0).standard_normal((images, 56, 56, 64), np.float32)
    x = cuda.to_device(made) if cuda.available() else made
    for k, s in ((2, 2), (3, 2)):
        how = sliding((k, k), s, "SAME", 1, (56, 56), "NHWC", "bench")
        y, attrs, told = pool_max.run([x], {"how": how}), {"how": how}, f"{k}x{k} / {s}"
        back = {**attrs, "spatial": (56, 56)}
        both, three = x.nbytes + y.nbytes, [x, y, y]
        report(f"pool_max {told}", measure(lambda a=attrs: pool_max.run([x], a)), both)
        report(f"pool_max_scatter {told}", measure(lambda a=attrs, t=three: pool_max_scatter.run(t, a)), 2 * both)
        report(f"pool_sum {told}", measure(lambda a=attrs: pool_sum.run([x], a)), both)
        report(f"pool_spread {told}", measure(lambda a=back, y=y: pool_spread.run([y], a)), both)


if __name__ == "__main__":
    main()
