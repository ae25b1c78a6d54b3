"""What lookup layers are made of: tables, files of tokens, and the counts from which a vocabulary is learned."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import gputape as tf

from ..serialization import in_safe_mode
from .data_layer import places


def table(keys: list[Any], values: list[Any], default: Any, value_dtype: str) -> Callable[[Any], Any]:
    """The function that maps a tensor of keys to the values that belong to them, other elements to `default`.

    Keys are ints or bytes. Ints that stand for ints are looked up where the tensor is, by ops; with strings on one side
    the work is done on the host.
    """
    if all(isinstance(k, int) for k in keys) and value_dtype != "string":
        return _by_search(np.asarray(keys, "int64"), np.asarray(values, value_dtype), default)
    pairs = dict(zip(keys, values, strict=True))
    kind = object if value_dtype == "string" else value_dtype

    def look_up(x: Any) -> Any:
        host = np.asarray(x)
        found = np.empty(host.size, kind)
        found[:] = [pairs.get(k, default) for k in host.ravel().tolist()]
        return tf.constant(found.reshape(host.shape), value_dtype)

    return look_up


def _by_search(keys: Any, values: Any, default: int) -> Callable[[Any], Any]:
    order = np.argsort(keys)
    sorted_keys, their_values = keys[order], values[order]

    def look_up(x: Any) -> Any:
        x = tf.cast(x, "int64")
        if not keys.size:
            return tf.fill(x.shape, tf.constant(default, "int64"))
        place = tf.minimum(places(tf.constant(sorted_keys), x), keys.size - 1)
        known = tf.equal(tf.gather(tf.constant(sorted_keys), place), x)
        return tf.where(known, tf.gather(tf.constant(their_values), place), tf.constant(default, "int64"))

    return look_up


def is_path(vocabulary: Any) -> bool:
    return isinstance(vocabulary, (str, os.PathLike))


def lines(path: Any) -> list[str]:
    """The lines of a UTF-8 file; behind a line break at its end there is an empty one."""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read().split("\n")


def file_tokens(path: Any) -> list[str]:
    """The lines of a user's file; ValueError if there is no such file, or while a model is loaded in safe mode."""
    if in_safe_mode():
        raise ValueError(
            "Requested the loading of a vocabulary file outside of the model archive. This carries a potential risk of "
            "loading arbitrary and sensitive files and thus it is disallowed by default. If you trust the source of "
            "the artifact, you can override this error by passing `safe_mode=False` to the loading function, or "
            f"calling `keras.config.enable_unsafe_deserialization()`. Vocabulary file: '{path}'"
        )
    if not os.path.exists(path):
        raise ValueError(f"Vocabulary file {path} does not exist.")
    found = lines(path)
    return found if found[-1] else found[:-1]


def documents(data: Any) -> list[list[Any]]:
    """The tokens of each row of a tensor; a vector is one row."""
    if isinstance(data, tf.RaggedTensor):
        return data.merge_dims(1, -1).to_list() if len(data.shape) > 2 else data.to_list()
    if isinstance(data, tf.SparseTensor):
        data = data.values
    array = np.asarray(data)
    return array.reshape(1, -1).tolist() if array.ndim < 2 else array.reshape(len(array), -1).tolist()


class TokenCounts:
    """How often each token was seen; with `by_document` also in how many documents, and how many there were."""

    def __init__(self, by_document: bool) -> None:
        self.by_document = by_document
        self.tokens: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.number = 0

    def update(self, documents: list[list[Any]]) -> None:
        self.tokens.update(itertools.chain.from_iterable(documents))
        if self.by_document:
            self.documents.update(itertools.chain.from_iterable(map(set, documents)))
            self.number += len(documents)

    def most_common(self, count: int | None, but: Iterable[Any]) -> list[Any]:
        """The `count` most frequent tokens, of equally frequent ones the larger first, without those in `but`."""
        left_out = set(but)
        found = [(n, token) for token, n in self.tokens.items() if token not in left_out]
        return [token for _, token in sorted(found, reverse=True)[:count]]

    def inverse_document_frequency(self, tokens: list[Any]) -> Any:
        """log(1 + documents / (1 + documents with the token)) of each token, float64 (Salton and Buckley, 1988)."""
        seen = np.asarray([self.documents[t] for t in tokens], "float64")
        return np.log(1 + self.number / (1 + seen))
