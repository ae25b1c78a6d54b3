"""Tables that keep what they were made with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import FailedPreconditionError
from ..op import op
from ..ops.hash import farm, hashed
from ..ops.strings import hosted, packed
from ..ragged.ragged_tensor import RaggedTensor
from ..record import state
from ..sparse.sparse_tensor import SparseTensor
from ..tensor import Tensor, as_tensor, convert_to_tensor, placed


class Table:
    """What all tables share: a dict from Python keys to rows, dtypes, and the lookup of tensors of any kind."""

    def __init__(self, kind: str, key_dtype: Any, value_dtype: Any, name: str | None) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        self._name = name or kind
        self._rows: dict[Any, Any] = {}

    @property
    def key_dtype(self) -> Any:
        return self._key_dtype

    @property
    def value_dtype(self) -> Any:
        return self._value_dtype

    @property
    def name(self) -> str:
        return self._name

    @property
    def resource_handle(self) -> Any:
        return self

    def size(self, name: str | None = None) -> Tensor:
        """How many keys there are, an int64 scalar."""
        _tell("the size of a table")
        return Tensor(np.asarray(len(self._rows), np.int64))

    def _keys(self, keys: Any) -> Any:
        """Keys as a tensor of the table's dtype; TypeError for others."""
        made = keys if isinstance(keys, Tensor) else convert_to_tensor(keys, dtype_hint=self._key_dtype)
        if made.dtype != self._key_dtype:
            raise TypeError(
                f"Dtype of argument `keys` must be {self._key_dtype.name}, received: {made.dtype.name} (table {self._name})"
            )
        return hosted(made)

    def _over(self, function: Any, keys: Any) -> Any:
        """`function` of a tensor of keys, or of the values of a RaggedTensor or SparseTensor of keys."""
        if isinstance(keys, RaggedTensor):
            return keys.with_flat_values(function(self._keys(keys.flat_values)))
        if isinstance(keys, SparseTensor):
            return keys.with_values(function(self._keys(keys.values)))
        return function(self._keys(keys))

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

    def lookup(self, keys: Any) -> Any:
        """The value of each key."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<tf.lookup.{type(self).__name__} {self._name}: {self._key_dtype.name} to {self._value_dtype.name}>"


def _tell(how: str) -> None:
    """A recorded function must not keep what a table held when it was recorded."""
    for recorder in state.stack:
        reasons = getattr(recorder, "reasons", None)
        if reasons is not None:
            reasons.append(how)


@op(mixed=("keys", "default"))  # type: ignore[untyped-decorator]
def table_values(xp: Any, keys: Any, default: Any, *, table: Any) -> Any:
    """The row of each key, `default` (a row, or one row for each key) for keys that the table has not."""
    rows, flat = table._rows, keys.ravel().tolist()
    shape = table._value_shape
    many = default.ndim > len(shape)
    made = np.empty((len(flat), *shape), default.dtype)
    for k, key in enumerate(flat):
        found = rows.get(key)
        made[k] = (default.reshape(-1, *shape)[k] if many else default[()]) if found is None else found
    made = made.reshape((*keys.shape, *shape))
    return placed(made)


class StaticHashTable(Table):
    """A table that keeps what it was made with. Reference: tf.lookup.StaticHashTable.

    initializer: a KeyValueTensorInitializer or TextFileInitializer. default_value: for keys that are not there.
    FailedPreconditionError if a key comes twice with different values.

    >>> import gputape as tf
    >>> table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), default_value=-1)
    >>> table.lookup(["b", "c"]).numpy()
    array([ 2, -1], dtype=int32)
    """

    _value_shape = ()

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None, experimental_is_anonymous: bool = False
    ) -> None:
        super().__init__("hash_table", initializer.key_dtype, initializer.value_dtype, name)
        self._default = hosted(convert_to_tensor(default_value, dtype_hint=self._value_dtype))
        if self._default.dtype != self._value_dtype or self._default._array.ndim:
            raise TypeError(
                f"StaticHashTable: default_value must be a {self._value_dtype.name} scalar, got {self._default.dtype.name} "
                f"of shape {self._default.shape}"
            )
        keys, values = initializer.contents()
        for key, value in zip(keys.tolist(), values.tolist()):
            if self._rows.setdefault(key, value) != value:
                raise FailedPreconditionError(
                    f"HashTable has different value for same key. Key {key!r} has {self._rows[key]!r}, not {value!r}"
                )

    @property
    def default_value(self) -> Any:
        return self._default

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The value of each key; keys may be a Tensor, a RaggedTensor or a SparseTensor. TypeError for other dtypes."""
        return self._over(lambda k: table_values(k, self._default, table=self), keys)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and all values."""
        return exported(self)


def exported(table: Any) -> tuple[Tensor, Tensor]:
    _tell("the contents of a table")
    keys, rows = list(table._rows), list(table._rows.values())
    shape = (len(keys), *table._value_shape)
    values = packed(
        [v for r in rows for v in np.ravel(r)] if table._value_shape else rows, shape, table._value_dtype.numpy
    )
    return Tensor(packed(keys, (len(keys),), table._key_dtype.numpy)), Tensor(values)


class StaticVocabularyTable(Table):
    """String (or int64) keys to ids: those of `initializer`, and by hash one of `num_oov_buckets` ids behind for others.

    initializer: from keys to int64 ids, or None if all are hashed. Reference: tf.lookup.StaticVocabularyTable.

    >>> import gputape as tf
    >>> ids = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
    >>> tf.lookup.StaticVocabularyTable(ids, num_oov_buckets=1).lookup(["b", "z"]).numpy()
    array([1, 2])
    """

    _value_shape = ()

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError(f"`num_oov_buckets` must be > 0; use StaticHashTable. Received: {num_oov_buckets}.")
        if initializer is not None and initializer.value_dtype != "int64":
            raise TypeError(f"Invalid `value_dtype`, expected int64 but got {initializer.value_dtype.name}.")
        own = "string" if initializer is None else initializer.key_dtype
        self._told_dtype = as_dtype(own)
        super().__init__("vocabulary", lookup_key_dtype or own, "int64", name)
        if self._key_dtype != "string" and not self._key_dtype.is_integer:
            raise TypeError(f"Invalid `key_dtype`, expected integer or string but got {self._key_dtype.name}.")
        self._oov = num_oov_buckets
        if initializer is not None:
            self._rows = StaticHashTable(initializer, -1)._rows
        self._default = as_tensor(np.int64(-1))

    def size(self, name: str | None = None) -> Tensor:
        """The number of ids, those for other keys included."""
        return Tensor(np.asarray(len(self._rows) + self._oov, np.int64))

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The id of each key, int64."""
        return self._over(lambda k: vocabulary_ids(k, table=self), keys)


@op
def vocabulary_ids(xp: Any, keys: Any, *, table: Any) -> Any:
    flat = keys.ravel().tolist()
    ids = np.array([table._rows.get(key, -1) for key in flat], np.int64)
    unknown = np.flatnonzero(ids < 0)
    if len(unknown):
        strings = [flat[k] if isinstance(flat[k], bytes) else str(flat[k]).encode() for k in unknown]
        ids[unknown] = (hashed(strings, farm) % np.uint64(table._oov)).astype(np.int64) + len(table._rows)
    return placed(ids.reshape(keys.shape))
