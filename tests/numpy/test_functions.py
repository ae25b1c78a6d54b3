"""Every function against NumPy's own: values, dtypes and shapes; and gradients against finite differences."""

import numpy as onp
import pytest

import gputape as tf
import gputape.numpy as np
from gputape.numpy.array import FUNCTIONS

RNG = onp.random.default_rng(0)
A, B = RNG.uniform(0.2, 0.8, (2, 3, 4))
S = RNG.uniform(0.2, 0.8, (3, 3)) + 3 * onp.eye(3)
C = A + 1j * B
N = onp.array([[3, -1, 2], [0, 5, -4]])
V = RNG.permutation(onp.linspace(0.1, 2, 6))
M = onp.array([[True, False, True, True], [False] * 4, [True] * 4])

UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt square sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh abs "
    "fabs absolute sign negative positive reciprocal floor ceil rint conj sinc deg2rad rad2deg radians degrees nan_to_num "
    "real imag angle"
)
BINARY = (
    "add subtract multiply divide true_divide maximum minimum power floor_divide mod remainder arctan2 logaddexp hypot"
)
CASES = [
    *[(n, (A,), {}) for n in UNARY.split()],
    *[(n, (A, B[:1] + 1), {}) for n in BINARY.split()],
    *[(n, (A, B), {}) for n in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")],
    *[
        (n, (M, A > 0.5), {})
        for n in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
    ],
    *[
        (n, (A,), {"axis": 1})
        for n in [
            "sum",
            "prod",
            "mean",
            "max",
            "min",
            "amax",
            "amin",
            "var",
            "std",
            "cumsum",
            "cumprod",
            "ptp",
            "median",
            "diff",
        ]
    ],
    *[
        (n, (A,), {})
        for n in [
            "sum",
            "prod",
            "mean",
            "max",
            "min",
            "var",
            "std",
            "cumsum",
            "cumprod",
            "ptp",
            "median",
            "ravel",
            "any",
            "all",
            "argsort",
        ]
    ],
    *[(n, (A,), {"axis": (0, 1), "keepdims": True}) for n in ("sum", "prod", "mean", "max", "min", "var")],
    *[(n, (M,), {"axis": 1}) for n in ("any", "all", "sum", "argmax", "argmin", "cumsum")],
    *[(n, (onp.array([1.0, onp.nan, onp.inf]),), {}) for n in ("isnan", "isinf", "isfinite")],
    ("arccosh", (A + 2,), {}),
    ("logical_not", (A,), {}),
    ("invert", (M,), {}),
    ("clip", (A, 0.3, 0.6), {}),
    ("clip", (A, None, 0.6), {}),
    ("where", (M, A, 0), {}),
    ("where", (M,), {}),
    ("round", (A, 2), {}),
    ("around", (A,), {}),
    ("sum", (N.astype("i4"),), {}),
    ("mean", (N,), {}),
    ("var", (C,), {"ddof": 1}),
    ("average", (A, 1, B[0]), {}),
    ("average", (A,), {"weights": B}),
    ("reshape", (A, (2, -1)), {}),
    ("reshape", (A, (4, 3), "F"), {}),
    ("transpose", (A[None], (2, 0, 1)), {}),
    ("transpose", (A,), {}),
    ("swapaxes", (A[None], 0, 2), {}),
    ("moveaxis", (A[None], 0, -1), {}),
    ("moveaxis", (A[None], (0, 2), (1, 0)), {}),
    ("rollaxis", (A[None], 2), {}),
    ("expand_dims", (A, 1), {}),
    ("squeeze", (A[None, :, None],), {}),
    ("squeeze", (A[None, :, None], 0), {}),
    ("broadcast_to", (A[:1], (3, 4)), {}),
    ("atleast_1d", (onp.float64(2),), {}),
    ("atleast_2d", (V,), {}),
    ("split", (A, 2, 1), {}),
    ("split", (A, [1, 3], 1), {}),
    ("array_split", (V, 4), {}),
    ("tile", (A, (2, 1, 2)), {}),
    ("tile", (A, 2), {}),
    ("repeat", (A, 2), {}),
    ("repeat", (A, [1, 0, 2], 0), {}),
    ("roll", (A, 2), {}),
    ("roll", (A, (1, 2), (0, 1)), {}),
    ("flip", (A,), {}),
    ("flip", (A, 1), {}),
    ("fliplr", (A,), {}),
    ("flipud", (A,), {}),
    ("pad", (A, 1), {}),
    ("pad", (A, ((1, 0), (2, 1)), "reflect"), {}),
    ("pad", (A, 1, "edge"), {}),
    ("take", (A, [2, -1]), {}),
    ("take", (A, [[2, -1]], 1), {}),
    ("take_along_axis", (A, onp.argsort(A, 1), 1), {}),
    ("diag", (V, 1), {}),
    ("diag", (A, -1), {}),
    ("diagonal", (A,), {"offset": 1}),
    ("trace", (A,), {}),
    ("triu", (A, 1), {}),
    ("tril", (A,), {}),
    ("meshgrid", (V, V[:2]), {}),
    ("meshgrid", (V, V[:2]), {"indexing": "ij"}),
    ("sort", (A,), {}),
    ("sort", (A, 0), {}),
    ("append", (V, A), {}),
    ("dot", (A, B.T), {}),
    ("dot", (A, B[0]), {}),
    ("dot", (A[None], B.T[None]), {}),
    ("dot", (2.0, A), {}),
    ("matmul", (A, B.T), {}),
    ("matmul", (A[0], B.T), {}),
    ("matmul", (A, B[0]), {}),
    ("matmul", (A[0], B[0]), {}),
    ("matmul", (A[None], B.T), {}),
    ("tensordot", (A, B, ([0, 1], [0, 1])), {}),
    ("tensordot", (A, B.T, 1), {}),
    ("outer", (A, V), {}),
    ("inner", (A, B), {}),
    ("vdot", (A, B), {}),
    ("kron", (A, B), {}),
    ("cross", (A[:, :3], B[:, :3]), {}),
    ("nonzero", (M,), {}),
    ("searchsorted", (onp.sort(V), A), {}),
    ("unique", (N,), {}),
    ("full_like", (A, 2.0), {}),
    ("zeros_like", (A,), {}),
    ("ones_like", (N,), {}),
    ("allclose", (A, A), {}),
]
NO_GRADIENT = {"sign", "floor", "ceil", "rint", "round", "around", "floor_divide", "argsort", "any", "all"}


def same(made, expected):
    if isinstance(expected, (tuple, list)):
        assert len(made) == len(expected)
        for m, e in zip(made, expected):
            same(m, e)
        return
    expected = onp.asarray(expected)
    assert onp.shape(made) == expected.shape
    assert onp.asarray(made).dtype == expected.dtype
    onp.testing.assert_allclose(np.asnumpy(made), expected, rtol=1e-12, atol=1e-12)


def ids(case):
    return case if isinstance(case, str) else ""


@pytest.mark.parametrize("name, args, options", CASES, ids=ids)
def test_values(device, name, args, options):
    expected = getattr(onp, name)(*args, **options)
    same(getattr(np, name)(*args, **options), expected)
    given = [np.array(a) if isinstance(a, onp.ndarray) else a for a in args]
    same(getattr(np, name)(*given, **options), expected)


def differentiable(case):
    name, args, options = case
    first = [isinstance(a, (float, onp.ndarray, onp.floating)) and onp.asarray(a).dtype.kind == "f" for a in args]
    made = getattr(onp, name)(*args, **options)
    made = made[0] if isinstance(made, (tuple, list)) else made
    return (
        any(first) and name not in NO_GRADIENT and onp.asarray(made).dtype.kind == "f" and onp.isfinite(args[0]).all()
    )


@pytest.mark.parametrize("name, args, options", [c for c in CASES if differentiable(c)], ids=ids)
def test_gradients(name, args, options):
    def f(*xs):
        made = getattr(np, name)(*[np.asarray(x) if isinstance(x, tf.Tensor) else x for x in xs], **options)
        return [y * y for y in made] if isinstance(made, (list, tuple)) else made * made

    tf.testing.check_gradients(f, *args, order=1, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "divide", "power", "maximum", "less", "equal", "floor_divide", "arctan2"]
)
@pytest.mark.parametrize("left", ["i8", "i4", "u1", "f2", "f4", "f8", "c16", "int", "float", "bool"])
@pytest.mark.parametrize("right", ["i8", "i4", "f4", "f8", "int", "float"])
def test_promotion(name, left, right):
    if left == "c16" and name in ("maximum", "less"):
        return  # complex numbers have no order here
    make = {"int": lambda: 2, "float": lambda: 2.5, "bool": lambda: True}
    a, b = (make[k]() if k in make else onp.array([1, 2, 3], k) for k in (left, right))
    try:
        expected = getattr(onp, name)(a, b)
    except TypeError:
        return
    made = getattr(np, name)(*[np.array(x) if isinstance(x, onp.ndarray) else x for x in (a, b)])
    assert made.dtype == expected.dtype
    onp.testing.assert_allclose(np.asnumpy(made), expected, rtol=1e-3)


