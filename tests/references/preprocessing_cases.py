"""Preprocessing layers with inputs: what Keras makes of them stands in preprocessing.json."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

WORDS = [["red", "blue"], ["", "red"], ["é", "a longer word, of more than sixteen bytes"]]
NUMBERS = [[3, -7], [0, 12], [2**40, 3]]
TEXTS = ["The cat, the DOG!", "", "  a\tcat's   life (ÉTÉ) ", "dog dog\nbird"]
TABLE = np.random.default_rng(0).normal(3.0, 2.0, (40, 3)).round(3).tolist()

# name: (layer, its arguments, the data that it adapts to or None, input)
CASES: dict[str, tuple[str, dict[str, Any], Any, Any]] = {}


def add(layer: str, data: Any, inputs: Any, **arguments: Any) -> None:
    CASES[f"{layer} {len(CASES)} {arguments}"] = (layer, arguments, data, inputs)


for encoding in ("one_hot", "multi_hot", "count"):
    for x in (2, [2], [0, 2, 2], [[1], [3]], [[1, 1, 9], [0, 3, 1]], [[[0, 1], [1, 2], [0, 0]]] * 2):
        add("CategoryEncoding", None, x, num_tokens=4, output_mode=encoding)
    for x in ([0.5, -1.0, 7.0], [[0.0, 1.0]], [[[0.5], [1.5], [-2.0]]]):
        add("Discretization", None, x, bin_boundaries=[0.0, 1.0], output_mode=encoding)
    add("Hashing", None, NUMBERS, num_bins=5, output_mode=encoding)
add("Discretization", None, [[0.0, 1.0, float("nan"), float("inf"), -float("inf")]], bin_boundaries=[0.0, 1.0])
add("Discretization", None, [0, 1, 2], bin_boundaries=[0.5, 1.5])
for bins, epsilon in itertools.product((2, 4, 7), (0.01, 0.1)):
    add("Discretization", TABLE, TABLE[:4], num_bins=bins, epsilon=epsilon)
add("Discretization", [1.0, 2.0, 3.0], [0.0, 2.5, 9.0], num_bins=5)
for axis, invert in itertools.product((-1, None), (False, True)):
    add("Normalization", TABLE, TABLE[:4], axis=axis, invert=invert)
add("Normalization", TABLE[:4], TABLE[:4], axis=(0, 1))
add("Normalization", None, [[1.0, 2.0], [3.0, 4.0]], mean=3.0, variance=2.0)
add("Normalization", None, [[[1.0, 2.0], [3.0, 4.0]]], axis=(1, 2), mean=[3.0, 1.0], variance=[2.0, 0.0])
add("Rescaling", None, [[0, 255]], scale=1 / 127.5, offset=-1)
add("Rescaling", None, [[0.5, 2.0]], scale=[1.0, 2.0], offset=[0.0, 1.0])
for salt, mask in itertools.product((None, 7, [133, 137]), (None, "red")):
    add("Hashing", None, WORDS, num_bins=11, salt=salt, mask_value=mask)
    add("Hashing", None, NUMBERS, num_bins=11, salt=salt, mask_value=mask and 3)
add("Hashing", None, [1.7, -3.2, 0.0], num_bins=11)
add("Hashing", None, [[1], [2]], num_bins=1)
for mode in ("int", "one_hot"):
    add("HashedCrossing", None, ([1, 2, -3], [4, 5, 6]), num_bins=1000, output_mode=mode)
    add("HashedCrossing", None, (["a", "b" * 20, ""], [4, 5, 2**50], ["", "é", "z"]), num_bins=10, output_mode=mode)
    add("HashedCrossing", None, ([["a"], ["b"]], [[1], [1]]), num_bins=10, output_mode=mode)
    add("HashedCrossing", None, ("a", 1), num_bins=10, output_mode=mode)
for mode, unknown in itertools.product(("int", "one_hot", "multi_hot", "count", "tf_idf"), (1, 3)):
    add("StringLookup", WORDS, WORDS, output_mode=mode, num_oov_indices=unknown, max_tokens=unknown + 2)
    add("StringLookup", WORDS, WORDS, output_mode=mode, num_oov_indices=unknown, mask_token="")
    add("IntegerLookup", NUMBERS, NUMBERS, output_mode=mode, num_oov_indices=unknown, max_tokens=unknown + 2)
    add("IntegerLookup", NUMBERS, NUMBERS, output_mode=mode, num_oov_indices=unknown, mask_token=3)
for mode in ("multi_hot", "count", "tf_idf"):
    add("StringLookup", WORDS, WORDS, output_mode=mode, max_tokens=9, pad_to_max_tokens=True)
for x in (3, [3], [[3], [9]], NUMBERS):
    add("IntegerLookup", None, x, vocabulary=[3, 12], output_mode="one_hot")
    add("IntegerLookup", None, x, vocabulary=[3, 12])
    add("IntegerLookup", None, x, vocabulary=[3, 12], num_oov_indices=3, oov_method="farmhash")
    add("IntegerLookup", None, x, vocabulary=[3, 12], num_oov_indices=3, oov_method="farmhash", salt=5)
add("StringLookup", None, WORDS, vocabulary=["[UNK]", "red"])
add("StringLookup", None, WORDS, vocabulary=["red"], num_oov_indices=4, salt=[1, 2])
add("StringLookup", None, ["red", "blue"], vocabulary=["blue", "red"], num_oov_indices=0)
add("StringLookup", None, WORDS, vocabulary=["red", "blue"], output_mode="tf_idf", idf_weights=[0.5, 2.0])
add("StringLookup", None, WORDS, vocabulary=["[UNK]", "red"], output_mode="tf_idf", idf_weights=[0.5, 2.0])
add("StringLookup", None, [[1, 2], [0, 7]], vocabulary=["red", "blue"], invert=True)
add("StringLookup", None, [[1, 2], [0, 7]], vocabulary=["red", "blue"], invert=True, mask_token="")
add("IntegerLookup", None, [[1, 2], [0, 7]], vocabulary=[30, 5], invert=True)
for standardize, split in itertools.product(
    ("lower_and_strip_punctuation", "lower", "strip_punctuation", None), ("whitespace", "character", None)
):
    add("TextVectorization", TEXTS, TEXTS, standardize=standardize, split=split)
for mode in ("multi_hot", "count", "tf_idf"):
    add("TextVectorization", TEXTS, TEXTS, output_mode=mode)
    add("TextVectorization", TEXTS, TEXTS, output_mode=mode, max_tokens=20, pad_to_max_tokens=True, ngrams=2)
for length in (2, 5):
    add("TextVectorization", TEXTS, [[t] for t in TEXTS], output_sequence_length=length, max_tokens=6)
    add("TextVectorization", ["a", "b"], [["a"], ["c"]], output_sequence_length=length, split=None)
add("TextVectorization", TEXTS, TEXTS, ngrams=(1, 3))
add("TextVectorization", TEXTS, "the cat")
add("TextVectorization", None, "the cat", vocabulary=["cat"], output_mode="count")


def evaluate(keras: Any, name: str) -> dict[str, Any]:
    """The layer's output, and its vocabulary or boundaries if it has any."""
    layer_name, arguments, data, inputs = CASES[name]
    layer = getattr(keras.layers, layer_name)(**arguments)
    if data is not None:
        layer.adapt(np.array(data))
    many = layer_name == "HashedCrossing"
    y = layer(tuple(np.array(x) for x in inputs) if many else np.array(inputs))
    found = {"shape": list(y.shape), "dtype": keras.backend.standardize_dtype(y.dtype)}
    values = y.numpy()
    found["values"] = [v.decode() if isinstance(v, bytes) else v for v in np.ravel(values).tolist()]
    if hasattr(layer, "get_vocabulary"):
        found["vocabulary"] = [v if isinstance(v, str) else int(v) for v in layer.get_vocabulary()]
    if data is not None and hasattr(layer, "bin_boundaries"):
        found["boundaries"] = layer.bin_boundaries
    return found
