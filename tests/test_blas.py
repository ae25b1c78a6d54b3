"""Products by cuBLASLt without a GPU: a library in NumPy that knows no more than the real one is told.

`NumpyLt` keeps what the calls set, by the numbers and sizes of cublasLt.h, and multiplies column-major matrices in host
memory by it. So these tests run all of gputape.blas but the library itself; where that is installed, its descriptors are
filled too, which needs no device.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import subprocess
import sys
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import gputape as tf
from gputape import blas, cuda
from gputape.blas_plan import planned
from gputape.ops.matmul import multiply_matrices
from gputape.testing import RELATIVE

TURNS = list(itertools.product([False, True], repeat=2))
RNG = np.random.default_rng(0)
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.complex64, np.complex128]
ELEMENTS = {0: np.float32, 1: np.float64, 2: np.float16, 14: ml_dtypes.bfloat16, 4: np.complex64, 5: np.complex128}
SIZES = {  # bytes of each attribute, by kind of object and number: cublasLt.h
    "MatmulDesc": {3: 4, 4: 4, 7: 4, 8: 8, 11: 8, 12: 8},
    "MatrixLayout": {5: 4, 6: 8},
    "MatmulPreference": {1: 8, 5: 4, 6: 4, 7: 4, 8: 4},
}
COMPUTED = {0: (68, 77), 1: (70,), 4: (68, 77), 5: (70,), 2: (68,), 14: (68,)}  # compute types by scale type or element


class Function:
    """Stands for a function of a ctypes library: it can be called, and argtypes can be set."""

    def __init__(self, call):
        self.call = call

    def __call__(self, *args):
        return self.call(*args)


class NumpyLt:
    """The calls of libcublasLt on host memory. `log` lists their names; `searches` the alignments asked for."""

    def __init__(self, status=0, workspace=0):
        self.status, self.workspace, self.log, self.objects, self.searches, self.streams = (
            status,
            workspace,
            [],
            {},
            [],
            [],
        )
        for kind in SIZES:
            setattr(self, f"cublasLt{kind}Create", self.logged(f"{kind}Create", self.create))
            setattr(self, f"cublasLt{kind}SetAttribute", self.logged(f"{kind}Set", self.setter(kind)))
        self.cublasLtMatmulPreferenceDestroy = self.logged("MatmulPreferenceDestroy", self.destroy)
        self.cublasLtCreate = self.logged("Create", self.create)
        self.cublasLtMatmulAlgoGetHeuristic = self.logged("Search", self.search)
        self.cublasLtMatmul = self.logged("Matmul", self.multiply)

    def logged(self, name, call):
        def logging(*args):
            self.log.append(name)
            return call(*args)

        return Function(logging)

    def create(self, made, *made_of):
        made._obj.value = 1000 + len(self.objects)
        self.objects[made._obj.value] = SimpleNamespace(made_of=made_of, set={})
        return 0

    def destroy(self, target):
        del self.objects[target.value]
        return 0

    def setter(self, kind):
        def set_attribute(target, attribute, value, size):
            if SIZES[kind].get(attribute) != size:
                return 7
            self.objects[target.value].set[attribute] = int.from_bytes(bytes(value._obj), "little", signed=True)
            return 0

        return set_attribute

    def search(self, handle, product, first, second, c, d, limits, wanted, found, count):
        assert handle.value in self.objects and c is d and wanted == 1
        limits = self.objects[limits.value].set
        assert limits[1] == 32 << 20 and limits[7] == limits[8]
        self.searches.append((limits[5], limits[6], limits[7]))
        found._obj.workspace = self.workspace
        count._obj.value = 1 if self.status == 0 else 0
        return self.status

    def matrices(self, layout, address, turned=False):
        """The matrices of a batch, as NumPy arrays over their memory, row i and column j as the library counts."""
        (element, rows, cols, ld), attributes = self.objects[layout.value].made_of, self.objects[layout.value].set
        dtype, count, stride = np.dtype(ELEMENTS[element]), attributes.get(5, 1), attributes.get(6, 0)
        assert ld >= rows and address % dtype.itemsize == 0
        last = (count - 1) * stride + (cols - 1) * ld + rows
        memory = np.frombuffer((ctypes.c_char * (last * dtype.itemsize)).from_address(address), dtype)
        view = as_strided(memory, (count, rows, cols), [s * dtype.itemsize for s in (stride, 1, ld)])
        return view.swapaxes(1, 2) if turned else view

    def multiply(self, handle, product, alpha, a, first, b, second, beta, c, third, d, fourth, *rest):
        algorithm, workspace, size, stream = rest
        assert c == d and third is fourth and ctypes.sizeof(algorithm._obj) == 96
        assert size == self.workspace and bool(workspace) == bool(size)
        self.streams.append(stream)
        (compute, scale), told = self.objects[product.value].made_of, self.objects[product.value].set
        assert compute in COMPUTED[scale]
        one, zero = (
            np.frombuffer((ctypes.c_char * 16).from_address(at), ELEMENTS[scale], 1)[0] for at in (alpha, beta)
        )
        assert (one, zero) == (1, 0)
        wide = np.complex128 if ELEMENTS[scale] in (np.complex64, np.complex128) else np.float64
        x = self.matrices(first, a, told[3] == 1).astype(wide)
        y = self.matrices(second, b, told[4] == 1).astype(wide)
        out = self.matrices(fourth, d)
        out[...] = self.finished(x @ y, x, told, out.dtype)
        return 0

    def finished(self, z, x, told, dtype):
        """The epilogue of `z`, a batch of one; cublasLtEpilogue_t."""
        epilogue = told[7]
        if epilogue == 1:
            return z
        rows, cols = z.shape[1:]
        relu, gelu, bias, gradient, aux = (epilogue & bit for bit in (2 | 8, 32 | 64, 4, 16 | 256, 128))
        if bias | gradient:
            vector = np.frombuffer((ctypes.c_char * (rows * dtype.itemsize)).from_address(told[8]), dtype)
        z = z + vector.astype(z.dtype)[:, None] if bias else z
        if aux:
            assert told[12] % (128 if relu else 8) == 0 and told[12] >= rows
            size = told[12] * cols // 8 if relu else told[12] * cols * dtype.itemsize
            memory = np.frombuffer((ctypes.c_char * size).from_address(told[11]), np.uint8 if relu else dtype)
            memory = memory.reshape(cols, -1)
        if epilogue in (152, 208):  # backward
            if relu:
                z = z * np.unpackbits(memory, axis=1, bitorder="little").T[:rows]
            else:
                z = z * gelu_slope(memory.T[:rows].astype(np.float64))
            vector[...] = z.sum((0, 2)).astype(dtype)
        elif epilogue == 256:
            vector[...] = x.sum((0, 2)).astype(dtype)
        elif relu:
            if aux:
                memory[...] = np.packbits(np.pad(z[0] > 0, ((0, told[12] - rows), (0, 0))).T, axis=1, bitorder="little")
            z = np.maximum(z, 0)
        elif gelu:
            if aux:
                memory[:, :rows] = z[0].T.astype(dtype)
            z = gelu_of(z)
        return z


def gelu_of(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_slope(x):
    return (gelu_of(x + 1e-6) - gelu_of(x - 1e-6)) / 2e-6


@contextlib.contextmanager
def numpy_lt(monkeypatch, **options):
    """cuBLASLt in NumPy for the body; a launch of a kernel fails."""
    functions = NumpyLt(**options)
    library = blas.Library(functions)
    monkeypatch.setattr(blas, "library", lambda: library)
    with cuda.emulated(None):
        yield functions


@pytest.fixture
def lt(monkeypatch, host):
    with numpy_lt(monkeypatch) as functions:
        yield functions


def normal(dtype, *shape):
    made = RNG.standard_normal(shape)
    return (made + 1j * RNG.standard_normal(shape) if np.dtype(dtype).kind == "c" else made).astype(dtype)


def close(made, expected, dtype, terms=1):
    name = np.dtype(dtype).name
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    np.testing.assert_allclose(made.astype(wide), expected, rtol=4 * RELATIVE[name], atol=4 * terms * RELATIVE[name])


def check(a, b, transpose_a=False, transpose_b=False):
    """`blas.multiply` against NumPy in float64."""
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    x, y = a.astype(wide), b.astype(wide)
    x, y = x.swapaxes(-1, -2) if transpose_a else x, y.swapaxes(-1, -2) if transpose_b else y
    out = cuda.empty((x @ y).shape, a.dtype)
    assert blas.multiply(a, b, out, transpose_a, transpose_b)
    close(out, x @ y, a.dtype, x.shape[-1])


# -- products


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("m, k, n", [(3, 5, 7), (1, 1, 1), (1, 9, 4), (6, 1, 1), (8, 16, 8)])
def test_products(lt, dtype, turns, m, k, n):
    a, b = normal(dtype, m, k), normal(dtype, k, n)
    check(a.T.copy() if turns[0] else a, b.T.copy() if turns[1] else b, *turns)


BATCHES = [
    ((2,), (2,)),
    ((2, 3), (2, 3)),
    ((), (4,)),
    ((4,), ()),
    ((2, 1), (3,)),
    ((2, 1, 3), (1, 4, 1)),
    ((5, 1), (5, 1)),
    ((1, 1), (1,)),
    ((2, 3, 1), (2, 1, 2)),
]


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("of_a, of_b", BATCHES, ids=str)
def test_batches_broadcast(lt, of_a, of_b, turns):
    check(
        normal(np.float64, *of_a, *((4, 3) if turns[0] else (3, 4))),
        normal(np.float64, *of_b, *((5, 4) if turns[1] else (4, 5))),
        *turns,
    )


def test_a_batch_is_one_call_where_memory_lets_it(lt):
    check(normal(np.float32, 2, 3, 4, 5), normal(np.float32, 2, 3, 5, 6))
    check(normal(np.float32, 2, 3, 4, 5), normal(np.float32, 5, 6))
    assert lt.log.count("Matmul") == 2
    check(normal(np.float32, 2, 1, 4, 5), normal(np.float32, 7, 5, 6))  # one call for each of the two
    assert lt.log.count("Matmul") == 4


X = normal(np.float32, 8, 10, 12)
VIEWS = {
    "transposed": X[0].T,
    "rows of a wider matrix": X[0, :, 2:9],
    "every other row": X[0, ::2],
    "columns of a transposed one": X[0].T[:, 3:8],
    "every other column": X[0, :, ::2],
    "backwards": X[0, ::-1],
    "one row, strided": X[0, :1, ::3],
    "one column, strided": X[0, ::3, 4:5],
    "a slice of each of a batch": X[:, 1:4, 2:5],
    "batches apart": X[::3],
    "batches backwards": X[::-1],
    "batches between": X.swapaxes(0, 1),
    "batches last": X.transpose(2, 0, 1),
    "batches broadcast": np.broadcast_to(X[0], (3, 10, 12)),
    "rows broadcast": np.broadcast_to(X[0, 0], (4, 12)),
    "heads": X.reshape(8, 10, 3, 4).transpose(0, 2, 1, 3),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(lt, name):
    x = VIEWS[name]
    check(x, normal(np.float32, x.shape[-1], 5))
    check(normal(np.float32, 5, x.shape[-2]), x)
    check(x, x, transpose_b=True)
    check(x, x, transpose_a=True)


def test_views_are_copied_only_if_they_must_be(lt, monkeypatch):
    copied = []
    monkeypatch.setattr(cuda, "contiguous", lambda x: copied.append(x) or x.copy(order="C"))
    for name in ("transposed", "rows of a wider matrix", "columns of a transposed one", "batches between", "heads"):
        check(VIEWS[name], VIEWS[name], transpose_b=True)
    assert copied == []
    check(VIEWS["every other column"], VIEWS["every other column"], transpose_b=True)
    assert len(copied) == 2


def test_what_is_left_to_others(lt):
    out = np.zeros((2, 2))
    assert not blas.multiply(np.ones((2, 0)), np.ones((0, 2)), out)
    assert not blas.multiply(np.ones((2, 2), np.int32), np.ones((2, 2), np.int32), out)
    assert not blas.multiply(*[np.ones((3, 2, 2))] * 2, np.zeros((3, 2, 2)), epilogue="bias", vector=np.ones(2))
    assert "Matmul" not in lt.log


# -- epilogues


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize(
    "epilogue, function", [("bias", lambda z: z), ("relu_bias", lambda z: np.maximum(z, 0)), ("gelu_bias", gelu_of)]
)
def test_bias_and_activation(lt, dtype, epilogue, function):
    x, w, b, y = normal(dtype, 6, 4), normal(dtype, 4, 5), normal(dtype, 5), cuda.empty((6, 5), dtype)
    assert blas.multiply(x, w, y, epilogue=epilogue, vector=b)
    close(y, function(x.astype(float) @ w.astype(float) + b.astype(float)), dtype, 4)
    b2 = b + b.dtype.type(1)  # the same plan, another bias
    assert blas.multiply(x, w, y, epilogue=epilogue, vector=b2)
    close(y, function(x.astype(float) @ w.astype(float) + b2.astype(float)), dtype, 4)
    for plain in ("relu", "gelu"):
        if plain in epilogue:
            assert blas.multiply(x, w, y, epilogue=plain)
            close(y, function(x.astype(float) @ w.astype(float)), dtype, 4)


def test_bias_gradient(lt):
    x, dy, dw, db = normal("f", 6, 4), normal("f", 6, 5), cuda.empty((4, 5), np.float32), cuda.empty(5, np.float32)
    assert blas.multiply(x, dy, dw, transpose_a=True, epilogue="bgrad", vector=db)
    close(dw, x.astype(float).T @ dy.astype(float), np.float32, 6)
    close(db, dy.astype(float).sum(0), np.float32, 6)


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_backward_through_an_activation(lt, name):
    """Forward keeps aux; the next layer's backward product comes out multiplied by the derivative, and summed."""
    x, w, b, y = normal("f", 6, 4), normal("f", 4, 5), normal("f", 5), cuda.empty((6, 5), np.float32)
    aux = cuda.empty((6, 16), np.uint8) if name == "relu" else cuda.empty((6, 8), np.float32)
    assert blas.multiply(x, w, y, epilogue=f"{name}_aux_bias", vector=b, aux=aux)
    z = x.astype(float) @ w.astype(float) + b
    close(y, np.maximum(z, 0) if name == "relu" else gelu_of(z), np.float32, 4)
    v, du, dz, db = normal("f", 5, 3), normal("f", 6, 3), cuda.empty((6, 5), np.float32), cuda.empty(5, np.float32)
    assert blas.multiply(du, v, dz, transpose_b=True, epilogue=f"d{name}_bgrad", vector=db, aux=aux)
    expected = du.astype(float) @ v.astype(float).T * (z > 0 if name == "relu" else gelu_slope(z))
    np.testing.assert_allclose(dz, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(db, expected.sum(0), rtol=1e-4, atol=1e-4)


# -- what the library is asked


def test_the_calls_in_order(lt):
    """Searched once for each plan; afterwards one call is one product, which is what a capture may hold."""
    a, b, out = normal("f", 4, 3), normal("f", 3, 8), cuda.empty((4, 8), np.float32)
    blas.multiply(a, b, out)
    assert lt.log == [
        "Create",
        "MatmulDescCreate",
        *["MatmulDescSet"] * 3,
        *["MatrixLayoutCreate"] * 3,
        "MatmulPreferenceCreate",
        *["MatmulPreferenceSet"] * 5,
        "Search",
        "MatmulPreferenceDestroy",
        "Matmul",
    ]
    del lt.log[:]
    blas.multiply(a, b, out)
    assert lt.log == ["Matmul"] and lt.streams == [0, 0]
    bias = normal("f", 8)
    blas.multiply(a, b, out, epilogue="bias", vector=bias)
    del lt.log[:]
    blas.multiply(a, b, out, epilogue="bias", vector=bias)
    assert lt.log == ["MatmulDescSet", "Matmul"]


def test_alignment_is_told_and_searched_anew(lt):
    memory = np.zeros(4096, np.float32)
    start = -memory.ctypes.data // 4 % 64
    whole, by4 = memory[start : start + 12].reshape(3, 4), memory[start + 65 : start + 77].reshape(4, 3)
    out = memory[start + 130 : start + 139].reshape(3, 3)
    blas.multiply(whole, by4, out)
    assert lt.searches == [(4, 256, 8)]  # b, a, out
    blas.multiply(whole, memory[start + 64 : start + 76].reshape(4, 3), out)
    assert lt.searches[1:] == [(256, 256, 8)]


def test_workspace_is_what_the_algorithm_wants(monkeypatch):
    with numpy_lt(monkeypatch, workspace=4096):
        check(normal("f", 3, 4), normal("f", 4, 5))


@pytest.mark.parametrize("status, searches", [(15, 1), (14, 2)])
def test_without_an_algorithm(monkeypatch, status, searches):
    """That there is none is remembered; that the search was refused, as a capturing stream may, is not."""
    with numpy_lt(monkeypatch, status=status) as functions:
        a, out = normal("f", 3, 3), normal("f", 3, 3)
        assert not blas.multiply(a, a, out) and not blas.multiply(a, a, out)
        assert functions.log.count("Search") == searches and "Matmul" not in functions.log


def test_a_refusal_is_an_error(lt):
    lt.cublasLtMatmul = Function(lambda *args: 13)
    with pytest.raises(blas.BlasError, match="cublasLtMatmul returned status 13"):
        blas.multiply(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)))


