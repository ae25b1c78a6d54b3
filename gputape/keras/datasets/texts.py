"""What IMDB and Reuters have in common: lists of words' numbers, shifted and cut."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from . import local


def shifted(x: Any, start_char: int | None, index_from: int) -> list[list[int]]:
    """Each list with `start_char` in front, numbers moved by `index_from`."""
    if start_char is not None:
        return [[start_char, *(w + index_from for w in words)] for words in x]
    return [[w + (index_from or 0) for w in words] for words in x]


def not_longer(x: list[list[int]], y: Any, maxlen: int | None) -> tuple[list[list[int]], Any]:
    """The lists shorter than `maxlen`, with their labels; ValueError if none is left."""
    if not maxlen:
        return x, y
    kept = [k for k, words in enumerate(x) if len(words) < maxlen]
    if not kept:
        raise ValueError(
            f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was kept. Increase maxlen."
        )
    return [x[k] for k in kept], y[kept]


def frequent(x: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None) -> Any:
    """The lists with words outside of [skip_top, num_words) replaced by `oov_char`, or left out without one.

    Without `num_words` the largest number itself is the end, as in Keras: that one word is replaced too.
    """
    top = num_words or max(max(words) for words in x)
    if oov_char is not None:
        rows = [[w if skip_top <= w < top else oov_char for w in words] for words in x]
    else:
        rows = [[w for w in words if skip_top <= w < top] for words in x]
    made = np.empty(len(rows), dtype=object)
    made[:] = rows
    return made


def word_index(what: str, name: str) -> dict[str, int]:
    """The numbers of words, from a JSON file."""
    with local.found(what, name, local.STORE + name).open() as file:
        made: dict[str, int] = json.load(file)
    return made
