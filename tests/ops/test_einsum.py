"""einsum and tensordot: values against NumPy's, gradients to second order, TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import einsum as family
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
SIZES = {"b": 2, "i": 3, "j": 4, "k": 5, "l": 2, "n": 0}
Invalid = tf.errors.InvalidArgumentError


def normal(*shape):
    return RNG.standard_normal(shape)


def operands(equation):
    """Arrays that fit: "..." stands for the axes of "bi"."""
    terms = equation.partition("->")[0].replace(" ", "").split(",")
    return [normal(*[SIZES[c] for c in term.replace("...", "bi" if "bi" not in term else "")]) for term in terms]


EQUATIONS = [
    "ij,jk->ik", "ij,jk", "ij->ji", "ji", "ij->", "ij->j", "bij,bjk->bik", "bij,bkj->bik", "bij,jk->bki", "ij,ij->ij",
    "ij,ij->i", "i,i->", "i,i", "i,j->ji", "ij,k->ikj", "bijk,bkl->bijl", "ijk,kl,jl->i", "ij,ij,ij->", "ij,jk,kl->il",
    "jj->j", "jj", "jjj->j", "jij->i", "ij,jj->i", "...j,jk->...k", "...j->...", "j...,jk->k...", "...jj->...j",
    "...,...->...", "in,nk->ik", " i j , j k -> i k ",
]  # fmt: skip


def test_every_name_is_here():
    assert declared(family) == {"einsum", "tensordot"}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation, device):
    arrays = operands(equation)
    expected = np.einsum(equation, *arrays)
    np.testing.assert_allclose(tf.einsum(equation, *arrays).numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("equation", [e for e in EQUATIONS if "n" not in e])
def test_einsum_gradients(equation):
    check_gradients(lambda *xs: tf.einsum(equation, *xs), *operands(equation))


def test_axes_of_size_one_broadcast_under_the_dots():
    x, y = normal(1, 3, 4), normal(2, 1, 4)
    for equation in ("...k,...k->...", "...k,...k->k...", "...k,...j->...kj"):
        np.testing.assert_allclose(tf.einsum(equation, x, y).numpy(), np.einsum(equation, x, y))
        check_gradients(lambda a, b, e=equation: tf.einsum(e, a, b), x, y)


def test_dtypes():
    assert tf.einsum("ij,jk->ik", [[1, 2]], [[1], [2]]).dtype == tf.int32
    half = tf.einsum("i,i->", tf.ones(4096, tf.float16), tf.ones(4096, tf.float16))
    assert half.dtype == tf.float16 and half.numpy() == 4096
    z = normal(2, 3) + 1j * normal(2, 3)
    np.testing.assert_allclose(tf.einsum("ij,kj->ik", z, z).numpy(), z @ z.T)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((2, 3), (3, 4), 1),
        ((2, 3), (2, 3), 2),
        ((2, 3), (4,), 0),
        ((2, 3, 4), (4, 2, 5), [[2, 0], [0, 1]]),
        ((2, 3), (2, 5), (0, 0)),
        ((2, 3), (5, 3), [[-1], [-1]]),
        ((2, 0), (0, 4), 1),
    ],
)
def test_tensordot(a, b, axes, device):
    x, y = normal(*a), normal(*b)
    np.testing.assert_allclose(tf.tensordot(x, y, axes).numpy(), np.tensordot(x, y, axes), rtol=1e-12)
    if device == "cpu" and x.size:
        check_gradients(lambda p, q: tf.tensordot(p, q, axes), x, y)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tf.einsum("ij", normal(1, 1), normal(1, 1)), ValueError, "Got 2 inputs"),
        (lambda: tf.einsum("ij->k", normal(1, 1)), ValueError, "label k not present"),
        (lambda: tf.einsum("i,j->ijj", normal(2), normal(2)), ValueError, "more than once"),
        (lambda: tf.einsum("i1->i", normal(2, 2)), ValueError, "letters"),
        (lambda: tf.einsum("ij,jk->ik", normal(3, 4), normal(3, 4)), Invalid, "label 'j' has size 4"),
        (lambda: tf.einsum("ii->i", normal(3, 4)), Invalid, "label 'i' has size 3"),
        (lambda: tf.einsum("ijk->i", normal(3, 4)), Invalid, "does not fit"),
        (lambda: tf.einsum("i->i", normal(3, 4)), Invalid, "does not fit"),
        (lambda: tf.einsum("i->i", normal(3), foo=1), TypeError, "foo"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), 1), Invalid, "must be equal"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), -1), ValueError, "at least 0"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), 3), ValueError, "not be larger"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), [[0, 1], [0]]), ValueError, "2 != 1"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), [[5], [0]]), ValueError, "axes"),
        (lambda: tf.tensordot(normal(3, 4), normal(3, 4), [[0], [0], [0]]), ValueError, "length 2"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
