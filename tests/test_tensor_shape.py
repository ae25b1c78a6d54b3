"""TensorShape: a tuple with unknown dimensions. Expected values are those of TensorFlow 2.21."""
# Comparisons and sums are written both ways round, since that is what is tested.
# ruff: noqa: E711, RUF005, SIM202, SIM300

import copy
import pickle

import numpy as np
import pytest

from gputape.tensor_shape import TensorShape

PARTIAL, FULL, UNKNOWN = TensorShape([2, None]), TensorShape((2, 3)), TensorShape(None)


@pytest.mark.parametrize(
    ("dims", "as_repr", "as_str", "rank", "elements"),
    [
        (None, "TensorShape(None)", "<unknown>", None, None),
        ([], "TensorShape([])", "()", 0, 1),
        (3, "TensorShape([3])", "(3,)", 1, 3),
        ([2, None], "TensorShape([2, None])", "(2, None)", 2, None),
        ([0, 2], "TensorShape([0, 2])", "(0, 2)", 2, 0),
        ((x for x in [1, 2]), "TensorShape([1, 2])", "(1, 2)", 2, 2),
        (np.array([2, 3]), "TensorShape([2, 3])", "(2, 3)", 2, 6),
        (np.int64(4), "TensorShape([4])", "(4,)", 1, 4),
        ([2**40, 2**40], f"TensorShape([{2**40}, {2**40}])", f"({2**40}, {2**40})", 2, 2**80),
    ],
)
def test_what_a_shape_is_made_of(dims, as_repr, as_str, rank, elements):
    shape = TensorShape(dims)
    assert (repr(shape), str(shape), shape.rank, shape.ndims, shape.num_elements()) == (
        as_repr,
        as_str,
        rank,
        rank,
        elements,
    )
    assert shape.is_fully_defined() == (elements is not None)
    assert shape.dims is None if rank is None else shape.dims == shape.as_list()
    assert TensorShape(shape) is shape
    assert all(type(d) in (int, type(None)) for d in shape.dims or [])


@pytest.mark.parametrize(
    ("dims", "error", "text"),
    [
        ([-1], ValueError, "Dimension -1 must be >= 0"),
        (-1, ValueError, "Dimension -1 must be >= 0"),
        ([2.5], TypeError, "2.5 of type float"),
        (["a"], TypeError, "'a' of type str"),
        ("ab", TypeError, "not 'ab'"),
        (2.5, TypeError, r"such as \[10, None\], not 2.5"),
        ([2, [3]], TypeError, r"\[3\] of type list"),
    ],
)
def test_what_is_no_shape(dims, error, text):
    with pytest.raises(error, match=text):
        TensorShape(dims)


def test_it_is_a_tuple():
    assert isinstance(FULL, tuple) and np.zeros(FULL).shape == FULL
    assert tuple(FULL) == (2, 3) and len(FULL) == 2 and 3 in FULL and hash(FULL) == hash((2, 3))
    assert {(2, 3): "found"}[FULL] == "found"


def test_equality():
    assert FULL == (2, 3) and FULL == [2, 3] and (2, 3) == FULL and [2, 3] == FULL and FULL == TensorShape([2, 3])
    assert FULL == np.array([2, 3]) and TensorShape(4) == 4
    assert PARTIAL == [2, None] and PARTIAL == (2, None) and PARTIAL != FULL and FULL != (2, 3, 4)
    assert UNKNOWN == TensorShape(None) and UNKNOWN == None and not UNKNOWN != None
    for shape in (PARTIAL, FULL, TensorShape([])):
        assert shape != UNKNOWN and UNKNOWN != shape and shape != None
    assert FULL != "x" and FULL != 4 and UNKNOWN != "x" and () != UNKNOWN and UNKNOWN != ()
    assert len({UNKNOWN, TensorShape([]), TensorShape(None)}) == 2


def test_indexing():
    assert PARTIAL[0] == 2 and PARTIAL[-1] is None and repr(PARTIAL[1:]) == "TensorShape([None])"
    assert repr(FULL[::-1]) == "TensorShape([3, 2])" and FULL[1:][0] == 3 and list(reversed(FULL)) == [3, 2]
    with pytest.raises(IndexError):
        FULL[5]
    assert UNKNOWN[0] is None and UNKNOWN[1:] is UNKNOWN and UNKNOWN[:-1] is UNKNOWN
    assert UNKNOWN[:2].as_list() == UNKNOWN[1:3].as_list() == [None, None]


