"""Printing: the texts on the right are recorded from TensorFlow 2.21 with NumPy 2."""

import collections
import sys

import ml_dtypes
import numpy as np
import pytest

from gputape.printing import print_format, print_line, tensor_repr, tensor_str, variable_repr

BF16 = ml_dtypes.bfloat16
Point = collections.namedtuple("Point", "a b")


def f32(value):
    return np.array(value, np.float32)


def strings(*values):
    return np.array(values, object)


def string(value):
    return np.array(value, object)  # zero-dimensional


# array, dtype name, what str() shows, what repr() shows after "numpy="
TENSORS = [
    (f32(6), "float32", "6.0", "6.0"),
    (f32([6, 40]), "float32", "[ 6. 40.]", "array([ 6., 40.], dtype=float32)"),
    (f32(0.1), "float32", "0.1", "0.10000000149011612"),
    (f32(1e20), "float32", "1e+20", "1.0000000200408773e+20"),
    (f32(np.nan), "float32", "nan", "nan"),
    (f32(-0.0), "float32", "-0.0", "-0.0"),
    (np.array(0.1), "float64", "0.1", "0.1"),
    (np.array(1), "int64", "1", "1"),
    (np.array(3, np.uint8), "uint8", "3", "3"),
    (np.array([3], np.int8), "int8", "[3]", "array([3], dtype=int8)"),
    (np.array(True), "bool", "True", "True"),
    (np.array([True]), "bool", "[ True]", "array([ True])"),
    (np.array(1 + 2j), "complex128", "(1+2j)", "(1+2j)"),
    (np.array([1 + 2j]), "complex128", "[1.+2.j]", "array([1.+2.j])"),
    (np.array(1 / 3, np.float16), "float16", "0.3333", "0.333251953125"),
    (np.array(1 / 3, BF16), "bfloat16", "0.333984", "0.333984375"),
    (np.array([1 / 3, 3], BF16), "bfloat16", "[0.333984 3]", "array([0.333984, 3], dtype=bfloat16)"),
    (string(b"a"), "string", "b'a'", "b'a'"),
    (string(b"\xc3\xa9"), "string", r"b'\xc3\xa9'", r"b'\xc3\xa9'"),
    (strings(b"a", b"bc"), "string", "[b'a' b'bc']", "array([b'a', b'bc'], dtype=object)"),
    (f32([]), "float32", "[]", "array([], dtype=float32)"),
    (np.zeros((2, 0), np.float32), "float32", "[]", "array([], shape=(2, 0), dtype=float32)"),
    (f32([1e-8, 1]), "float32", "[1.e-08 1.e+00]", "array([1.e-08, 1.e+00], dtype=float32)"),
    (
        f32([[1.5, 2], [3, 4]]),
        "float32",
        "\n[[1.5 2. ]\n [3.  4. ]]",
        "\narray([[1.5, 2. ],\n       [3. , 4. ]], dtype=float32)",
    ),
    (
        np.zeros((2, 1, 2), np.int32),
        "int32",
        "\n[[[0 0]]\n\n [[0 0]]]",
        "\narray([[[0, 0]],\n\n       [[0, 0]]], dtype=int32)",
    ),
    (np.arange(6.0).reshape(2, 3)[:, ::2], "float64", "\n[[0. 2.]\n [3. 5.]]", "\narray([[0., 2.],\n       [3., 5.]])"),
]


@pytest.mark.parametrize(("array", "dtype", "as_str", "as_numpy"), TENSORS)
def test_tensors_and_variables(array, dtype, as_str, as_numpy):
    shape = array.shape
    assert tensor_str(array, dtype) == f"tf.Tensor({as_str}, shape={shape}, dtype={dtype})"
    assert tensor_repr(array, dtype) == f"<tf.Tensor: shape={shape}, dtype={dtype}, numpy={as_numpy}>"
    assert variable_repr("w:0", array, dtype) == f"<tf.Variable 'w:0' shape={shape} dtype={dtype}, numpy={as_numpy}>"


