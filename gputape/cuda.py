"""The GPU: whether there is one, arrays on it, kernels compiled, launched and captured. Only this module imports cupy.

Kernels are CUDA C++ files in `kernels/`; `Kernels("softmax.cu", block=256)` stands for one. A launch is written

    kernels.softmax_forward[x.dtype](grid=rows, args=(x, y, np.int64(cols)))

with the template arguments in brackets. NVRTC compiles each instance at its first launch, and it is kept on disk. Under
`emulated(driver)` launches go to `driver.launch(kernel, grid, block, args, smem)` instead, on NumPy memory: ops take
their GPU path without a GPU. What concerns cupy is decided at first use, so that importing gputape stays light.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import math
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .launch import Launcher
from .sources import c_name, kept, kernel_root, spliced

OPTIONS = ("-std=c++17", "-ftz=true", "--ptxas-options=-v")
HOST = -1  # the device while emulating
FLAGS = 256  # error flags of a device: one for each op that checks indices
LARGE = 1 << 20  # bytes from which an array moves to the device by the driver's own way
STATIC = 16 << 10  # bytes of static shared memory that a kernel may have beside dynamic memory
FIRST = 2**31 - 1  # a flag holds FIRST - position, so that the largest value tells the first bad position

emulating: bool = False  # True inside emulated(); ops read it on every call
capturing: bool = False  # True while a Graph is made: Variables keep their memory, work is noted and not done
_driver: Any = None
_counters: list[Any] = []
_kind: Any = ()  # the type of device arrays, once cupy is imported
_flags: dict[int, Any] = {}  # by device
_flag_names: list[str] = []
_no_array = type("ndarray", (), {})  # stands for the type of device arrays: nothing is an instance of it
_lock = threading.RLock()


# -- the device and its arrays


@functools.cache
def available() -> bool:
    """Whether cupy is installed and a CUDA device works. Decided once; never raises, prints nothing."""
    try:
        # Without an NVIDIA driver this fails in microseconds; importing cupy would take half a second to say the same.
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cupy

            return bool(cupy.zeros(1, np.int8).get()[0] == 0)
    except Exception:
        return False


def _cupy() -> Any:
    if not available():  # decided once, so this is a lookup
        raise RuntimeError("no CUDA device is usable here: see `python -m gputape doctor`, or use tf.device('/CPU:0')")
    return sys.modules["cupy"]


def __getattr__(name: str) -> Any:
    if name == "ndarray":  # the type of arrays on the device
        return _cupy().ndarray if available() else _no_array
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_device(array: Any) -> bool:
    """Whether `array` is a cupy array; costs next to nothing where cupy was never imported."""
    return type(array) is not np.ndarray and isinstance(array, _kind or _looked_up())


def _looked_up() -> Any:
    """The type of device arrays, kept; nothing as long as nobody has imported cupy."""
    global _kind
    _kind = getattr(sys.modules.get("cupy"), "ndarray", ())
    return _kind


def array_module(*arrays: Any) -> Any:
    """cupy if any of the arrays is on the device, otherwise numpy."""
    return _cupy() if any(is_device(a) for a in arrays) else np


def to_device(array: Any) -> Any:
    """The array on the current device, copied only if it is not there; while emulating, host memory is the device."""
    if emulating or is_device(array):
        return array
    cupy = _cupy()
    if capturing and isinstance(array, np.ndarray):
        raise CaptureError("values come from the host")
    if isinstance(array, np.ndarray) and array.nbytes >= LARGE and array.flags.c_contiguous:
        made = cupy.ndarray(array.shape, array.dtype)
        made.set(array)  # the driver's own way; asarray would go through a buffer of pinned memory of that size
        return made
    return cupy.asarray(array)


class CaptureError(RuntimeError):
    """What was asked for cannot be part of a graph: it needs values on the host while they are not yet computed."""


def to_host(array: Any) -> Any:
    """The array as a NumPy array, copied only if it is on the device (this waits for the device).

    Raises CaptureError while a graph is made: there are no values to read then.
    """
    if capturing and (is_device(array) or (emulating and array.dtype.kind != "O")):
        raise CaptureError("values are read on the host")
    for counter in _counters:
        counter.syncs += emulating or is_device(array)
    return array.get() if is_device(array) else array


def from_foreign(value: Any) -> Any:
    """Take over an array of another library through `__dlpack__` or `__cuda_array_interface__`, without a copy."""
    if hasattr(value, "__dlpack__"):
        on_host = value.__dlpack_device__()[0] == 1  # kDLCPU; everything else is cupy's business
        return np.from_dlpack(value) if on_host else _cupy().from_dlpack(value)
    return _cupy().asarray(value)


def contiguous(array: Any) -> Any:
    """The array in C order, copied only if it is not: kernels ignore strides."""
    return array if array.flags.c_contiguous else array_code(lambda a: a.copy(order="C"), array)


def array_code(f: Callable[..., Any], *arrays: Any) -> Any:
    """`f(*arrays)`, array code that is no kernel of ours: an emulated capture notes it, as a real one notes CuPy's."""
    return _driver.array_code(f, arrays) if emulating and capturing else f(*arrays)


