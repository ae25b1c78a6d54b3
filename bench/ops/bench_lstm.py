"""How long does a sequence take an LSTM, forward and with its gradient, small and large?"""

from __future__ import annotations

import gputape as tf
from bench.sequences import sequences


def main() -> None:
    sequences("lstm", lambda x, w, r, b, h: tf.nn.lstm(x, w, r, b, h, h)[0], gates=4, moved=9)


if __name__ == "__main__":
    main()
