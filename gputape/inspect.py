"""Looking inside: which kernels a call launches, their sources, and the registers, memory and spills they take.

The ops of a call are noted by a recorder; then each one's kernel body runs once more on zeros with a driver in place of
the GPU that notes launches and launches nothing. So the answer is the same with and without a GPU.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import cuda
from .function import Function
from .fusion import Chain, fused
from .op import Effect
from .record import pause, recording
from .sources import resources
from .tensor import Array
from .trace import Read

ARCH = "sm_90"  # what is compiled for where there is no device


@dataclass
class Launch:
    """One kernel as it is launched: for which op, of which file, with how many blocks, threads and bytes."""

    op: str
    kernel: Any
    grid: Any
    block: Any
    dynamic_shared: int
    arch: str

    @property
    def name(self) -> str:
        """The kernel with its template arguments: "softmax_forward<float>"."""
        return str(self.kernel.expression)

    @property
    def file(self) -> str:
        return str(self.kernel.file.name)

    @property
    def source(self) -> str:
        """The complete CUDA source of its file, headers included."""
        return str(self.kernel.file.source)

    @functools.cached_property
    def resources(self) -> dict[str, int]:
        """Registers per thread ("regs"), bytes of static shared memory ("smem") and of spilled registers ("spill").

        Compiled for `arch`. ImportError without cupy, or its error, without NVRTC.
        """
        file = self.kernel.file
        _, names, log = cuda.compile_cubin(file.source, file.name, self.arch, [self.name], file.options)
        return resources(log)[names[self.name]]

    def __str__(self) -> str:
        told = f"{self.op}: {self.name} of {self.file}, grid {self.grid}, block {self.block}"
        try:
            used = self.resources
        except Exception as error:
            return f"{told}; registers unknown: {(str(error).splitlines() or [type(error).__name__])[0]}"
        shared = used["smem"] + self.dynamic_shared
        return f"{told}; {used['regs']} registers, {shared} bytes shared, {used['spill']} bytes spilled on {self.arch}"


class Inspection:
    """What `inspect` found.

    ops: the names of the ops of the call in their order; chains of elementwise ops in recorded functions are one, joined
    by "+". launches: their kernels. plans: for a recorded function the Python source of each plan, its lines as they
    run on the CPU. array_code: ops that have no kernel for these dtypes and run as array code.
    """

    def __init__(self) -> None:
        self.ops: list[str] = []
        self.launches: list[Launch] = []
        self.plans: list[str] = []
        self.array_code: list[str] = []

    def __str__(self) -> str:
        lines = [*self.plans, *map(str, self.launches)]
        if self.array_code:
            lines.append("without a kernel of its own: " + ", ".join(dict.fromkeys(self.array_code)))
        return "\n".join(lines)


class _Calls:
    """A recorder of ops: each with zeros like its inputs."""

    is_tape = False

    def __init__(self) -> None:
        self.made: list[tuple[Any, list[Any], list[Any], dict[str, Any]]] = []

    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        targets, inputs = (inputs[0], inputs[1:]) if isinstance(op, Effect) else ((), inputs)
        self.made.append((op, [_zeros(v) for v in targets], [_zeros(x) for x in inputs], attrs))

    def read(self, tensor: Any, how: str) -> None:
        pass

    def created(self, variable: Any, initial: Any) -> None:
        pass


class _Noting:
    """A driver that launches nothing."""

    def __init__(self) -> None:
        self.launches: list[tuple[Any, Any, Any, int]] = []

    def launch(self, kernel: Any, grid: Any, block: Any, args: Any, smem: int) -> None:
        self.launches.append((kernel, grid, block, smem))


def inspect(what: Callable[..., Any], *args: Any, arch: str | None = None, **kwargs: Any) -> Inspection:
    """The kernels that `what(*args, **kwargs)` launches on a device: sources and resource use; for functions the plan.

    what: an op such as tf.nn.softmax, a layer, any function of tensors, or a tf.function, which is inspected as it is
    recorded. It is called with the arguments, so its effects happen; a tf.function may be given without arguments: then
    its recordings so far are inspected. arch: the architecture to compile for, such as "sm_90"; default that of the
    current device, without one sm_90. ValueError for a tf.function that has no recording.

    >>> import gputape as tf
    >>> found = tf.inspect(tf.nn.softmax, tf.ones([4, 10]))
    >>> found.launches[0].name, found.launches[0].grid
    ('softmax_forward<float>', (4,))
    >>> "softmax_forward" in found.launches[0].source
    True
    """
    found = Inspection()
    arch = arch or cuda.architecture() or ARCH
    if not isinstance(what, Function):
        with recording(_Calls()) as calls:
            what(*args, **kwargs)
        _note(found, calls.made, arch)
        return found
    if args or kwargs:
        what(*args, **kwargs)
    recorded = [concrete for _, concrete in what.recordings() if not concrete.reasons]
    if not recorded:
        raise ValueError(f"{what.__name__} has no recording: call it, or give inspect its arguments. {what.report()}")
    for concrete in recorded:
        likes = concrete.trace.likes
        if concrete.on_host:
            found.plans.append(concrete.plan.source)
        calls = _Calls()
        for step in fused(concrete.steps, likes, set(concrete.results)):
            if type(step.op) is not Read:
                arrays = [
                    _zeros(concrete.registers[r]) if likes[r] is None else np.zeros(*likes[r]) for r in step.inputs
                ]
                calls.made.append((step.op, [_zeros(v) for v in step.targets], arrays, step.attrs))
        _note(found, calls.made, arch)
    return found


def _zeros(x: Any) -> Any:
    """A NumPy array like a tensor, of zeros; Python numbers stay."""
    return np.zeros(x._array.shape, x._array.dtype) if isinstance(x, Array) else x


def _note(found: Inspection, calls: list[Any], arch: str) -> None:
    for op, targets, arrays, attrs in calls:
        found.ops.append(op.name)
        noted = _launches(op, targets, arrays, attrs)
        found.launches += [Launch(op.name, kernel, grid, block, smem, arch) for kernel, grid, block, smem in noted]
        if not noted:
            found.array_code.append(op.name)


def _launches(op: Any, targets: list[Any], arrays: list[Any], attrs: dict[str, Any]) -> list[Any]:
    """What the op's kernel body launches, in their order; nothing if it has none, or none for these arrays."""
    body = op.run if isinstance(op, Chain) else op.kernel_body
    if body is None:
        return []
    given = (
        (arrays, attrs) if isinstance(op, Chain) else (targets, *arrays) if isinstance(op, Effect) else tuple(arrays)
    )
    with pause(), cuda.emulated(_Noting()) as noting, np.errstate(all="ignore"):
        body(*given, **({} if isinstance(op, Chain) else attrs))
    return list(noting.launches)


NAMES = {"tf.inspect": inspect}
