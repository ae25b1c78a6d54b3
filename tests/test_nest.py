"""tf.nest: what is a structure, the order of its leaves, and what comes back in which type."""

import collections
import dataclasses
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gputape import nest
from gputape.tensor_shape import TensorShape

Point = collections.namedtuple("Point", "a b")
Other = collections.namedtuple("Other", "a b")


@dataclasses.dataclass
class Data:
    x: int


class MyList(list):
    pass


class MyDict(dict):
    pass


STRUCTURES = st.recursive(
    st.integers() | st.none() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abcde"), inner, max_size=4)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=12,
)

LEAVES = [
    None,
    1,
    "abc",
    b"a",
    bytearray(b"a"),
    np.arange(3),
    {1, 2},
    Data(1),
    TensorShape([1, 2]),
    iter([1]),
    np.float32(1),
]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda x: type(x).__name__)
def test_leaves(leaf):
    assert not nest.is_nested(leaf)
    assert nest.flatten(leaf)[0] is leaf
    assert nest.map_structure(lambda x: (x,), leaf)[0] is leaf


NESTED = [
    ([], []),
    ({"b": 1, "a": [2, (3,)]}, [2, 3, 1]),
    (collections.OrderedDict([("b", 1), ("a", 2)]), [2, 1]),
    (Point(1, [2, 3]), [1, 2, 3]),
    (range(3), [0, 1, 2]),
    (MyList([1, 2]), [1, 2]),
    ({"a": 1}.values(), [1]),
    ({"a": 1}.keys(), ["a"]),
    (collections.deque([1]), [1]),
    (types.MappingProxyType({"b": 1, "a": 2}), [2, 1]),
    ([[], {}, ()], []),
    ([None, "ab"], [None, "ab"]),
]


@pytest.mark.parametrize(("structure", "leaves"), NESTED, ids=lambda x: type(x).__name__)
def test_flatten(structure, leaves):
    assert nest.is_nested(structure)
    assert nest.flatten(structure) == leaves
    assert nest.flatten(structure, expand_composites=True) == leaves


def test_keys_that_cannot_be_sorted():
    with pytest.raises(TypeError, match=r"sorted order.*\[1, 'a'\]"):
        nest.flatten({1: 1, "a": 2})


def test_flatten_with_paths():
    structure = {"b": Point(1, (2,)), "a": [3]}
    assert list(nest.flatten_with_paths(structure)) == [(("a", 0), 3), (("b", "a"), 1), (("b", "b", 0), 2)]
    assert list(nest.flatten_with_paths(5)) == [((), 5)]


@given(STRUCTURES)
def test_paths_and_packing_agree_with_flatten(structure):
    leaves = nest.flatten(structure)
    assert [leaf for _, leaf in nest.flatten_with_paths(structure)] == leaves
    assert nest.pack_sequence_as(structure, leaves) == structure
    doubled = nest.map_structure(lambda x: [x, x], structure)
    assert nest.flatten(doubled) == [x for leaf in leaves for x in (leaf, leaf)]
    nest.assert_same_structure(structure, nest.map_structure(lambda _: 0, structure))
    assert nest.map_structure(lambda *x: x[1], structure, structure) == structure


