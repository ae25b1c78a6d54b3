"""More cases: trainings with callbacks that change them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.keras.training.cases import QUIET, arrays, case, plain, recording, regressor


@case
def learning_rates(tf: Any) -> Any:
    keras = tf.keras
    x, y = arrays((8, 3), (8, 1))
    made = {}
    model = regressor(tf, optimizer=keras.optimizers.SGD(0.1), loss="mse")
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5 if epoch else rate)
    history = model.fit(x, y, epochs=3, callbacks=[scheduler], **QUIET)
    made["scheduler"] = plain(history), list(history.history)
    model = regressor(tf, optimizer=keras.optimizers.SGD(0.9), loss="mse")
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.3, patience=1, cooldown=1, min_lr=0.01, min_delta=0.05)
    made["plateau"] = plain(model.fit(x, y, epochs=8, callbacks=[plateau], **QUIET))
    return made


@case
def early_stopping(tf: Any) -> Any:
    keras = tf.keras
    x, y, vx, vy = arrays((16, 3), (16, 1), (8, 3), (8, 1))
    made = []
    for arguments in (
        {"monitor": "val_loss", "patience": 2},
        {"monitor": "val_loss", "patience": 1, "restore_best_weights": True},
        {"monitor": "mae", "mode": "max", "patience": 2, "start_from_epoch": 2},
        {"monitor": "loss", "min_delta": 0.2, "baseline": 0.1, "patience": 1, "restore_best_weights": True},
    ):
        model = regressor(tf, optimizer=keras.optimizers.SGD(0.3), loss="mse", metrics=["mae"])
        stop = keras.callbacks.EarlyStopping(**arguments)
        history = model.fit(x, y, epochs=12, batch_size=16, validation_data=(vx, vy), callbacks=[stop], **QUIET)
        made.append(
            [
                history.epoch[-1],
                stop.stopped_epoch,
                stop.best_epoch,
                stop.wait,
                float(stop.best),
                model.evaluate(x, y, verbose=0),
            ]
        )
    return made


@case
def moving_averages(tf: Any) -> Any:
    keras = tf.keras
    x, y = arrays((12, 3), (12, 1))
    made = []
    for swap_on_epoch in (False, True):
        optimizer = keras.optimizers.SGD(0.2, use_ema=True, ema_momentum=0.7)
        model = regressor(tf, optimizer=optimizer, loss="mse")
        callback = keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
        history = model.fit(x, y, batch_size=4, epochs=3, validation_data=(x, y), callbacks=[callback], **QUIET)
        made.append([plain(history), model.evaluate(x, y, verbose=0)])
    return made


@case
def csv_lines(tf: Any) -> Any:
    import tempfile
    from pathlib import Path

    x, y = arrays((8, 3), (8, 1))
    model = regressor(tf, optimizer="sgd", loss="mse", metrics=["mae"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        for append in (False, True):
            logger = tf.keras.callbacks.CSVLogger(path, separator=";", append=append)
            model.fit(x, y, epochs=2, callbacks=[logger], **QUIET)
        lines = [line.split(";") for line in path.read_text().splitlines()]
    return [[cell if cell in ("NA", "") or cell.isidentifier() else float(cell) for cell in line] for line in lines]


@case
def stopping_inside_an_epoch(tf: Any) -> Any:
    x, y = arrays((20, 3), (20, 1))
    notes: list[Any] = []
    model = regressor(tf, optimizer="sgd", loss="mse")

    class Stop(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    history = model.fit(x, y, batch_size=4, epochs=3, callbacks=[Stop(), recording(tf, notes)], **QUIET)
    return notes, plain(history)


@case
def not_a_number(tf: Any) -> Any:
    x, y = arrays((8, 3), (8, 1))
    y[5] = np.nan
    model = regressor(tf, optimizer="sgd", loss="mse")
    history = model.fit(x, y, batch_size=4, epochs=3, callbacks=[tf.keras.callbacks.TerminateOnNaN()], **QUIET)
    return history.epoch, len(history.history["loss"])
