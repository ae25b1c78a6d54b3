"""The launcher of functors: every way to the kernels, over the emulator or a GPU, against NumPy."""

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda
from gputape.ops.functor import AXES, camel, functor, merged
from tests.ops.declared import on_devices

RNG = np.random.default_rng(0)


def numbers(shape, dtype=np.float32):
    return RNG.standard_normal(shape).astype(dtype)


def launched(body, *operands):
    """What the kernel made, on the host, and the kernels that made it."""
    with cuda.count_launches() as counter:
        made = body(*[cuda.to_device(x) if isinstance(x, np.ndarray) else x for x in operands])
    return cuda.to_host(made), [name.split("<")[0] for name in counter.launches]


def check(name, numpys, *operands, kernel, **options):
    made, launches = launched(functor(name, **options), *operands)
    expected = numpys(*operands)
    assert launches == ([kernel] if made.size else [])
    assert made.shape == expected.shape and made.dtype == expected.dtype
    np.testing.assert_array_equal(made, expected)


@on_devices
@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 255, 1024, 1027])
def test_one_operand(size, device):
    check("Negative", np.negative, numbers(size), kernel="unary_forward")


@on_devices
@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 255, 1024, 1027])
def test_two_operands(size, device):
    check("Add", np.add, numbers(size), numbers(size), kernel="binary_forward")


@on_devices
def test_more_elements_than_threads(device, monkeypatch):
    monkeypatch.setattr("gputape.ops.functor.MOST_BLOCKS", 2)
    check("Add", np.add, numbers(9001), numbers(9001), kernel="binary_forward")
    check("Add", np.add, numbers((90, 11)), numbers(11), kernel="binary_strided")


@on_devices
def test_single_elements_and_numbers(device):
    x = numbers((3, 7))
    for one in (numbers(()), numbers(1), numbers((1, 1)), 2.5, 3):
        check("Subtract", np.subtract, x, one, kernel="binary_forward")
        check("Subtract", np.subtract, one, x, kernel="binary_forward")
    check("Subtract", np.subtract, numbers(1), numbers(()), kernel="binary_forward")


@on_devices
def test_a_single_element_of_more_axes_makes_the_result_larger(device):
    check("Subtract", np.subtract, numbers((1, 1)), numbers(5), kernel="binary_strided")


@on_devices
def test_slices_that_start_between_vectors(device):
    x, y = numbers(1000), numbers(1000)
    for a, b in ((x[1:], y[1:]), (x[1:], y[:-1]), (x[4:], y[:-4]), (x[:-3], y[3:])):
        check("Multiply", np.multiply, a, b, kernel="binary_forward")


@on_devices
def test_strides_are_copied(device):
    x = numbers((6, 8))
    check("Negative", np.negative, x.T, kernel="unary_forward")
    check("Add", np.add, x[:, ::2], x[:, 1::2], kernel="binary_forward")


@on_devices
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((4, 3), (3,)),
        ((4, 1), (3,)),
        ((2, 3, 4), (3, 1)),
        ((2, 1, 4), (1, 3, 1)),
        ((0, 3), (3,)),
        ((2, 1, 3, 1, 2, 1), (1, 2, 1, 2, 1, 3)),
    ],
)
def test_broadcasting(a, b, device):
    check("Subtract", np.subtract, numbers(a), numbers(b), kernel="binary_strided")
    check("Subtract", np.subtract, numbers(b), numbers(a), kernel="binary_strided")


@on_devices
def test_more_axes_than_kernels_take(device):
    shapes = (2, 1) * 4, (1, 2) * 4
    made, launches = functor("Add")(*[cuda.to_device(numbers(s)) for s in shapes]), []
    assert made is NotImplemented and not launches


@on_devices
def test_three_operands(device):
    def clip(t, low, high):
        return np.maximum(np.minimum(t, high), low)

    t = numbers((5, 7))
    check("Clip", clip, t, numbers((5, 7)), numbers((5, 7)), kernel="ternary_forward")
    check("Clip", clip, t, -0.5, 0.5, kernel="ternary_forward")
    check("Clip", clip, t, numbers(()), 0.5, kernel="ternary_forward")
    check("Clip", clip, t, numbers(7), 0.5, kernel="ternary_strided")
    mask = RNG.random((5, 7)) > 0.5
    check("Select", np.where, mask, t, numbers((5, 7)), kernel="ternary_forward", like=1)
    check("Select", np.where, mask[:, :1], t, numbers(7), kernel="ternary_strided", like=1)


@on_devices
def test_results_of_another_type(device):
    x, y = numbers(37), numbers(37)
    y[::3] = x[::3]
    check("LessEqual", np.less_equal, x, y, kernel="binary_forward", result=np.bool_)
    check("LessEqual", np.less_equal, x[:5], numbers((3, 1)), kernel="binary_strided", result=np.bool_)
    check("IsNan", np.isnan, np.where(x > 0, x, np.float32(np.nan)), kernel="unary_forward", result=np.bool_)


@on_devices
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_types(dtype, device):
    x, y = numbers((3, 11), dtype), numbers((3, 11), dtype)
    check("Add", np.add, x, y, kernel="binary_forward")
    made, _ = launched(functor("Multiply"), x, 0.5)  # a number beside bfloat16: NumPy would widen the result
    np.testing.assert_array_equal(made, x * dtype(0.5))


@on_devices
def test_integers_wrap_around(device):
    x = np.array([2**31 - 1, -5, 7], np.int32)
    check("Subtract", np.subtract, x, np.array([-1, 2, 9], np.int32), kernel="binary_forward", kinds="iu")
    check("Maximum", np.maximum, x, 0, kernel="binary_forward", kinds="iu")


@on_devices
def test_what_is_left_to_the_meaning(device):
    assert functor("Exp")(np.arange(3)) is NotImplemented
    assert functor("Exp")(np.ones(3, complex)) is NotImplemented


@on_devices
def test_indices_of_64_bits_reach_the_same_places(device, monkeypatch):
    monkeypatch.setattr("gputape.ops.functor.MOST_INT", 10)
    check("Add", np.add, numbers((4, 1, 3)), numbers((5, 1)), kernel="binary_strided")


def axes(shape, *shapes):
    made = merged(shape, *shapes)
    count = int(made["count"][0])
    return made["size"][0, :count].tolist(), made["step"][0, : len(shapes), :count].tolist()


def test_axes_are_merged():
    assert axes((2, 3, 4), (2, 3, 4), (2, 3, 4)) == ([24], [[1], [1]])
    assert axes((2, 3, 4), (2, 3, 4), (4,)) == ([4, 6], [[1, 4], [1, 0]])
    assert axes((2, 3, 4), (2, 3, 4), (2, 1, 1)) == ([12, 2], [[1, 12], [0, 1]])
    assert axes((2, 1, 4), (2, 1, 4), (4,)) == ([4, 2], [[1, 4], [1, 0]])
    assert axes((2, 3), (2, 1), ()) == ([3, 2], [[0, 1], [0, 0]])
    assert axes((1, 1), (1, 1), (1,)) == ([], [[], []])
    assert AXES.itemsize == 6 * 8 + 18 * 8 + 8


def test_names():
    assert [camel(n) for n in ("exp", "log1p", "less_equal", "abs_")] == ["Exp", "Log1p", "LessEqual", "Abs"]
