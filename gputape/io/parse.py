"""tf.io.parse_example and its relatives: serialized tf.train.Example records as tensors, by a table of features.

The records are read straight from their bytes (see gputape/example.py for the messages), without making messages.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, as_dtype
from ..errors import InvalidArgumentError, UnimplementedError
from ..ops.strings import OBJECT, packed, text
from ..protobuf import VARINT, DecodeError, fields, read_varints, signed
from ..ragged.partition import splits_of
from ..ragged.ragged_tensor import RaggedTensor
from ..sparse.sparse_tensor import SparseTensor
from ..tensor import Tensor, as_tensor, placed


class FixedLenFeature(namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"], defaults=[None])):
    """A feature of `shape` in every record; records that lack it get `default_value`, or are an error without one."""

    __slots__ = ()


class VarLenFeature(namedtuple("VarLenFeature", ["dtype"])):
    """A feature of any length, parsed as a tf.SparseTensor."""

    __slots__ = ()


class FixedLenSequenceFeature(
    namedtuple("FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"], defaults=[False, None])
):
    """A feature of any number of values of `shape`; shorter records are filled up with `default_value` (0 or "")."""

    __slots__ = ()


class RaggedFeature(
    namedtuple(
        "RaggedFeature",
        ["dtype", "value_key", "partitions", "row_splits_dtype", "validate"],
        defaults=[None, (), as_dtype("int32"), False],
    )
):
    """A feature of any length, parsed as a tf.RaggedTensor. value_key: its name in the record, default that in the table."""

    __slots__ = ()


class SparseFeature(
    namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"], defaults=[False])
):
    """A tf.SparseTensor whose values and places are two (or more) features of the record."""

    __slots__ = ()


Features = dict[str, Any]  # by name: a dtype and the values, an array or a list of bytes
_DTYPES = {1: OBJECT, 2: np.dtype(np.float32), 3: np.dtype(np.int64)}


def _feature(data: bytes) -> Any:
    """(dtype, values) of the bytes of a Feature; None for one without a kind."""
    found = None
    for number, _, inside in fields(data):
        if number not in _DTYPES:
            continue
        values: list[Any] = []
        for one, kind, value in fields(inside):
            if one != 1:
                continue
            if number == 1:
                values.append(value)
            elif number == 2:
                values += np.frombuffer(value, "<f4").tolist()
            else:
                values += [signed(v) for v in ([value] if kind == VARINT else read_varints(value))]
        found = _DTYPES[number], values
    return found


def _features(data: bytes, of: Callable[[bytes], Any] = _feature) -> Features:
    """The entries of the bytes of Features (or, with another `of`, of FeatureLists)."""
    made = {}
    for number, _, entry in fields(data):
        if number == 1:
            parts = {n: v for n, _, v in fields(entry)}
            made[parts.get(1, b"").decode()] = of(parts.get(2, b""))
    return made


def _feature_list(data: bytes) -> list[Any]:
    return [_feature(value) for number, _, value in fields(data) if number == 1]


def _record(data: bytes, name: str) -> tuple[Features, Features]:
    """The features of an Example (the context of a SequenceExample), and its feature lists."""
    context: Features = {}
    lists: Features = {}
    try:
        for number, _, value in fields(data):
            if number == 1:
                context.update(_features(value))
            elif number == 2:
                lists.update(_features(value, _feature_list))
    except (DecodeError, UnicodeDecodeError, TypeError, ValueError):
        raise InvalidArgumentError(f"{name}: Could not parse example input, value: {data[:100]!r}") from None
    return context, lists


# -- from the features of several records to arrays


def _values(features: Features, key: str, dtype: Any, name: str) -> Any:
    """The values of a feature; None if the record has none. InvalidArgumentError if they are of another dtype."""
    found = features.get(key)
    if found is None:
        return None
    if found[0] != dtype:
        told = FROM_NUMPY[found[0]].name
        raise InvalidArgumentError(
            f"{name}: Key: {key}. Data types don't match: the record has {told}, expected {FROM_NUMPY[dtype].name}"
        )
    return found[1]


def _numpy(dtype: Any, name: str) -> Any:
    kind = as_dtype(dtype)
    if kind not in ("float32", "int64", "string"):
        raise ValueError(
            f"{name}: a feature has dtype float32, int64 or string, not {kind.name}: use tf.cast afterwards"
        )
    return kind.numpy


def _array(values: Any, shape: Any, dtype: Any) -> Any:
    return packed(values, shape) if dtype == OBJECT else np.array(values, dtype).reshape(shape)


def _fill(spec: Any, dtype: Any) -> Any:
    if spec.default_value is None:
        return b"" if dtype == OBJECT else 0
    value = as_tensor(spec.default_value)._read("a default value")
    return value.item()


def _fixed(name: str, key: str, spec: Any, records: list[Features]) -> Any:
    dtype, shape = _numpy(spec.dtype, name), [None if s is None else int(s) for s in spec.shape]
    if None in shape:
        raise ValueError(
            f"First dimension of shape for feature {key} unknown. Consider using FixedLenSequenceFeature. Received "
            f"feature={spec}."
        )
    size, default = math.prod(int(s) for s in spec.shape), None
    if spec.default_value is not None:
        given = as_tensor(spec.default_value, dtype if dtype != OBJECT else None)._read("a default value")
        if given.size != size:
            raise InvalidArgumentError(
                f"{name}: Key: {key}: default_value has {given.size} values, shape {shape} has {size}"
            )
        default = given.ravel().tolist()
    rows: list[Any] = []
    for k, features in enumerate(records):
        values = _values(features, key, dtype, name)
        if values is None:
            if default is None:
                raise InvalidArgumentError(
                    f"{name}: Feature: {key} (data type: {spec.dtype!r}) is required but record {k} lacks it"
                )
            values = default
        if len(values) != size:
            raise InvalidArgumentError(
                f"{name}: Key: {key}, record {k}. Number of values != expected: {len(values)}, shape {shape} has {size}"
            )
        rows += values
    return _array(rows, [len(records), *shape], dtype)


def _filled(name: str, key: str, spec: Any, rows: list[list[Any]]) -> tuple[Any, Any]:
    """Rows of different lengths as one array, and how many values of spec.shape each has."""
    dtype, shape = _numpy(spec.dtype, name), [int(s) for s in spec.shape]
    size = int(np.prod(shape, dtype=int))
    for values in rows:
        if size and len(values) % size:
            raise InvalidArgumentError(
                f"{name}: Key: {key}: {len(values)} values are no multiple of the {size} that shape {shape} has"
            )
    counts = [len(values) // max(size, 1) for values in rows]
    width, fill = max(counts, default=0), _fill(spec, dtype)
    flat = [v for values in rows for v in [*values, *[fill] * (width * size - len(values))]]
    return _array(flat, [len(rows), width, *shape], dtype), np.array(counts, np.int64)


def _sparse(rows: list[Any], dtype: Any) -> SparseTensor:
    lengths = [len(values) for values in rows]
    places = [(row, k) for row, n in enumerate(lengths) for k in range(n)]
    flat = _array([v for values in rows for v in values], [len(places)], dtype)
    shape = [len(rows), max(lengths, default=0)]
    return SparseTensor(np.array(places, np.int64).reshape(-1, 2), Tensor(placed(flat)), np.array(shape))


def _ragged(rows: list[Any], dtype: Any, splits_dtype: Any) -> RaggedTensor:
    flat = _array([v for values in rows for v in values], [-1 if dtype != OBJECT else sum(map(len, rows))], dtype)
    return RaggedTensor(Tensor(placed(flat)), splits_of([len(values) for values in rows], as_dtype(splits_dtype).numpy))


def _placed_values(name: str, key: str, spec: Any, records: list[Features]) -> SparseTensor:
    """A SparseFeature: the values at the places that other features tell, in row-major order."""
    keys = [spec.index_key] if isinstance(spec.index_key, str) else list(spec.index_key)
    sizes = [spec.size] if isinstance(spec.index_key, str) else list(spec.size)
    dtype = _numpy(spec.dtype, name)
    places: list[Any] = []
    flat: list[Any] = []
    for row, features in enumerate(records):
        values = _values(features, spec.value_key, dtype, name) or []
        columns = [_values(features, k, np.dtype(np.int64), name) or [] for k in keys]
        if any(len(c) != len(values) for c in columns):
            raise InvalidArgumentError(f"{name}: Key: {key}, record {row}: as many places as values are needed")
        places += [(row, *place) for place in zip(*columns)]
        flat += values
    indices = np.array(places, np.int64).reshape(-1, len(keys) + 1)
    order = np.arange(len(flat)) if spec.already_sorted else np.lexsort(indices.T[::-1])
    made = _array(flat, [len(flat)], dtype)[order]
    return SparseTensor(indices[order], Tensor(placed(made)), np.array([len(records), *sizes]))


def _parsed(name: str, features: Any, records: list[Features]) -> dict[str, Any]:
    """The tensors of a table of features, with a batch axis in front."""
    made: dict[str, Any] = {}
    for key in sorted(features):
        spec = features[key]
        if isinstance(spec, FixedLenFeature):
            made[key] = Tensor(placed(_fixed(name, key, spec, records)))
        elif isinstance(spec, SparseFeature):
            made[key] = _placed_values(name, key, spec, records)
        elif isinstance(spec, (VarLenFeature, RaggedFeature, FixedLenSequenceFeature)):
            source = getattr(spec, "value_key", None) or key
            dtype = _numpy(spec.dtype, name)
            rows = [_values(r, source, dtype, name) or [] for r in records]
            made[key] = _rows(name, key, spec, rows, dtype)
        else:
            raise TypeError(f"{name}: features[{key!r}] is a {type(spec).__name__}, which is no feature of tf.io")
    return made


def _rows(name: str, key: str, spec: Any, rows: list[Any], dtype: Any) -> Any:
    if isinstance(spec, VarLenFeature):
        return _sparse(rows, dtype)
    if isinstance(spec, RaggedFeature):
        if spec.partitions:
            raise UnimplementedError(f"{name}: features[{key!r}]: partitions of a RaggedFeature are not supported")
        return _ragged(rows, dtype, spec.row_splits_dtype)
    return Tensor(placed(_filled(name, key, spec, rows)[0]))


def _first(value: Any) -> Any:
    """A batch of one without its batch axis."""
    if isinstance(value, SparseTensor):
        return SparseTensor(value._places[:, 1:], value.values, value._sizes[1:])
    return value.values if isinstance(value, RaggedTensor) else value[0]


def _table(features: Any) -> Any:
    if features is None or not isinstance(features, Mapping):
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    if not features:
        raise ValueError("Invalid argument: features cannot be empty.")
    return features


def _strings(serialized: Any, name: str) -> Any:
    return text(serialized, name)._read(f"tf.io.{name}")


def parse_single_example(
    serialized: Any, features: Any, example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """The features of one serialized tf.train.Example (a scalar string) as a dict of tensors.

    features: for each name a FixedLenFeature (dense tensor), VarLenFeature or SparseFeature (tf.SparseTensor),
    RaggedFeature or FixedLenSequenceFeature (allow_missing=True). InvalidArgumentError for a record that does not fit.

    >>> import gputape as tf
    >>> age = tf.train.Feature(int64_list=tf.train.Int64List(value=[29]))
    >>> record = tf.train.Example(features=tf.train.Features(feature={"age": age})).SerializeToString()
    >>> tf.io.parse_single_example(record, {"age": tf.io.FixedLenFeature([], tf.int64)})["age"].numpy()
    np.int64(29)
    """
    table, data = _table(features), _strings(serialized, "parse_single_example")
    if data.ndim:
        raise InvalidArgumentError(f"parse_single_example: serialized must be scalar, not of shape {data.shape}")
    made = _parsed("parse_single_example", table, [_record(data.item(), "parse_single_example")[0]])
    return {key: _first(value) for key, value in made.items()}


def parse_example(serialized: Any, features: Any, example_names: Any = None, name: str | None = None) -> dict[str, Any]:
    """The features of a vector of serialized tf.train.Examples as a dict of tensors with a batch axis in front.

    features as for `parse_single_example`; a FixedLenSequenceFeature is filled up to the longest record.
    """
    table, data = _table(features), _strings(serialized, "parse_example")
    if not data.ndim:
        return parse_single_example(serialized, features)
    return _parsed("parse_example", table, [_record(v, "parse_example")[0] for v in data.ravel().tolist()])


# -- sequences


def _steps(name: str, key: str, spec: Any, record: Features) -> list[Any]:
    """The values of each step of a feature list."""
    steps = record.get(getattr(spec, "value_key", None) or key)
    if steps is None:
        if isinstance(spec, FixedLenSequenceFeature) and not spec.allow_missing:
            raise InvalidArgumentError(f"{name}: Feature list '{key}' is required but could not be found")
        return []
    dtype = _numpy(spec.dtype, name)
    return [_values({key: step}, key, dtype, name) or [] for step in steps]


def _sequence(name: str, key: str, spec: Any, lists: list[Features]) -> tuple[Any, Any]:
    """A feature list of several records with a batch axis in front; and the number of steps for a dense one."""
    dtype, records = _numpy(spec.dtype, name), [_steps(name, key, spec, r) for r in lists]
    counts = [len(steps) for steps in records]
    flat = [values for steps in records for values in steps]
    if isinstance(spec, FixedLenSequenceFeature):
        size = int(np.prod([int(s) for s in spec.shape], dtype=int))
        if any(len(values) != size for values in flat):
            raise InvalidArgumentError(
                f"{name}: Key: {key}: every step must have {size} values, shape {list(spec.shape)}"
            )
        rows = [[v for values in steps for v in values] for steps in records]
        dense, lengths = _filled(name, key, spec, rows)
        return Tensor(placed(dense)), Tensor(lengths)
    if isinstance(spec, RaggedFeature):
        inner = _rows(name, key, spec, flat, dtype)
        return RaggedTensor(inner, splits_of(counts, as_dtype(spec.row_splits_dtype).numpy)), None
    if not isinstance(spec, VarLenFeature):
        raise TypeError(f"{name}: sequence_features[{key!r}] cannot be a {type(spec).__name__}")
    made = _sparse(flat, dtype)
    owner = np.repeat(np.arange(len(counts)), counts)
    step = np.concatenate([np.arange(n) for n in counts]) if flat else np.zeros(0, np.int64)
    rows_of = made._places[:, 0]
    places = np.stack([owner[rows_of], step[rows_of], made._places[:, 1]], axis=1)
    return SparseTensor(places, made.values, np.array([len(counts), max(counts, default=0), made._sizes[1]])), None


def parse_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A vector of serialized tf.train.SequenceExamples as (context tensors, sequence tensors, lengths of dense sequences).

    sequence_features: FixedLenSequenceFeature (filled up to the longest), VarLenFeature or RaggedFeature.
    """
    told = "parse_sequence_example"
    records = [_record(v, told) for v in _strings(serialized, told).ravel().tolist()]
    context = _parsed(told, context_features or {}, [c for c, _ in records])
    sequences, lengths = {}, {}
    for key in sorted(sequence_features or {}):
        sequences[key], steps = _sequence(told, key, sequence_features[key], [lists for _, lists in records])
        if steps is not None:
            lengths[key] = steps
    return context, sequences, lengths


def parse_single_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One serialized tf.train.SequenceExample (a scalar string) as (context tensors, sequence tensors)."""
    context, sequences, _ = parse_sequence_example(serialized, context_features, sequence_features)
    return {k: _first(v) for k, v in context.items()}, {k: _first(v) for k, v in sequences.items()}


_PUBLIC = (
    FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature, VarLenFeature, parse_example,
    parse_sequence_example, parse_single_example, parse_single_sequence_example,
)  # fmt: skip
NAMES: dict[str, Any] = {f"tf.io.{f.__name__}": f for f in _PUBLIC}
