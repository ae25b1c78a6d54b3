"""tf.nest: functions over nested structures.

A structure is a list, a tuple, a namedtuple or another sequence, a mapping, or a view of a mapping, at any depth; all
else is a leaf: tensors, strings, None, sets, dataclasses, shapes. The leaves of a mapping come in the order of its
sorted keys, so two dicts that were filled in different orders match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MappingView, Sequence
from typing import Any

from .tensor_shape import TensorShape

_ORDERED, _MAPPING, _LEAF = "ordered", "mapping", "leaf"
_kinds: dict[type, str] = {list: _ORDERED, tuple: _ORDERED, dict: _MAPPING}


def _kind(kind: type) -> str:
    """Which of the three a type is; remembered, as every training step asks this for each node."""
    found = _kinds.get(kind)
    if found is None:
        if issubclass(kind, (str, bytes, bytearray, memoryview, TensorShape)):
            found = _LEAF
        elif issubclass(kind, Mapping):
            found = _MAPPING
        else:
            found = _ORDERED if issubclass(kind, (Sequence, MappingView)) else _LEAF
        _kinds[kind] = found
    return found


def is_nested(structure: Any) -> bool:
    """Whether `structure` is one, rather than a leaf.

    >>> import gputape as tf
    >>> tf.nest.is_nested([]), tf.nest.is_nested("abc"), tf.nest.is_nested(None)
    (True, False, False)
    """
    return _kind(type(structure)) is not _LEAF


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of `structure`, from left to right; `[structure]` for a leaf. TypeError when keys cannot be sorted.

    `expand_composites` is taken for TensorFlow's signature and changes nothing: all tensors here are single arrays.

    >>> import gputape as tf
    >>> tf.nest.flatten({"b": 1, "a": [2, (3, None)]})
    [2, 3, None, 1]
    """
    leaves: list[Any] = []
    _collect(structure, leaves)
    return leaves


def _collect(structure: Any, leaves: list[Any]) -> None:
    kind = _kind(type(structure))
    if kind is _LEAF:
        leaves.append(structure)
    else:
        for child in structure if kind is _ORDERED else _values(structure):
            _collect(child, leaves)