def test_tensor_float_32_is_asked_for_unless_switched_off(lt):
    x = normal("f", 2, 2)
    switch = tf.config.experimental.enable_tensor_float_32_execution

    def computed():
        blas.multiply(x, x, x.copy())
        blas.multiply(*[x.astype(float)] * 2, x.astype(float))
        return {o.made_of[0] for o in lt.objects.values() if len(o.made_of) == 2}

    switch(True)
    assert tf.config.experimental.tensor_float_32_execution_enabled() and computed() == {77, 70}
    switch(False)
    assert not tf.config.experimental.tensor_float_32_execution_enabled() and computed() == {77, 70, 68}


def test_tensor_float_32_is_the_default():
    code = "import gputape as tf; print(tf.config.experimental.tensor_float_32_execution_enabled())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_there_is_no_library_without_a_device():
    if not cuda.available():
        assert blas.library() is None
    with cuda.emulated(None):
        assert blas.library() is None


def test_the_op_takes_it(lt):
    """matmul, its gradient and einsum, with no kernel of ours: a launch would fail here."""
    a, b = tf.constant(normal("d", 2, 3, 4)), tf.constant(normal("d", 2, 4, 5))
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        y = multiply_matrices(a, b, transpose_a=False, transpose_b=False)
    made = tape.gradient(y, [a, b], output_gradients=tf.constant(np.ones((2, 3, 5))))
    np.testing.assert_allclose(made[0].numpy(), np.ones((2, 3, 5)) @ b.numpy().swapaxes(1, 2))
    np.testing.assert_allclose(made[1].numpy(), a.numpy().swapaxes(1, 2) @ np.ones((2, 3, 5)))
    assert lt.log.count("Matmul") == 3


