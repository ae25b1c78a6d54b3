"""What do layers cost, forward and backward, beside Keras on TensorFlow and beside PyTorch? One thread, milliseconds.

Run: python -m bench.layers.bench_layers [word ...], only the layers with one of the words in their names. TensorFlow, Keras
and PyTorch stand beside if installed; "function" is one call of tf.function around both passes. The last column is ours
beside the best of the others: below 1 we are faster.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is loaded
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

# Layer, its arguments, a small and a medium input, and PyTorch's layer for n input features with its channels first.
Torch = Callable[[Any, int], Any]
CASES: list[tuple[str, dict[str, Any], tuple[int, ...], tuple[int, ...], Torch]] = [
    ("Dense", {"units": 64}, (8, 16), (256, 512), lambda nn, n: nn.Linear(n, 64)),
    ("Embedding", {"input_dim": 1000, "output_dim": 64}, (8, 16), (64, 128), lambda nn, n: nn.Embedding(1000, 64)),
    ("Conv1D", {"filters": 16, "kernel_size": 3}, (4, 16, 8), (32, 128, 32), lambda nn, n: nn.Conv1d(n, 16, 3)),
    ("Conv2D", {"filters": 16, "kernel_size": 3}, (2, 8, 8, 4), (16, 32, 32, 16), lambda nn, n: nn.Conv2d(n, 16, 3)),
    ("Conv3D", {"filters": 8, "kernel_size": 3}, (1, 5, 5, 5, 2), (4, 12, 12, 12, 8), lambda nn, n: nn.Conv3d(n, 8, 3)),
    (
        "Conv2DTranspose", {"filters": 16, "kernel_size": 2, "strides": 2}, (2, 4, 4, 4), (16, 16, 16, 16),
        lambda nn, n: nn.ConvTranspose2d(n, 16, 2, stride=2),
    ),
    ("DepthwiseConv2D", {"kernel_size": 3}, (2, 8, 8, 4), (16, 32, 32, 32), lambda nn, n: nn.Conv2d(n, n, 3, groups=n)),
    (
        "SeparableConv2D", {"filters": 16, "kernel_size": 3}, (2, 8, 8, 4), (16, 32, 32, 16),
        lambda nn, n: nn.Sequential(nn.Conv2d(n, n, 3, groups=n, bias=False), nn.Conv2d(n, 16, 1)),
    ),
    ("MaxPooling2D", {}, (2, 8, 8, 4), (32, 32, 32, 16), lambda nn, n: nn.MaxPool2d(2)),
    ("AveragePooling2D", {"pool_size": 2}, (2, 8, 8, 4), (32, 32, 32, 16), lambda nn, n: nn.AvgPool2d(2)),
    ("GlobalAveragePooling2D", {}, (2, 8, 8, 4), (32, 32, 32, 16), lambda nn, n: nn.AdaptiveAvgPool2d(1)),
    (
        "AdaptiveAveragePooling2D", {"output_size": 7}, (2, 8, 8, 4), (32, 32, 32, 16),
        lambda nn, n: nn.AdaptiveAvgPool2d(7),
    ),
    ("BatchNormalization", {}, (8, 16), (32, 16, 16, 32), lambda nn, n: (nn.BatchNorm1d if n == 16 else nn.BatchNorm2d)(n)),
    ("LayerNormalization", {}, (8, 16), (512, 512), lambda nn, n: nn.LayerNorm(n)),
    ("GroupNormalization", {"groups": 4}, (2, 4, 4, 8), (16, 16, 16, 32), lambda nn, n: nn.GroupNorm(4, n)),
    ("RMSNormalization", {}, (8, 16), (512, 512), lambda nn, n: nn.RMSNorm(n)),
    (
        "SimpleRNN", {"units": 64, "return_sequences": True}, (4, 8, 16), (32, 32, 64),
        lambda nn, n: nn.RNN(n, 64, batch_first=True),
    ),
    (
        "LSTM", {"units": 64, "return_sequences": True}, (4, 8, 16), (32, 32, 64),
        lambda nn, n: nn.LSTM(n, 64, batch_first=True),
    ),
    (
        "GRU", {"units": 64, "return_sequences": True}, (4, 8, 16), (32, 32, 64),
        lambda nn, n: nn.GRU(n, 64, batch_first=True),
    ),
    ("ConvLSTM2D", {"filters": 8, "kernel_size": 3, "padding": "same"}, (2, 3, 6, 6, 2), (4, 6, 16, 16, 8), lambda nn, n: None),
    (
        "MultiHeadAttention", {"num_heads": 4, "key_dim": 16}, (2, 8, 64), (16, 64, 64),
        lambda nn, n: nn.MultiheadAttention(n, 4, batch_first=True),
    ),
    ("Attention", {}, (2, 8, 16), (16, 64, 64), lambda nn, n: None),
    ("Dropout", {"rate": 0.5}, (8, 16), (256, 512), lambda nn, n: nn.Dropout(0.5)),
    ("ReLU", {}, (8, 16), (256, 512), lambda nn, n: nn.ReLU()),
    ("Softmax", {}, (8, 16), (256, 512), lambda nn, n: nn.Softmax(-1)),
    ("UpSampling2D", {}, (2, 8, 8, 4), (16, 16, 16, 16), lambda nn, n: nn.Upsample(scale_factor=2)),
    ("ZeroPadding2D", {}, (2, 8, 8, 4), (16, 32, 32, 16), lambda nn, n: nn.ZeroPad2d(1)),
]  # fmt: skip


def milliseconds(work: Callable[[], Any], seconds: float = 0.2) -> float:
    """The least time of one call, among as many as fit into `seconds`, 5 at least."""
    for _ in range(3):
        work()
    times: list[float] = []
    while len(times) < 5 or sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def values(name: str, shape: tuple[int, ...]) -> Any:
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, 1000, shape).astype("int32")
        if name == "Embedding"
        else rng.normal(size=shape).astype("float32")
    )


def of_tensorflow(
    tf: Any, keras: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> dict[str, float]:
    """The same for anything with TensorFlow's API: gputape and TensorFlow run this very code."""
    layer = getattr(keras.layers, name)(**arguments)
    x = tf.constant(values(name, shape))
    told = {"training": True} if name in ("BatchNormalization", "Dropout") else {}

    def forward(x: Any) -> Any:
        if name == "MultiHeadAttention":
            return layer(x, x)
        return layer([x, x] if name == "Attention" else x, **told)

    forward(x)
    variables = [
        v if hasattr(v, "assign_add") and keras.__name__ != "keras" else v.value for v in layer.trainable_variables
    ]
    sources = variables if name == "Embedding" else [x, *variables]

    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            if name != "Embedding":
                tape.watch(x)
            y = tf.reduce_sum(forward(x))
        return tape.gradient(y, [x, *variables] if name != "Embedding" else sources)

    recorded = tf.function(both)
    return {
        "forward": milliseconds(lambda: forward(x)),
        "both": milliseconds(lambda: both(x)),
        "function": milliseconds(lambda: recorded(x)),
    }


