"""TensorShape: a shape of which some dimensions, or the rank, may be unknown."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, SupportsIndex, Union, cast

Dims = Union["TensorShape", Iterable[Any], SupportsIndex, None]  # what describes a shape


class TensorShape(tuple[int | None, ...]):
    """The dimensions of a tensor: a tuple of ints, None for an unknown one. `TensorShape(None)` is of unknown rank.

    A known shape is an ordinary tuple, so NumPy and CuPy take it as it is. Made from an iterable of dimensions, from
    one integer (a vector of that length), from another TensorShape or from None. Two shapes are equal when all
    dimensions are, unknown ones included; lists and tuples compare as shapes. TypeError for what is no dimension,
    ValueError for a negative one.

    >>> import gputape as tf
    >>> shape = tf.TensorShape([2, None])
    >>> shape, str(shape), shape.rank, shape == [2, None]
    (TensorShape([2, None]), '(2, None)', 2, True)
    >>> shape.is_compatible_with([2, 3]), shape[1:] + [5], shape.merge_with((2, 7))
    (True, TensorShape([None, 5]), TensorShape([2, 7]))
    >>> tf.TensorShape(None).rank is None, tf.TensorShape(None).is_compatible_with(shape)
    (True, True)
    """

    __slots__ = ()
    _unknown = False  # whether the rank is

    def __new__(cls, dims: Dims = None) -> TensorShape:
        if isinstance(dims, TensorShape):
            return dims
        if dims is None:
            return _UNKNOWN
        return super().__new__(cls, map(_dimension, _iterate(dims)))

    @property
    def rank(self) -> int | None:
        """The number of dimensions; None when it is unknown."""
        return None if self._unknown else len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None] | None:
        """The dimensions as a list; None when the rank is unknown."""
        return None if self._unknown else list(self)

    def as_list(self) -> list[int | None]:
        """The dimensions as a list, None for an unknown one. ValueError when the rank is unknown."""
        if self._unknown:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self)

    def is_fully_defined(self) -> bool:
        """Whether the rank and every dimension are known."""
        return not self._unknown and None not in self

    def num_elements(self) -> int | None:
        """The product of the dimensions, 1 for a scalar; None when one of them is unknown."""
        return math.prod(self) if self.is_fully_defined() else None  # type: ignore[arg-type]

    # Relations: `other` is anything that describes a shape.

    def is_compatible_with(self, other: Dims) -> bool:
        """Whether some fully defined shape fits both: known dimensions are equal, and an unknown one fits all."""
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return True
        return len(self) == len(other) and all(None in (a, b) or a == b for a, b in zip(self, other, strict=True))

    def is_subtype_of(self, other: Dims) -> bool:
        """Whether every tensor of this shape is one of the shape `other` too.

        >>> import gputape as tf
        >>> tf.TensorShape([2, 3]).is_subtype_of([None, 3]), tf.TensorShape([None, 3]).is_subtype_of([2, 3])
        (True, False)
        """
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return other._unknown
        return len(self) == len(other) and all(b is None or a == b for a, b in zip(self, other, strict=True))

    def merge_with(self, other: Dims) -> TensorShape:
        """What is known from both shapes together. ValueError when they contradict each other."""
        other = TensorShape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        if self._unknown or other._unknown:
            return other if self._unknown else self
        return TensorShape(b if a is None else a for a, b in zip(self, other, strict=True))

    def most_specific_compatible_shape(self, other: Dims) -> TensorShape:
        """The narrowest shape that fits both: equal dimensions stay, the others become None, as does a differing rank.

        >>> import gputape as tf
        >>> tf.TensorShape([2, 3]).most_specific_compatible_shape([2, 4])
        TensorShape([2, None])
        """
        other = TensorShape(other)
        if self.rank is None or self.rank != other.rank:
            return TensorShape(None)
        return TensorShape(a if a == b else None for a, b in zip(self, other, strict=True))

    def most_specific_common_supertype(self, others: Iterable[Dims]) -> TensorShape:
        """The narrowest shape that fits this one and all the `others`."""
        shape = self
        for other in others:
            shape = shape.most_specific_compatible_shape(other)
        return shape

    def concatenate(self, other: Dims) -> TensorShape:
        """The dimensions of both, one after the other; the rank is unknown when it is in one of them."""
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return TensorShape(None)
        return TensorShape((*self, *other))

    # Demands: they return the shape that is known after them, or raise ValueError.

    def with_rank(self, rank: int) -> TensorShape:
        """This shape, of this rank. ValueError when it has another one."""
        if self._unknown:
            return TensorShape([None] * rank)
        if len(self) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape. ValueError when it has fewer dimensions."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape. ValueError when it has more dimensions."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """ValueError when the rank is known and another one."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other: Dims) -> None:
        """ValueError when both ranks are known and differ."""
        other = TensorShape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_is_compatible_with(self, other: Dims) -> None:
        """ValueError when no shape fits both."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def assert_is_fully_defined(self) -> None:
        """ValueError when the rank or a dimension is unknown."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    # The tuple's own methods, where a shape differs from a tuple.

    def __bool__(self) -> bool:
        return True  # of a scalar too, as in TensorFlow

    def __getitem__(self, key: Any) -> Any:
        """A dimension, or for a slice the TensorShape of those dimensions."""
        dims = tuple.__getitem__(self, key)
        return TensorShape(dims) if isinstance(key, slice) else dims

    def __add__(self, other: Dims) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Dims) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        if self._unknown or not isinstance(other, tuple):
            try:
                other = TensorShape(cast("Dims", other))
            except (TypeError, ValueError):
                return NotImplemented
            if self._unknown or other._unknown:
                return self is other
        return tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = tuple.__hash__

    def __reduce__(self) -> Any:
        return TensorShape, (None if self._unknown else tuple(self),)

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"

    def __str__(self) -> str:
        return "<unknown>" if self._unknown else tuple.__repr__(self)