def test_the_real_library_takes_what_it_is_told():
    """Its descriptors can be filled without a device: it refuses attributes of a wrong number or size."""
    found = blas.dynamic_library()
    if found is None:
        pytest.skip("cuBLASLt is not installed: pip install nvidia-cublas-cu12")
    lt = blas.Library(found)
    plan = planned((5, 4, 3), (48, 12, 4), (5, 3, 8), (96, 32, 4), 4, False, False)
    for dtype, epilogue in itertools.product(DTYPES, blas.EPILOGUES):
        name = np.dtype(dtype).name
        call = blas.Call(lt, plan, name, epilogue, 70 if name in ("float64", "complex128") else 77)
        call.point(np.ones(8), np.ones((4, 16), np.uint8))
    with pytest.raises(blas.BlasError, match="status 7"):
        lt.attribute("MatmulDesc", call.product, 7, ctypes.c_int64(1))


# -- on a device

on_gpu = pytest.mark.skipif(blas.library() is None, reason="needs a GPU and cuBLASLt")


@on_gpu
@pytest.mark.parametrize("dtype", DTYPES)
def test_products_on_a_device(dtype):
    for turns, batch in itertools.product(TURNS, [(), (3,)]):
        a, b = normal(dtype, *batch, 40, 24), normal(dtype, *batch, 24, 16)
        x, y = (cuda.to_device(np.ascontiguousarray(v.swapaxes(-1, -2)) if t else v) for v, t in zip((a, b), turns))
        out = cuda.empty((*batch, 40, 16), dtype)
        assert blas.multiply(x, y, out, *turns)
        expected = a.astype(np.complex128) @ b.astype(np.complex128)
        tolerance = 2e-2 if np.dtype(dtype).itemsize < 8 or dtype is np.complex64 else 1e-10
        np.testing.assert_allclose(
            cuda.to_host(out).astype(np.complex128), expected, rtol=tolerance, atol=10 * tolerance
        )


