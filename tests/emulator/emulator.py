"""Runs CUDA kernels on the CPU, on NumPy arrays: the same .cu files, compiled by g++.

    with cuda.emulated(Emulator()):
        kernels.softmax_forward[x.dtype](grid=len(x), args=(x, y, np.int64(x.shape[1])))

An op with a kernel takes it under `cuda.emulated`, so tests of ops run over the real sources without a GPU (the fixture
`device` in tests/conftest.py). The parts:

    device.h        what CUDA C++ has beyond C++: threadIdx, __shared__, shuffles, atomics; stands before the source
    cuda_fp16.h     __half and __nv_bfloat16; cuda_pipeline_primitives.h: asynchronous copies
    scheduler.cpp   runs the threads: each block's in turn, changing from one to the next where they wait
    emulator.py     compiles, checks the arguments of a launch, calls it in one or several orders of threads

What it finds: launches that no device takes; arguments of the wrong type or number; barriers that not every thread
reaches; warp operations whose lanes do not meet; deadlocks; reads of shared memory that nobody wrote (it is full of
NaN) and of asynchronous copies before the wait. `Emulator(orders=ORDERS)` runs each launch with the threads in three
orders and compares all bits: a difference is a race. `Emulator(sanitizer=...)` finds accesses out of range ("address"),
misaligned vectors and integer overflow ("undefined"), missing barriers ("thread"); start Python with
`environment(sanitizer)`.

What it cannot show: time, coalescing, bank conflicts, occupancy, the memory model's weaker orders, the accuracy of fast
math, flushed denormals. Compare with the tolerances of the dtype.

A kernel file needs nothing special, but: dynamic shared memory through GT_DYN_SMEM, no float atomics, and no inline PTX
outside one small function with an emulated body (see the top of device.h). The instances that a file declares
("// instance ...") are compiled together at its first launch, which saves much time; others one by one.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gputape.sources import C_NAMES, instances, write_whole

HERE = Path(__file__).parent
ORDERS = ("forward", "reverse", "random")
FLAGS = (
    "-O1",
    "-std=c++17",
    "-fPIC",
    "-fno-strict-aliasing",
    "-ffp-contract=off",
    "-fvisibility=hidden",
    "-fmax-errors=5",
)
SANITIZERS = {
    None: (),
    "address": ("-fsanitize=address", "-fno-omit-frame-pointer", "-g"),
    "undefined": ("-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-g"),
    "thread": ("-fsanitize=thread", "-g"),
}
RUNTIMES = {"address": "libasan.so", "undefined": "libubsan.so", "thread": "libtsan.so"}
NUMPY_CACHES = 1024  # NumPy reuses its buffers below this many bytes, which hides them from AddressSanitizer
LETTERS = {  # a parameter's type, as device.h calls it
    **{"d": "float64", "f": "float32", "e": "float16", "E": "bfloat16", "?": "bool"},
    **{"b": "int8", "h": "int16", "i": "int32", "q": "int64"},
    **{"B": "uint8", "H": "uint16", "I": "uint32", "Q": "uint64"},
}
_lock = threading.Lock()


class EmulationError(RuntimeError):
    """A kernel did what the device would punish, or leave to chance."""


def unavailable() -> str | None:
    """Why kernels cannot be emulated on this machine, or None."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return f"the emulator runs on Linux, on x86-64 and aarch64, not on {sys.platform} {platform.machine()}"
    return None if shutil.which("g++") else "the emulator needs g++: sudo apt install g++"


def environment(sanitizer: str) -> dict[str, str]:
    """Environment variables that Python must be started with, so that the sanitizer sees all memory from the start."""
    libraries = [_output("g++", f"-print-file-name={name}") for name in (RUNTIMES[sanitizer], "libstdc++.so")]
    return {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",
        "TSAN_OPTIONS": "report_signal_unsafe=0",
    }


