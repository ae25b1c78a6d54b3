"""Every kernel file compiles with NVRTC for every instance it declares, within its budget; needs no GPU.

A file declares its instances in its header, a line each, with optional limits on registers per thread, bytes of spilled
registers and bytes of static shared memory:

    // instance softmax_forward<float>  regs<=40 spill=0 smem<=49152

`GPUTAPE_KERNEL_TABLE=table.tsv pytest tests/test_kernels_compile.py` writes what was found.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from pathlib import Path

import pytest

from gputape import cuda, fusion, sources
from gputape.ops.functor import kernels_of as kernels_of_functors

try:
    from cupy.cuda import nvrtc

    nvrtc.getVersion()  # loads the library
except Exception as error:
    pytest.skip(f"NVRTC is missing ({error}): pip install 'gputape[kernels]'", allow_module_level=True)

FILES = sorted(path.name for path in Path(str(sources.kernel_root())).glob("*.cu"))
ARCHS = ("sm_80", "sm_90", "sm_100")
REGISTERS = 65536  # of a multiprocessor: a block must find room in them
SHARED = 48 << 10  # bytes of static shared memory that any kernel may have


def kernels_of(name: str) -> list[cuda.Kernels]:
    """How the op loads the file: with the blocks it states, or the default for a file that no op loads."""
    if name in fusion.FILES:
        return [kernels_of_functors(name)]
    module = f"gputape.ops.{Path(name).stem}"
    if importlib.util.find_spec(module) is None:
        return [cuda.Kernels(name)]
    found = [k for k in vars(importlib.import_module(module)).values() if isinstance(k, cuda.Kernels)]
    return [k for k in found if k.name == name] or [cuda.Kernels(name)]


@pytest.mark.parametrize("name", FILES)
def test_every_file_declares_instances(name):
    """What is not declared is not compiled here: each kernel of the file needs at least one line."""
    source = cuda.Kernels(name).source
    text = re.sub(r"//.*", "", source)
    kernels = set(re.findall(r"__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s+)?(\w+)\s*\(", text))
    declared = {expression.split("<")[0] for expression in sources.instances(source)}
    assert kernels and kernels == declared


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("name", FILES)
def test_compiles_within_budget(name, arch):
    for kernels in kernels_of(name):
        budgets = sources.instances(kernels.source)
        _, names, log = cuda.compile_cubin(kernels.source, name, arch, list(budgets), kernels.options)
        found = sources.resources(log)
        rows = [(expression, found[mangled]) for expression, mangled in names.items()]
        if table := os.environ.get("GPUTAPE_KERNEL_TABLE"):
            with open(table, "a") as file:
                file.writelines("\t".join(map(str, (name, arch, e, *used.values()))) + "\n" for e, used in rows)
        for expression, used in rows:
            over = {what: used[what] for what, most in budgets[expression].items() if used[what] > most}
            assert not over, f"{expression} on {arch}: {used}, allowed {budgets[expression]}"
            assert used["regs"] * kernels.block <= REGISTERS, f"{expression} on {arch}: no block of it fits"
            assert used["smem"] <= SHARED, f"{expression} on {arch}: {used['smem']} bytes of static shared memory"


def test_errors_name_the_line_in_the_right_file():
    """Splicing common.cuh in does not move the lines that messages name."""
    kernels = cuda.Kernels('#include "common.cuh"\n\n__global__ void broken() { return missing; }\n')
    with pytest.raises(cuda.CompileError, match=r'kernel\.cu\(3\): error: identifier "missing" is undefined'):
        cuda.compile_cubin(kernels.source, kernels.name, "sm_80", ["broken"], kernels.options)


def test_a_budget_can_be_exceeded():
    kernels = cuda.Kernels('#include "common.cuh"\n__global__ void f(float* y) { *y = block_reduce(*y, Sum()); }\n')
    _, names, log = cuda.compile_cubin(kernels.source, kernels.name, "sm_90", ["f"], kernels.options)
    used = sources.resources(log)[names["f"]]
    assert used["regs"] > 4 and used["smem"] == 32 * 4 and used["spill"] == 0
