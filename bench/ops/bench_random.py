"""How near are random bits, and the numbers made of them, to writing their bytes?"""

from __future__ import annotations

import gputape as tf
from bench.timing import measure, report

COUNT = 1 << 22


def main() -> None:
    generator = tf.random.Generator.from_seed(1)
    report("random words", measure(lambda: generator.uniform_full_int([COUNT], "int32")), 4 * COUNT)
    report("uniform float32", measure(lambda: generator.uniform([COUNT])), 4 * COUNT)
    report("normal float32", measure(lambda: generator.normal([COUNT])), 4 * COUNT)
    x = tf.ones([COUNT])
    report("dropout", measure(lambda: tf.nn.dropout(x, 0.5)), 8 * COUNT)


if __name__ == "__main__":
    main()