def test_large_tensors_are_summarised():
    array = np.arange(2000)
    text = "tf.Tensor([   0    1    2 ... 1997 1998 1999], shape=(2000,), dtype=int64)"
    assert tensor_str(array, "int64") == text
    start = "<tf.Tensor: shape=(2000,), dtype=int64, numpy="
    assert tensor_repr(array, "int64").removeprefix(start).lstrip("\n") == repr(array) + ">"


CUBE = np.arange(8).reshape(2, 2, 2)
FORMATS = [
    (f32([1e-7, 1e20, 0.1, -0.0]), "[1e-07 1e+20 0.1 -0]"),
    (f32([np.nan, np.inf, -np.inf]), "[nan inf -inf]"),
    (f32(100000), "100000"),
    (f32(1e6), "1e+06"),
    (f32(123456.7), "123456.703"),
    (f32(1234567), "1234567"),
    (f32([1e-4, 1e-5, 999999, 999999.5]), "[0.0001 1e-05 999999 999999.5]"),
    (f32(3.4e38), "3.4e+38"),
    (np.array([0.1, 1 / 3]), "[0.1 0.33333333333333331]"),
    (np.array([123456789.0, 0.00001234, 1e15, 1e300]), "[123456789 1.234e-05 1e+15 1e+300]"),
    (np.array([0.1, 65504], np.float16), "[0.0999755859 65504]"),
    (np.array([1 / 3, 3e38], BF16), "[0.333984375 3.00405527e+38]"),
    (np.array([True, False]), "[1 0]"),
    (np.array(True), "1"),
    (np.array([3, -4], np.int8), "[3 -4]"),
    (np.array(2**63, np.uint64), "9223372036854775808"),
    (string(b"abc"), "abc"),
    (string(b"two\nlines"), "two\nlines"),
    (strings(b"a", b"b"), '["a" "b"]'),
    (strings(b'a"b', b"it's", b"c\\d", b"e\nf\t", b"\xc3\xa9"), '["a\\"b" "it\\\'s" "c\\\\d" "e\\nf\\t" "é"]'),
    (np.zeros((2, 2)), "[[0 0]\n [0 0]]"),
    (CUBE, "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]"),
    (
        np.arange(16).reshape(2, 2, 2, 2),
        "[[[[0 1]\n   [2 3]]\n\n  [[4 5]\n   [6 7]]]\n\n\n [[[8 9]\n   [10 11]]\n\n  [[12 13]\n   [14 15]]]]",
    ),
    (np.arange(24).reshape(2, 3, 4)[1].T[::2], "[[12 16 20]\n [14 18 22]]"),
    (np.arange(12)[::-2], "[11 9 7 5 3 1]"),
    (np.arange(10), "[0 1 2 ... 7 8 9]"),
    (np.arange(16).reshape(8, 2), "[[0 1]\n [2 3]\n [4 5]\n ...\n [10 11]\n [12 13]\n [14 15]]"),
    (np.zeros(0), "[]"),
    (np.zeros((0, 2)), "[]"),
    (np.zeros((2, 0)), "[\n ...]"),
    (np.zeros((2, 2, 0)), "[\n\n ...]"),
]


@pytest.mark.parametrize(("array", "text"), FORMATS)
def test_print_format(array, text):
    assert print_format(array) == text


@pytest.mark.parametrize(
    ("summarize", "vector", "matrix"),
    [
        (1, "[0 ... 11]", "[[0 ... 0]\n ...\n [0 ... 0]]"),
        (0, "[ ...]", "[\n ...]"),
        (5, "[0 1 2 3 4 ... 7 8 9 10 11]", "[[0 0 0 0]\n [0 0 0 0]\n [0 0 0 0]]"),
        (-1, "[0 1 2 3 4 5 6 7 8 9 10 11]", "[[0 0 0 0]\n [0 0 0 0]\n [0 0 0 0]]"),
        (-2, "[0 1 2 3 4 5 6 7 8 9 10 11]", "[[0 0 0 0]\n [0 0 0 0]\n [0 0 0 0]]"),
        (None, "[0 1 2 ... 9 10 11]", "[[0 0 0 0]\n [0 0 0 0]\n [0 0 0 0]]"),
    ],
)
def test_summarize(summarize, vector, matrix):
    line = print_line(np.arange(12), np.zeros((3, 4)), sep=" | ", end="!", summarize=summarize)
    assert line == f"{vector} | {matrix}!"


