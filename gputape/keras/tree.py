"""Nested structures (keras.tree): lists, tuples, named tuples, dicts in the order of sorted keys; None is a leaf."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_SEQUENCES = (list, tuple, deque)


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put None in the place of a part."""


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, tuple, deque or mapping.

    >>> from gputape import keras
    >>> keras.tree.is_nested({"a": 1}), keras.tree.is_nested(42)
    (True, False)
    """
    return isinstance(structure, (*_SEQUENCES, Mapping))


def _keys(structure: Any) -> Any:
    if isinstance(structure, Mapping):
        return list(structure) if isinstance(structure, OrderedDict) else sorted(structure)
    return range(len(structure))


def _rebuilt(structure: Any, children: list[Any]) -> Any:
    kind = type(structure)
    if isinstance(structure, Mapping):
        made = dict(zip(_keys(structure), children))
        ordered = {k: made[k] for k in structure}
        return kind(structure.default_factory, ordered) if hasattr(structure, "default_factory") else kind(ordered)
    if hasattr(structure, "_fields"):
        return kind(*children)
    return kind(children)


def _leaves(structure: Any) -> Iterator[Any]:
    if is_nested(structure):
        for key in _keys(structure):
            yield from _leaves(structure[key])
    else:
        yield structure


def flatten(structure: Any) -> list[Any]:
    """The leaves from left to right.

    >>> from gputape import keras
    >>> keras.tree.flatten({"b": [1, (2, None)], "a": 0})
    [0, 1, 2, None]
    """
    return list(_leaves(structure)) if is_nested(structure) else [structure]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Pairs (path of keys and indices, leaf).

    >>> from gputape import keras
    >>> keras.tree.flatten_with_path([{"foo": 42}])
    [((0, 'foo'), 42)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((k, *path), leaf) for k in _keys(structure) for path, leaf in flatten_with_path(structure[k])]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` of the leaves of structures of one nesting, in that nesting; `none_is_leaf=False` keeps None as it is.

    >>> from gputape import keras
    >>> keras.tree.map_structure(lambda a, b: a * b, [1, (2,)], [10, (20,)])
    [10, (40,)]
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable. Received: func={func}")
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    return _map(func, structures, none_is_leaf)


def _map(func: Callable[..., Any], structures: tuple[Any, ...], none_is_leaf: bool = True) -> Any:
    first = structures[0]
    if not is_nested(first):
        return None if not none_is_leaf and all(s is None for s in structures) else func(*structures)
    return _rebuilt(first, [_map(func, tuple([s[k] for s in structures]), none_is_leaf) for k in _keys(first)])


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`map_structure`, but what lies deeper than `shallow_structure` reaches `func` whole.

    >>> from gputape import keras
    >>> keras.tree.map_structure_up_to([None, None], len, [[1, 1], [2]])
    [2, 1]
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable. Received: func={func}")
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures:
        _assert_covers(shallow_structure, other)
    return _map_up_to(shallow_structure, func, structures)


def _map_up_to(shallow: Any, func: Callable[..., Any], structures: tuple[Any, ...]) -> Any:
    if not is_nested(shallow):
        return func(*structures)
    return _rebuilt(shallow, [_map_up_to(shallow[k], func, tuple([s[k] for s in structures])) for k in _keys(shallow)])


def _assert_covers(shallow: Any, structure: Any) -> None:
    if not is_nested(shallow):
        return
    if not is_nested(structure) or list(_keys(shallow)) != list(_keys(structure)):
        raise ValueError(f"The structure {structure!r} is not nested as deep as the shallow structure {shallow!r}")
    for k in _keys(shallow):
        _assert_covers(shallow[k], structure[k])


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """ValueError unless `a` and `b` nest alike: equal kinds of sequences, lengths and keys.

    >>> from gputape import keras
    >>> keras.tree.assert_same_structure([(0, 1)], [(2, 3)])
    """
    _assert_same(a, b, a, b, kinds=True)


def assert_same_paths(a: Any, b: Any) -> None:
    """ValueError unless `a` and `b` have the same paths; lists, tuples and deques count as equal.

    >>> from gputape import keras
    >>> keras.tree.assert_same_paths([0, 1], (2, 3))
    """
    _assert_same(a, b, a, b, kinds=False)


def _kind(structure: Any) -> Any:
    if isinstance(structure, Mapping):
        return Mapping
    return type(structure) if hasattr(structure, "_fields") else next(k for k in _SEQUENCES if isinstance(structure, k))


def _assert_same(a: Any, b: Any, whole_a: Any, whole_b: Any, kinds: bool) -> None:
    same = is_nested(a) == is_nested(b)
    if same and is_nested(a):
        same = (not kinds or _kind(a) is _kind(b)) and set(_keys(a)) == set(_keys(b))
    if not same:
        raise ValueError(
            f"The two structures don't have the same nested structure.\nFirst structure: {whole_a}\n"
            f"Second structure: {whole_b}\nThey differ at {a!r} and {b!r}."
        )
    if is_nested(a):
        for k in _keys(a):
            _assert_same(a[k], b[k], whole_a, whole_b, kinds)


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """`structure` with the items of `flat_sequence` for leaves; ValueError if their number differs.

    >>> from gputape import keras
    >>> keras.tree.pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    if not isinstance(flat_sequence, (list, tuple)):
        raise TypeError(f"flat_sequence must be a list or tuple, not {type(flat_sequence).__name__}: {flat_sequence}")
    count = len(flatten(structure))
    if not is_nested(structure) and len(flat_sequence) != 1:
        raise ValueError(
            f"The structure is a leaf but len(flat_sequence)={len(flat_sequence)} > 1. structure={structure}"
        )
    if count != len(flat_sequence):
        raise ValueError(
            f"Could not pack sequence. Structure had {count} elements, but flat_sequence had {len(flat_sequence)} "
            f"elements. Structure: {structure}, flat_sequence: {flat_sequence}."
        )
    leaves = iter(flat_sequence)
    return _map(lambda _: next(leaves), (structure,))


def lists_to_tuples(structure: Any) -> Any:
    """`structure` with a tuple for every list."""
    return traverse(lambda s: tuple(s) if isinstance(s, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`map_structure` whose leaves are shapes: tuples or lists of integers and None."""
    if is_shape(structure):
        return func(tuple(structure))
    if is_nested(structure):
        return _rebuilt(structure, [map_shape_structure(func, structure[k]) for k in _keys(structure)])
    raise ValueError(f"Cannot map function to unknown objects {structure}")


def is_shape(s: Any) -> bool:
    return isinstance(s, (list, tuple)) and all(d is None or isinstance(d, int) for d in s)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Visit `structure` and its parts; what `func` returns, unless None, takes the place of the part.

    Top-down, parents come first and a replaced part is not entered. Bottom-up, parts come first.

    >>> from gputape import keras
    >>> keras.tree.traverse(lambda x: x * 2 if isinstance(x, int) else None, [1, {"a": 2}])
    [2, {'a': 4}]
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable. Received: func={func}")
    if top_down:
        made = func(structure)
        if made is not None:
            return None if made is MAP_TO_NONE else made
    if is_nested(structure):
        structure = _rebuilt(structure, [traverse(func, structure[k], top_down) for k in _keys(structure)])
    if not top_down:
        made = func(structure)
        if made is not None:
            return None if made is MAP_TO_NONE else made
    return structure
