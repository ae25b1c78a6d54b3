"""IMDB: 50,000 reviews of films, as numbers of words, good or bad (Maas et al. 2011)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import local, texts

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The reviews as `(x_train, y_train), (x_test, y_test)`: object arrays of lists of integers, labels 0 and 1.

    Words are numbered by how often they appear, the most frequent first.

    Args:
        num_words, skip_top: only words with numbers in [skip_top, num_words) are kept; default all.
        maxlen: longer reviews are left out.
        seed: of the order.
        start_char: stands in front of each review; None for nothing.
        oov_char: stands for words that are not kept; None leaves them out.
        index_from: what is added to the numbers of words.

    Read from imdb.npz in $GPUTAPE_HOME/datasets or ~/.keras/datasets; FileNotFoundError, which says what to put where,
    if it is not there.
    """
    data = local.arrays(local.found("imdb", path, f"{local.STORE}imdb.npz"))
    random = np.random.RandomState(seed)
    parts = []
    for name in ("train", "test"):
        order = np.arange(len(data[f"x_{name}"]))
        random.shuffle(order)
        x = texts.shifted(data[f"x_{name}"][order], start_char, index_from)
        parts.append(texts.not_longer(x, data[f"y_{name}"][order], maxlen))
    (x_train, y_train), (x_test, y_test) = parts
    both = texts.frequent([*x_train, *x_test], num_words, skip_top, oov_char)
    return (both[: len(x_train)], y_train), (both[len(x_train) :], y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word (before `index_from` is added), from imdb_word_index.json."""
    return texts.word_index("imdb", path)
