"""Launching a function of the driver: its parameters packed as C lays them out, in one call of cuLaunchKernel.

CuPy's own launch makes an object of each argument, which costs microseconds for NumPy scalars; here a layout is made once
for the types of a kernel's arguments, and a launch is one `struct.pack_into` and one foreign call.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_CODES = "?bBhHiIlLqQefd"  # what NumPy and the struct module call by the same letter


class LaunchError(RuntimeError):
    """The driver refused a launch."""


@functools.cache
def driver() -> Any:
    """libcuda."""
    library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    pointer, count = ctypes.c_void_p, ctypes.c_uint
    library.cuLaunchKernel.argtypes = [pointer, *[count] * 7, pointer, pointer, pointer]
    return library


class Layout:
    """Where parameters of some types lie in a buffer: of a thread, as a launch reads it while the next is packed."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.bits = [k for k, a in enumerate(arguments) if _is_bits(a)]
        self.structs = [k for k, a in enumerate(arguments) if isinstance(a, np.ndarray)]
        codes, offsets, end = ["@"], [], 0
        for a in arguments:
            size, alignment, code = _described(a)
            start = -(-end // alignment) * alignment
            codes.append(f"{start - end}x{code}")
            offsets.append(start)
            end = start + size
        packer = struct.Struct("".join(codes))
        assert packer.size == end, "the padding is written out"
        self.pack_into = packer.pack_into
        self.buffer = ctypes.create_string_buffer(max(end, 1))
        at = ctypes.addressof(self.buffer)
        self.parameters = (ctypes.c_void_p * len(offsets))(*[at + offset for offset in offsets])

    def fill(self, arguments: tuple[Any, ...]) -> Any:
        """The parameters' addresses, which stay those of the last call."""
        if self.bits or self.structs:
            values = list(arguments)
            for k in self.bits:
                values[k] = int(values[k].view(np.uint16))
            for k in self.structs:
                values[k] = values[k].tobytes()
            self.pack_into(self.buffer, 0, *values)
        else:
            self.pack_into(self.buffer, 0, *arguments)
        return self.parameters


def _is_bits(argument: Any) -> bool:
    """Whether it is a scalar that the struct module does not know: a bfloat16."""
    return isinstance(argument, np.generic) and argument.dtype.char not in _CODES


def _described(argument: Any) -> tuple[int, int, str]:
    """Size, alignment and code of a parameter: an address, a NumPy scalar, or an array of one struct."""
    if type(argument) is int:
        return 8, 8, "Q"
    if isinstance(argument, np.ndarray):
        return argument.nbytes, argument.dtype.alignment, f"{argument.nbytes}s"
    size = argument.dtype.itemsize
    return size, size, "H" if _is_bits(argument) else argument.dtype.char


class Launcher:
    """A loaded function, to be launched: `launcher(grid, block, arguments, smem, stream)`, always with the same types.

    function: the driver's handle. owner: what must live as long (its module). arguments: addresses as Python ints, NumPy
    scalars of exactly the parameters' types, structured arrays of one element. ready: called in each thread before its first
    launch, as the device's context must be the thread's.
    """

    def __init__(self, name: str, function: int, owner: Any, ready: Callable[[], Any] = lambda: None) -> None:
        self.name, self.function, self.owner, self.ready = name, function, owner, ready
        self.room = 0  # bytes of dynamic shared memory that the function was granted
        self.local = threading.local()

    def __call__(
        self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...], smem: int, stream: int
    ) -> None:
        layout = getattr(self.local, "layout", None)
        if layout is None:
            self.ready()
            layout = self.local.layout = Layout(arguments)
        x, y, z = (*grid, 1, 1)[:3]
        p, q, r = (*block, 1, 1)[:3]
        parameters = layout.fill(arguments)
        status = driver().cuLaunchKernel(self.function, x, y, z, p, q, r, smem, stream, parameters, None)
        if status:
            raise LaunchError(
                f"{self.name}: cuLaunchKernel returned error {status} for a grid of {grid} blocks of {block} threads "
                f"with {smem} bytes of shared memory"
            )
