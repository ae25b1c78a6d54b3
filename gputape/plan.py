"""A Plan: a program of NumPy calls written out as one Python function, compiled once and run at every call.

Each step of a Trace becomes one line, such as `r5 = add(r3, r4, b5)`: the op's NumPy body itself, without the op, its
checks, Tensors or recorders. Shapes and dtypes are those of the recording, so what NumPy's own functions make goes to
buffers that are made once and shared by steps whose lives do not overlap. Fused ops without a NumPy body are written
out in the ops of their meaning. An error is told as the op would tell it.
"""

from __future__ import annotations

import functools
import itertools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import nest
from .op import Effect, Fused, boxed
from .record import pause, recording, state
from .tensor import Array, Tensor
from .trace import Read, Step, Trace

Watch = Callable[[Step, list[Any]], None]
ALIGN = 64  # bytes between the beginnings of buffers: a cache line, and the widest vector register


class Plan:
    """Runs what `trace` recorded on NumPy arrays, and returns what the function returned: `structure`.

    watched: write a line after each step that shows its results to those who watch.
    """

    def __init__(self, trace: Trace, structure: Any, watched: bool = False) -> None:
        self.constants = list(trace.registers)
        self.likes = list(trace.likes)
        self.names: dict[str, Any] = {"np": np, "boxed": boxed, "only": _only, "Tensor": Tensor}
        self.known: dict[Any, str] = {}  # identity of a named value -> its name
        self.results: set[int] = set()
        returned = self.returned(structure, trace)
        self.steps = self.expanded(trace.program(self.results))
        lives = Lives(self.steps, self.results)
        self.buffers = lives.buffers(self.likes) if self.fixed_shapes() else {}
        count = len(trace.arguments)
        self.lines = [f"{', '.join([f'r{k}' for k in range(count)])}{',' * (count == 1)} = arguments"] if count else []
        self.where: list[Step | None] = [None] * (1 + count // max(count, 1))  # the step of each line of the source
        for k, step in enumerate(self.steps):
            self.write(self.line(step), step)
            if watched and type(step.op) is not Read:
                self.write(f"watch({self.name('step', step)}, [{', '.join([f'r{r}' for r in step.outputs])}])", None)
            if dead := [f"r{r}" for r in lives.ends[k] if self.constants[r] is None]:
                self.write("del " + ", ".join(dead), step)
        self.write(f"return {returned}", None)
        self.source = "def run(arguments):\n" + "".join([f"    {line}\n" for line in self.lines])
        made: dict[str, Any] = {}
        exec(compile(self.source, "<plan>", "exec"), made)
        self.code = made["run"].__code__
        self.idle: list[Callable[..., Any]] = []  # copies that nobody runs now, each with buffers of its own

    @property
    def bytes(self) -> int:
        """The size of the buffers of one copy."""
        return sum({block: size for block, size, _ in self.buffers.values()}.values())

    def __call__(self, arguments: list[Any], watch: Watch | None = None) -> Any:
        """The function's result from the arrays of its arguments; `watch` is told of each step and its results."""
        try:
            run = self.idle.pop()
        except IndexError:  # the first call, one inside another, or one in another thread
            run = types.FunctionType(self.code, {**self.names, **self.views()})
        if watch is not None:
            run.__globals__["watch"] = watch
        try:
            result = state.quiet_copy()(run, arguments)
        except Exception as error:
            raise self.told(error) from error
        self.idle.append(run)
        return result

    def views(self) -> dict[str, Any]:
        """New buffers: for each register that has one, an array of its shape and dtype."""
        blocks = {block: np.empty(size, np.uint8) for block, size, _ in self.buffers.values()}
        return {
            f"b{r}": blocks[block][:size].view(dtype).reshape(shape)
            for r, (block, _, size) in self.buffers.items()
            for shape, dtype in [self.likes[r]]
        }

    def told(self, error: Exception) -> Exception:
        """The error as the op of the failing line tells it."""
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code is not self.code:
            trace = trace.tb_next
        step = None if trace is None else self.where[trace.tb_lineno - 1]
        if trace is None or step is None or isinstance(step.op, (Read, Effect)):
            return error
        values = trace.tb_frame.f_locals
        arrays = [values.get(f"r{r}", self.constants[r]) for r in step.inputs]
        return step.op.explained(error, arrays, step.attrs)  # type: ignore[no-any-return]

    # -- steps
    def expanded(self, steps: list[Step]) -> list[Step]:
        """The steps, a fused op that has no NumPy body written out in the ops of its meaning."""
        out: list[Step] = []
        for step in steps:
            inner = None
            if isinstance(step.op, Fused) and step.op.numpy_body == step.op.composed:
                inner = self.meaning(step)
            out.extend([step] if inner is None else self.expanded(inner))
        return out

    def meaning(self, step: Step) -> list[Step] | None:
        """The steps of a fused op's meaning in this plan's registers; None if they cannot stand for it."""
        operands = [
            self.constants[r] if like is None else Tensor(np.zeros(*like))
            for r, like in [(r, self.likes[r]) for r in step.inputs]
        ]
        inner = Trace([x for x in operands if isinstance(x, Tensor)])
        with pause(), recording(inner):
            made = step.op.body(*operands, **step.attrs)
        outputs = [inner.register(y) for y in (made if isinstance(made, (tuple, list)) else [made])]
        arrays = [r for r in step.inputs if self.likes[r] is not None]
        if inner.reasons or len(set(outputs)) < len(outputs) or any(inner.registers[r] is not None for r in outputs):
            return None
        if min(outputs) < len(arrays):
            return None  # an operand handed back: the op's own call makes of it what it must be
        known = dict(enumerate(arrays)) | dict(zip(outputs, step.outputs, strict=True))
        for r, (value, like) in enumerate(zip(inner.registers, inner.likes, strict=True)):
            if r not in known:
                known[r] = len(self.constants)
                self.constants.append(value)
                self.likes.append(like)
        return [
            Step(
                s.op,
                [known[r] for r in s.inputs],
                [known[r] for r in s.outputs],
                s.attrs,
                step.where,
                shows=tuple([known[r] for r in s.shows]),
                layer=step.layer,
            )
            for s in inner.program(set(outputs))
        ]

    def fixed_shapes(self) -> bool:
        """Whether no Variable of the program was declared with unknown sizes, so that shapes may change."""
        return all(s.op.variable._declared is None for s in self.steps if type(s.op) is Read)

    # -- the source
    def write(self, line: str, step: Step | None) -> None:
        self.lines.append(line)
        self.where.append(step)

    def line(self, step: Step) -> str:
        """The call of a step."""
        if type(step.op) is Read:
            return f"r{step.outputs[0]} = {self.name('v', step.op.variable)}._array"
        attrs = [f"{key}={self.literal(value)}" for key, value in step.attrs.items()]
        arguments = [self.operand(r) for r in step.inputs]
        if isinstance(step.op, Effect):
            targets = "".join([self.name("v", v) + ", " for v in step.targets])
            call = f"{self.name(step.op.name, step.op.perform)}(({targets}), [{', '.join(arguments)}], "
            call += f"{self.name('attrs', step.attrs)})"
            call = f"only({call})" if len(step.outputs) == 1 else call
            return f"{', '.join([f'r{r}' for r in step.outputs])} = {call}" if step.outputs else call
        body = step.op.numpy_body
        if isinstance(body, functools.partial) and body.func is step.op.body and body.args == (np,):
            body, arguments = step.op.body, ["np", *arguments]
        (r, *more) = step.outputs
        if r in self.buffers:
            arguments.append(f"out=b{r}")
        call = f"{self.name(step.op.name, body)}({', '.join(arguments + attrs)})"
        if not more and r not in self.buffers and self.likes[r][0] == ():
            call = f"boxed({call})"  # NumPy hands back scalars for arrays of no dimensions
        return f"{', '.join([f'r{r}' for r in step.outputs])} = {call}"

    def operand(self, r: int) -> str:
        value = self.constants[r]
        if value is None:
            return f"r{r}"
        return self.literal(value) if self.likes[r] is None else self.name("c", value)

    def literal(self, value: Any) -> str:
        """`value` as source text, or the name of it."""
        if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
            return repr(value)
        if type(value) is tuple and all(type(v) in (bool, int) for v in value):
            return repr(value)
        return self.name("k", value)

    def name(self, stem: str, value: Any) -> str:
        """The name of `value` in the source: `stem`, or that with a number when it is another's."""
        method = isinstance(value, types.MethodType)  # bound methods are made anew at each look
        key = (stem, id(value.__self__), value.__func__) if method else (stem, id(value))
        if key not in self.known:
            taken = (
                name for name in itertools.chain([stem], map(f"{stem}_{{}}".format, itertools.count(len(self.names))))
            )
            name = next(n for n in taken if n not in self.names)
            self.names[name], self.known[key] = value, name
        return self.known[key]

    def returned(self, structure: Any, trace: Trace) -> str:
        """`structure` as an expression, and its registers into `results`."""
        if isinstance(structure, Array):
            r = trace.register(structure)
            self.results.add(r)
            return f"Tensor({self.operand(r)})"
        if type(structure) in (list, tuple):
            parts = [self.returned(x, trace) for x in structure]
            text = ", ".join(parts)
            return f"[{text}]" if type(structure) is list else f"({text}{',' if len(parts) == 1 else ''})"
        if type(structure) is dict:
            return (
                "{" + ", ".join([f"{self.literal(k)}: {self.returned(x, trace)}" for k, x in structure.items()]) + "}"
            )
        if not nest.is_nested(structure):
            return self.literal(structure)
        leaves = ", ".join([self.returned(x, trace) for x in nest.flatten(structure)])
        return f"{self.name('pack', functools.partial(nest.pack_sequence_as, structure))}([{leaves}])"


class Lives:
    """Which memory each register of a program may show, and how long it is needed."""

    def __init__(self, steps: list[Step], results: set[int]) -> None:
        self.steps = steps
        self.roots: dict[int, set[int]] = {}  # register -> registers whose memory it may show
        self.ends: dict[int, list[int]] = {k: [] for k in range(len(steps))}  # step -> registers not read later
        last: dict[int, int] = {}
        self.needed: dict[int, int] = {}  # register -> last step that reads its memory under any name
        for k, step in enumerate(steps):
            shown = set().union(*[self.roots.get(r, {r}) for r in step.inputs])
            for r in shown:
                self.needed[r] = k
            for r in (*step.inputs, *step.outputs):
                last[r] = k
            views = set().union(*[self.roots.get(r, {r}) for r in step.shows])
            for r in step.outputs:
                self.roots[r] = {r, *views}
                self.needed[r] = k
        for r, k in last.items():
            if r not in results:
                self.ends[k].append(r)
        self.returned = set().union(*[self.roots.get(r, {r}) for r in results])

    def buffers(self, likes: list[Any]) -> dict[int, tuple[int, int, int]]:
        """(block, bytes of the block, bytes used) for each register that NumPy's own functions can write into.

        What the function returns gets none: it must outlive the next call. A result may go where an operand that
        nobody needs any more was, if both are of one shape and dtype.
        """
        out: dict[int, tuple[int, int, int]] = {}
        sizes: list[int] = []  # of each block
        free: set[int] = set()
        dying: dict[int, list[int]] = {}
        for r, k in self.needed.items():
            dying.setdefault(k, []).append(r)
        for k, step in enumerate(self.steps):
            over = [r for r in dying.get(k, ()) if r in out]
            if _writes_anew(step) and step.outputs[0] not in self.returned:
                r = step.outputs[0]
                shape, dtype = like = likes[r]
                if dtype.hasobject:
                    continue
                size = math.prod(shape) * dtype.itemsize
                same = [out[x][0] for x in over if x in step.inputs and likes[x] == like]
                fitting = same or sorted(
                    [b for b in free if size <= sizes[b] <= 2 * size + ALIGN], key=sizes.__getitem__
                )
                if not fitting:
                    fitting = [len(sizes)]
                    sizes.append(size + -size % ALIGN)
                out[r] = (fitting[0], 0, size)
                free.discard(fitting[0])
                over = [x for x in over if out[x][0] != fitting[0]]
            free.update([out[x][0] for x in over])
        return {r: (block, sizes[block], size) for r, (block, _, size) in out.items()}


def _writes_anew(step: Step) -> bool:
    """Whether a step is a NumPy function that can write its one result into an array it is given."""
    return len(step.outputs) == 1 and isinstance(getattr(step.op, "numpy_body", None), np.ufunc)


def _only(made: Any) -> Any:
    """The one array that an effect made, which may hand it back in a tuple."""
    return np.asarray(made[0] if type(made) is tuple else made)
