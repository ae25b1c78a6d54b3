"""TensorBoard: curves, weights and their histograms as files that TensorBoard shows. Written by tensorboardX."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from .callback import Callback
from .learning_rate import learning_rates


class TensorBoard(Callback):
    """Writes event files: the logs of epochs (and batches), the learning rate, histograms of weights.

    Args:
        log_dir: the folder; training goes to "train", validation to "validation" inside it.
        histogram_freq: after every so many epochs, histograms of all weights; 0 for none.
        write_graph: whether to write the model's layers, as JSON.
        write_images: with histograms, also the weights as pictures.
        write_steps_per_second: whether to write how fast training is.
        update_freq: "epoch"; or also after every so many batches, "batch" for 1.
        profile_batch, embeddings_freq, embeddings_metadata: must be off, as nothing writes these; ValueError otherwise.

    Needs `pip install "gputape[tensorboard]"`; ImportError otherwise.
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        for name, value in (("profile_batch", profile_batch), ("embeddings_freq", embeddings_freq)):
            if value:
                raise ValueError(f"TensorBoard: `{name}` is not supported and must be 0. Received: {name}={value}")
        self.log_dir, self.histogram_freq, self.write_graph = str(log_dir), histogram_freq, write_graph
        self.write_images, self.write_steps_per_second = write_images, write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._train_batch = 0
        self._started = 0.0
        self._steps_before = 0

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._writers = {}
        if self.write_graph and getattr(model, "built", False) and hasattr(model, "output_names"):
            self._writer("train").add_text("keras", model.to_json(), 0)

    def _writer(self, kind: str) -> Any:
        """The writer for "train" or "validation", made when there is something to write."""
        if kind not in self._writers:
            try:
                import tensorboardX
            except ImportError:
                raise ImportError('TensorBoard needs tensorboardX: pip install "gputape[tensorboard]"') from None
            self._writers[kind] = tensorboardX.SummaryWriter(os.path.join(self.log_dir, kind))
        return self._writers[kind]

    def _scalars(self, kind: str, prefix: str, logs: dict[str, Any], step: int, suffix: str = "") -> None:
        for name, value in logs.items():
            if np.ndim(value) == 0:
                self._writer(kind).add_scalar(f"{prefix}_{name}{suffix}", value, step)

    def on_train_begin(self, logs: Any = None) -> None:
        self._train_batch = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._train_batch += 1
        if self.update_freq != "epoch" and self._train_batch % self.update_freq == 0:
            self._scalars("train", "batch", dict(logs or {}), self._train_batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.write_steps_per_second:
            self._started, self._steps_before = time.monotonic(), int(self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        train = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        train.update({name: float(o.learning_rate) for name, o in learning_rates(optimizer).items()})
        if self.write_steps_per_second:
            steps = int(self.model.optimizer.iterations) - self._steps_before
            train["steps_per_second"] = steps / (time.monotonic() - self._started)
        self._scalars("train", "epoch", train, epoch)
        validation = {name[4:]: value for name, value in (logs or {}).items() if name.startswith("val_")}
        self._scalars("validation", "epoch", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._weights(epoch)

    def on_test_end(self, logs: Any = None) -> None:
        if self.model.optimizer is not None:
            step = int(self.model.optimizer.iterations)
            self._scalars("validation", "evaluation", dict(logs or {}), step, "_vs_iterations")

    def on_train_end(self, logs: Any = None) -> None:
        for writer in self._writers.values():
            writer.close()

    def _weights(self, epoch: int) -> None:
        for weight in (w for layer in self.model.layers for w in layer.weights):
            value = np.asarray(weight)
            name = weight.path.replace(":", "_")
            self._writer("train").add_histogram(f"{name}/histogram", value, epoch)
            image = value.squeeze()
            if self.write_images and image.ndim in (1, 2):
                self._writer("train").add_image(f"{name}/image", np.atleast_2d(image)[None], epoch)
