"""Attention: bodies and kernels against the meaning, the meaning against plain NumPy, gradients, hidden keys, errors."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda, keras
from gputape.ops import attention as family
from gputape.testing import check_gradients, check_kernel, compare
from tests.emulator.emulator import ORDERS, Emulator

from .declared import assert_value, declared, named, on_devices

RNG = np.random.default_rng(0)
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
LOOSE = {np.float16: {"rtol": 2e-2, "atol": 5e-3}, ml_dtypes.bfloat16: {"rtol": 1e-1, "atol": 5e-2}}
# batch, queries, keys, heads, key heads, depth, width
SHAPES = [(2, 5, 7, 4, 2, 3, 5), (1, 40, 70, 2, 2, 8, 4), (1, 1, 1, 1, 1, 1, 1), (1, 33, 3, 1, 1, 128, 1)]


def operands(shape, dtype=np.float64):
    batch, queries, keys, heads, key_heads, depth, width = shape
    shapes = (batch, queries, heads, depth), (batch, keys, key_heads, depth), (batch, keys, key_heads, width)
    return [RNG.standard_normal(s).astype(dtype) for s in shapes]


def mask_of(shape):
    """The first query of the first sample sees nothing."""
    mask = RNG.random((shape[0], 1, shape[1], shape[2])) > 0.4
    mask[0, 0, 0] = False
    return mask


def plain(q, k, v, mask=None, bias=None, scale=None, causal=False):
    k, v = (np.repeat(x, q.shape[2] // x.shape[2], axis=2) for x in (k, v))
    scores = np.einsum("btnh,bsnh->bnts", q, k) * (q.shape[3] ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + bias
    seen = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    seen = seen & np.tri(*scores.shape[2:], dtype=bool) if causal else seen
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * seen
    total = weights.sum(-1, keepdims=True)
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1), 1 / k.shape[1])
    return np.einsum("bnts,bsnh->btnh", weights, v)


def test_all_ops_are_tested_here():
    assert declared(family) == named([["dot_product_attention attend attend_grad"]])


@pytest.mark.parametrize("causal, masked", list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values(device, shape, causal, masked):
    given = operands(shape)
    options = {"mask": mask_of(shape) if masked else None, "causal": causal}
    assert_value(tf.nn.dot_product_attention(*given, **options), plain(*given, **options), rtol=1e-9)


@pytest.mark.parametrize("form", [(1, 1, 1, 7), (2, 4, 5, 7), (1, 4, 5, 1), (2, 1, 1, 1)], ids=str)
def test_masks_and_biases_are_broadcast(device, form):
    given, bias, mask = operands(SHAPES[0]), RNG.standard_normal(form), RNG.random(form) > 0.3
    made = tf.nn.dot_product_attention(*given, mask, bias, 0.3)
    assert_value(made, plain(*given, mask, bias, 0.3), rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("causal, masked", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_kernels_and_numpy_bodies_against_meaning(device, shape, causal, masked, dtype):
    wide = np.float64 if dtype is np.float64 else np.float32
    mask = mask_of(shape) if masked else np.zeros(0, bool)
    bias = RNG.standard_normal((1, shape[3], 1, shape[2])).astype(wide) if masked else np.zeros(0, wide)
    options = {"scale": 0.3, "causal": causal}
    given = [*operands(shape, dtype), mask, bias]
    made = family.attend.composed(*given, **options)
    dy = RNG.standard_normal(made[0].shape).astype(dtype)
    for op, arrays in ((family.attend, given), (family.attend_grad, (*given, dy, *made))):
        if device == "cpu":
            body = op.numpy_body(*arrays, **options)
            compare(body, op.composed(*arrays, **options), what=op.name, **LOOSE.get(dtype, {}))
        else:
            check_kernel(op, *arrays, **options, **LOOSE.get(dtype, {}))


# Past a tile and past the last one, heads that share keys, width and depth that are no tile's; in blocks of 16 bytes.
EIGHTS = [(1, 130, 70, 2, 1, 64, 24), (2, 3, 65, 1, 1, 8, 16), (1, 65, 66, 2, 2, 72, 128), (1, 1, 1, 1, 1, 8, 8)]


@on_devices
@pytest.mark.parametrize("dtype", DTYPES[2:])
@pytest.mark.parametrize(
    "causal, masked, biased", [(False,) * 3, (True, False, False), (False, True, False), (True,) * 3]
)
@pytest.mark.parametrize("shape", EIGHTS, ids=str)
def test_tensor_cores_against_meaning(device, shape, causal, masked, biased, dtype):
    mask = mask_of(shape) if masked else np.zeros(0, bool)
    form = (1, shape[3], shape[1], shape[2])
    bias = RNG.standard_normal(form).astype(np.float32) if biased else np.zeros(0, np.float32)
    options = {"scale": -0.3 if masked else 0.3, "causal": causal}
    given = [*operands(shape, dtype), mask, bias]
    wide = [x if x.dtype == bool else x.astype(np.float64) for x in given]
    y, stats = family.attend.numpy_body(*wide, **options)
    dy = RNG.standard_normal(y.shape).astype(dtype)
    expected = [y, *family.attend_grad.numpy_body(*wide, dy.astype(np.float64), y, stats, **options)]
    with cuda.count_launches() as counter:
        arrays = [cuda.to_device(x) if device == "cuda" else x for x in (*given, dy)]
        y, made = family.attend.kernel_body(*arrays[:-1], **options)
        grads = family.attend_grad.kernel_body(*arrays, y, made, **options)
    unit = 2.0**-10 if dtype is np.float16 else 2.0**-7
    for m, e in zip((y, *grads), expected, strict=True):  # sums of rounded products: errors go by the largest
        assert np.abs(cuda.to_host(m).astype(np.float64) - e).max() < 4 * unit * max(1, np.abs(e).max())
    seen = stats[0] > -1e300  # the lowest of float64 is another
    np.testing.assert_allclose(cuda.to_host(made)[0][seen], stats[0][seen], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(cuda.to_host(made)[1], stats[1], rtol=1e-3)
    kinds = [name.split("<")[0] for name in counter.launches if "tensor" in name]
    assert set(kinds) == {f"attention_tensor_{kind}" for kind in ("forward", "backward_queries", "backward_keys")}


@pytest.mark.parametrize("masked", [False, True])
def test_gradients(device, masked):
    mask = np.array([[[[True, False], [False, False]]]]) if masked else None
    given = [*operands((1, 2, 2, 2, 1, 2, 1)), RNG.standard_normal((1, 2, 1, 2))]
    check_gradients(lambda q, k, v, b: tf.nn.dot_product_attention(q, k, v, mask, b, causal=True), *given)


def test_large_scores_do_not_overflow(device):
    q, k, v = operands((1, 3, 40, 1, 1, 2, 2), np.float32)
    assert_value(tf.nn.dot_product_attention(q * 1e4, k, v), plain(q.astype(float) * 1e4, k, v).astype(np.float32))


def test_a_bias_of_minus_infinity_hides_a_key(device):
    q, k, v = operands((1, 2, 70, 1, 1, 2, 2))
    bias = np.where(np.arange(70) < 40, -np.inf, 0.0).reshape(1, 1, 1, 70)  # all of the first tile
    assert_value(tf.nn.dot_product_attention(q, k, v, None, bias), plain(q, k[:, 40:], v[:, 40:]), rtol=1e-9)


def test_strided_operands(device):
    given = operands(SHAPES[0])
    turned = [np.asfortranarray(a) for a in given]
    assert_value(tf.nn.dot_product_attention(*turned), plain(*given), rtol=1e-9)


def test_empty(device):
    assert tf.nn.dot_product_attention(*operands((0, 2, 3, 1, 1, 2, 2))).shape == (0, 2, 1, 2)
    assert tf.nn.dot_product_attention(*operands((2, 0, 3, 1, 1, 2, 2))).shape == (2, 0, 1, 2)


@on_devices
def test_forward_and_gradient_are_four_launches(device):
    given = [tf.constant(a) for a in operands(SHAPES[1], np.float32)]
    with tf.GradientTape() as tape, cuda.count_launches() as counter:
        tape.watch(given)
        y = tf.nn.dot_product_attention(*given)
        tape.gradient(y, given)
    names = [name for name in counter.launches if name.startswith("attention")]
    kinds = "forward", "dots", "backward_queries", "backward_keys"
    assert names == [f"attention_{kind}<float>" for kind in kinds]


@on_devices
def test_the_order_of_threads_does_not_matter(device):
    given = [*operands(SHAPES[0], np.float32), mask_of(SHAPES[0]), np.zeros(0, np.float32)]
    options = {"scale": 0.3, "causal": True}
    with cuda.emulated(Emulator(orders=ORDERS)):  # compares the bits
        y, stats = family.attend.kernel_body(*given, **options)
        family.attend_grad.kernel_body(*given, y, y, stats, **options)


@on_devices
def test_wide_heads_are_left_to_the_meaning(device):
    given = operands((1, 2, 2, 1, 1, 129, 1))
    assert_value(tf.nn.dot_product_attention(*given), plain(*given), rtol=1e-9)


def test_recorded_equals_eager(device):
    given = [tf.constant(a) for a in operands(SHAPES[0], np.float32)]

    def step(*a):
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = tf.nn.dot_product_attention(*a, causal=True)
        return [y, *tape.gradient(y, a)]

    recorded = tf.function(step)
    recorded(*given)
    for a, b in zip(step(*given), recorded(*given)):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_the_layer_takes_this_path_and_agrees_with_its_scores():
    layer = keras.layers.MultiHeadAttention(2, 4)
    x, mask = RNG.standard_normal((2, 5, 6)).astype(np.float32), RNG.random((2, 5, 5)) > 0.3
    mask[:, :, 0] = True  # what a query gets that sees nothing differs, as in Keras
    fused = layer(x, x, attention_mask=mask)
    plain_output, _ = layer(x, x, attention_mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(fused.numpy(), plain_output.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("which, shape", [(0, (2, 5, 12)), (1, (2, 7, 3, 3)), (2, (2, 6, 2, 5)), (1, (1, 7, 2, 3))])
def test_errors(which, shape):
    given = operands(SHAPES[0])
    given[which] = np.zeros(shape)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"dot_product_attention takes query \(batch, queries"):
        tf.nn.dot_product_attention(*given)


@pytest.mark.parametrize("name", ["mask", "bias"])
def test_masks_that_do_not_fit(name):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"{name} has shape \(5, 7\); it must have four axes"):
        tf.nn.dot_product_attention(*operands(SHAPES[0]), **{name: np.ones((5, 7))})
