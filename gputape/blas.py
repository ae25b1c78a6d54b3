"""Products of matrices by cuBLASLt, through ctypes: one launch with its epilogue, and legal while a graph is captured.

    blas.multiply(x, w, y, epilogue="relu_bias", vector=b)      # y = relu(x @ w + b)

The library takes column-major matrices. A row-major matrix is the transpose of a column-major one in the same memory,
so y = x w is asked for as y' = w' x': blas_plan.py says how. `Call` holds what the library wants for a plan
(descriptors, and the algorithm its search has found), made once for each plan and kept.

CuPy's own products raise during capture. Here only the search could, so it should have happened before: a function runs
once before it is captured. Workspace comes from the pool of the moment, which is right in both worlds: an eager
product gives it back in stream order, a captured one leaves it to its graph.

Float32 is rounded to TensorFloat-32 where the device has it, as TensorFlow does by default.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import math
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import cuda
from .blas_plan import Plan, planned

WORKSPACE = 32 << 20  # bytes an algorithm may ask for: what NVIDIA recommends for Hopper
EPILOGUES = {  # name: the library's number; "vector" is the bias or its gradient, "aux" what a backward product needs
    "none": 1,
    "bias": 4,
    "relu": 2,
    "relu_bias": 6,
    "relu_aux_bias": 134,  # aux: bits, set where the value is positive; rows of a multiple of 128 bits
    "gelu": 32,  # GELU by tanh
    "gelu_bias": 36,
    "gelu_aux_bias": 164,  # aux: the argument of GELU
    "drelu_bgrad": 152,  # times the derivative by aux, and the sum over rows of that into vector
    "dgelu_bgrad": 208,
    "bgrad": 256,  # the sum over rows of b, beside a' b
}

_INT32, _INT64, _POINTER = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p
_F32, _F64, _C32, _C64 = (np.dtype(t) for t in (np.float32, np.float64, np.complex64, np.complex128))
_TYPES = {  # element type: cudaDataType, that of alpha and beta and their dtype, cublasComputeType
    "float16": (2, 0, _F32, 68),
    "bfloat16": (14, 0, _F32, 68),
    "float32": (0, 0, _F32, 68),
    "float64": (1, 1, _F64, 70),
    "complex64": (4, 4, _C32, 68),
    "complex128": (5, 5, _C64, 70),
}
_NOT_SUPPORTED = 15  # of cublasStatus_t
_FAST = {68: 77}  # with TensorFloat-32; only of use to float32 and complex64
_TRANSA, _TRANSB, _EPILOGUE, _BIAS, _AUX, _AUX_LD = 3, 4, 7, 8, 11, 12  # attributes of a product
_BATCH, _STRIDE = 5, 6  # of a matrix
_MOST_WORKSPACE, _ALIGNMENTS = 1, (5, 6, 7, 8)  # of the search
_lock = threading.Lock()


# -- the library


class BlasError(RuntimeError):
    """cuBLASLt refused a call."""


class Library:
    """libcublasLt with a handle for each device, and the calls that have been prepared."""

    def __init__(self, functions: Any) -> None:
        self.functions = functions
        self.handles: dict[int, Any] = {}
        self.calls: dict[Any, Call | None] = {}
        self.workspaces: dict[Any, Any] = {}  # by handle, of which each device has one, and stream
        pointers, size = [_POINTER] * 12, ctypes.c_size_t
        functions.cublasLtMatrixLayoutCreate.argtypes = [_POINTER, _INT32, ctypes.c_uint64, ctypes.c_uint64, _INT64]
        functions.cublasLtMatmulAlgoGetHeuristic.argtypes = [*pointers[:7], _INT32, _POINTER, _POINTER]
        functions.cublasLtMatmul.argtypes = [*pointers, _POINTER, _POINTER, size, _POINTER]
        for name in ("MatmulDesc", "MatrixLayout", "MatmulPreference"):
            getattr(functions, f"cublasLt{name}SetAttribute").argtypes = [_POINTER, _INT32, _POINTER, size]

    def check(self, name: str, *args: Any) -> None:
        status = getattr(self.functions, name)(*args)
        if status:
            raise BlasError(f"{name} returned status {status}")

    def made(self, what: str, *args: Any) -> Any:
        """A new object of the library."""
        made = _POINTER()
        self.check(f"cublasLt{what}Create", ctypes.byref(made), *args)
        return made

    def attribute(self, what: str, target: Any, attribute: int, value: Any) -> None:
        self.check(f"cublasLt{what}SetAttribute", target, attribute, ctypes.byref(value), ctypes.sizeof(value))

    def workspace(self, size: int, place: Any) -> Any:
        """Memory for a product on a device's stream: eager ones follow each other there and share it, a captured one has
        its own."""
        if cuda.capturing:
            return cuda.empty((size,), np.uint8)
        kept = self.workspaces.get(place)
        if kept is None or kept.size < size:
            kept = self.workspaces[place] = cuda.empty((size,), np.uint8)
        return kept

    def handle(self, device: int) -> Any:
        if device not in self.handles:
            self.handles[device] = self.made("")
        return self.handles[device]


class Found(ctypes.Structure):
    """What the search returns: cublasLtMatmulHeuristicResult_t."""

    _fields_ = (
        ("algorithm", ctypes.c_uint64 * 8),
        ("workspace", ctypes.c_size_t),
        ("state", ctypes.c_int),
        ("waves", ctypes.c_float),
        ("reserved", ctypes.c_int * 4),
    )


class Call:
    """A plan's descriptors and algorithm. Made under the lock, and launched under it, as pointers are set in between."""

    def __init__(self, library: Library, plan: Plan, dtype: str, epilogue: str, compute: int) -> None:
        element, scale, scale_dtype, _ = _TYPES[dtype]
        self.library, self.plan = library, plan
        self.scales = np.array([1, 0], scale_dtype)  # alpha and beta
        self.one = self.scales.ctypes.data
        self.zero = self.one + self.scales.itemsize
        self.product = library.made("MatmulDesc", compute, scale)
        for attribute, turned in zip((_TRANSA, _TRANSB), plan.turned):
            library.attribute("MatmulDesc", self.product, attribute, _INT32(turned))
        library.attribute("MatmulDesc", self.product, _EPILOGUE, _INT32(EPILOGUES[epilogue]))
        self.layouts = []
        for matrix in (plan.first, plan.second, plan.product):
            made = library.made("MatrixLayout", element, matrix.rows, matrix.cols, matrix.ld)
            if plan.batch > 1:
                library.attribute("MatrixLayout", made, _BATCH, _INT32(plan.batch))
                library.attribute("MatrixLayout", made, _STRIDE, _INT64(matrix.stride))
            self.layouts.append(made)
        self.found = Found()

    def point(self, vector: Any, aux: Any) -> None:
        """Tell the epilogue where its arrays are; the search looks at their alignment."""
        if vector is not None:
            self.library.attribute("MatmulDesc", self.product, _BIAS, _POINTER(cuda.address(vector)))
        if aux is not None:
            bits = 8 if aux.dtype == np.uint8 else 1
            self.library.attribute("MatmulDesc", self.product, _AUX, _POINTER(cuda.address(aux)))
            self.library.attribute("MatmulDesc", self.product, _AUX_LD, _INT64(aux.shape[-1] * bits))

    def search(self, handle: Any, alignments: Sequence[int]) -> int:
        """Find an algorithm for addresses that are multiples of `alignments` (first, second, product); the status."""
        limits = self.library.made("MatmulPreference")
        self.library.attribute("MatmulPreference", limits, _MOST_WORKSPACE, ctypes.c_size_t(WORKSPACE))
        for attribute, alignment in zip(_ALIGNMENTS, (*alignments, alignments[-1])):
            self.library.attribute("MatmulPreference", limits, attribute, ctypes.c_uint32(alignment))
        count = _INT32(0)
        operands = (*self.layouts, self.layouts[-1])
        status = self.library.functions.cublasLtMatmulAlgoGetHeuristic(
            handle, self.product, *operands, limits, 1, ctypes.byref(self.found), ctypes.byref(count)
        )
        self.library.check("cublasLtMatmulPreferenceDestroy", limits)
        self.size, self.algorithm = self.found.workspace, ctypes.byref(self.found)  # the algorithm stands first in it
        return int(status or (self.found.state if count.value else _NOT_SUPPORTED))

    def launch(self, handle: Any, addresses: Sequence[int], stream: int) -> None:
        first, second, product = addresses
        of_first, of_second, of_product = self.layouts
        workspace = self.library.workspace(self.size, (handle.value, stream)) if self.size else None
        status = self.library.functions.cublasLtMatmul(
            *(handle, self.product, self.one, first, of_first, second, of_second, self.zero),
            *(product, of_product, product, of_product, self.algorithm),
            *(cuda.address(workspace) if workspace is not None else None, self.size, stream),
        )
        if status:
            raise BlasError(f"cublasLtMatmul returned status {status}")


