"""How near are depthwise convolutions to a copy of their bytes?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.depthwise import depthwise, depthwise_filter, depthwise_input
from gputape.ops.window import sliding

SHAPES = [(8, 56, 64, 3, 1), (8, 28, 128, 3, 2), (8, 28, 96, 7, 1)]  # images, side, channels, window, stride


def main() -> None:
    many = 32 if cuda.available() else 1
    rng = np.random.default_rng(0)
    for n, h, c, k, s in SHAPES:
        how = sliding((k, k), s, "SAME", None, (h, h), "NHWC", "bench")
        shapes = (n * many, h, h, c), (k, k, c), (n * many, *how.out((h, h)), c)
        arrays = [rng.standard_normal(shape, np.float32) for shape in shapes]
        x, w, dy = (cuda.to_device(a) if cuda.available() else a for a in arrays)
        told, nbytes, attrs = f"{n * many}x{h}x{h}x{c}, {k}x{k} / {s}", x.nbytes + dy.nbytes, {"how": how}
        size = {"spatial": (h, h), "channels": c}
        report(f"depthwise y  {told}", measure(lambda x=x, w=w, attrs=attrs: depthwise.run([x, w], attrs)), nbytes)
        back = {**attrs, **size}
        report(f"depthwise dx {told}", measure(lambda d=dy, w=w, a=back: depthwise_input.run([d, w], a)), nbytes)
        report(f"depthwise dw {told}", measure(lambda x=x, d=dy, a=attrs: depthwise_filter.run([x, d], a)), nbytes)


if __name__ == "__main__":
    main()
