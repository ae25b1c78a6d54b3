"""A Trace: the recorder that turns what a function does into a program over numbered registers.

Registers hold the arguments, the constants that the trace met, and what ops made. A Variable is read when the function
read it, and older values that a later op still needs stay in their registers. Effects (assignments, random draws,
printing) are steps like any other, so they happen at every run of the program.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from .custom import CustomOp
from .explain import caller, going_back, layer
from .op import Effect
from .tensor import Array, Tensor, Variable


class Step:
    """One op of a program: registers in, registers out; `targets` are the Variables that an effect changes."""

    __slots__ = ("attrs", "inputs", "layer", "op", "outputs", "shows", "targets", "where")

    def __init__(
        self,
        op: Any,
        inputs: list[int],
        outputs: list[int],
        attrs: dict[str, Any],
        where: str = "",
        targets: tuple[Any, ...] = (),
        shows: tuple[int, ...] = (),
        layer: str = "",
    ) -> None:
        self.op, self.inputs, self.outputs, self.attrs, self.targets = op, inputs, outputs, attrs, targets
        self.where, self.layer = where, layer  # the line and the layer that ran it, for errors and reports
        self.shows = shows  # the inputs whose memory outputs are views of

    def __repr__(self) -> str:
        return f"{self.outputs} = {self.op.name}({self.inputs}, {self.attrs})"


class Read:
    """The op of a step that reads a Variable into a register."""

    name = "read"

    def __init__(self, variable: Variable) -> None:
        self.variable = variable


class Trace:
    """A recorder that keeps every op.

    reasons: why the program cannot stand for the function, if it cannot: a value that Python read, a shape that
    depends on values.
    """

    is_tape = False

    def __init__(self, arguments: list[Tensor]) -> None:
        self.steps: list[Step] = []
        self.registers: list[Any] = []  # constants; None for what is made at run time
        self.likes: list[Any] = []  # (shape, dtype) of what each register holds; None for Python scalars
        self.slots: dict[int, int] = {}  # tensor identity -> register
        self.alive: list[Any] = []  # tensors seen: an identity is only good while its tensor lives
        self.versions: dict[int, list[tuple[Any, int]]] = {}  # variable identity -> [(array, register)], newest last
        self.reasons: list[str] = []
        self.created_variables: list[Any] = []
        self.layers: dict[int, str] = {}  # tensor identity -> the layer that made it
        self.custom = False
        self.start = Tensor(np.zeros(()))._id  # tensors made from here on are made by the function itself
        self.captured: dict[int, Tensor] = {}  # register -> tensor from outside that the function uses
        self.arguments = arguments
        for x in arguments:
            self.slots[x._id] = self.new(None, x._array)
            self.alive.append(x)

    def new(self, value: Any, like: Any) -> int:
        """A register that holds `value`, or at run time something of the shape and dtype of the array `like`."""
        self.registers.append(value)
        self.likes.append((like.shape, like.dtype) if hasattr(like, "dtype") else None)
        return len(self.registers) - 1

    def register(self, x: Any) -> int:
        """The register that holds `x`, an input of an op."""
        if isinstance(x, Variable) or (isinstance(x, Tensor) and x._id in self.versions):
            return self.register_of_variable(x)
        if not isinstance(x, Array):
            return self.new(x, x)
        slot = self.slots.get(x._id)
        if slot is None:
            slot = self.slots[x._id] = self.new(x._array, x._array)
            self.alive.append(x)
            if x._id < self.start:
                self.captured[slot] = x  # type: ignore[assignment]
        return slot

    def is_constant(self, slot: int) -> bool:
        """Whether a register holds the same at every call, whatever tapes outside watch."""
        return self.registers[slot] is not None and slot not in self.captured

    def register_of_variable(self, x: Any) -> int:
        """A variable's value: read now, or the register where the value that `x` (a snapshot) shows was read."""
        seen = self.versions.setdefault(x._id, [])
        for array, known in reversed(seen):
            if array is x._array:
                return int(known)
        if not isinstance(x, Variable):  # a value from before the function was called: a constant
            return self.new(x._array, x._array)
        slot = self.new(None, x._array)
        self.steps.append(Step(Read(x), [], [slot], {}))
        seen.append((x._array, slot))
        return slot

    # -- Recorder
    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        if isinstance(op, CustomOp):
            self.custom = True
            return
        if getattr(op, "dynamic", False):
            self.reasons.append(f"{op.name}: the shape of its result depends on values ({caller()})")
        targets: tuple[Any, ...] = ()
        if isinstance(op, Effect):
            targets, inputs = inputs[0], inputs[1:]
        ins = [self.register(x) for x in inputs]
        fixed = not isinstance(op, Effect) and all(self.is_constant(slot) for slot in ins)
        inside = self.layer(outputs)
        outs = []
        for y in outputs:
            slot = self.slots[y._id] = self.new(y._array if fixed else None, y._array)
            self.alive.append(y)
            outs.append(slot)
        if fixed:
            return  # made of constants, so a constant
        self.steps.append(Step(op, ins, outs, attrs, caller(), targets, _shown(ins, inputs, outputs), inside))

    def layer(self, outputs: tuple[Any, ...]) -> str:
        """Where the op that made `outputs` belongs: to the layer that called it, or whose gradient it is part of."""
        inside = layer() or next((self.layers[k] + " backwards" for k in going_back() if k in self.layers), "")
        if inside:
            self.layers.update([(y._id, inside) for y in outputs])
        return inside

    def read(self, tensor: Any, how: str) -> None:
        if isinstance(tensor, Variable) or tensor._id in self.slots:
            slot = self.slots.get(tensor._id)
            if slot is None or self.registers[slot] is None:
                self.reasons.append(f"{how}: a value was read into Python ({caller()})")

    def created(self, variable: Any, initial: Any) -> None:
        self.created_variables.append(weakref.ref(variable))

    # -- the program
    def program(self, results: set[int]) -> list[Step]:
        """The steps that matter: effects, and what results and effects need."""
        needed = set(results)
        kept = []
        for step in reversed(self.steps):
            if isinstance(step.op, Effect) or not needed.isdisjoint(step.outputs):
                needed.update(step.inputs)
                kept.append(step)
        kept.reverse()
        return kept


def _shown(registers: list[int], inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[int, ...]:
    """The registers of inputs that share memory with an output; equal shapes share it at every run."""
    arrays = [(r, x._array) for r, x in zip(registers, inputs, strict=True) if isinstance(x, Array)]
    made = [y._array for y in outputs]
    if not all(type(a) is np.ndarray for a in (*made, *[a for _, a in arrays])):
        return tuple([r for r, _ in arrays])
    return tuple([r for r, a in arrays if any(np.may_share_memory(a, y) for y in made)])