def dynamic_library() -> Any:
    """libcublasLt of the CUDA wheels or toolkit, loaded; None if there is none."""
    names = ["cublasLt64_13.dll", "cublasLt64_12.dll"]
    if sys.platform != "win32":
        names = ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"]
    with contextlib.suppress(Exception):  # no pathfinder, or it finds nothing: the system's loader may
        names.insert(0, importlib.import_module("cuda.pathfinder").load_nvidia_dynamic_lib("cublasLt").abs_path)
    for name in names:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    return None


@functools.cache
def _loaded() -> Library | None:
    found = dynamic_library() if cuda.available() else None
    return None if found is None else Library(found)


def library() -> Library | None:
    """cuBLASLt, or None where it or a device is missing; while emulating, what the driver has in its place (or None)."""
    return cuda.stand_in("blas") if cuda.emulating else _loaded()


# -- products


@functools.cache
def _name(dtype: np.dtype[Any]) -> str:
    """NumPy computes a dtype's name anew at every question."""
    return dtype.name


def multiply(
    a: Any,
    b: Any,
    out: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    epilogue: str = "none",
    vector: Any = None,
    aux: Any = None,
) -> bool:
    """Queue out = epilogue(a b); False, with nothing done, if cuBLASLt is missing or has no algorithm for this.

    a (..., m, k) and b (..., k, n), transposed if it says so, leading axes broadcast; out (..., m, n) contiguous, of the
    same dtype, floating point or complex. Operands may have strides; they are copied only if they need to be.

    epilogue: of EPILOGUES, for products without leading axes. vector (n,): the bias, or where its gradient goes. aux
    (m, >= n): written by "..._aux_bias", read by "d...": for GELU of the dtype of out, with a multiple of 8 columns; for
    ReLU uint8, 8 elements to each, with a multiple of 16 columns.
    """
    lt = library()
    name = _name(a.dtype)
    if lt is None or name not in _TYPES or not a.size or not b.size:
        return False
    plan = planned(a.shape, a.strides, b.shape, b.strides, a.dtype.itemsize, transpose_a, transpose_b)
    if plan is None:
        a, b = cuda.contiguous(a), cuda.contiguous(b)
        plan = planned(a.shape, a.strides, b.shape, b.strides, a.dtype.itemsize, transpose_a, transpose_b)
    if plan is None or (epilogue != "none" and plan.batch * len(plan.begins) > 1):
        return False
    device = cuda.HOST if cuda.emulating else int(out.data.device_id)
    compute = _TYPES[name][3]
    compute = _FAST.get(compute, compute) if _tensor_float_32 and name in ("float32", "complex64") else compute
    stream = 0 if cuda.emulating else int(cuda.stream().ptr)
    bases = [cuda.address(x) for x in (b, a, out)]
    others = [cuda.address(x) for x in (vector, aux) if x is not None]
    with _lock:
        handle = lt.handle(device)
        for begin in plan.begins:
            addresses = [base + at * a.dtype.itemsize for base, at in zip(bases, begin)]
            alignments = tuple([math.gcd(address, 256) for address in (*addresses, *others)])
            key = (device, plan, name, epilogue, compute, alignments, None if aux is None else aux.shape)
            call = lt.calls.get(key)
            if call is None:
                if key in lt.calls:
                    return False
                call = Call(lt, plan, name, epilogue, compute)
                call.point(vector, aux)
                status = call.search(handle, alignments[:3])
                if status in (0, _NOT_SUPPORTED):  # others may pass: some versions refuse to search during a capture
                    lt.calls[key] = None if status else call
                if status:
                    return False
            elif others:
                call.point(vector, aux)
            call.launch(handle, addresses, stream)
    return True


# -- TensorFloat-32

_tensor_float_32 = True


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Whether products of float32 may round their operands to TensorFloat-32: 10 bits of mantissa, many times faster.

    Default: True, as in TensorFlow. Of no effect on the CPU, on GPUs before Ampere, and on what is captured already.

    >>> import gputape as tf
    >>> tf.config.experimental.enable_tensor_float_32_execution(True)
    """
    global _tensor_float_32
    _tensor_float_32 = bool(enabled)


def tensor_float_32_execution_enabled() -> bool:
    """Whether products of float32 may use TensorFloat-32.

    >>> import gputape as tf
    >>> tf.config.experimental.tensor_float_32_execution_enabled()
    True
    """
    return _tensor_float_32
