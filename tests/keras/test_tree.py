from collections import OrderedDict, namedtuple

import pytest

from gputape.keras import tree

Point = namedtuple("Point", ["x", "y"])


def test_flatten_and_pack_are_inverse():
    for structure in (1, None, [], {"b": [1, (2, None)], "a": 0}, Point(1, [2]), OrderedDict(b=1, a=2)):
        flat = tree.flatten(structure)
        packed = tree.pack_sequence_as(structure, flat)
        assert packed == structure and type(packed) is type(structure)
    assert tree.flatten({"b": 1, "a": 2}) == [2, 1] and tree.flatten(OrderedDict(b=1, a=2)) == [1, 2]


def test_map_structure():
    assert tree.map_structure(lambda a, b: a + b, {"a": [1]}, {"a": [10]}) == {"a": [11]}
    assert tree.map_structure(str, [None, 1], none_is_leaf=False) == [None, "1"]
    for bad in ([1, 2], (1,)):
        with pytest.raises(ValueError, match="same nested structure"):
            tree.map_structure(lambda a, b: a, [1], bad)
    tree.assert_same_paths([1, (2,)], (3, [4]))


def test_paths_shapes_and_traversal():
    assert tree.flatten_with_path({"b": [5], "a": 6}) == [(("a",), 6), (("b", 0), 5)]
    assert tree.map_shape_structure(len, [(1, None), {"k": [2, 3, 4]}]) == [2, {"k": 3}]
    assert tree.lists_to_tuples([[1], {"a": [2]}]) == ((1,), {"a": (2,)})
    visited = []
    tree.traverse(visited.append, [(1, 2), {"a": 3}])
    assert visited == [[(1, 2), {"a": 3}], (1, 2), 1, 2, {"a": 3}, 3]
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 1 else None, [1, 2]) == [None, 2]
    with pytest.raises(ValueError, match="Could not pack"):
        tree.pack_sequence_as([1, 2], [1])
