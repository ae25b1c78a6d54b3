"""How fast are whole models beside other libraries? Steps a second, all libraries in one run.

Run: python -m bench.models [model ...] [--minutes 10] [--cores 1]. Each library has a process of its
own for each model, one after the other. "ratio" is our rate over that of the best other library: above 1 we are faster.
"first" is the time of the first run, in which we and others compile.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.models.one import LIBRARIES, PACKAGE
from bench.timing import keep, ratio
from gputape import cuda

MODELS = ("mlp", "custom_model", "transformer", "cnn", "lstm", "hessian", "pipeline")
LARGE = ("resnet50", "gpt2")  # on a GPU only
ON_GPU = ("pytorch-compile", "pytorch-graphs")  # on a GPU only: compilers for the CPU take minutes


def libraries() -> tuple[list[str], list[str]]:
    """Those that run here, and the names of those that are missing."""
    wanted = [name for name in LIBRARIES if cuda.available() or name not in ON_GPU]
    found = [name for name in wanted if importlib.util.find_spec(PACKAGE.get(name, "torch"))]
    return found, [name for name in wanted if name not in found]


def measured(model: str, library: str, seconds: float, limit: float, cores: int) -> Iterator[dict[str, Any]]:
    """The works of one model in one library; what fails is told on a line of its own and does not stop the others."""
    command = [sys.executable, "-m", "bench.models.one", library, model, str(seconds), str(cores)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(cores))
    memory = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # as much as they need
    environment = os.environ | threads | memory | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        printed = error.stdout or b""
        done = subprocess.CompletedProcess(command, 1, printed.decode(), f"took more than {limit:.0f} s")
    yield from (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        yield {"model": model, "library": library, "failed": last}


def table(model: str, lines: list[dict[str, Any]]) -> str:
    """The works of a model as text: a row for each case, a column for each library."""
    good = [line for line in lines if "case" in line]
    names = list(dict.fromkeys(line["library"] for line in good))
    rows = [f"{model + ': steps/s (first, s)':<34}" + "".join(f"{name:>20}" for name in names) + f"{'ratio':>8}"]
    for case in dict.fromkeys(line["case"] for line in good):
        of_case = {line["library"]: line for line in good if line["case"] == case}
        cells = [
            f"{1 / of_case[name]['step']:12.0f} ({of_case[name]['first']:5.2f})" if name in of_case else ""
            for name in names
        ]
        beside = ratio({name: line["step"] for name, line in of_case.items()})
        rows.append(f"{case:<34}" + "".join(f"{cell:>20}" for cell in cells) + (f"{beside:8.2f}" if beside else ""))
    rows += [f"{line['library']} failed: {line['failed']}" for line in lines if "failed" in line]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.models", description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS + LARGE)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="begin nothing after this time")
    parser.add_argument("--seconds", type=float, default=1.0, help="of measuring each work")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="that each library may use; default: all")
    parser.add_argument("--libraries", nargs="*", help=f"of {', '.join(LIBRARIES)}")
    given = parser.parse_args()
    if unknown := set(given.models) - set(MODELS + LARGE):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MODELS + LARGE)}")
    found, missing = libraries()
    if missing:
        print(f"not installed: {', '.join(missing)}")
    end = time.monotonic() + 60 * given.minutes
    for model in given.models or MODELS + (LARGE if cuda.available() else ()):
        lines: list[dict[str, Any]] = []
        for library in given.libraries or found:
            if (left := end - time.monotonic()) <= 0:
                print(f"out of time: {model} in {library} was left out")
                continue
            for line in measured(model, library, given.seconds, left + 60, given.cores):
                lines.append(line)
                keep(line)
        print(table(model, lines), flush=True)


if __name__ == "__main__":
    main()