@pytest.mark.parametrize("name", ["concatenate", "hstack", "vstack", "column_stack", "stack"])
def test_joining(name):
    for parts in ((A, B), (V, V), (A, A.astype("f4"))):
        same(getattr(np, name)(parts), getattr(onp, name)(parts))
        tf.testing.check_gradients(lambda x, y: getattr(np, name)([x, y]) ** 2, *parts, order=1)
    same(np.concatenate([A, N], axis=None), onp.concatenate([A, N], axis=None))


def test_einsum():
    for subscripts, args in (("ij,kj->ik", (A, B)), ("ij->j", (A,)), ("ij,ij", (A, B)), ("...j,j", (A, B[0]))):
        same(np.einsum(subscripts, *args), onp.einsum(subscripts, *args))


@pytest.mark.parametrize("name", ["cholesky", "inv", "det", "eigvalsh", "slogdet", "norm", "pinv"])
def test_linalg(name):
    m = S @ S.T
    same_up_to = getattr(onp.linalg, name)(m)
    made = getattr(np.linalg, name)(m)
    for x, y in zip(made if name == "slogdet" else [made], same_up_to if name == "slogdet" else [same_up_to]):
        onp.testing.assert_allclose(np.asnumpy(x), y, rtol=1e-9, atol=1e-9)
    tf.testing.check_gradients(
        lambda x: getattr(np.linalg, name)(x @ np.transpose(x))[1 if name == "slogdet" else ...], S, order=1, rtol=1e-4
    )