def empty(shape: Any, dtype: Any) -> Any:
    """An output buffer for a kernel.

    While emulating, every byte is 0xFF, which is NaN in floats: what a kernel leaves unwritten shows.
    """
    if not emulating:
        return _cupy().ndarray(shape, dtype)  # which is what cupy.empty calls
    array = np.empty(shape, dtype)
    array.reshape(-1).view(np.uint8)[...] = 0xFF
    return array


def empty_like(array: Any) -> Any:
    """`empty` with the shape and dtype of `array`, in C order."""
    return empty(array.shape, array.dtype)


def zeros(shape: Any, dtype: Any) -> Any:
    """A buffer of zeros where kernels can reach it."""
    if not emulating:
        return _cupy().zeros(shape, dtype)
    array = empty(shape, dtype)
    array_code(lambda a: a.fill(0), array)
    return array


def copy_into(target: Any, array: Any) -> None:
    """Copy `array`, on the device or the host, into `target`, which is contiguous and of the same shape and dtype."""
    if is_device(target) and is_device(array) and array.flags.c_contiguous:
        target.data.copy_from_device_async(array.data, target.nbytes, stream())
    else:
        target[...] = to_device(array)


def copied(array: Any) -> Any:
    """A copy of a contiguous array of the device."""
    made = empty_like(array)
    copy_into(made, array)
    return made


def address(array: Any) -> int:
    """Where the array's first element lies, for tables of pointers that kernels read (as uint64)."""
    return int(array.data.ptr if is_device(array) else array.ctypes.data)


def stream() -> Any:
    """The cupy stream on which this thread's kernels run."""
    return _cupy().cuda.get_current_stream()


def architecture() -> str:
    """What kernels are compiled for on the current device, such as "sm_90"; "" without a device."""
    return f"sm_{_cupy().cuda.Device().compute_capability}" if available() else ""


def wait() -> None:
    """Wait until the current stream is idle; nothing without a device, or while a graph is made."""
    if not (emulating or capturing) and available():
        stream().synchronize()


@contextlib.contextmanager
def named_range(name: str) -> Iterator[None]:
    """An NVTX range around the body, which NVIDIA's nsys shows; nothing without a device."""
    if not available():
        yield
        return
    nvtx = _cupy().cuda.nvtx
    nvtx.RangePush(name)
    try:
        yield
    finally:
        nvtx.RangePop()


def memory() -> dict[str, int]:
    """Bytes of this process's pool of device memory: "used" by arrays, "held" in all; empty without a device."""
    if not available():
        return {}
    pool = _cupy().get_default_memory_pool()
    return {"used": int(pool.used_bytes()), "held": int(pool.total_bytes())}


# -- compiling


class CompileError(RuntimeError):
    """NVRTC refused a source; the message holds its log."""


@functools.cache
def _header_options() -> tuple[str, ...]:
    """Where cuda_fp16.h and cuda_bf16.h are: in a wheel, a conda environment or a CUDA toolkit."""
    try:
        folder = importlib.import_module("cuda.pathfinder").find_nvidia_header_directory("cudart")
    except Exception:
        folder = None
    return (f"-I{folder}",) if folder else ()


