"""A Concrete: one recording of a function, run again in place of the function, and checked against it when asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import cuda, nest
from .captured import Captured, NotCapturable
from .errors import InternalError
from .fusion import Chain
from .numerics import checker
from .op import Effect
from .plan import Lives, Plan
from .record import recording, state
from .tensor import Array, Tensor, as_tensor
from .trace import Read, Step, Trace


class Concrete:
    """One recording of a function: its program, or the reasons why it runs eagerly."""

    def __init__(self, trace: Trace, result: Any, guarded: list[Any]) -> None:
        self.reasons, self.custom, self.guards = trace.reasons, trace.custom, guarded
        self.trace = trace
        self.registers = trace.registers
        self.results = [trace.register(y) if isinstance(y, Array) else -1 for y in nest.flatten(result)]
        self.plain = [None if isinstance(y, Array) else y for y in nest.flatten(result)]
        self.steps = trace.program({r for r in self.results if r >= 0})
        self.on_host = not cuda.emulating and all(
            type(x._array) is np.ndarray for x in trace.alive if isinstance(x, Array)
        )
        self.structure = self.outlined(result)
        trace.alive, trace.versions = [], {}  # lets go of what the function's first run made
        self.lives = Lives(self.steps, set(self.results))
        self.forced: str | None = None  # why the program is no graph on the device, though it runs there

    def outlined(self, result: Any) -> Any:
        """The result's structure, with tensors that take no memory in the place of those of the first run."""
        leaves = nest.flatten(result)
        for k, (y, register) in enumerate(zip(leaves, self.results, strict=True)):
            if isinstance(y, Array):
                leaves[k] = Tensor(np.broadcast_to(np.zeros((), y._array.dtype), y._array.shape))
                self.trace.slots[leaves[k]._id] = register
        return nest.pack_sequence_as(result, leaves)

    @functools.cached_property
    def plan(self) -> Plan:
        return Plan(self.trace, self.structure)

    @functools.cached_property
    def watched(self) -> Plan:
        """The plan that shows the results of each step to the recorders."""
        return Plan(self.trace, self.structure, watched=True)

    @functools.cached_property
    def graph(self) -> Captured | None:
        """The program as one graph; None, and why in `forced`, if it cannot be one."""
        return self.captured(False)

    @functools.cached_property
    def checked_graph(self) -> Captured | None:
        """The same with a look at each result for NaN and infinity."""
        return self.captured(True)

    def captured(self, checked: bool) -> Captured | None:
        try:
            return Captured(self, checked)
        except NotCapturable as reason:
            self.forced = str(reason)
            return None

    def told(self) -> str:
        """For reports."""
        if self.reasons:
            return "runs eagerly: " + "; ".join(dict.fromkeys(self.reasons))
        if not self.on_host:
            told = f"{len(self.steps)} ops replayed on the device"
            if self.graph is None:
                return f"{told} one by one: {self.forced}"
            chains = sum(isinstance(s.op, Chain) for s in self.graph.steps)
            return f"{told} as one graph, chains of them as {chains} fused kernels"
        return f"{len(self.plan.steps)} ops replayed, {len(self.plan.buffers)} of them into {self.plan.bytes} bytes of buffers"

    def changed(self) -> list[str]:
        """What of the Python state that the function used is no longer as it was."""
        return [g.told() for g in self.guards if not g.holds()]

    def run(self, arguments: list[Tensor]) -> Any:
        """The function's result and effects, recorders being told of every op."""
        if self.on_host and not state.stack and not cuda.emulating:
            return self.plan([x._array for x in arguments])
        if not self.on_host and not state.stack and (made := self.launched("graph", arguments)) is not NotImplemented:
            return made
        if state.stack and all(hasattr(recorder, "see") for recorder in state.stack):  # they watch, and keep nothing
            plan = self.watched if self.on_host and not cuda.emulating else None  # made before anybody measures
            for recorder in state.stack:
                recorder.begin()
            if plan is not None:
                return plan([x._array for x in arguments], _see)
            if state.stack == [checker] and not self.on_host:
                made = self.launched("checked_graph", arguments)
                if made is not NotImplemented:
                    return made
        return self.interpret(arguments)

    def launched(self, name: str, arguments: list[Tensor]) -> Any:
        """What the graph `name` of this recording gives; NotImplemented, and why in `forced`, if there can be none."""
        graph = getattr(self, name)
        if graph is None:
            return NotImplemented
        try:
            return graph(arguments)
        except NotCapturable as reason:
            setattr(self, name, None)
            self.forced = str(reason)
            return NotImplemented

    def interpret(
        self,
        arguments: list[Tensor],
        watch: Callable[[Step, list[Any]], None] = lambda step, outputs: None,
        read: Callable[[Step], Tensor] = lambda step: as_tensor(step.op.variable),
        perform: Callable[[Step, list[Any]], Any] = lambda step, arrays: step.op.perform(
            step.targets, arrays, step.attrs
        ),
        steps: list[Step] | None = None,
        lives: Lives | None = None,
    ) -> Any:
        """Run the program op by op on tensors.

        watch: sees each step and its outputs. read, perform: how to read a Variable and have an effect. steps, lives:
        another form of the program, and how long its registers are needed.
        """
        lives = lives or self.lives
        registers: list[Any] = [v if v is None or not hasattr(v, "dtype") else Tensor(v) for v in self.registers]
        registers[: len(arguments)] = arguments
        for r, x in self.trace.captured.items():
            registers[r] = x
        try:
            for k, step in enumerate(self.steps if steps is None else steps):
                op, state.step = step.op, step
                if type(op) is Read:
                    made = [read(step)]
                else:
                    inputs = tuple([registers[r] for r in step.inputs])
                    arrays = [x._array if isinstance(x, Array) else x for x in inputs]
                    if isinstance(op, Effect):
                        result = perform(step, arrays)
                        made = op.finish((step.targets, *inputs), () if result is None else result, step.attrs)
                    else:
                        made = op.finish(inputs, op.run(arrays, step.attrs), step.attrs)
                    made = list(made) if type(made) is tuple else [made]
                for r, y in zip(step.outputs, made, strict=False):
                    registers[r] = y
                watch(step, made)
                inputs, arrays, made = (), [], []
                for r in lives.ends[k]:
                    if self.registers[r] is None:
                        registers[r] = None
        finally:
            state.step = None
        leaves = [p if r < 0 else registers[r] for r, p in zip(self.results, self.plain, strict=True)]
        return nest.pack_sequence_as(self.structure, leaves)

    # -- checking
    def variables(self) -> list[Any]:
        """The Variables that the program reads or changes."""
        found = [s.op.variable for s in self.steps if type(s.op) is Read]
        found += [v for s in self.steps for v in s.targets]
        return list({id(v): v for v in found}.values())

    def verified(self, name: str, function: Callable[[list[Tensor]], Any], arguments: list[Tensor]) -> Any:
        """Run the function itself and the recording from the same state; InternalError if one bit differs.

        What the function prints is printed by both.
        """
        variables = self.variables()
        before = [v._array for v in variables]  # held here, so whoever assigns to the variable writes into a copy
        fresh = [as_tensor(x._array) for x in arguments]
        trace = Trace(fresh)
        with recording(trace):
            expected = _arrays(function(fresh))
        after = [v._array for v in variables]
        _restore(variables, before)
        result = self.run(arguments)
        if _equal([*expected, *after], [*_arrays(result), *[v._array for v in variables]]):
            return result
        _restore(variables, before)
        values = {trace.slots[t._id]: t._array for t in trace.alive if t._id in trace.slots}
        eager = iter(trace.program(set(values)))
        self.interpret(arguments, lambda step, outputs: _compare(name, step, outputs, eager, values))
        raise InternalError(f"{name}: the replay's result differs from the eager run's, though every op agrees")


