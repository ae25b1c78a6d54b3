"""An op from CUDA of one's own: the kernels, the meaning that they must equal, and the check that they do.

The meaning is a function made of ops. It is what runs without a GPU, it says what shapes and dtypes the kernels write,
and its gradient is the gradient of the op at any order: a backward kernel is an op too, whose meaning is that gradient.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import cuda, testing
from .dtypes import DIFFERENTIABLE, FROM_NUMPY
from .errors import InvalidArgumentError
from .op import Fused
from .record import pause
from .registry import OPS
from .sources import c_name
from .tape import GradientTape
from .tensor import Array, Tensor, as_tensor

_KERNEL = re.compile(
    r"(?P<template>template\s*<[^>]*>\s*)?(?:extern\s+\"C\"\s*)?__global__\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?void\s+"
    r"(?:__launch_bounds__\s*\([^)]*\)\s*)?(?P<name>\w+)\s*\((?P<parameters>[^)]*)\)"
)
_SCALARS: dict[type, type[np.generic]] = {bool: np.bool_, int: np.int64, float: np.float64}


class Source:
    """CUDA source as the kernel of an op: one thread for each element of the first output.

    likes: gives (shape, dtype) of each output from the arrays and the attributes.
    """

    def __init__(self, source: Any, block: int, likes: Callable[..., Sequence[tuple[Any, Any]]]) -> None:
        text, name = (source, None) if isinstance(source, str) else (source.code, source.name)  # a cupy.RawKernel
        found = [m for m in _KERNEL.finditer(re.sub(r"//[^\n]*", "", text)) if name in (None, m["name"])]
        if len(found) != 1:
            names = [m["name"] for m in found]
            raise ValueError(
                f"kernel: the source must hold one `__global__ void name(...)`, it holds {names}: for a launch of several "
                f"give a function of arrays that launches gputape.cuda.Kernels(source)"
            )
        self.name, self.is_template = found[0]["name"], bool(found[0]["template"])
        self.parameters = [" ".join(p.split()) for p in found[0]["parameters"].split(",") if p.strip()]
        # The half types that a template may become are defined there; the lines of messages stay the user's.
        headers = '#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n#line 1 "kernel.cu"\n' if self.is_template else ""
        self.file = cuda.Kernels(f"{headers}{text}\n", block)
        self.file.options += tuple(getattr(source, "options", ()))
        self.likes = likes

    def __call__(self, *arrays: Any, **attrs: Any) -> Any:
        outputs = [cuda.empty(shape, dtype) for shape, dtype in self.likes(arrays, attrs)]
        memory = [*[cuda.contiguous(a) for a in arrays], *outputs]
        args = [*memory, *[self.scalar(k, v) for k, v in attrs.items()], np.int64(outputs[0].size)]
        main = next((a.dtype for a in arrays if a.dtype in DIFFERENTIABLE), arrays[0].dtype)
        self.check(args)
        launch = getattr(self.file, self.name)[main if self.is_template else ()]
        launch(-(-outputs[0].size // self.file.block), args)
        return tuple(outputs) if len(outputs) > 1 else outputs[0]

    def scalar(self, name: str, value: Any) -> Any:
        if isinstance(value, np.generic):
            return value
        kind = _SCALARS.get(type(value))
        if kind is None:
            raise TypeError(
                f"{self.name}: attribute {name}={value!r} is no number, and kernels take numbers (bool, long long, "
                f"double): give a function of arrays as the kernel, which may pass what it likes"
            )
        return kind(value)

    def check(self, args: Sequence[Any]) -> None:
        """TypeError if the kernel's parameters are others: the device would read the bytes as what they are not."""
        if len(args) != len(self.parameters):
            raise TypeError(
                f"{self.name} has {len(self.parameters)} parameters ({', '.join(self.parameters)}), its op passes "
                f"{len(args)}: the inputs, the outputs, the attributes, and the number of elements (long long)"
            )
        for parameter, a in zip(self.parameters, args, strict=True):
            words = re.sub(r"\b(const|__restrict__|restrict)\b|\w+$", "", parameter).replace("*", " * ").split()
            takes, given = " ".join(w for w in words if w != "*"), c_name(a.dtype)
            if ("*" in words) != isinstance(a, cuda.ndarray | np.ndarray):
                raise TypeError(f"{self.name}: its parameter {parameter!r} is given {_told(a)}")
            if takes in _C_TYPES and takes != given:
                raise TypeError(f"{self.name}: its parameter {parameter!r} is given {_told(a)}: write {given}")


