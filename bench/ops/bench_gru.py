"""How long does a sequence take a GRU, forward and with its gradient, small and large?"""

from __future__ import annotations

import gputape as tf
from bench.sequences import sequences


def main() -> None:
    sequences("gru", lambda x, w, r, b, h: tf.nn.gru(x, w, r, b, b, h), gates=3, moved=8)


if __name__ == "__main__":
    main()