class Emulator:
    """A driver for `cuda.emulated`.

    orders: in which the threads of each launch run, of ORDERS; with more than one, all must give the same bits.
    sanitizer: None, "address", "undefined" or "thread"; the default is the variable GPUTAPE_SANITIZER.
    """

    def __init__(self, orders: Sequence[str] = ORDERS[:1], sanitizer: str | None = None) -> None:
        self.orders = tuple(orders)
        self.noted: list[Callable[[], Any]] | None = None  # the work of the graph that is being captured
        self.borrowed: list[tuple[int, int]] = []  # memory of others in it
        self.sanitizer = sanitizer or os.environ.get("GPUTAPE_SANITIZER") or None
        if self.sanitizer and RUNTIMES[self.sanitizer] not in os.environ.get("LD_PRELOAD", ""):
            raise RuntimeError(f"start Python with {environment(self.sanitizer)} to emulate under {self.sanitizer}")

    def launch(
        self, kernel: Any, grid: tuple[int, ...], block: tuple[int, ...], args: Sequence[Any], smem: int
    ) -> None:
        """Run a `cuda.Kernel`. TypeError for arguments it does not take, EmulationError for what it does wrong."""
        if self.noted is not None:
            self.noted.append(functools.partial(self.launch, kernel, grid, block, [self.alias(a) for a in args], smem))
            return
        compiled = _compiled(
            kernel.file.source, kernel.file.name, kernel.file.options, kernel.expression, self.sanitizer
        )
        _check(kernel.expression, compiled.parameters, args)
        arrays = [a for a in args if isinstance(a, np.ndarray) and not a.dtype.names]
        # Behind a struct there may be addresses of arrays that are not known here and cannot be restored.
        orders = self.orders if len(arrays) == sum(isinstance(a, np.ndarray) for a in args) else self.orders[:1]
        with _lock:
            before = [a.copy() for a in arrays] if len(orders) > 1 else []
            first: list[np.ndarray] = []
            for order in orders:
                for array, kept in zip(arrays, before):
                    if array.flags.writeable:
                        array[...] = kept
                self._run(compiled, kernel.expression, order, grid, block, args, smem)
                if not first:
                    first = [a.copy() for a in arrays] if len(orders) > 1 else []
                for k, (array, expected) in enumerate(zip(arrays, first)):
                    if array.tobytes() != expected.tobytes():
                        raise EmulationError(
                            f"{kernel.expression}: a race: array {k} of the arguments differs between threads run in "
                            f"{orders[0]} and in {order} order"
                        )

    def capture(self, step: Callable[[], Any], borrowed: Sequence[Any] = ()) -> tuple[Noted, Any]:
        """Note the launches and the array code of `step`, of which only array code that makes new arrays runs.

        What is noted holds its arrays, but those borrowed: a graph knows these by their addresses.
        """
        self.noted = []
        self.borrowed = [(a.ctypes.data, a.ctypes.data + a.nbytes) for a in borrowed]
        try:
            outputs = step()
            return Noted(self.noted), outputs
        finally:
            self.noted = None

    def alias(self, a: Any) -> Any:
        """An array, or if it lies in borrowed memory another one there, which holds nothing."""
        if not isinstance(a, np.ndarray) or a.dtype.names or not a.nbytes:
            return a
        low, high = np.lib.array_utils.byte_bounds(a)
        if not any(begin <= low and high <= end for begin, end in self.borrowed):
            return a
        memory = (ctypes.c_char * (high - low)).from_address(low)
        return np.ndarray(a.shape, a.dtype, memory, a.ctypes.data - low, a.strides)

    def array_code(self, f: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """NumPy code in a capture: it makes its arrays now and fills them at every launch."""
        assert self.noted is not None
        arrays = tuple([self.alias(a) for a in arrays])
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in arrays]
        made = f(*arrays)
        if isinstance(made, np.generic):  # NumPy hands back scalars where CuPy has arrays of no dimensions
            made = np.asarray(made)
        for a, kept in zip(arrays, given, strict=True):
            if isinstance(a, np.ndarray) and a.flags.writeable:
                a[...] = kept  # nothing happens before the launch

        def again() -> None:
            again = f(*arrays)
            for old, new in zip(*[x if isinstance(x, tuple) else (x,) for x in (made, again)], strict=True):
                if old is not None and not np.may_share_memory(old, new):
                    old[...] = new

        self.noted.append(again)
        return made

    def _run(self, compiled: Compiled, name: str, order: str, grid: Any, block: Any, args: Any, smem: int) -> None:
        with _placed(args, guarded=self.sanitizer == "address") as values:
            slots = [ctypes.create_string_buffer(value, len(value)) for value in values]
            pointers = (ctypes.c_void_p * len(slots))(*[ctypes.addressof(slot) for slot in slots])
            sizes = [(ctypes.c_uint * 3)(*(*size, 1, 1)[:3]) for size in (grid, block)]
            compiled.library.emulator_order(ORDERS.index(order))
            if compiled.function(*sizes, ctypes.c_size_t(smem), pointers):
                raise EmulationError(f"{name}: {compiled.library.emulator_message().decode()}")


class Noted:
    """A captured graph: what it does, in order."""

    def __init__(self, work: list[Callable[[], Any]]) -> None:
        self.work = work

    def launch(self) -> None:
        for do in self.work:
            do()


@contextlib.contextmanager
def _placed(args: Sequence[Any], guarded: bool) -> Iterator[list[bytes]]:
    """The arguments as the kernel gets them: addresses and values.

    guarded: arrays so small that NumPy would reuse their memory lie in buffers of exactly their size meanwhile.
    """
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    copies: dict[tuple[int, int], int] = {}  # (address, bytes) -> where it lies meanwhile; arguments may share memory
    values = []
    for a in args:
        if isinstance(a, np.ndarray) and not a.dtype.names:
            at = a.ctypes.data
            if guarded and a.nbytes < NUMPY_CACHES:
                if (at, a.nbytes) not in copies:
                    copies[at, a.nbytes] = libc.malloc(a.nbytes)
                    ctypes.memmove(copies[at, a.nbytes], at, a.nbytes)
                at = copies[at, a.nbytes]
            values.append(at.to_bytes(8, "little"))
        else:
            values.append(a.tobytes())
    try:
        yield values
    finally:
        for (at, size), copy in copies.items():
            ctypes.memmove(at, copy, size)
            libc.free(copy)