class _UnknownShape(TensorShape):
    """The one shape of unknown rank: an empty tuple below, which nobody may take for a scalar's shape."""

    __slots__ = ()
    _unknown = True

    def __new__(cls) -> _UnknownShape:
        return tuple.__new__(cls)

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        raise ValueError("Cannot take the length of shape with unknown rank.")

    def __iter__(self) -> Any:
        raise ValueError("Cannot iterate over a shape with unknown rank.")

    def __contains__(self, dimension: object) -> bool:
        raise ValueError("Cannot search a shape with unknown rank.")

    def __getitem__(self, key: Any) -> Any:
        """None for a dimension; for a slice as many unknown dimensions as it must have, or an unknown rank."""
        if not isinstance(key, slice):
            return None
        start, stop = key.start or 0, key.stop
        if stop is None or start < 0 or stop < 0:
            return self
        return TensorShape([None] * len(range(start, stop, key.step or 1)))

    __hash__ = object.__hash__  # one instance, and not the hash of ()


_UNKNOWN = _UnknownShape()


def _iterate(dims: Any) -> Iterable[Any]:
    """The dimensions that `dims` holds; one integer is a vector's only dimension."""
    if isinstance(dims, (tuple, list)):
        return dims
    if not isinstance(dims, (str, bytes)):
        for read in (iter, lambda size: (operator.index(size),)):
            try:
                return read(dims)
            except TypeError:
                continue
    raise TypeError(f"A shape is an integer or an iterable of integers and None, such as [10, None], not {dims!r}")


def _dimension(value: Any) -> int | None:
    """One dimension as an int of Python, or None."""
    if value is None or (type(value) is int and value >= 0):
        return value
    try:
        size = operator.index(value)
    except TypeError:
        text = f"A dimension of a shape is an integer or None, not {value!r} of type {type(value).__name__}"
        raise TypeError(text) from None
    if size < 0:
        raise ValueError(f"Dimension {size} must be >= 0")
    return int(size)
