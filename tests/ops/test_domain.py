"""The decorators that say which element types a body takes."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.op import Binary, Op
from gputape.ops import domain


def declared(kind, name):
    """An op of that kind, not registered, whose body takes what `name` says."""

    def body(xp, x, y):
        return xp.add(x, y)

    return kind(getattr(domain, name)(body))


CASES = {
    "numeric": "float32 complex64 int8 uint8",
    "numeric_or_text": "float32 complex64 int8 uint8",
    "numeric_or_bool": "float32 complex64 int8 uint8 bool",
    "real": "float32 int8 uint8",
    "floating": "float32 complex64",
    "real_floating": "float32",
    "integer": "int8 uint8",
    "boolean": "bool",
}


@pytest.mark.parametrize("kind", [Op, Binary])
@pytest.mark.parametrize("name", CASES)
def test_what_is_taken_and_what_is_refused(name, kind):
    checked = declared(kind, name)
    for dtype in ("float32", "complex64", "int8", "uint8", "bool"):
        x = tf.constant(np.ones(2, dtype))
        if dtype in CASES[name].split():
            assert checked(x, x).dtype == dtype
        else:
            with pytest.raises(InvalidArgumentError, match=rf"'T' of {dtype} .*: body takes .*; use tf\.cast"):
                checked(x, x)


def test_a_number_in_front_of_an_array():
    add = declared(Binary, "real")
    assert add(2, tf.constant(np.ones(2))).numpy().tolist() == [3, 3]
    with pytest.raises(InvalidArgumentError, match="complex128"):
        add(2, tf.constant(np.ones(2, complex)))


def test_float64_inside():
    seen = []

    @domain.in_float64
    def f(xp, x, y):
        seen.append((x.dtype, x.shape, y.shape))
        return x + y

    made = f(np, 1.0, np.ones((2, 1), np.float16))
    assert made.dtype == np.float16 and made.tolist() == [[2], [2]]
    assert seen == [(np.float64, (2, 1), (2, 1))]
