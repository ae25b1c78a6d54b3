"""What the models share: a supervised training in Keras and in PyTorch, and how it is timed.

A model's module says how it is built for each library; here `fit`, `evaluate` and `predict` become works that can be
measured: with Keras through its methods, with PyTorch by the shortest loop that does the same.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

EAGER, COMPILED, GRAPHS = "eager", "compile", "graphs"  # how PyTorch runs a step


class Work(NamedTuple):
    """`run()` does `steps` steps and returns when the device has done them."""

    run: Callable[[], Any]
    steps: int


class Timed(NamedTuple):
    """first: seconds of the first run, in which things are compiled. step: seconds of a step afterwards, at best."""

    first: float
    step: float


def timed(work: Work, seconds: float) -> Timed:
    """Run `work` for about `seconds` after its first run, three times at least."""
    times: list[float] = []
    while len(times) < 4 or sum(times[1:]) < seconds:
        start = time.perf_counter()
        work.run()
        times.append(time.perf_counter() - start)
    return Timed(times[0], min(times[1:]) / work.steps)


def repeated(x: Any, y: Any, size: int) -> tuple[Any, Any]:
    """The first `size` examples, from the start again where there are no more."""
    times = math.ceil(size / len(x))
    return tuple(np.concatenate([a] * times)[:size] for a in (x, y))


def keras_works(keras: Any, build: Callable[[], Any], x: Any, y: Any, batches: dict[int, int]) -> dict[str, Work]:
    """fit, evaluate and predict of a classifier, by Adam. batches: sizes, and how many make a run."""
    works = {}
    for batch, steps in batches.items():
        model = build()
        model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        data = repeated(x, y, batch * steps)
        options: dict[str, Any] = {"batch_size": batch, "verbose": 0}
        works[f"fit, batch {batch}"] = Work(functools.partial(model.fit, *data, **options), steps)
        works[f"evaluate, batch {batch}"] = Work(functools.partial(model.evaluate, *data, **options), steps)
        works[f"predict, batch {batch}"] = Work(functools.partial(model.predict, data[0], **options), steps)
    return works


def torch_works(
    torch: Any, mode: str, build: Callable[[], Any], x: Any, y: Any, batches: dict[int, int], loss: Any = None
) -> dict[str, Work]:
    """The same in PyTorch: shuffled batches of data that lies on the device, and the loss of the run. loss: else `entropy`."""
    loss = loss or entropy(torch)
    place = "cuda" if torch.cuda.is_available() else "cpu"
    works = {}
    for batch, steps in batches.items():
        inputs, targets = (torch.from_numpy(np.ascontiguousarray(a)).to(place) for a in repeated(x, y, batch * steps))
        model = build().to(place)
        step = stepper(torch, mode, model, loss)
        forward = torch.compile(model) if mode == COMPILED else model
        arguments = (torch, inputs, targets, batch)
        works[f"fit, batch {batch}"] = Work(functools.partial(_fit, *arguments, step), steps)
        works[f"evaluate, batch {batch}"] = Work(functools.partial(_evaluate, *arguments, forward, loss), steps)
        works[f"predict, batch {batch}"] = Work(functools.partial(_predict, *arguments, forward), steps)
    return works


def entropy(torch: Any) -> Callable[..., Any]:
    """PyTorch's loss of a classifier: logits (..., classes) and labels (...)."""
    return lambda logits, y: torch.nn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())


def only_fit(works: dict[str, Work]) -> dict[str, Work]:
    """Those of `works` that train."""
    return {case: work for case, work in works.items() if case.startswith("fit")}


def stepper(torch: Any, mode: str, model: Any, loss: Callable[..., Any], **adam: Any) -> Callable[..., Any]:
    """A step of Adam, `step(x, y)`, which returns the loss: run eagerly, compiled, or as one CUDA graph."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, capturable=mode == GRAPHS, **adam)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.detach()

    if mode == COMPILED:
        return torch.compile(step)
    return _Graph(torch, step) if mode == GRAPHS else step


class _Graph:
    """A step captured at its first call, as PyTorch's manual says: some steps on a stream beside, then the capture."""

    def __init__(self, torch: Any, step: Callable[..., Any]) -> None:
        self.torch, self.step, self.graph = torch, step, None

    def __call__(self, x: Any, y: Any) -> Any:
        if self.graph is None:
            self.capture(x, y)
        self.x.copy_(x)
        self.y.copy_(y)
        self.graph.replay()
        return self.value

    def capture(self, x: Any, y: Any) -> None:
        cuda = self.torch.cuda
        self.x, self.y = x.clone(), y.clone()
        beside = cuda.Stream()
        beside.wait_stream(cuda.current_stream())
        with cuda.stream(beside):
            for _ in range(3):
                self.step(self.x, self.y)
        cuda.current_stream().wait_stream(beside)
        self.graph = cuda.CUDAGraph()
        with cuda.graph(self.graph):
            self.value = self.step(self.x, self.y)


def _fit(torch: Any, inputs: Any, targets: Any, batch: int, step: Callable[..., Any]) -> float:
    total = torch.zeros((), device=inputs.device)
    for rows in torch.randperm(len(inputs), device=inputs.device).split(batch):
        total += step(inputs[rows], targets[rows])
    return float(total)


def _evaluate(
    torch: Any, inputs: Any, targets: Any, batch: int, model: Callable[..., Any], loss: Callable[..., Any]
) -> float:
    total = torch.zeros((), device=inputs.device)
    with torch.no_grad():
        for x, y in zip(inputs.split(batch), targets.split(batch), strict=True):
            total += loss(model(x), y)
    return float(total)


def _predict(torch: Any, inputs: Any, targets: Any, batch: int, model: Callable[..., Any]) -> Any:
    with torch.no_grad():
        return torch.cat([model(x) for x in inputs.split(batch)]).cpu().numpy()
