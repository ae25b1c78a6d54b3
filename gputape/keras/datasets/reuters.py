"""Reuters: 11,228 news of 46 topics, as numbers of words."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import local, texts

__all__ = ["get_label_names", "get_word_index", "load_data"]

_LABELS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
)  # fmt: skip


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The news as `(x_train, y_train), (x_test, y_test)`: object arrays of lists of integers, labels 0 to 45.

    The arguments are those of `imdb.load_data`; `test_split` is the part for the test. Read from reuters.npz in
    $GPUTAPE_HOME/datasets or ~/.keras/datasets; FileNotFoundError, which says what to put where, if it is not there.
    """
    data = local.arrays(local.found("reuters", path, f"{local.STORE}reuters.npz"))
    x, labels = local.mixed(data["x"], data["y"], seed)
    x, labels = texts.not_longer(texts.shifted(x, start_char, index_from), labels, maxlen)
    rows = texts.frequent(x, num_words, skip_top, oov_char)
    kept = int(len(rows) * (1 - test_split))
    return (rows[:kept], np.array(labels[:kept])), (rows[kept:], np.array(labels[kept:]))


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word (before `index_from` is added), from reuters_word_index.json."""
    return texts.word_index("reuters", path)


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics.

    >>> from gputape import keras
    >>> keras.datasets.reuters.get_label_names()[3]
    'earn'
    """
    return _LABELS
