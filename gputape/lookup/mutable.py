"""Tables that entries can be put into and taken out of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import to_host
from ..errors import InvalidArgumentError
from ..op import effect
from ..ops.strings import hosted
from ..tensor import Tensor, as_tensor, convert_to_tensor
from .tables import Table, exported, table_values


@effect
def table_inserted(xp: Any, targets: Any, keys: Any, values: Any, *, table: Any) -> None:
    shape = table._value_shape
    rows = to_host(values).reshape(-1, *shape)
    for key, row in zip(to_host(keys).ravel().tolist(), rows if shape else rows.tolist()):
        table._rows[key] = np.array(row) if shape else row


@effect
def table_removed(xp: Any, targets: Any, keys: Any, *, table: Any) -> None:
    for key in to_host(keys).ravel().tolist():
        table._rows.pop(key, None)


class MutableHashTable(Table):
    """A table that entries can be put into. Reference: tf.lookup.experimental.MutableHashTable.

    default_value: for keys that are not there; its shape is that of all values.

    >>> import gputape as tf
    >>> table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)
    >>> table.insert(["a", "b"], [10, 20])
    >>> table.lookup(["b", "c"]).numpy()
    array([20, -1])
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(name, key_dtype, value_dtype, name)
        self._default = hosted(convert_to_tensor(default_value, self._value_dtype))
        self._value_shape = self._default._array.shape

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:
        """The value of each key. dynamic_default_values: a value for each key, for those that are not there."""
        default = self._default
        if dynamic_default_values is not None:
            default = hosted(convert_to_tensor(dynamic_default_values, self._value_dtype))
        return self._over(lambda k: table_values(k, default, table=self), keys)

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Put keys in with their values, in place of older ones; at every call of a recorded function."""
        keys, values = self._keys(keys), convert_to_tensor(values, self._value_dtype)
        if values._array.shape != (*keys._array.shape, *self._value_shape):
            raise InvalidArgumentError(
                f"insert: Expected shape {[*keys._array.shape, *self._value_shape]} for value, got {list(values.shape)}"
            )
        table_inserted((), keys, values, table=self)

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Take keys out; those that are not there do not matter."""
        table_removed((), self._keys(keys), table=self)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and all values, in the order in which the keys came."""
        return exported(self)


class DenseHashTable(MutableHashTable):
    """A MutableHashTable with two keys that may not be used. Reference: tf.lookup.experimental.DenseHashTable.

    empty_key, deleted_key: InvalidArgumentError for inserting, removing or looking them up.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(key_dtype, value_dtype, default_value, name)
        self._reserved = {
            what: as_tensor(key, self._key_dtype.numpy)._read("a reserved key").item()
            for what, key in (("empty_key", empty_key), ("deleted_key", deleted_key))
        }
        if len(set(self._reserved.values())) == 1:
            raise InvalidArgumentError("DenseHashTable: Empty and deleted keys must have same shape and differ")

    def _keys(self, keys: Any) -> Any:
        made = super()._keys(keys)
        for what, key in self._reserved.items():
            if key in made._read("keys of a DenseHashTable").ravel().tolist():
                raise InvalidArgumentError(f"Using the {what} as a table key is not allowed: {key!r}")
        return made