def compile_cubin(
    source: str, name: str, arch: str, expressions: Sequence[str] = (), options: Sequence[str] = ()
) -> tuple[bytes, dict[str, str], str]:
    """Compile CUDA C++ for `arch` (such as "sm_90"), which needs neither a driver nor a device.

    Returns the cubin, the mangled name of each expression ("softmax_forward<float>"), and the log, which tells
    registers, shared memory and spills. Raises CompileError with NVRTC's messages, ImportError without cupy.
    """
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(source, name, (), ())
    try:
        for expression in expressions:
            nvrtc.addNameExpression(program, expression)
        nvrtc.compileProgram(program, (f"-arch={arch}", *OPTIONS, *_header_options(), *options))
        names = {expression: nvrtc.getLoweredName(program, expression) for expression in expressions}
        return nvrtc.getCUBIN(program), names, nvrtc.getProgramLog(program)
    except nvrtc.NVRTCError as error:
        log = nvrtc.getProgramLog(program).strip()
        hint = "" if _header_options() else "\nThe CUDA headers are missing: pip install nvidia-cuda-runtime-cu12"
        raise CompileError(f"{name} {list(expressions)} for {arch}: {error}\n{log}{hint}") from None
    finally:
        nvrtc.destroyProgram(program)


def cached_cubin(file: Kernels, expression: str, arch: str) -> tuple[bytes, str]:
    """The cubin of one kernel and its mangled name, from the disk if it was ever compiled from the same inputs."""
    from cupy.cuda import nvrtc

    def compiled() -> bytes:
        cubin, names, _ = compile_cubin(file.source, file.name, arch, [expression], file.options)
        return names[expression].encode() + b"\n" + cubin

    inputs = (file.source, file.options, expression, arch, OPTIONS, nvrtc.getVersion())
    name, _, cubin = kept(inputs, compiled).partition(b"\n")
    return cubin, name.decode()


# -- launching


class Kernels:
    """One file of kernels: its kernels are its attributes, their template arguments come in brackets.

    `Kernels("softmax.cu", block=256)` reads the file from `kernel_root()` at its first use and compiles it with
    -DBLOCK=256, the number of threads in a block, and the further `options`. A path to a
    file elsewhere will do, and so will CUDA source itself.

    A template argument is a dtype (float16 becomes __half, bfloat16 __nv_bfloat16), a bool, an int, or a string that
    goes into the source as it is. Kernels that are no templates need no brackets.
    """

    def __init__(self, name: str, block: int = 256, *options: str) -> None:
        self.text = name if "\n" in name else None
        self.name = "kernel.cu" if self.text else name
        self.block = block
        self.options = (f"-DBLOCK={block}", *options)

    @functools.cached_property
    def source(self) -> str:
        """The complete text, common.cuh and its like included."""
        text = (kernel_root() / self.name).read_text(encoding="utf-8") if self.text is None else self.text
        return spliced(text, self.name)

    def __getattr__(self, name: str) -> _Template:
        if name.startswith("_"):
            raise AttributeError(name)
        self.__dict__[name] = template = _Template(self, name)
        return template

    def __repr__(self) -> str:
        return f"Kernels({self.name!r}, block={self.block})"


class _Template(dict[Any, "Kernel"]):
    """A kernel by name: a dict from template arguments to the kernels made with them."""

    def __init__(self, file: Kernels, name: str) -> None:
        super().__init__()
        self.file, self.name = file, name

    def __missing__(self, arguments: Any) -> Kernel:
        parts = [c_name(part) for part in (arguments if isinstance(arguments, tuple) else (arguments,))]
        kernel = self[arguments] = Kernel(self.file, f"{self.name}<{', '.join(parts)}>" if parts else self.name)
        return kernel

    def __call__(self, grid: Any, args: Sequence[Any], smem: int = 0, block: Any = None) -> None:
        self[()](grid, args, smem, block)


