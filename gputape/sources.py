"""Where the sources of kernels come from, where compiled ones go, and what C++ calls the element types of NumPy."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

C_NAMES = {  # by the name of the NumPy dtype
    "float64": "double",
    "float32": "float",
    "float16": "__half",
    "bfloat16": "__nv_bfloat16",
    "bool": "bool",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "uint8": "unsigned char",
    "uint16": "unsigned short",
    "uint32": "unsigned int",
    "uint64": "unsigned long long",
}


def kernel_root() -> Any:
    """The folder of the .cu files: inside the installed package, or beside it in a checkout."""
    from importlib.resources import files  # takes longer to import than the rest of this file

    packaged = files("gputape") / "kernels"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[1] / "kernels"


def spliced(text: str, name: str, seen: set[str] | None = None) -> str:
    """`text` with each `#include "x.cuh"` replaced by that file of `kernel_root()`, every file once.

    So a source is complete, and a cache keyed by its text sees every edit. `#line` keeps the lines of messages right.
    """
    seen = {name} if seen is None else seen
    lines = [f'#line 1 "{name}"']
    for number, line in enumerate(text.splitlines(), 1):
        include = re.match(r'\s*#include\s+"([^"]+\.cuh)"', line)
        if not include:
            lines.append(line)
        elif include[1] in seen:
            lines.append("")
        else:
            seen.add(include[1])
            header = (kernel_root() / include[1]).read_text(encoding="utf-8")
            lines += [spliced(header, include[1], seen).rstrip("\n"), f'#line {number + 1} "{name}"']
    return "\n".join(lines) + "\n"


def instances(source: str) -> dict[str, dict[str, int]]:
    """The instances of templates that a source declares for the compile check, each with its budget.

    `// instance softmax_forward<float>  regs<=40 spill=0` gives {"softmax_forward<float>": {"regs": 40, "spill": 0}}.
    """
    found = {}
    line = r"^//[ \t]*instance[ \t]+(.+?)((?:[ \t]+(?:regs|spill|smem)<?=\d+)*)[ \t]*$"
    for expression, budget in re.findall(line, source, flags=re.MULTILINE):
        found[expression] = {what: int(most) for what, most in re.findall(r"(\w+)<?=(\d+)", budget)}
    return found


def resources(log: str) -> dict[str, dict[str, int]]:
    """Registers, spilled bytes and static shared memory of each kernel by its mangled name, as ptxas tells them."""
    found = {}
    for part in re.split(r"Compiling entry function '", log)[1:]:
        name = part.split("'")[0]
        spills = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", part)
        regs, smem = re.search(r"Used (\d+) registers", part), re.search(r"(\d+) bytes smem", part)
        found[name] = {
            "regs": int(regs[1]) if regs else 0,
            "spill": int(spills[1]) + int(spills[2]) if spills else 0,
            "smem": int(smem[1]) if smem else 0,
        }
    return found


def c_name(argument: Any) -> str:
    """A template argument as C++ writes it: dtypes by C_NAMES, numbers and bools, other strings as they are."""
    if isinstance(argument, str):
        return C_NAMES.get(argument, argument)
    if isinstance(argument, (bool, int)):
        return str(argument).lower()
    name = np.dtype(argument).name
    if name not in C_NAMES:
        raise TypeError(f"kernels take no {name} elements; a template argument may be {', '.join(C_NAMES)}")
    return C_NAMES[name]


def cache_dir() -> Path:
    """Where compiled kernels are kept: $GPUTAPE_CACHE_DIR, or `gputape` in the user's cache folder."""
    if chosen := os.environ.get("GPUTAPE_CACHE_DIR"):
        return Path(chosen)
    home = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "gputape"


def kept(inputs: object, make: Callable[[], bytes]) -> bytes:
    """What `make()` returns, from `cache_dir()` if it was ever made from the same inputs."""
    path = cache_dir() / hashlib.sha256(repr(inputs).encode()).hexdigest()
    with contextlib.suppress(OSError):
        return path.read_bytes()
    data = make()
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        write_whole(path, data)
    return data


def write_whole(path: Path, data: bytes) -> None:
    """Write a file such that others see all of it or none, whoever else writes the same at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    part.write_bytes(data)
    part.replace(path)
