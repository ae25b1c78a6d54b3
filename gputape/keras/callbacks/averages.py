"""SwapEMAWeights: evaluation with the moving averages of the weights."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .callback import Callback


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in the place of the weights for evaluation and prediction.

    Args:
        swap_on_epoch: whether to swap at the end of every epoch already, so that the callbacks after this one, such as
            ModelCheckpoint, see the averages too.

    The optimizer must have `use_ema=True`; ValueError otherwise. Method: Polyak averaging.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Every trained variable with its average."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        inner = [o for o in getattr(optimizer, "optimizers", [optimizer]) if getattr(o, "use_ema", False)]
        if not inner or any(not hasattr(o, "_model_variables_moving_average") for o in inner):
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer, after it was built. "
                "Received: "
                f"use_ema={getattr(optimizer, 'use_ema', False)}"
            )
        pairs = [pair for o in inner for pair in zip(o._trainable_variables, o._model_variables_moving_average)]
        return [(variable, average) for variable, average in pairs if average is not None]

    def _swap(self, swapped: bool) -> None:
        if self._swapped is not swapped:
            for variable, average in self._pairs():
                kept = tf.identity(variable)
                variable.assign(average)
                average.assign(kept)
            self._swapped = swapped

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.swap_on_epoch:
            self._swap(True)
            if epoch == self.params["epochs"] - 1:  # fit ends by assigning the averages to the weights
                for variable, average in self._pairs():
                    average.assign(variable)

    def on_test_begin(self, logs: Any = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Any = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Any = None) -> None:
        self._swap(False)