def test_an_unknown_rank_has_no_length():
    for use in (len, list, tuple, iter, TensorShape.as_list, lambda s: 2 in s, lambda s: TensorShape([*s])):
        with pytest.raises(ValueError, match="unknown"):
            use(UNKNOWN)
    assert bool(TensorShape([])) and bool(FULL) and not UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (PARTIAL, FULL, [2, None, 2, 3]),
        (PARTIAL, [1], [2, None, 1]),
        ([1], PARTIAL, [1, 2, None]),
        ((1,), PARTIAL, [1, 2, None]),
        (PARTIAL, 3, [2, None, 3]),
        (3, PARTIAL, [3, 2, None]),
    ],
)
def test_addition(left, right, expected):
    joined = left + right
    assert type(joined) is TensorShape and joined == expected
    assert TensorShape(left).concatenate(right) == expected


def test_addition_of_an_unknown_rank():
    assert PARTIAL + UNKNOWN is UNKNOWN and UNKNOWN + PARTIAL is UNKNOWN and [1] + UNKNOWN is UNKNOWN


@pytest.mark.parametrize(
    ("a", "b", "compatible", "merged", "widened"),
    [
        (PARTIAL, [2, 9], True, [2, 9], [2, None]),
        (PARTIAL, FULL, True, [2, 3], [2, None]),
        (PARTIAL, [3, 3], False, ..., [None, None]),
        (FULL, [2, 4], False, ..., [2, None]),
        (FULL, [2], False, ..., None),
        (PARTIAL, None, True, [2, None], None),
        ([None, 3], [2, None], True, [2, 3], [None, None]),
        ([], [], True, [], []),
    ],
)
def test_relations(a, b, compatible, merged, widened):
    for one, two in ((TensorShape(a), b), (TensorShape(b), a)):
        assert one.is_compatible_with(two) == compatible
        assert one.most_specific_compatible_shape(two) == widened
        assert one.most_specific_common_supertype([two]) == widened
        if compatible:
            one.assert_is_compatible_with(two)
            assert one.merge_with(two) == merged
        else:
            with pytest.raises(ValueError, match="are incompatible"):
                one.assert_is_compatible_with(two)
            with pytest.raises(ValueError, match="are not compatible"):
                one.merge_with(two)


def test_subtypes():
    assert FULL.is_subtype_of(PARTIAL) and FULL.is_subtype_of(FULL) and PARTIAL.is_subtype_of(UNKNOWN)
    assert not PARTIAL.is_subtype_of(FULL) and not UNKNOWN.is_subtype_of(FULL) and not FULL.is_subtype_of([2])


def test_rank_demands():
    assert PARTIAL.with_rank(2) is PARTIAL and UNKNOWN.with_rank(2) == [None, None]
    assert PARTIAL.with_rank_at_least(2) is PARTIAL and PARTIAL.with_rank_at_most(2) is PARTIAL
    assert UNKNOWN.with_rank_at_least(1) is UNKNOWN and UNKNOWN.with_rank_at_most(1) is UNKNOWN
    for shape in (PARTIAL, UNKNOWN):
        shape.assert_has_rank(2)
        shape.assert_same_rank([5, 5])
    FULL.assert_is_fully_defined()


@pytest.mark.parametrize(
    ("method", "argument", "text"),
    [
        ("with_rank", 3, r"Shape \(2, None\) must have rank 3"),
        ("with_rank_at_least", 3, r"Shape \(2, None\) must have rank at least 3"),
        ("with_rank_at_most", 1, r"Shape \(2, None\) must have rank at most 1"),
        ("assert_has_rank", 1, r"Shape \(2, None\) must have rank 1"),
        ("assert_same_rank", [1], r"Shapes \(2, None\) and \(1,\) must have the same rank"),
    ],
)
def test_rank_errors(method, argument, text):
    with pytest.raises(ValueError, match=text):
        getattr(PARTIAL, method)(argument)


def test_not_fully_defined():
    for shape, text in ((PARTIAL, r"\(2, None\)"), (UNKNOWN, "<unknown>")):
        with pytest.raises(ValueError, match=f"Shape {text} is not fully defined"):
            shape.assert_is_fully_defined()


@pytest.mark.parametrize("shape", [PARTIAL, FULL, UNKNOWN, TensorShape([])], ids=str)
def test_copies_and_pickles(shape):
    for again in (copy.copy(shape), copy.deepcopy(shape), pickle.loads(pickle.dumps(shape))):
        assert isinstance(again, TensorShape) and again == shape and repr(again) == repr(shape)
