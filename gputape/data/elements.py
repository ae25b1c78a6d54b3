"""Elements of datasets: tuples and dicts at any depth with NumPy arrays for leaves. Tensors are made only at the ends.

Ragged and sparse tensors are leaves too, see composites.py.

A pipeline works on the host; what leaves it goes to the device that new tensors go to.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import cuda, nest
from ..device import device
from ..errors import DataLossError, InvalidArgumentError, UnimplementedError
from ..record import pause
from ..tensor import Array, Tensor, as_tensor, host_array, placed
from ..tensor_shape import TensorShape
from ..tensor_spec import TensorSpec
from . import composites
from .composites import COMPOSITES


class DatasetSpec:
    """The spec of an element that is a dataset, as `window` makes them."""

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec, self.dataset_shape = element_spec, TensorShape(dataset_shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(DatasetSpec)

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.dataset_shape!r})"


def normalized(value: Any) -> Any:
    """What a user gives or a user's function returns, as an element: lists and numbers become arrays."""
    if isinstance(value, Mapping):
        kind: Any = type(value)
        return kind({k: normalized(v) for k, v in value.items()})
    if isinstance(value, tuple):
        parts = [normalized(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if value is None or hasattr(value, "element_spec"):
        return value
    if isinstance(value, COMPOSITES):
        return composites.on_host(value)
    return cuda.to_host(value._array) if isinstance(value, Array) else cuda.to_host(host_array(value))


def _host_tensor(leaf: Any) -> Any:
    return Tensor(np.asarray(leaf)) if isinstance(leaf, (np.ndarray, np.generic)) else leaf


def _placed_tensor(leaf: Any) -> Any:
    if isinstance(leaf, (np.ndarray, np.generic)):
        return Tensor(placed(np.asarray(leaf)))
    return composites.moved(leaf, placed) if isinstance(leaf, COMPOSITES) else leaf


def to_tensors(element: Any) -> Any:
    """The element as the user sees it when it leaves the pipeline."""
    return nest.map_structure(_placed_tensor, element)


def on_host() -> Any:
    """In the body new tensors stay on the host."""
    return device("/CPU:0") if cuda.available() else contextlib.nullcontext()


def call(function: Callable[..., Any], element: Any) -> Any:
    """A user's function of an element; a tuple's parts are its arguments. No tape and no trace hears of it."""
    with pause(), on_host():
        given = nest.map_structure(_host_tensor, element)
        return normalized(function(*given) if type(given) is tuple else function(given))


def call_with_state(function: Callable[..., Any], state: Any, element: Any) -> Any:
    """A user's function of a state and an element."""
    with pause(), on_host():
        return normalized(function(*nest.map_structure(_host_tensor, (state, element))))


def truth(function: Callable[..., Any], element: Any) -> bool:
    """Whether the element fulfils a user's predicate; ValueError if that returns no bool scalar."""
    result = call(function, element)
    if not isinstance(result, (np.ndarray, np.generic)) or result.dtype != np.bool_ or result.ndim:
        raise ValueError(
            "Invalid `predicate`. `predicate` must return a `tf.bool` scalar tensor, but its return type is "
            f"{spec_of(result)}."
        )
    return bool(result)


# -- specs


def spec_of(element: Any) -> Any:
    """The TensorSpecs of an element."""

    def leaf(value: Any) -> Any:
        if value is None:
            return None
        if hasattr(value, "element_spec"):
            return DatasetSpec(value.element_spec)
        if isinstance(value, COMPOSITES):
            return composites.spec_of(value)
        value = np.asarray(value)
        return TensorSpec(value.shape, as_tensor(value).dtype)

    return nest.map_structure(leaf, element)


def ragged_axes(spec: Any) -> int | None:
    """The last axis of unknown size of a TensorSpec; None if it has none."""
    sizes = spec.shape.as_list() if isinstance(spec, TensorSpec) and spec.shape.rank is not None else []
    return max((k for k, n in enumerate(sizes) if n is None), default=None)


def changed(spec: Any, shape: Callable[[list[Any]], list[Any]]) -> Any:
    """The spec with `shape` applied to every known shape."""

    def leaf(s: Any) -> Any:
        if isinstance(s, composites.SPECS):
            return composites.reshaped(s, shape(s.shape.as_list()))
        if not isinstance(s, TensorSpec):
            return s
        return TensorSpec(shape(s.shape.as_list()) if s.shape.rank is not None else None, s.dtype)

    return nest.map_structure(leaf, spec)


def common(a: Any, b: Any) -> Any:
    """The spec that describes the elements of both; TypeError if their dtypes or structures differ."""

    def leaf(x: Any, y: Any) -> Any:
        if isinstance(x, DatasetSpec):
            return DatasetSpec(common(x.element_spec, y.element_spec))
        if not isinstance(x, (TensorSpec, *composites.SPECS)):
            return x
        found = x.most_specific_common_supertype([y])
        if found is None:
            raise TypeError(f"Incompatible dataset elements:\n  {a} vs.   {b}")
        return found

    try:
        return nest.map_structure(leaf, a, b)
    except ValueError:
        raise TypeError(f"Incompatible dataset elements:\n  {a} vs.   {b}") from None


def example(spec: Any, size: int, value: int) -> Any:
    """An element of this spec full of `value`, in strings as often as a word; unknown sizes are `size`."""
    from .dataset import Dataset

    def leaf(s: Any) -> Any:
        if isinstance(s, DatasetSpec):
            inner = example(s.element_spec, size, value)
            return Dataset(lambda: iter([inner] * size), s.element_spec)
        if isinstance(s, composites.SPECS):
            return composites.example(s, size)
        if not isinstance(s, TensorSpec):
            return s
        shape = [size if d is None else d for d in s.shape.as_list()]
        if s.dtype == "string":
            return np.full(shape, b" ".join([b"word"] * 2 * value), object)
        return np.full(shape, value, s.dtype.numpy)

    return nest.map_structure(leaf, spec)


def result_spec(function: Callable[[Any], Any], spec: Any) -> Any:
    """The spec of `function(element)`, found by running it on two elements that differ in values and unknown sizes."""
    return common(*(spec_of(function(example(spec, size, value))) for size, value in ((2, 0), (3, 1))))


# -- batches


def rank(array: Any) -> int:
    return len(array.shape) if isinstance(array, COMPOSITES) else np.ndim(array)


def leading(array: Any) -> int:
    return composites.count(array) if isinstance(array, COMPOSITES) else int(array.shape[0])


def stacked(chunk: list[Any]) -> Any:
    """The elements side by side along a new first axis; InvalidArgumentError if their shapes differ."""
    first = chunk[0]
    if isinstance(first, (np.ndarray, np.generic)):
        return _stack(chunk)
    if type(first) is tuple and not any(nest.is_nested(part) for part in first):
        return tuple([_stack(column) for column in zip(*chunk)])
    return nest.pack_sequence_as(first, [_stack(column) for column in zip(*[nest.flatten(e) for e in chunk])])


def _stack(leaves: Any) -> Any:
    first = leaves[0]
    if first is None:
        return None
    if isinstance(first, COMPOSITES):
        return composites.stacked(leaves)
    shape = np.shape(first)
    try:
        return np.stack(leaves) if shape or first.dtype == object else np.array(leaves, dtype=first.dtype)
    except ValueError:
        other = next(np.shape(v) for v in leaves if np.shape(v) != shape)
        raise InvalidArgumentError(
            f"Cannot add tensor to the batch: number of elements does not match. Shapes are: [tensor]: {list(other)}, "
            f"[batch]: {list(shape)}. Use `padded_batch` for elements of different shapes."
        ) from None


def padded(elements: list[Any], shapes: Any, values: Any) -> Any:
    """Like `stacked`, shorter elements filled up. `shapes` per leaf: a list with None for "as the longest", or None."""
    flat = [nest.flatten(e) for e in elements]
    columns = []
    for leaves, shape, value in zip(zip(*flat), shapes, values):
        if isinstance(leaves[0], COMPOSITES):
            raise TypeError(f"Padded batching of components of type {composites.spec_of(leaves[0])} is not supported.")
        rank = np.ndim(leaves[0])
        sizes = [max(np.shape(v)[d] for v in leaves) for d in range(rank)]
        wanted = sizes if shape is None else [s if w in (None, -1) else w for s, w in zip(sizes, shape)]
        if shape is not None and len(shape) != rank:
            raise ValueError(
                f"padded_batch: padded_shapes {shape} has rank {len(shape)}, but an element has rank {rank}"
            )
        if any(s > w for s, w in zip(sizes, wanted)):
            raise DataLossError(
                f"padded_batch: Attempted to pad to a smaller size than the input element: {sizes} into {wanted}"
            )
        dtype = np.asarray(leaves[0]).dtype
        fill = (b"" if dtype.kind == "O" else 0) if value is None else value
        made = np.full((len(leaves), *wanted), fill, dtype)
        for row, leaf in zip(range(len(leaves)), leaves):
            place: Any = (row, *[slice(n) for n in np.shape(leaf)])
            made[place] = leaf if np.ndim(leaf) else leaf[()]
        columns.append(made)
    return nest.pack_sequence_as(elements[0], columns)


def rows(table: Any, order: Any = None) -> Iterator[Any]:
    """The slices of an element along its first axis, all or those of `order`, a range or an array of numbers."""
    flat = nest.flatten(table)
    # a row of a vector of strings is sliced out, since indexing would give the bytes instead of an array
    columns: list[Any] = [
        (composites.Rows(a), False) if isinstance(a, COMPOSITES) else (a, a.ndim == 1 and a.dtype.kind == "O")
        for a in flat
    ]
    alone, plain = table is flat[0], type(table) is tuple and not any(map(nest.is_nested, table))
    for k in range(leading(flat[0])) if order is None else order:
        parts = [a[k : k + 1].reshape(()) if text else a[k] for a, text in columns]
        yield parts[0] if alone else tuple(parts) if plain else nest.pack_sequence_as(table, parts)


def gathered(table: Any, order: Any) -> Any:
    """The slices of `order` side by side; a view for a range."""
    index = slice(order.start, order.stop, order.step) if isinstance(order, range) else order
    return nest.map_structure(lambda a: composites.gathered(a, order) if isinstance(a, COMPOSITES) else a[index], table)


# -- files


def write(path: str, elements: list[Any]) -> None:
    """Elements as an .npz file; their structure as JSON inside."""

    def outline(value: Any) -> Any:
        if isinstance(value, COMPOSITES):
            raise UnimplementedError(
                "a dataset of ragged or sparse tensors is not written to files: use to_tensor first"
            )
        if isinstance(value, Mapping):
            return {"dict": [[k, outline(v)] for k, v in value.items()]}
        return {"tuple": [outline(v) for v in value]} if isinstance(value, tuple) else None

    text = json.dumps({"count": len(elements), "structure": outline(elements[0]) if elements else None})
    arrays: Any = {f"{i}.{k}": np.asarray(a) for i, e in enumerate(elements) for k, a in enumerate(nest.flatten(e))}
    with open(path, "wb") as file:
        np.savez(file, structure=np.frombuffer(text.encode(), np.uint8), **arrays)


def read(path: str) -> list[Any]:
    """The elements that `write` wrote."""

    def built(outline: Any) -> Any:
        if outline is None:
            return 0
        if "dict" in outline:
            return {k: built(v) for k, v in outline["dict"]}
        return tuple(built(v) for v in outline["tuple"])

    with np.load(path) as file:
        told = json.loads(file["structure"].tobytes().decode())
        structure = built(told["structure"])
        width = len(nest.flatten(structure))
        return [
            nest.pack_sequence_as(structure, [file[f"{i}.{k}"] for k in range(width)]) for i in range(told["count"])
        ]