def test_linalg_systems():
    for b in (A[:, 0], A):
        onp.testing.assert_allclose(np.linalg.solve(S, b).numpy(), onp.linalg.solve(S, b))
        tf.testing.check_gradients(np.linalg.solve, S, b, order=2)
    u, s, vh = np.linalg.svd(A, full_matrices=False)
    onp.testing.assert_allclose(((u * s) @ vh).numpy(), A)
    q, r = np.linalg.qr(A)
    onp.testing.assert_allclose((q @ r).numpy(), A)
    w, v = np.linalg.eigh(S @ S.T)
    onp.testing.assert_allclose(((v * w) @ v.T).numpy(), S @ S.T)
    for n in (0, 1, 3, -2):
        onp.testing.assert_allclose(np.linalg.matrix_power(S, n).numpy(), onp.linalg.matrix_power(S, n))
    for order in (None, "fro", "nuc", 1, -1, 2, onp.inf):
        onp.testing.assert_allclose(np.linalg.norm(A, order).numpy(), onp.linalg.norm(A, order))
    for order in (None, 1, 2, 3, onp.inf, -onp.inf, 0):
        onp.testing.assert_allclose(np.linalg.norm(A, order, 1).numpy(), onp.linalg.norm(A, order, 1))
    with pytest.raises(ValueError, match="ord=7 is no norm"):
        np.linalg.norm(A, 7)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn"])
def test_fft(name):
    onp.testing.assert_allclose(getattr(np.fft, name)(A).numpy(), getattr(onp.fft, name)(A), atol=1e-12)
    tf.testing.check_gradients(lambda x: np.abs(getattr(np.fft, name)(x)) ** 2, A, order=1)
    if name in ("fft", "rfft", "irfft"):
        expected = getattr(onp.fft, name)(A, 5, 0, "ortho")
        onp.testing.assert_allclose(getattr(np.fft, name)(A, 5, 0, "ortho").numpy(), expected, atol=1e-12)


def test_fft_shifts():
    same(np.fft.fftshift(A), onp.fft.fftshift(A))
    same(np.fft.ifftshift(A), onp.fft.ifftshift(A))
    same(np.fft.fftfreq(5, 0.1), onp.fft.fftfreq(5, 0.1))
    same(np.fft.rfftfreq(5), onp.fft.rfftfreq(5))


@pytest.mark.parametrize(
    "name, args",
    [
        *[("zeros", (3,)), ("ones", ((2, 0),)), ("full", ((2,), 7)), ("eye", (3,)), ("arange", (5,)), ("tri", (3,))],
        *[("arange", (1.0, 2.0, 0.3)), ("linspace", (0, 1, 7)), ("logspace", (0, 2, 3)), ("identity", (2,))],
    ],
)
def test_creation(name, args):
    same(getattr(np, name)(*args), getattr(onp, name)(*args))


def test_random_draws_numpys_numbers():
    same(np.random.RandomState(3).randn(2, 3), onp.random.RandomState(3).randn(2, 3))
    same(np.random.default_rng(3).uniform(size=3), onp.random.default_rng(3).uniform(size=3))
    np.random.seed(5)
    made = np.random.rand(4)
    onp.random.seed(5)
    same(made, onp.random.rand(4))
    rs, x = np.random.RandomState(0), np.arange(6)
    rs.shuffle(x)
    expected = onp.arange(6)
    onp.random.RandomState(0).shuffle(expected)
    same(x, expected)
    assert isinstance(np.random.RandomState(0).rand(), float)


def test_every_function_is_numpys_or_cupys_name():
    assert [n for n in FUNCTIONS if not hasattr(onp, n)] == ["asnumpy"]
    with pytest.raises(AttributeError, match="concatenate"):
        np.concatenat  # noqa: B018