def test_what_tensorflow_does_not_print():
    assert print_format(np.array([1 + 2j, 0.1 - 1e-7j, complex(np.nan, -np.inf)])) == "[1+2j 0.1-1e-07j nan-infj]"
    assert print_format(np.array([1 - 0.5j], np.complex64)) == "[1-0.5j]"
    assert print_format(np.array([], bool)) == "[]"
    assert print_format(string(b"\xff")) == "\\xff" and print_format(strings(b"\x01")) == '["\\001"]'
    assert print_format(np.float32(1e-45)) == "1.4013e-45"
    assert print_format(np.finfo(np.float64).max) == "1.7976931348623157e+308"


LINES = [
    ((), ""),
    ((1.5, 1, True, None, "a", b"a", 1e-7), "1.5 1 True None a b'a' 1e-07"),
    (("x", np.array(1), "two\nlines"), "x 1 two\nlines"),
    (([1.0, "a", True, None, b"z"],), "[1.0, 'a', True, None, b'z']"),
    (((1,), (1, 2), (), []), "(1,) (1, 2) () []"),
    (({"b": "x", "a": [1.5]},), "{'a': [1.5], 'b': 'x'}"),
    (({"z": {"b": 1, "a": np.array([1])}, "y": {}},), "{'y': {}, 'z': {'a': [1], 'b': 1}}"),
    (([np.array([1, 2]), f32(1.5), f32(0.1)],), "[[1 2], 1.5, 0.1]"),
    (([string(b"abc"), strings(b"y"), "z"],), '["abc", ["y"], \'z\']'),
    ((Point(f32([1.5, 2]), Point(1, "y")),), "Point(a=[1.5 2], b=Point(a=1, b='y'))"),
    (
        (collections.OrderedDict([("b", np.array([1, 2])), ("a", np.array(3))]),),
        (
            "OrderedDict([('b', [1 2]), ('a', 3)])"
            if sys.version_info < (3, 12)
            else "OrderedDict({'b': [1 2], 'a': 3})"
        ),
    ),
    ((collections.defaultdict(int, {"a": np.array(2)}),), "defaultdict(<class 'int'>, {'a': 2})"),
    (({"k": np.array([[1, 2], [3, 4]])},), "{'k': [[1 2]\n [3 4]]}"),
    ((["{}", np.array(1), "%s"],), "['{}', 1, '%s']"),
    (([np.array(True), True],), "[1, True]"),
    ((range(3), {3, 1, 2}, {"a": 1}.values()), "[0, 1, 2] {1, 2, 3} [1]"),
    ((list(range(30)),), "[" + ",\n ".join(map(str, range(30))) + "]"),
    (([np.array(12345)] * 13,), "[" + ", ".join(["12345"] * 13) + "]"),
    (([np.array(12345)] * 14,), "[" + ",\n ".join(["12345"] * 14) + "]"),
    (([np.array(7)] * 120,), "[" + ",\n ".join(["7"] * 120) + "]"),
]


@pytest.mark.parametrize(("inputs", "text"), LINES)
def test_print_line(inputs, text):
    assert print_line(*inputs) == text + "\n"
    assert print_line(*inputs, end="") == text


def test_print_line_leaves_its_inputs_alone():
    inputs = {"b": [np.arange(3)], "a": "x"}
    print_line(inputs)
    assert list(inputs) == ["b", "a"] and isinstance(inputs["b"][0], np.ndarray)
