"""How near is pooling to a copy of its bytes?"""

from __future__ import annotations

import gputape as tf
from bench.timing import measure, report


def main() -> None:
    x = tf.random.normal([32, 56, 56, 64])
    nbytes = 4 * int(tf.size(x))
    for name, pool in (("max_pool2d", tf.nn.max_pool2d), ("avg_pool2d", tf.nn.avg_pool2d)):
        report(f"{name} 2x2 forward", measure(lambda pool=pool: pool(x, 2, 2, "VALID")), nbytes + nbytes // 4)

        def backward(pool=pool) -> None:  # type: ignore[no-untyped-def]
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = pool(x, 2, 2, "VALID")
            tape.gradient(y, x)

        report(f"{name} 2x2 forward and backward", measure(backward), 3 * nbytes + nbytes // 2)


if __name__ == "__main__":
    main()