# -- arguments


class Parameter(NamedTuple):
    """What a kernel takes in one place. letter: of LETTERS, or "V" for structs, vectors and void."""

    is_pointer: bool
    letter: str
    size: int  # in bytes, of the parameter itself

    def __str__(self) -> str:
        name = C_NAMES[LETTERS[self.letter]] if self.letter in LETTERS else f"a struct of {self.size} bytes"
        return f"{name}*" if self.is_pointer else name

    def mismatch(self, argument: Any) -> str:
        """Why `argument` does not fit, or an empty string."""
        if isinstance(argument, np.ndarray) and argument.dtype.names:
            fits = not self.is_pointer and self.letter == "V" and argument.nbytes == self.size
            return "" if fits else f"the kernel takes {self}, not a structured array of {argument.nbytes} bytes"
        name = argument.dtype.name
        if isinstance(argument, np.ndarray):
            # Kernels that only move bytes do so in vectors or unsigned integers, whatever the bytes mean.
            fits = self.is_pointer and (self.letter in "VBHIQ" or LETTERS[self.letter] == name)
            return "" if fits else f"the kernel takes {self}, not an array of {name}"
        if self.is_pointer:
            return "" if name == "uint64" else f"the kernel takes {self}, not a {name}"  # an address; None comes as 0
        return "" if LETTERS.get(self.letter) == name else f"the kernel takes {self}, not a {name}"


def _check(expression: str, parameters: Sequence[Parameter], args: Sequence[Any]) -> None:
    if len(args) != len(parameters):
        told = ", ".join(map(str, parameters))
        raise TypeError(f"{expression} takes {len(parameters)} arguments ({told}), got {len(args)}")
    for k, (parameter, argument) in enumerate(zip(parameters, args)):
        if problem := parameter.mismatch(argument):
            raise TypeError(f"{expression}: argument {k}: {problem}")


# -- compiling


class Compiled(NamedTuple):
    """A kernel in a loaded library."""

    library: Any
    function: Any
    parameters: list[Parameter]


@functools.cache
def _compiled(source: str, name: str, options: tuple[str, ...], expression: str, sanitizer: str | None) -> Compiled:
    """The kernel `expression`; all instances that the source declares are compiled together, others one by one."""
    declared = tuple(instances(source))
    expressions = declared if expression in declared else (expression,)
    library = _library(source, name, options, expressions, sanitizer)
    k = expressions.index(expression)
    listed = getattr(library, f"kernel_{k}_parameters")
    listed.restype = ctypes.c_void_p
    parameters, at = [], listed()
    while True:
        pointer, letter, size = struct.unpack("=ccH", ctypes.string_at(at + 4 * len(parameters), 4))
        if pointer == b"\0":
            return Compiled(library, getattr(library, f"kernel_{k}"), parameters)
        parameters.append(Parameter(pointer == b"*", letter.decode(), size))


@functools.cache
def _library(
    source: str, name: str, options: tuple[str, ...], expressions: tuple[str, ...], sanitizer: str | None
) -> Any:
    """A loaded library with the kernels `expressions` as kernel_0, kernel_1, ..."""
    kernels = "".join(f"EMULATED_KERNEL(kernel_{k}, {expression})\n" for k, expression in enumerate(expressions))
    text = f'#include "device.h"\nnamespace {{\n{source}\n}}\n#line 1 "instances of {name}"\n{kernels}'
    scheduler = _built((HERE / "scheduler.cpp").read_text(), ".o", "-O2", "-c")
    defined = [o for o in options if o.startswith("-D")]  # what else there is concerns NVRTC
    library = ctypes.CDLL(str(_built(text, ".so", "-shared", *SANITIZERS[sanitizer], *defined, str(scheduler))))
    library.emulator_message.restype = ctypes.c_char_p
    return library


def _built(text: str, suffix: str, *flags: str) -> Path:
    """Compile C++ to a file whose name tells what went into it, unless it is there."""
    headers = "".join(path.read_text() for path in sorted(HERE.glob("*.h")))
    key = hashlib.sha256(repr((text, headers, flags, FLAGS, platform.machine(), _gcc_version())).encode()).hexdigest()
    path = _build_dir() / f"{key[:32]}{suffix}"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            code, made = Path(folder) / "code.cpp", Path(folder) / f"made{suffix}"
            code.write_text(text)
            objects = [flag for flag in flags if flag.endswith(".o")]  # they come last on the command line
            others = [flag for flag in flags if flag not in objects]
            _output("g++", *FLAGS, *others, f"-I{HERE}", str(code), *objects, "-o", str(made))
            write_whole(path, made.read_bytes())
    return path


@functools.cache
def _build_dir() -> Path:
    chosen = os.environ.get("GPUTAPE_CACHE_DIR")
    path = Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"gputape-emulator-{os.getuid()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user: set GPUTAPE_CACHE_DIR")
    return path


@functools.cache
def _gcc_version() -> str:
    return _output("g++", "-dumpfullversion")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout.strip()