_C_TYPES = {c_name(d) for d in FROM_NUMPY if d.kind not in "Oc"}


def _told(a: Any) -> str:
    return f"an array of {a.dtype.name}, shape {a.shape}" if a.ndim else f"a {a.dtype.name}"


class OwnKernel(Fused):
    """What `gputape.kernel` makes: an op with `check`. Its `gradient_op` is the backward kernel's, None without one."""

    def __init__(self, meaning: Callable[..., Any], forward: Any, backward: Any, block: int) -> None:
        @functools.wraps(meaning)
        def body(*xs: Any, **attrs: Any) -> Any:
            made = meaning(*xs, **attrs)
            for y in made if isinstance(made, (tuple, list)) else (made,):
                if not isinstance(y, Array):
                    raise TypeError(
                        f"{self.name}: the meaning returned {type(y).__name__}, which has no gradient: write it with "
                        f"gputape's ops, or with `import gputape.numpy as np`"
                    )
            return tuple([as_tensor(y) for y in made]) if isinstance(made, (tuple, list)) else as_tensor(made)

        super().__init__(body)
        self.known: dict[Any, list[tuple[Any, Any]]] = {}
        self.kernel_body = forward if callable(forward) and not hasattr(forward, "code") else None
        self.kernel_body = self.kernel_body or Source(forward, block, self.likes)
        self.gradient_op = None if backward is None else OwnKernel(self.slope(), backward, None, block)

    def slope(self) -> Callable[..., Any]:
        """The meaning of the backward kernel: from inputs and gradients of outputs, the gradients of float inputs."""

        def gradient(*xs: Any, **attrs: Any) -> Any:
            count = len(self.params)
            inputs = [OPS["identity"](x) for x in xs[:count]]  # each its own, even if one tensor came twice
            wanted = [x for x in inputs if x._array.dtype in DIFFERENTIABLE]
            with GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(wanted)
                made = self.body(*inputs, **attrs)
            targets = list(made) if isinstance(made, tuple) else [made]
            made = tape.gradient(targets, wanted, list(xs[count:]), unconnected_gradients="zero")
            return tuple(made) if len(made) > 1 else made[0]

        attributes = [p for p in inspect.signature(self.body).parameters.values() if p.kind is p.KEYWORD_ONLY]
        gradient.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter("xs", inspect.Parameter.VAR_POSITIONAL), *attributes]
        )
        gradient.__name__ = f"{self.name}_grad"
        return gradient

    def likes(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Shape and dtype of each output: the meaning runs once for each signature, on zeros."""
        signature = (*[(a.shape, a.dtype) for a in arrays], *attrs.items())
        if signature not in self.known:
            with cuda.meaning(), pause():
                made = self.body(*[Tensor(np.zeros(a.shape, a.dtype)) for a in arrays], **attrs)
            made = made if isinstance(made, tuple) else (made,)
            self.known[signature] = [(y._array.shape, y._array.dtype) for y in made]
        return self.known[signature]

    def check_dtypes(self, arrays: list[Any]) -> None:
        if len({a.dtype for a in arrays if a.dtype in DIFFERENTIABLE}) > 1:
            names = self.params or [f"xs[{k}]" for k in range(len(arrays))]
            told = ", ".join(f"{n} {FROM_NUMPY[a.dtype].name}" for n, a in zip(names, arrays, strict=True))
            raise InvalidArgumentError(f"{self.name}: floating point inputs must share one dtype: {told}; use tf.cast")

    def backward(self, dys: list[Any], node: Any) -> Any:
        if self.gradient_op is None:
            return super().backward(dys, node)
        if node.likes is not None:
            dys = [OPS["zeros"](*like) if d is None else d for d, like in zip(dys, node.likes, strict=True)]
        made = self.gradient_op(*node.kept, *dys, **node.attrs)
        grads = iter(made if isinstance(made, tuple) else (made,))
        return [next(grads) if x._array.dtype in DIFFERENTIABLE else None for x in node.kept]

    def check(self, *arrays: Any, order: int = 2, seed: int = 0, **attrs: Any) -> None:
        """Prove the op on example arrays, on the GPU if there is one, else on the emulator (which needs g++).

        The forward kernel against the meaning; the backward kernel against the meaning's gradient, with random
        gradients of the outputs; the meaning's gradients up to `order` against finite differences in float64.
        AssertionError with the numbers that differ; TypeError for kernels whose parameters do not fit.
        """
        if not (cuda.emulating or cuda.available()):
            with testing.emulated():
                return self.check(*arrays, order=order, seed=seed, **attrs)
        attrs = {**self.defaults, **attrs}
        hosts = [cuda.to_host(as_tensor(a)._array) for a in arrays]
        testing.check_kernel(self, *hosts, **attrs)
        if self.gradient_op is not None:
            random = np.random.default_rng(seed)
            dys = [np.asarray(random.standard_normal(s)).astype(d) for s, d in self.likes(hosts, attrs)]
            testing.check_kernel(self.gradient_op, *hosts, *dys, **attrs)
        wide = [a.astype(np.float64) if FROM_NUMPY[a.dtype].is_floating else a for a in hosts]
        with cuda.meaning():
            testing.check_gradients(lambda *xs: self.body(*xs, **attrs), *wide, order=order)


def kernel(*, forward: Any, backward: Any = None, meaning: Callable[..., Any] | None = None, block: int = 256) -> Any:
    """Make an op of CUDA kernels and their meaning; without `meaning`, a decorator for it.

    Args:
        forward: CUDA source with one `__global__` function, or a cupy.RawKernel; launched with a thread for each
            element of the first output and given the inputs, the outputs, the attributes (long long, double, bool) and
            the number of threads needed (long long). `template <typename T>` is instantiated by the dtype of the
            first floating point input, and `#include "common.cuh"` gives what gputape's kernels use. Or a function of
            device arrays and attributes that launches what it likes and returns the outputs.
        backward: the same for the gradient: it is given the inputs and the gradients of the outputs, and writes the
            gradients of the floating point inputs. Default: the gradient of the meaning.
        meaning: `f(*tensors, **attributes)`, tensors positional and attributes keyword-only, made of ops.
        block: threads in a block. Default 256.

    The op works in tapes of any order, in functions and their graphs, in layers and `fit`. `op.check(*arrays)` proves
    it. ValueError for a source without a kernel or with several; TypeError without a meaning, or one that is no op.

    >>> import gputape as tf
    >>> cube = tf.kernel(
    ...     forward='''
    ...     template <typename T> __global__ void cube(const T* x, T* y, long long size) {
    ...         long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
    ...         if (i < size) y[i] = x[i] * x[i] * x[i];
    ...     }''',
    ...     meaning=lambda x: x * x * x,
    ... )
    >>> cube(tf.constant([1.0, 2.0])).numpy()
    array([1., 8.], dtype=float32)
    """

    def declare(meaning: Callable[..., Any]) -> OwnKernel:
        if not inspect.isroutine(meaning):
            raise TypeError(
                f"kernel: the meaning must be a function, got {type(meaning).__name__}: the kernel cannot be checked or "
                f"differentiated without one"
            )
        return OwnKernel(meaning, forward, backward, block)

    return declare if meaning is None else declare(meaning)


NAMES = {"tf.kernel": kernel}
__all__ = ["NAMES", "OwnKernel", "Source", "kernel"]