@pytest.mark.parametrize(
    "structure",
    [
        [1],
        (1,),
        Point(1, 2),
        {"b": 1, "a": 2},
        collections.OrderedDict([("b", 1), ("a", 2)]),
        MyDict(b=1, a=2),
        MyList([1, 2]),
        collections.deque([1]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_map_structure_keeps_type_and_order_of_keys(structure):
    same = nest.map_structure(lambda x: x, structure)
    assert type(same) is type(structure) and same == structure and list(same) == list(structure)
    assert same is not structure


def test_map_structure_of_special_types():
    mapped = nest.map_structure(lambda x: x, collections.defaultdict(int, {"b": 1, "a": 2}))
    assert mapped["missing"] == 0 and list(mapped) == ["b", "a", "missing"]
    assert nest.map_structure(lambda x: x + 1, range(2)) == [1, 2]
    assert nest.map_structure(lambda x: x, {"a": 1}.values()) == [1]


def test_map_structure_calls_in_the_order_of_flatten():
    seen = []
    nest.map_structure(seen.append, {"b": 1, "a": (2, 3)})
    assert seen == [2, 3, 1]


def test_map_structure_of_several():
    assert nest.map_structure(lambda x, y: x + y, [1, (2,)], [3, (4,)]) == [4, (6,)]
    assert nest.map_structure(lambda x, y: x + y, [1, (2,)], (3, [4]), check_types=False) == [4, (6,)]
    mapped = nest.map_structure(lambda x, y: (x, y), {"a": 1}, collections.OrderedDict(a=2))
    assert mapped == {"a": (1, 2)} and type(mapped) is dict


@pytest.mark.parametrize(
    ("error", "text", "arguments", "keywords"),
    [
        (ValueError, "at least one structure", (abs,), {}),
        (TypeError, "func must be callable, got: 3", (3, [1]), {}),
        (ValueError, r"not \['foo'\]", (abs, [1]), {"foo": 1}),
        (ValueError, r"at the top, a list of 2 and a list of 1", (max, [1, 2], [1]), {}),
        (ValueError, r"at \[1\], a leaf \(int\) and a list of 1", (max, [1, 2], [3, [4]]), {}),
        (ValueError, r"keys \['a'\] and keys \['b'\]", (max, {"a": 1}, {"b": 1}), {}),
        (TypeError, r"a list of 1 and a tuple of 1", (max, [1], (1,)), {}),
        (TypeError, r"a Point of 2 and a Other of 2", (max, Point(1, 2), Other(3, 4)), {}),
        (TypeError, r"a Point of 2 and a tuple of 2", (max, Point(1, 2), (3, 4)), {}),
    ],
)
def test_map_structure_errors(error, text, arguments, keywords):
    with pytest.raises(error, match=text):
        nest.map_structure(*arguments, **keywords)


@pytest.mark.parametrize(
    ("a", "b", "check_types"),
    [
        ([1], [2], True),
        (None, 1, True),
        (MyList([1]), [1], True),
        (collections.OrderedDict(a=1), collections.defaultdict(int, a=1), True),
        ([1], (2,), False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, [1], False),
        (Point(1, 2), (1, 2), False),
        (Point(1, 2), collections.namedtuple("Point", "a b")(3, 4), True),
    ],
)
def test_same_structure(a, b, check_types):
    nest.assert_same_structure(a, b, check_types=check_types)
    nest.assert_same_structure(b, a, check_types=check_types)


@pytest.mark.parametrize(
    ("a", "b", "check_types", "error"),
    [
        ([1], 1, True, ValueError),
        ([1, [2]], [1, 2], True, ValueError),
        ({"a": 1}, {"a": [1]}, True, ValueError),
        ([1], [1, 2], False, ValueError),
        ([1], 1, False, ValueError),
        ({"a": 1}, [1], True, TypeError),
        (Point(1, 2), collections.namedtuple("Point", "a c")(3, 4), True, TypeError),
    ],
)
def test_different_structure(a, b, check_types, error):
    for first, second in ((a, b), (b, a)):
        with pytest.raises(error, match="don't have the same nested structure"):
            nest.assert_same_structure(first, second, check_types=check_types)


def test_pack_sequence_as():
    assert nest.pack_sequence_as([1, (2, {"b": 3, "a": 4})], (10, 20, 30, 40)) == [10, (20, {"b": 40, "a": 30})]
    assert nest.pack_sequence_as(1, [5]) == 5 and nest.pack_sequence_as([], []) == []


@pytest.mark.parametrize(
    ("structure", "flat", "error"),
    [
        ([1, 2], [1], ValueError),
        ([1, 2], [1, 2, 3], ValueError),
        (1, [5, 6], ValueError),
        (1, 5, TypeError),
        ([1], {"a": 1}, TypeError),
    ],
)
def test_pack_sequence_as_errors(structure, flat, error):
    with pytest.raises(error, match="pack_sequence_as"):
        nest.pack_sequence_as(structure, flat)