def _see(step: Step, arrays: list[Any]) -> None:
    for recorder in state.stack:
        recorder.see(step, arrays)


def _arrays(result: Any) -> list[Any]:
    return [y._array for y in nest.flatten(result) if isinstance(y, Array)]


def _restore(variables: list[Any], arrays: list[Any]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable._array = array


def _equal(arrays: list[Any], others: list[Any]) -> bool:
    return len(arrays) == len(others) and all(_difference(a, b) == "" for a, b in zip(arrays, others, strict=True))


def _difference(a: Any, b: Any) -> str:
    """How two arrays differ, bit by bit; empty if they do not."""
    a, b = cuda.to_host(a), cuda.to_host(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"eager {a.dtype}{list(a.shape)}, replayed {b.dtype}{list(b.shape)}"
    if a.tobytes() == b.tobytes():
        return ""
    return f"{int(np.sum(a != b))} of {a.size} elements, eager {a.flat[0]} ..., replayed {b.flat[0]} ..."


def _compare(name: str, step: Step, outputs: list[Any], eager: Any, values: dict[int, Any]) -> None:
    """Hold a step of the replay against the next one of the eager run."""
    other = next(eager, None)
    told = f"{step.op.name} ({step.where or 'a variable'})"
    if other is None or other.op.name != step.op.name:
        instead = "nothing" if other is None else f"{other.op.name} ({other.where})"
        raise InternalError(
            f"{name}: where the replay ran {told}, the eager run ran {instead}: the function's Python does not do the "
            f"same at every call"
        )
    for k, (r, y) in enumerate(zip(other.outputs, outputs, strict=True)):
        if r in values and (difference := _difference(values[r], y._array)):
            raise InternalError(f"{name}: replay and eager run first differ in output {k} of {told}: {difference}")
