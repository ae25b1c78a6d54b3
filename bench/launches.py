"""What does a training step launch, what must it move and multiply, and how long would that take at the limit?

Run: python -m bench.launches [model ...]. No GPU is needed: a step of each model is captured as for one, with a ledger in
the driver's place that notes each launch and runs nothing. Beside it stands the number of ops that PyTorch dispatches for
the same step (views not counted, its LSTM step by step, where cuDNN would take one call).

bytes: of the arrays that a launch gets, each once; of an update's table g once, w and the slots twice. ops: of products,
convolutions and attention, as their kernels' headers count them. floor: the sum over launches of the longer of the two
times, at the limits of an H200: what no implementation with these launches can beat.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import gputape as tf
from bench.models.training import EAGER, entropy, stepper
from gputape import cuda, keras
from gputape.blas import Library

BANDWIDTH = 4.8e12  # bytes a second, H200's data sheet
RATE = 495e12  # operations a second in TensorFloat-32, dense; same source
MODELS = {"mlp": 32, "cnn": 64, "lstm": 32, "transformer": 32, "resnet50": 2, "gpt2": 1}  # and their batches
SHORT = {"gpt2": 128}  # tokens: whole logits would not fit a small machine's memory


class Entry(NamedTuple):
    """One launch: the kernel without its template arguments, the bytes it must move, the operations it must do."""

    name: str
    bytes: int
    flops: int

    @property
    def floor(self) -> float:
        """Seconds at the limit."""
        return max(self.bytes / BANDWIDTH, self.flops / RATE)


# Operations of the kernels that are bound by them; args as in their launches.
FLOPS: dict[str, Callable[..., int]] = {
    "conv_gather": lambda x, w, y, *sizes: 2 * _passes(x, y, sizes) * (w.size // _across(w, sizes)),
    "conv_filter": lambda x, dy, parts, *_: 2 * dy.size * parts.shape[1],
    "attention_forward": lambda q, k, *_: 4 * q.size * k.shape[1],
    "attention_backward_queries": lambda q, k, *_: 6 * q.size * k.shape[1],
    "attention_backward_keys": lambda q, k, *_: 8 * q.size * k.shape[1],
}


def _passes(x: Any, y: Any, sizes: Any) -> int:
    """Elements on the side of the convolution's output: y going forward, x going backward (the last argument says)."""
    return int(x.size if sizes[-1] else y.size)


def _across(w: Any, sizes: Any) -> int:
    """Filters, all groups together: w (..., channels, filters), its last two axes exchanged going backward."""
    return int(w.shape[-2] if sizes[-1] else w.shape[-1])


WIDTHS = {"double": 8, "__half": 2, "__nv_bfloat16": 2}  # bytes of an element, by C++'s name; else 4


class Ledger:
    """A driver for `cuda.emulated` that runs nothing: `entries` lists what was captured last."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.blas = Library(_Products(self.note))

    def note(self, name: str, nbytes: int, flops: int = 0) -> None:
        if cuda.capturing:
            self.entries.append(Entry(name, nbytes, flops))

    def launch(self, kernel: Any, grid: Any, block: Any, args: Any, smem: int) -> None:
        name = kernel.expression.partition("<")[0]
        count = FLOPS.get(name.removesuffix("_tensor"))
        width = next((size for kind, size in WIDTHS.items() if kind in kernel.expression), 4)
        self.note(name, sum(_bytes(a, width) for a in args), count(*args) if count else 0)

    def capture(self, step: Callable[[], Any], borrowed: Any) -> tuple[Any, Any]:
        self.entries = []
        return SimpleNamespace(launch=lambda: None), step()

    def array_code(self, f: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """CuPy's own kernels: one for each call, at best. A view of an argument takes none."""
        made = f(*arrays)
        touched = [a for a in (*arrays, *(made if isinstance(made, tuple) else (made,))) if isinstance(a, np.ndarray)]
        if not any(isinstance(a, np.ndarray) and np.may_share_memory(made, a) for a in arrays if made is not None):
            self.note("array code", sum(a.nbytes for a in touched))
        return made


def _bytes(argument: Any, width: int) -> int:
    """Of an array its size; of a table of w, g and slots, with elements of `width` bytes, what its update moves."""
    if not isinstance(argument, np.ndarray):
        return 0
    if not argument.dtype.names:
        return argument.nbytes
    if "arrays" not in argument.dtype.names:
        return 0
    arrays = argument["arrays"].reshape(-1, argument["arrays"].shape[-1])
    passes = np.maximum(2 * (arrays != 0).sum(axis=1) - 1, 0)  # all are read, all but g written
    return int((passes * argument["sizes"].reshape(-1)).sum()) * width


ELEMENT = {0: 4, 1: 8, 2: 2, 14: 2, 4: 8, 5: 16}  # bytes of an element, by cudaDataType
BATCH = 5  # the attribute of a matrix that says how many there are


