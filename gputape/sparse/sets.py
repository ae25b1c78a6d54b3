"""tf.sets: the last axis as sets of values; and tf.edit_distance between sequences. Both work on the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..tensor import Tensor, constant, convert_to_tensor
from .sparse_tensor import SparseTensor


def _rows(value: Any, what: str) -> tuple[tuple[int, ...], Any, dict[tuple[int, ...], list[Any]]]:
    """(the shape without the last axis, the dtype, the values of each row by its place); rows without values are left out."""
    found: dict[tuple[int, ...], list[Any]] = {}
    if isinstance(value, SparseTensor):
        values = value._values._read(what)
        for place, item in zip(value._places.tolist(), values, strict=True):
            found.setdefault(tuple(place[:-1]), []).append(item)
        return tuple(value._sizes[:-1].tolist()), values.dtype, found
    array = convert_to_tensor(value)._read(what)
    if array.ndim < 2:
        raise InvalidArgumentError(f"{what}: sets need at least 2 dimensions, got shape {array.shape}")
    found = {place: list(array[place]) for place in np.ndindex(array.shape[:-1])}
    return array.shape[:-1], array.dtype, found


def size(a: Any, validate_indices: bool = True) -> Any:
    """How many different values each set of the SparseTensor `a` has, int32; TypeError for what is no SparseTensor.

    >>> import gputape as tf
    >>> tf.sets.size(tf.sparse.from_dense([[1, 0, 1], [4, 5, 6]])).numpy()
    array([1, 3], dtype=int32)
    """
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    shape, _, rows = _rows(a, "tf.sets.size")
    counts = np.zeros(shape, np.int32)
    for place, values in rows.items():
        counts[place] = len(set(values))
    return Tensor(counts)


def _combined(a: Any, b: Any, what: str, combine: Callable[[set[Any], set[Any]], set[Any]]) -> SparseTensor:
    (shape, kind, left), (other, other_kind, right) = _rows(a, what), _rows(b, what)
    if shape != other:
        raise InvalidArgumentError(f"{what}: Mismatched shapes {list(shape)} vs {list(other)}")
    if kind != other_kind:
        raise TypeError(f"{what}: dtypes must be equal, got {kind} and {other_kind}")
    rows = {
        place: sorted(combine(set(left.get(place, ())), set(right.get(place, ())))) for place in sorted({*left, *right})
    }
    places = [(*place, k) for place, values in rows.items() for k in range(len(values))]
    made = np.empty(len(places), kind)
    made[:] = [v for values in rows.values() for v in values]
    longest = max(map(len, rows.values()), default=0)
    return SparseTensor(np.array(places, np.int64).reshape(-1, len(shape) + 1), made, [*shape, longest])


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The values in both of two sets, sorted; tensors or SparseTensors whose shapes agree but for the last axis.

    >>> import gputape as tf
    >>> tf.sets.intersection([[1, 2, 3]], [[3, 1, 9]]).values.numpy()
    array([1, 3], dtype=int32)
    """
    return _combined(a, b, "tf.sets.intersection", set.intersection)


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The values in one or both of two sets, sorted; as `intersection`."""
    return _combined(a, b, "tf.sets.union", set.union)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """The values in the first set alone, or with `aminusb` False in the second alone, sorted; as `intersection`."""
    return _combined(*((a, b) if aminusb else (b, a)), "tf.sets.difference", set.difference)


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Any:
    """How many insertions, deletions and substitutions turn the sequences of one SparseTensor into those of another.

    float32 in the shape of both without the last axis. With `normalize` (default) divided by the length of `truth`:
    infinite if that is empty and the hypothesis is not. Levenshtein 1966; Reference: tf.edit_distance.

    >>> import gputape as tf
    >>> a, b = tf.sparse.from_dense([["k", "i", "t"]]), tf.sparse.from_dense([["s", "i", "t"]])
    >>> tf.edit_distance(a, b, normalize=False).numpy()
    array([1.], dtype=float32)
    """
    for what, value in (("hypothesis", hypothesis), ("truth", truth)):
        if not isinstance(value, SparseTensor):
            raise TypeError(f"{what.capitalize()} must be a SparseTensor, not {type(value).__name__}.")
    (shape, kind, said), (other, other_kind, wanted) = (_rows(v, "edit_distance") for v in (hypothesis, truth))
    if len(shape) != len(other) or kind != other_kind:
        raise InvalidArgumentError(
            f"edit_distance: hypothesis and truth must have one rank and dtype, got {len(shape) + 1} of {kind} and "
            f"{len(other) + 1} of {other_kind}"
        )
    made = np.zeros([max(m, n) for m, n in zip(shape, other, strict=True)], np.float32)
    for place in {*said, *wanted}:
        target = wanted.get(place, [])
        steps = float(_steps(said.get(place, []), target))
        made[place] = steps if not normalize else steps / len(target) if target else np.inf
    return constant(made)


def _steps(a: list[Any], b: list[Any]) -> int:
    """The edit distance of two lists, line by line of the table of distances of their beginnings."""

    def line(before: list[int], x: Any) -> Iterator[int]:
        last = before[0] + 1
        yield last
        for k, y in enumerate(b):
            last = min(last + 1, before[k + 1] + 1, before[k] + (x != y))
            yield last

    distances = list(range(len(b) + 1))
    for x in a:
        distances = list(line(distances, x))
    return distances[-1]
