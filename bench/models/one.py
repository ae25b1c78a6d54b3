"""One model in one library, in a process of its own: `python -m bench.models.one gputape mlp 1.0 2` prints a line of JSON
for each of its works, as it is done, measured for 1.0 s each on 2 cores.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from bench.models.training import COMPILED, EAGER, GRAPHS, Work, timed

LIBRARIES = ("gputape", "keras-tensorflow", "keras-jax", "jax", "pytorch", "pytorch-compile", "pytorch-graphs")
PACKAGE = {"gputape": "gputape", "keras-tensorflow": "tensorflow", "keras-jax": "jax", "jax": "jax"}  # else torch


def works(library: str, model: str) -> dict[str, Work]:
    """What `library` does with `model`: nothing, if it cannot."""
    module: Any = importlib.import_module(f"bench.models.{model}")
    if library == "gputape":
        import gputape

        return module.with_keras(gputape.keras, gputape)
    if library.startswith("keras-"):
        os.environ["KERAS_BACKEND"] = library.removeprefix("keras-")
        keras = importlib.import_module("keras")
        tf = importlib.import_module("tensorflow") if library == "keras-tensorflow" else None
        return module.with_keras(keras, tf)
    if library == "jax":
        return module.with_jax(importlib.import_module("jax")) if hasattr(module, "with_jax") else {}
    torch = importlib.import_module("torch")
    mode = {"pytorch": EAGER, "pytorch-compile": COMPILED, "pytorch-graphs": GRAPHS}[library]
    return module.with_torch(torch, mode)


def main(library: str, model: str, seconds: float, cores: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])  # libraries count threads in ways of their own
    for case, work in works(library, model).items():
        first, step = timed(work, seconds)
        line = {"model": model, "case": case, "library": library, "first": first, "step": step}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