def flatten_with_paths(structure: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yields `(path, leaf)` in the order of `flatten`; a path holds each level's index, key or namedtuple field.

    >>> from gputape import nest
    >>> list(nest.flatten_with_paths({"b": 1, "a": [2, 3]}))
    [(('a', 0), 2), (('a', 1), 3), (('b',), 1)]
    """
    if not is_nested(structure):
        yield (), structure
        return
    for name, child in zip(_names(structure), _children(structure), strict=True):
        for path, leaf in flatten_with_paths(child):
            yield (name, *path), leaf


def map_structure(func: Callable[..., Any], *structures: Any, **options: Any) -> Any:
    """`func` of the corresponding leaves of all `structures`, packed like the first one.

    `check_types=True` demands equal types of sequences; False only equal nesting. Raises TypeError when `func` cannot
    be called or types differ, ValueError when there is no structure or the nesting differs.

    >>> import gputape as tf
    >>> tf.nest.map_structure(lambda x, y: x + y, {"a": 1, "b": (2, 3)}, {"a": 10, "b": (20, 30)})
    {'a': 11, 'b': (22, 33)}
    """
    if not callable(func):
        raise TypeError(f"map_structure: func must be callable, got: {func!r}")
    if not structures:
        raise ValueError("map_structure: Must provide at least one structure")
    check_types = options.pop("check_types", True)
    options.pop("expand_composites", False)
    if options:
        raise ValueError(
            f"map_structure takes the keywords `check_types` and `expand_composites`, not {sorted(options)}"
        )
    if len(structures) == 1:
        return _map(func, structures[0])
    for other in structures[1:]:
        assert_same_structure(structures[0], other, check_types)
    results = map(func, *map(flatten, structures))
    return _map(lambda _: next(results), structures[0])


def _map(func: Callable[[Any], Any], structure: Any) -> Any:
    """`structure` with `func` of each leaf in its place; `func` is called in the order of `flatten`."""
    kind = type(structure)
    if _kind(kind) is _LEAF:
        return func(structure)
    children = [_map(func, child) for child in _children(structure)]
    if kind is list:
        return children
    if kind is tuple:
        return tuple(children)
    return _like(structure, children)


def _like(structure: Any, children: list[Any]) -> Any:
    """A new structure of the same type, with `children` in the order of `_children`; keys stay in their order."""
    kind: Any = type(structure)
    if _kind(kind) is _MAPPING:
        by_key = dict(zip(_names(structure), children, strict=True))
        items = {key: by_key[key] for key in structure}
        if kind is dict:
            return items
        return kind(structure.default_factory, items) if issubclass(kind, defaultdict) else kind(items)
    if hasattr(kind, "_fields"):
        return kind(*children)
    return children if issubclass(kind, (MappingView, range)) else kind(children)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The leaves in `flat_sequence` in the nesting of `structure`: the inverse of `flatten`.

    TypeError when `flat_sequence` is no sequence, ValueError when it has not one item for each leaf.

    >>> import gputape as tf
    >>> tf.nest.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    if _kind(type(flat_sequence)) is not _ORDERED:
        raise TypeError(
            f"pack_sequence_as: flat_sequence must be a list or a tuple, not {type(flat_sequence).__name__}"
        )
    needed = len(flatten(structure))
    if needed != len(flat_sequence):
        raise ValueError(
            f"pack_sequence_as: structure has {needed} leaves, but flat_sequence has {len(flat_sequence)} items. "
            f"structure: {structure!r}, flat_sequence: {flat_sequence!r}"
        )
    leaves = iter(flat_sequence)
    return _map(lambda _: next(leaves), structure)


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises when two structures are not nested alike; the message names the path at which they part.

    ValueError when lengths, keys or nesting differ, TypeError when types do. With `check_types=True` sequences are of
    the same type (a subclass will do) and mappings have the same keys; with False only counts and nesting matter.

    >>> import gputape as tf
    >>> tf.nest.assert_same_structure([1, (2,)], [3, (4,)])
    >>> tf.nest.assert_same_structure({"a": [1, 2]}, {"a": [1]})
    Traceback (most recent call last):
    ValueError: The two structures don't have the same nested structure: at ['a'], a list of 2 and a list of 1.
    """
    _compare(nest1, nest2, check_types, ())


def _compare(a: Any, b: Any, check_types: bool, path: tuple[Any, ...]) -> None:
    kind_a, kind_b = _kind(type(a)), _kind(type(b))
    if kind_a is _LEAF and kind_b is _LEAF:
        return
    if _LEAF in (kind_a, kind_b) or len(a) != len(b):
        raise _difference(ValueError, path, _describe(a), _describe(b))
    if check_types and kind_a is kind_b is _MAPPING:
        if a.keys() != b.keys():
            raise _difference(ValueError, path, f"keys {list(a)}", f"keys {list(b)}")
    elif check_types and not _same_type(type(a), type(b)):
        raise _difference(TypeError, path, _describe(a), _describe(b))
    for name, child_a, child_b in zip(_names(a), _children(a), _children(b), strict=True):
        _compare(child_a, child_b, check_types, (*path, name))


def _same_type(a: Any, b: Any) -> bool:
    """Whether sequences of these types match: subclasses do, and namedtuples of equal names and fields."""
    if hasattr(a, "_fields") or hasattr(b, "_fields"):
        return (a.__name__, getattr(a, "_fields", None)) == (b.__name__, getattr(b, "_fields", None))
    return issubclass(a, b) or issubclass(b, a)


def _difference(error: type[Exception], path: tuple[Any, ...], a: str, b: str) -> Exception:
    where = "at the top" if not path else "at " + "".join(f"[{name!r}]" for name in path)
    return error(f"The two structures don't have the same nested structure: {where}, {a} and {b}.")


def _describe(structure: Any) -> str:
    name = type(structure).__name__
    return f"a {name} of {len(structure)}" if is_nested(structure) else f"a leaf ({name})"


def _names(structure: Any) -> Sequence[Any]:
    """What a path calls each child, in order: sorted keys, fields of a namedtuple, or indices."""
    if _kind(type(structure)) is _MAPPING:
        return _sorted(structure)
    fields: Sequence[str] | None = getattr(type(structure), "_fields", None)
    return range(len(structure)) if fields is None else fields


def _children(structure: Any) -> Any:
    return _values(structure) if _kind(type(structure)) is _MAPPING else structure


def _values(mapping: Any) -> list[Any]:
    return [mapping[key] for key in _sorted(mapping)]


def _sorted(mapping: Any) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError(
            f"nest: the keys of a dict are taken in sorted order, and these cannot be: {list(mapping)}"
        ) from None
