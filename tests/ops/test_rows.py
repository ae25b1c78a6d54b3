"""How matrices are shared out to blocks, and the sums and maxima of rows on NumPy."""

import numpy as np
import pytest

from gputape.ops import rows as family

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 5000])
@pytest.mark.parametrize("cols", [1, 31, 1024, 1025])
def test_every_row_has_a_place(rows, cols):
    launch = family.by_rows(rows, cols)
    lanes, together = launch["block"]
    assert lanes * together == family.BLOCK
    assert (launch["grid"] - 1) * together < rows <= launch["grid"] * together


@pytest.mark.parametrize("rows", [1, 7, 511, 100_000])
@pytest.mark.parametrize("cols", [1, 2, 3, 31, 33, 1025])
def test_every_element_has_a_place(rows, cols):
    launch, chunks, length = family.by_columns(rows, cols)
    width, height = launch["block"]
    assert width * height == family.BLOCK and height & (height - 1) == 0
    assert launch["grid"][0] * width >= cols and launch["grid"][1] == chunks <= family.CHUNKS
    assert (chunks - 1) * length < rows <= chunks * length


@pytest.mark.parametrize("shape", [(5, 1), (5, 10), (5, 100), (2, 3, 4), (0, 3), (10,)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_on_numpy(shape, dtype):
    x = RNG.standard_normal(shape).astype(dtype)
    tolerance = 1e-5 if dtype is np.float32 else 1e-13
    np.testing.assert_array_equal(family.row_max(x), x.max(-1, keepdims=True, initial=-np.inf))
    np.testing.assert_allclose(family.row_sum(x), x.sum(-1, keepdims=True), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(family.row_dots(x, x), (x * x).sum(-1, keepdims=True), rtol=tolerance, atol=tolerance)


def test_nan_and_nothing():
    assert np.isnan(family.row_max(np.float32([[1, np.nan], [np.nan, 1]]))).all()
    assert family.row_max(np.zeros((2, 0), np.float32)).tolist() == [[-np.inf], [-np.inf]]


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 5000])
def test_columns_on_numpy(count):
    x = RNG.standard_normal((count, 3))
    np.testing.assert_allclose(family.column_sums(x), x.sum(0), rtol=1e-12, atol=1e-12)
    assert family.column_sums(x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (1, 3), (0, 1, 3), (0, 1, 2, 3), ()])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_added_is_a_sum_over_any_axes(axes, keepdims, dtype):
    x = np.random.default_rng(0).normal(size=(3, 700, 1, 5)).astype(dtype)
    wanted = x.astype("float64").sum(axis=axes, keepdims=keepdims)
    found = family.added(x, axes, keepdims)
    assert found.shape == wanted.shape and found.dtype == ("float32" if dtype == "float16" else dtype)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-3 if dtype != "float64" else 1e-11)
    turned = family.added(x.transpose(3, 0, 2, 1), axes, keepdims)
    np.testing.assert_allclose(
        turned, x.transpose(3, 0, 2, 1).astype("float64").sum(axis=axes, keepdims=keepdims), atol=1e-3
    )


def test_added_keeps_infinities_and_nan_apart():
    x = np.ones((2, 600, 3), "float32")
    x[0, 5, 1], x[1, 7, 2] = np.inf, np.nan
    np.testing.assert_array_equal(family.added(x, (1,), False), [[600, np.inf, 600], [600, 600, np.nan]])


def test_added_over_nothing():
    np.testing.assert_array_equal(family.added(np.ones((2, 0, 3), "float32"), (1,), False), np.zeros((2, 3)))