class Kernel:
    """One kernel, ready to launch: a file and a name expression such as "softmax_forward<float>"."""

    def __init__(self, file: Kernels, expression: str) -> None:
        self.file, self.expression = file, expression
        self.functions: dict[int, Launcher] = {}  # by device
        self.threads = (file.block,)

    def __call__(self, grid: Any, args: Sequence[Any], smem: int = 0, block: Any = None) -> None:
        """Launch the kernel on the current stream.

        grid, block: an int or up to three; a grid of 0 blocks launches nothing; block is the file's unless stated, and
        has no more threads than that. args: C-contiguous arrays of the device, NumPy scalars of exactly the parameter's
        type, structured arrays of one element for structs, None for a null pointer. smem: bytes of dynamic shared
        memory. Raises TypeError for Python numbers and for arrays that are elsewhere, ValueError for arrays with
        strides and for oversized blocks.
        """
        grid = grid if type(grid) is tuple else (int(grid),)
        if block is None:
            block = self.threads
        else:
            block = block if type(block) is tuple else (int(block),)
            if math.prod(block) > self.file.block:
                raise ValueError(
                    f"{self.expression}: {block} is more than the {self.file.block} threads of {self.file!r}"
                )
        device = HOST if emulating else int(_cupy().cuda.runtime.getDevice())
        arguments = tuple([a if isinstance(a, np.generic) else self.checked(a, k, device) for k, a in enumerate(args)])
        if 0 in grid:
            return
        for counter in _counters:
            counter.launches.append(self.expression)
        if device == HOST:
            _driver.launch(self, grid, block, arguments, smem)
            return
        function = self.functions.get(device) or self.loaded(device)
        if smem > max(function.room, (48 << 10) - STATIC):  # any kernel may have 48 KiB; more is granted on request
            driver = _cupy().cuda.driver
            driver.funcSetAttribute(function.function, driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, smem)
            function.room = smem
        function(grid, block, arguments, smem, stream().ptr)

    def checked(self, argument: Any, position: int, device: int) -> Any:
        """An argument that is no NumPy scalar, as the launch takes it: an address, on the host the array itself."""
        if type(argument) is _kind and argument.data.device_id == device and argument.flags.c_contiguous:
            return argument.data.ptr
        if argument is None:
            return np.uint64(0) if device == HOST else 0
        told = f"{self.expression}: argument {position}"
        on_host = isinstance(argument, np.ndarray)
        if on_host and argument.dtype.names:  # a struct, passed by value
            return argument
        if not (on_host or is_device(argument)):
            kind = type(argument).__name__
            raise TypeError(
                f"{told} is a Python {kind}, whose width would be a guess: pass np.int64({argument!r}) or the like"
            )
        place = HOST if on_host else argument.data.device_id
        if place != device:
            raise TypeError(f"{told} is an array on device {place}, the kernel runs on {device} ({HOST}: host memory)")
        if not argument.flags.c_contiguous:
            raise ValueError(f"{told}, of shape {argument.shape}, has strides, which kernels ignore: cuda.contiguous")
        return argument if on_host else argument.data.ptr

    def loaded(self, device: int) -> Launcher:
        """The function on `device`, which is the current one; compiled if need be."""
        cuda = _cupy().cuda
        with _lock:
            if device not in self.functions:
                cubin, name = cached_cubin(self.file, self.expression, f"sm_{cuda.Device(device).compute_capability}")
                module = cuda.function.Module()
                module.load(cubin)
                self.functions[device] = Launcher(
                    self.expression,
                    int(module.get_function(name).ptr),
                    module,
                    functools.partial(cuda.runtime.setDevice, device),
                )
        return self.functions[device]


@contextlib.contextmanager
def _switched(emulate: bool, driver: Any) -> Iterator[None]:
    global emulating, _driver
    kept = emulating, _driver
    emulating, _driver = emulate, driver
    try:
        yield
    finally:
        emulating, _driver = kept


@contextlib.contextmanager
def emulated(driver: Any) -> Iterator[Any]:
    """Send the body's launches to `driver.launch(kernel, grid, block, args, smem)`; NumPy arrays are device memory."""
    with _switched(True, driver):
        _flags.pop(HOST, None)  # no errors yet
        yield driver