class _Products:
    """What `gputape.blas` calls of cuBLASLt, as far as it takes to know the sizes of products."""

    def __init__(self, note: Callable[..., None]) -> None:
        self.note, self.matrices = note, {}

    def __getattr__(self, name: str) -> Any:
        self.__dict__[name] = made = _Call(
            getattr(type(self), "_" + name.removeprefix("cublasLt"), _Products._nothing), self
        )
        return made

    def _nothing(self, *args: Any) -> int:
        return 0

    def _MatrixLayoutCreate(self, made: Any, kind: Any, rows: int, cols: int, ld: int) -> int:
        made._obj.value = len(self.matrices) + 1
        self.matrices[made._obj.value] = [rows, cols, 1, ELEMENT[kind]]
        return 0

    def _MatrixLayoutSetAttribute(self, matrix: Any, attribute: int, value: Any, size: Any) -> int:
        if attribute == BATCH:
            self.matrices[matrix.value][2] = value._obj.value
        return 0

    def _MatmulAlgoGetHeuristic(self, *args: Any) -> int:
        args[-1]._obj.value = 1  # one algorithm was found, which needs no workspace
        return 0

    def _Matmul(self, handle: Any, product: Any, alpha: Any, a: Any, first: Any, b: Any, second: Any, beta: Any, c: Any,
                third: Any, *rest: Any) -> int:  # fmt: skip
        matrices = [self.matrices[m.value] for m in (first, second, third)]
        elements = [rows * cols * count for rows, cols, count, _ in matrices]
        rows, cols, count, size = matrices[2]
        depth = elements[0] // (rows * count)
        self.note("cublasLtMatmul", sum(elements) * size, 2 * rows * cols * depth * count)
        return 0


class _Call:
    """One function of the library; ctypes' habits (argtypes) are accepted."""

    def __init__(self, function: Callable[..., int], of: _Products) -> None:
        self.function, self.of = function, of

    def __call__(self, *args: Any) -> int:
        return self.function(self.of, *args)


def module_of(name: str) -> tuple[Any, tuple[int, ...], Any, Any]:
    """The module of a model, what its `build` and `data` take beyond the library, and a batch."""
    module = importlib.import_module(f"bench.models.{name}")
    short = (SHORT[name],) if name in SHORT else ()
    x, y = module.data(*short)
    return module, short, x[: MODELS[name]], y[: MODELS[name]]


def launches(name: str) -> list[Entry]:
    """What a training step of the model launches, once captured."""
    with tf.device("/CPU:0"), cuda.emulated(Ledger()) as ledger:
        module, short, x, y = module_of(name)
        model = module.build(keras, *short)
        model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        for _ in range(4):  # builds, records, captures, and captures again where a Variable has moved
            model.train_on_batch(x, y)
        if not ledger.entries:
            raise RuntimeError(f"the step of {name} was not captured")
        return ledger.entries


def torch_ops(name: str) -> int | None:
    """Ops that PyTorch dispatches for the same step, on arrays without memory; None without PyTorch."""
    if not importlib.util.find_spec("torch"):
        return None
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        ops = 0

        def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            shows = any(r.alias_info is not None and not r.alias_info.is_write for r in op._schema.returns)
            self.ops += not shows
            return op(*args, **(kwargs or {}))

    module, short, x, y = module_of(name)
    model = module.torch_model(torch, *short).to("meta")
    x = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
    inputs, targets = (torch.from_numpy(np.ascontiguousarray(a)).to("meta") for a in (x, y))
    step = stepper(torch, EAGER, model, entropy(torch), foreach=True)  # one call for all weights, as on a GPU
    step(inputs, targets)
    with Count() as count:
        step(inputs, targets)
    return int(count.ops)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.launches", description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--kernels", action="store_true", help="each model's kernels, too")
    given = parser.parse_args()
    if unknown := set(given.models) - set(MODELS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MODELS)}")
    print(f"{'model (batch)':<18}{'launches':>9}{'CuPy':>6}{'MB':>10}{'GFLOP':>9}{'floor, us':>11}{'PyTorch ops':>13}")
    for name in given.models or MODELS:
        entries = launches(name)
        theirs = torch_ops(name)
        print(
            f"{f'{name} ({MODELS[name]})':<18}{len(entries):>9}{sum(e.name == 'array code' for e in entries):>6}"
            f"{sum(e.bytes for e in entries) / 1e6:>10.2f}{sum(e.flops for e in entries) / 1e9:>9.2f}"
            f"{sum(e.floor for e in entries) * 1e6:>11.1f}{'not installed' if theirs is None else theirs:>13}",
            flush=True,
        )
        if given.kernels:
            for kernel, count in collections.Counter(e.name for e in entries).most_common():
                of_kernel = [e for e in entries if e.name == kernel]
                print(f"    {count:5} {kernel:<32} {sum(e.bytes for e in of_kernel) / 1e6:10.2f} MB")


if __name__ == "__main__":
    main()
