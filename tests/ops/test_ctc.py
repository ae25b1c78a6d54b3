"""The cost of label sequences against a sum over all alignments, its gradients, and what prepares labels."""

import itertools

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.ops import ctc
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared

RNG = np.random.default_rng(8)
LABELS = np.array([[1, 2, 1], [2, 2, 0], [3, 0, 0], [0, 0, 0]], np.int32)
LENGTHS = np.array([3, 2, 1, 0], np.int32)
TIMES = np.array([5, 4, 5, 3], np.int32)
LOGITS = RNG.standard_normal((5, 4, 4))


def cost(logits, labels, blank):
    """-log of the sum over all alignments, one by one."""
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        merged = [c for c, _ in itertools.groupby(path)]
        if [c for c in merged if c != blank] == list(labels):
            total += np.prod(p[range(len(p)), path])
    return -np.log(total)


def expected(blank=0, labels=LABELS):
    rows = zip(labels, LENGTHS, TIMES, strict=True)
    return [cost(LOGITS[:t, k], row[:n], blank) for k, (row, n, t) in enumerate(rows)]


def test_every_op_is_here():
    inner = {"ctc_alignments", "ctc_unique", "packed"}
    assert declared(ctc) == {"ctc_loss", "ctc_unique_labels", "collapse_repeated"} | inner


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_sum_over_all_alignments(dtype, device):
    made = tf.nn.ctc_loss(LABELS, tf.constant(LOGITS.astype(dtype)), LENGTHS, TIMES)
    tolerance = {8: 1e-12, 4: 1e-5, 2: 5e-3}[np.dtype(dtype).itemsize]
    assert made.dtype == tf.as_dtype(dtype)
    np.testing.assert_allclose(made.numpy().astype(float), expected(), rtol=tolerance)


def test_other_layout_and_blank():
    logits = tf.constant(LOGITS.transpose(1, 0, 2))
    shifted = np.where(LABELS > 0, LABELS - 1, 0)
    for blank in (3, -1):
        made = tf.nn.ctc_loss(shifted, logits, LENGTHS, TIMES, logits_time_major=False, blank_index=blank)
        np.testing.assert_allclose(made, expected(3, shifted), rtol=1e-12)


def test_sparse_labels():
    sparse = tf.SparseTensor([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0]], [1, 2, 1, 2, 2, 3], [4, 3])
    made = tf.nn.ctc_loss(sparse, tf.constant(LOGITS), None, TIMES, blank_index=0)
    np.testing.assert_allclose(made, expected(), rtol=1e-12)
    with pytest.raises(ValueError, match="blank_index"):
        tf.nn.ctc_loss(sparse, tf.constant(LOGITS), None, TIMES)


def test_gradients():
    check_gradients(lambda z: tf.nn.ctc_loss(LABELS[:2], z, LENGTHS[:2], TIMES[:2]), LOGITS[:, :2], atol=1e-5)


def test_frames_beyond_the_length_have_no_gradient():
    z = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = tf.nn.ctc_loss(LABELS, z, LENGTHS, TIMES)
    g = tape.gradient(y, z).numpy()
    assert not g[4, 1].any() and not g[3:, 3].any() and g[:5, 0].any(axis=1).all()
    np.testing.assert_allclose(g.sum(axis=2), 0, atol=1e-12)


def test_labels_that_do_not_fit_into_the_time():
    z = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = tf.nn.ctc_loss(LABELS, z, LENGTHS, [2, 2, 1, 1])
    np.testing.assert_allclose(y[:2], [708.3964185] * 2, rtol=1e-8)  # two equal labels need a blank between them
    assert not tape.gradient(y, z).numpy()[:, :2].any()


def test_no_labels_at_all():
    made = tf.nn.ctc_loss(np.zeros((4, 0), np.int32), tf.constant(LOGITS), np.zeros(4, np.int32), TIMES)
    blanks = LOGITS[..., 0] - np.logaddexp.reduce(LOGITS, axis=2)
    np.testing.assert_allclose(made, [-blanks[:t, k].sum() for k, t in enumerate(TIMES)], rtol=1e-12)


def test_long_sequences_do_not_underflow():
    z = np.zeros((200, 1, 50), np.float32)
    z[..., 1:] = -30.0
    made = tf.nn.ctc_loss([[1, 2] * 40], z, [80], [200]).numpy()
    assert 2000 < made[0] < 2400


def test_inside_a_function():
    f = tf.function(lambda z: tf.nn.ctc_loss(LABELS, z, LENGTHS, TIMES))
    for _ in range(2):
        np.testing.assert_allclose(f(tf.constant(LOGITS)), expected(), rtol=1e-12)


def test_unique_labels():
    made = tf.nn.ctc_unique_labels([[3, 4, 4, 3], [1, 0, 0, 0]])
    assert_value(
        list(made),
        [np.array([[3, 4, 0, 0], [1, 0, 0, 0]]), np.array([[0, 1, 1, 0], [0, 1, 1, 1]], np.int32)],
    )
    with pytest.raises(InvalidArgumentError, match=r"\(batch, size\)"):
        tf.nn.ctc_unique_labels([1, 2])


def test_collapse_repeated():
    rows, lengths = tf.nn.collapse_repeated([[1, 1, 2, 2, 1], [1, 2, 3, 4, 5], [0, 0, 0, 0, 0]], [5, 3, 0])
    assert rows.numpy().tolist() == [[1, 2, 1], [1, 2, 3], [0, 0, 0]]
    assert lengths.numpy().tolist() == [3, 3, 0]


def test_errors(host):
    z = tf.constant(LOGITS)
    with pytest.raises(ValueError, match=r"logits \(5, 4\) must have shape \(time, batch, classes\)"):
        tf.nn.ctc_loss(LABELS, z[..., 0], LENGTHS, TIMES)
    with pytest.raises(ValueError, match=r"labels \(3, 3\) must have shape"):
        tf.nn.ctc_loss(LABELS[:3], z, LENGTHS, TIMES)
    with pytest.raises(InvalidArgumentError, match="blank_index=4 is no class of 4"):
        tf.nn.ctc_loss(LABELS, z, LENGTHS, TIMES, blank_index=4)
    with pytest.raises(InvalidArgumentError):
        tf.nn.ctc_loss(LABELS + 3, z, LENGTHS, TIMES)
