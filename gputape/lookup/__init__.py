"""tf.lookup: tables from strings or integers to values, on the host.

initializers   what a table is made from: keys and values, or a text file
tables         tables that keep what they were made with
mutable        tables that entries can be put into

A lookup is an op that runs at every call, so a recorded function sees what the table holds then.
"""

from __future__ import annotations

from typing import Any

from .initializers import KeyValueTensorInitializer, TextFileIndex, TextFileInitializer
from .mutable import DenseHashTable, MutableHashTable
from .tables import StaticHashTable, StaticVocabularyTable

NAMES: dict[str, Any] = {
    "tf.lookup.KeyValueTensorInitializer": KeyValueTensorInitializer,
    "tf.lookup.StaticHashTable": StaticHashTable,
    "tf.lookup.StaticVocabularyTable": StaticVocabularyTable,
    "tf.lookup.TextFileIndex": TextFileIndex,
    "tf.lookup.TextFileInitializer": TextFileInitializer,
    "tf.lookup.experimental.DenseHashTable": DenseHashTable,
    "tf.lookup.experimental.MutableHashTable": MutableHashTable,
}