@on_gpu
def test_epilogues_on_a_device():
    x, w, b = normal("e", 32, 64), normal("e", 64, 16), normal("e", 16)
    z = x.astype(float) @ w.astype(float) + b
    on_device = [cuda.to_device(v) for v in (x, w, b)]
    for epilogue, function in {
        "bias": lambda v: v,
        "relu_bias": lambda v: np.maximum(v, 0),
        "gelu_bias": gelu_of,
    }.items():
        y = cuda.empty((32, 16), np.float16)
        assert blas.multiply(*on_device[:2], y, epilogue=epilogue, vector=on_device[2])
        np.testing.assert_allclose(cuda.to_host(y), function(z), rtol=1e-2, atol=5e-2)
    dw, db = cuda.empty((64, 16), np.float16), cuda.empty((16,), np.float16)
    dy = cuda.to_device(normal("e", 32, 16))
    assert blas.multiply(on_device[0], dy, dw, transpose_a=True, epilogue="bgrad", vector=db)
    np.testing.assert_allclose(cuda.to_host(db), cuda.to_host(dy).astype(float).sum(0), rtol=1e-2, atol=2e-2)


@on_gpu
def test_a_product_can_be_captured():
    a, b = (cuda.to_device(normal("f", 64, 64)) for _ in range(2))
    out = cuda.empty((64, 64), np.float32)
    assert blas.multiply(a, b, out)
    expected = cuda.to_host(out)
    graph = cuda.Graph(lambda: blas.multiply(a, b, out))
    out.fill(0)
    graph.launch()
    np.testing.assert_array_equal(cuda.to_host(out), expected)
