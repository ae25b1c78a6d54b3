"""Chains of elementwise ops in a program on a device, each made one kernel: what lies between stays in registers.

`fused(steps, likes, results)` replaces groups of steps by one step each. A group is made of ops whose kernels are functors
of kernels/math.cu or activation.cu and whose results have one shape; operands have that shape, or are single elements,
Python numbers, or rows (the last axes of the shape). Its kernel is written here: a line for each op, calling the functor,
rounding as a store and a load would, so that the bits are those of the ops one by one. It is compiled once for each such
text and found again by it.

A group runs where the last of its ops stood. So it takes in no op whose result somebody outside reads before that, and
does not reach across an effect, which might change what it reads.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from . import cuda
from .dtypes import accumulator, as_dtype
from .op import Effect
from .ops.functor import BLOCK, EXACT, MOST_BLOCKS, MOST_INT, Functor
from .sources import c_name, kernel_root
from .tensor import Tensor
from .trace import Read, Step

FILES = {"math.cu": "of_math", "activation.cu": "of_activation"}  # their functors, and a namespace for those of each
MOST = 32  # ops of a chain: more would not fit the registers


def fused(steps: list[Step], likes: list[Any], results: set[int]) -> list[Step]:
    """`steps` with chains of elementwise ops replaced by single steps.

    likes: the shape and dtype of each register, None for Python numbers. results: the registers that are read after all.
    """
    readers: dict[int, list[int]] = {}
    for k, step in enumerate(steps):
        for r in step.inputs:
            readers.setdefault(r, []).append(k)
    groups: dict[int, list[int]] = {}  # step -> the steps of its group, one list for all of them
    makers: dict[int, int] = {}  # register -> the step that makes it, since the last effect
    for k, step in enumerate(steps):
        if isinstance(step.op, Effect) or type(step.op) is Read:
            makers = {}
        if not _joins(step, likes):
            continue
        group = groups[k] = [k]
        makers[step.outputs[0]] = k
        shape = likes[step.outputs[0]][0]
        for r in dict.fromkeys(step.inputs):
            before = groups[makers[r]] if r in makers else group
            if before is group or likes[steps[before[0]].outputs[0]][0] != shape or len(before) + len(group) > MOST:
                continue
            together = sorted(before + group)
            if all(at in together or at > k for m in before for at in readers.get(steps[m].outputs[0], ())):
                group[:] = together
                for m in before:
                    groups[m] = group
    made = []
    for k, step in enumerate(steps):
        group = groups.get(k, [k])
        if len(group) == 1:
            made.append(step)
        elif k == group[-1]:
            made.append(_chain([steps[m] for m in group], set(group), readers, likes, results))
    return made


def _joins(step: Step, likes: list[Any]) -> bool:
    """Whether a step may be part of a chain."""
    kernel = getattr(step.op, "kernel_body", None)
    if not isinstance(kernel, Functor) or step.attrs or kernel.file not in FILES:
        return False
    if kernel.dtype([None if likes[r] is None else likes[r][1] for r in step.inputs]) is None:
        return False
    shape = likes[step.outputs[0]][0]
    return all(likes[r] is None or _kind(likes[r][0], shape) is not None for r in step.inputs)


def _kind(shape: tuple[int, ...], whole: tuple[int, ...]) -> str | None:
    """How an operand is read: "whole", "one" element, or a "row" that repeats; None for what chains do not do."""
    if shape == whole:
        return "whole"
    size = math.prod(shape)
    if size == 1:
        return "one"
    own = shape[next(k for k, n in enumerate(shape) if n != 1) :] if size else shape
    return "row" if size and own == whole[len(whole) - len(own) :] else None


def _chain(
    steps: list[Step], own: set[int], readers: dict[int, list[int]], likes: list[Any], results: set[int]
) -> Step:
    """One step that does what `steps` do; `own` are their numbers in the program."""
    outputs = [
        r
        for s in steps
        for r in s.outputs
        if r in results or not own.issuperset(readers.get(r, ())) or r not in readers
    ]
    whole = likes[steps[0].outputs[0]][0]
    inputs: list[int] = []
    forms: list[tuple[str, str]] = []  # of each input: how it is read, its dtype
    names: dict[Any, str] = {}  # register (and for numbers the dtype they take) -> its name in the kernel
    lines: list[tuple[Any, ...]] = []
    for s in steps:
        kernel = s.op.kernel_body
        dtype = kernel.dtype([None if likes[r] is None else likes[r][1] for r in s.inputs])
        operands = []
        for r in s.inputs:
            given = likes[r]
            key = r if given is not None else (r, dtype)
            if key not in names:
                names[key] = f"a{len(inputs)}"
                inputs.append(r)
                forms.append(("number", dtype.name) if given is None else (_kind(given[0], whole) or "", given[1].name))
            operands.append(names[key])
        names[s.outputs[0]] = f"r{len(lines)}"
        lines.append((kernel.file, kernel.name, tuple(operands), likes[s.outputs[0]][1].name))
    kept = tuple([names[r] for r in outputs])
    wide = math.prod(whole) > MOST_INT
    op = Chain(
        tuple(lines), tuple(forms), kept, wide, whole, [likes[r][1] for r in outputs], [s.op.name for s in steps]
    )
    return Step(op, inputs, outputs, {}, steps[-1].where, layer=steps[-1].layer)


class Chain:
    """The op of a step that stands for several: arrays and numbers in, arrays out."""

    def __init__(
        self,
        lines: tuple[Any, ...],
        forms: tuple[tuple[str, str], ...],
        kept: tuple[str, ...],
        wide: bool,
        shape: tuple[int, ...],
        dtypes: list[Any],
        names: list[str],
    ) -> None:
        self.name = "+".join(names)
        self.forms, self.shape, self.dtypes = forms, shape, dtypes
        self.index = np.int64 if wide else np.int32
        self.kernels = _kernels(lines, forms, kept, tuple([d.name for d in dtypes]), wide)

    def run(self, arrays: list[Any], attrs: dict[str, Any]) -> Any:
        """Launch the kernel on `arrays`, Python numbers among them."""
        args: list[Any] = []
        for x, (form, dtype) in zip(arrays, self.forms, strict=True):
            if form == "number":
                args.append(accumulator(as_dtype(dtype).numpy).type(x))
                continue
            args.append(cuda.contiguous(x))
            if form == "row":
                args.append(self.index(x.size))
        made = [cuda.empty(self.shape, d) for d in self.dtypes]
        n = math.prod(self.shape)
        self.kernels.chain(min(-(-n // BLOCK), MOST_BLOCKS), (*args, *made, np.int64(n)))
        return made[0] if len(made) == 1 else tuple(made)

    def finish(self, inputs: tuple[Any, ...], made: Any, attrs: dict[str, Any]) -> Any:
        """The arrays as tensors; nobody is told, as a chain has no gradient."""
        return tuple([Tensor(a) for a in made]) if type(made) is tuple else Tensor(made)


@functools.lru_cache(maxsize=1024)
def _kernels(
    lines: tuple[Any, ...],
    forms: tuple[tuple[str, str], ...],
    kept: tuple[str, ...],
    dtypes: tuple[str, ...],
    wide: bool,
) -> cuda.Kernels:
    return cuda.Kernels(source(lines, forms, kept, dtypes, wide), BLOCK, EXACT)


def source(
    lines: tuple[Any, ...],
    forms: tuple[tuple[str, str], ...],
    kept: tuple[str, ...],
    dtypes: tuple[str, ...],
    wide: bool,
) -> str:
    """The text of the kernel: the files of functors, each in its namespace, and `chain`.

    lines: file, functor, operands and dtype of each op, whose results are r0, r1, ...; forms: how operands a0, a1, ... are
    read, and their dtypes; kept, dtypes: the results that are stored.
    """
    index = "i64" if wide else "int"
    parameters, before, first = [], [], []
    for k, (form, dtype) in enumerate(forms):
        t, name = c_name(dtype), f"a{k}"
        if form == "number":
            parameters.append(f"Acc<{t}> {name}")
            continue
        parameters.append(f"const {t}* p{k}")
        if form == "row":
            parameters.append(f"{index} size{k}")
            before.append(f"const Row<{t}, {index}> row{k}{{p{k}, size{k}}};")
            first.append(f"const Acc<{t}> {name} = row{k}[i];")
        elif form == "one":
            before.append(f"const Acc<{t}> {name} = n ? Acc<{t}>(p{k}[0]) : Acc<{t}>(0);")
        else:
            first.append(f"const Acc<{t}> {name} = Acc<{t}>(p{k}[i]);")
    for k, (file, functor, operands, dtype) in enumerate(lines):
        t = c_name(dtype)
        value = f"Stored<{t}>::from({FILES[file]}::{functor}()({', '.join(operands)}))"
        first.append(f"const {t} s{k} = {value}; const Acc<{t}> r{k} = settled(Acc<{t}>(s{k}));")
    for name, dtype in zip(kept, dtypes, strict=True):
        parameters.append(f"{c_name(dtype)}* y{name[1:]}")
        first.append(f"y{name[1:]}[i] = s{name[1:]};")
    parts = ['#include "chain.cuh"']
    for file in dict.fromkeys([line[0] for line in lines]):
        text = (kernel_root() / file).read_text(encoding="utf-8")
        macros = dict.fromkeys(
            [words.split()[1].split("(")[0] for words in text.splitlines() if words.startswith("#define ")]
        )
        begin = f"namespace {FILES[file]} {{ using ::Add; using ::Copy; using ::Select;"  # these are in elementwise.cuh
        parts += [begin, text, "}", *[f"#undef {macro}" for macro in macros]]
    parts += [
        f"__global__ void __launch_bounds__(BLOCK) chain({', '.join(parameters)}, i64 n) {{",
        *[f"    {line}" for line in before],
        "    for (i64 i = global_id(); i < n; i += global_count()) {",
        *[f"        {line}" for line in first],
        "    }",
        "}",
    ]
    return "\n".join(parts) + "\n"
