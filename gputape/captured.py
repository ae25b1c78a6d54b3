"""Captured: a program on a device as one CUDA graph, launched once per call.

The program, its chains of elementwise ops made single kernels, runs once while the graph is captured, so its work is
that of the kernels; afterwards a call copies the arguments into the graph's own buffers, launches, and copies the
results out: results of earlier calls stay valid. Variables are changed in place, so the graph reads and writes their
arrays without holding them: others may write there as well, such as a second graph. It is captured anew when a Variable
has other memory than before, or when someone holds what the graph would overwrite. Printing and assertions need values
on the host: they are served after the launch, in their order, from the graph's buffers.
"""

from __future__ import annotations

import weakref
from typing import Any

from . import cuda, nest
from .fusion import fused
from .numerics import Found
from .op import Effect
from .plan import Lives
from .record import pause
from .tensor import Array, Tensor
from .trace import Read, Step


class NotCapturable(Exception):
    """Why a program cannot be one graph."""


class Captured:
    """The graph of a recording, `concrete`. Calling it is calling the function."""

    def __init__(self, concrete: Any, checked: bool = False) -> None:
        self.concrete = concrete
        self.found = Found() if checked else None
        self.variables = concrete.variables()
        self.graph: Any = None
        self.memory: list[Any] = []  # of the Variables in the graph, by weak references
        for step in concrete.steps:
            if isinstance(step.op, Effect) and step.op.on_host and step.outputs:
                raise NotCapturable(f"{step.op.name} ({step.where}) makes its values on the host")
        results = set(concrete.results)
        likes = concrete.trace.likes
        # A chain hides what lies between its ops.
        self.steps = concrete.steps if checked else fused(concrete.steps, likes, results)
        self.lives = Lives(self.steps, results)
        self.changed = list({id(v): v for step in self.steps for v in step.targets}.values())
        self.copied = self.overtaken()

    def overtaken(self) -> set[int]:
        """Registers that show a Variable's memory and need a copy: those that are read after an effect has changed it.

        So do results, which the graph would hold.
        """
        found = set()
        ever = {id(v) for v in self.changed}
        read: dict[int, Any] = {}  # register -> the Variable it was read from, which the program changes
        for k, step in enumerate(self.steps):
            if type(step.op) is Read and id(step.op.variable) in ever:
                read[step.outputs[0]] = step.op.variable
            changed = {id(v) for v in step.targets}
            found |= {r for r, v in read.items() if id(v) in changed and self.lives.needed[r] >= k}
        return found | (read.keys() & self.lives.returned)

    def __call__(self, arguments: list[Tensor]) -> Any:
        if self.graph is None or not self.valid():
            self.capture(arguments)
        for buffer, x in zip(self.inputs, arguments, strict=True):
            cuda.copy_into(buffer, x._array)
        self.graph.launch()
        if self.found is not None:
            self.found.told()
        for step, arrays in self.late:
            step.op.perform(step.targets, arrays, step.attrs)
        leaves = [
            Tensor(cuda.copied(y._array)) if isinstance(y, Array) else y for y in nest.flatten(self.graph.outputs)
        ]
        return nest.pack_sequence_as(self.concrete.structure, leaves)

    def valid(self) -> bool:
        """Whether the Variables' memory is still that of the graph, and nobody else's."""
        same = all(v._array is a() for v, a in zip(self.variables, self.memory))
        return same and not any(v.is_held() for v in self.changed)

    def capture(self, arguments: list[Tensor]) -> None:
        for k, x in enumerate(arguments):
            if x._array.dtype.kind == "O":
                raise NotCapturable(f"argument {k} holds strings, which are on the host")
        self.graph = None
        self.late: list[tuple[Step, list[Any]]] = []
        for variable in self.changed:
            variable.writable()  # memory that is nobody else's
        self.inputs = [cuda.empty_like(x._array) for x in arguments]
        if self.found is not None:
            self.found.forget()
        try:
            with pause():
                self.graph = cuda.Graph(self.program, borrowed=[v._array for v in self.variables])
        except cuda.CaptureError as error:
            raise NotCapturable(f"{error}, which a graph cannot") from error
        self.memory = [weakref.ref(v._array) for v in self.variables]

    def program(self) -> Any:
        """The program on the graph's buffers."""
        return self.concrete.interpret(
            [Tensor(b) for b in self.inputs],
            steps=self.steps,
            lives=self.lives,
            read=self.read,
            perform=self.perform,
            **({} if self.found is None else {"watch": self.found.watch}),
        )

    def read(self, step: Step) -> Tensor:
        array = step.op.variable._array
        return Tensor(cuda.array_code(lambda a: a.copy(), array) if step.outputs[0] in self.copied else array)

    def perform(self, step: Step, arrays: list[Any]) -> Any:
        if step.op.on_host:
            self.late.append((step, [cuda.array_code(lambda a: a.copy(), a) for a in arrays]))
            return None
        return step.op.perform(step.targets, arrays, step.attrs)