def of_torch(name: str, made: Torch, shape: tuple[int, ...]) -> dict[str, float]:
    import torch

    torch.set_num_threads(1)
    layer: Any = made(torch.nn, shape[-1])
    if layer is None:
        return {}
    a = values(name, shape)
    channels_first = len(shape) > 3 or name == "Conv1D"
    x = torch.tensor(np.ascontiguousarray(np.moveaxis(a, -1, 1)) if channels_first else a)
    sources = list(layer.parameters())
    if name != "Embedding":
        x.requires_grad_(True)
        sources.append(x)

    def forward() -> Any:
        y = layer(x, x, x) if name == "MultiHeadAttention" else layer(x)
        return y[0] if isinstance(y, tuple) else y

    return {
        "forward": milliseconds(forward),
        "both": milliseconds(lambda: torch.autograd.grad(forward().sum(), sources)),
    }


def main(words: list[str]) -> None:
    import gputape
    from gputape import keras as ours

    peers = [p for p in ("tensorflow", "torch") if importlib.util.find_spec(p)]
    if "tensorflow" in peers:
        import keras
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    columns = ["gputape", *peers]
    print(f"milliseconds{'':36}" + "".join(f"{c:>13}" for c in columns) + "        ratio")
    for name, arguments, small, medium, made in CASES:
        if words and not any(w.lower() in name.lower() for w in words):
            continue
        for shape in (small, medium):
            found = {"gputape": of_tensorflow(gputape, ours, name, arguments, shape)}
            if "tensorflow" in peers:
                found["tensorflow"] = of_tensorflow(tensorflow, keras, name, arguments, shape)
            if "torch" in peers:
                found["torch"] = of_torch(name, made, shape)
            for what in ("forward", "both", "function"):
                times = [found[c].get(what) for c in columns]
                others = [t for t in times[1:] if t is not None]
                ratio = f"{times[0] / min(others):13.2f}" if others else ""  # type: ignore[operator]
                cells = "".join(f"{'' if t is None else f'{t:.3f}':>13}" for t in times)
                print(f"{name + ' ' + str(shape):36}{what:12}{cells}{ratio}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