def stand_in(name: str) -> Any:
    """What the driver of the emulation has in the place of a library ("blas"), or None."""
    return getattr(_driver, name, None)


def meaning() -> contextlib.AbstractContextManager[None]:
    """Suspend emulation: ops in the body take their NumPy path."""
    return _switched(False, None)


@contextlib.contextmanager
def count_launches() -> Iterator[Any]:
    """Gives an object that tells of the body: `launches` lists the kernels of ours ("softmax_forward<float>", ...),
    `graphs` counts launches of whole graphs, whose kernels are not listed, `syncs` the arrays read by the host.
    """
    counter = SimpleNamespace(launches=[], graphs=0, syncs=0)
    _counters.append(counter)
    try:
        yield counter
    finally:
        _counters[:] = [c for c in _counters if c is not counter]


# -- errors that kernels find


def error_flag(name: str = "an op") -> Any:
    """The int32 that kernels of the op `name` set when they meet an index out of range (report_index in common.cuh).

    A one-element array on the device; its address never changes, so captured launches keep it.
    """
    device = HOST if emulating else int(_cupy().cuda.runtime.getDevice())
    with _lock:
        if device not in _flags:
            _flags[device] = zeros(FLAGS, np.int32)
        if name not in _flag_names:
            _flag_names.append(name)
    slot = min(_flag_names.index(name), FLAGS - 1)
    return _flags[device][slot : slot + 1]


def check_errors() -> None:
    """Raise IndexError if a kernel has met an index out of range since the last check, and clear the flags.

    Waits for the device; call it where values are read anyway.
    """
    for flags in [flags for device, flags in _flags.items() if (device == HOST) == emulating]:
        values = to_host(flags)
        bad = np.flatnonzero(values)
        if bad.size:
            told = [f"{_flag_names[k]} (position {FIRST - int(values[k])} of its indices)" for k in bad]
            flags[...] = 0
            raise IndexError(f"index out of range in {', '.join(told)}; the first of each op is told, and gave zeros")


# -- graphs


class Graph:
    """Device work captured once and launched many times: `graph = Graph(step)`, then `graph.launch()`.

    `step()` is called once and must only launch work on the current stream; nothing runs before `launch`. Reading
    values raises CaptureError, copies from the host and cuBLAS through cupy raise during capture. While emulating, the
    driver notes the launches and runs them at every `launch`. Run `step` once before, so that its kernels are compiled.
    `outputs` is what `step` returned; every launch writes the same buffers: copy what must last.
    Memory allocated during capture belongs to the graph and goes with it. borrowed: arrays that someone keeps alive for it;
    a graph of the device holds no array of others, and one that is emulated does not hold these.
    """

    def __init__(self, step: Callable[[], Any], borrowed: Sequence[Any] = ()) -> None:
        global capturing
        capturing = True
        try:
            self.graph, self.outputs = _driver.capture(step, borrowed) if emulating else self.captured(step)
        finally:
            capturing = False

    def captured(self, step: Callable[[], Any]) -> tuple[Any, Any]:
        cuda = _cupy().cuda
        self.pool = cuda.MemoryPool()  # its own: no other allocation may reuse what the graph writes to
        stream = cuda.Stream(non_blocking=True)
        collecting = gc.isenabled()
        gc.disable()  # a module or a pool collected in the middle of a capture would call into CUDA
        try:
            with stream, cuda.using_allocator(self.pool.malloc):
                stream.begin_capture()
                try:
                    outputs = step()
                except BaseException as error:
                    with contextlib.suppress(Exception):  # the stream must leave capture; the error of the step is told
                        stream.end_capture()
                    if type(error) is RuntimeError and "capturing" in str(error):  # CuPy was asked for a value
                        raise CaptureError("CuPy reads values on the host") from error
                    raise
                return stream.end_capture(), outputs
        finally:
            if collecting:
                gc.enable()

    def launch(self) -> Any:
        """Run the captured work on the current stream, after what is queued there; returns `outputs`."""
        for counter in _counters:
            counter.graphs += 1
        self.graph.launch()
        return self.outputs
