"""Callbacks one by one; trainings that are compared with Keras's are in tests/keras/training."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import gputape as tf
from gputape.keras.callbacks.callback import HOOKS
from gputape.keras.callbacks.logs import Logs, flat_logs

keras = tf.keras
X, Y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")


class Stored(keras.Sequential):
    """A model whose files are .npz under any name, and that counts what it saves."""

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        with open(filepath, "wb") as file:
            np.savez(file, *self.get_weights())

    save = save_weights

    def load_weights(self, filepath: Any) -> None:
        with open(filepath, "rb") as file:
            if not file.read(1):
                raise OSError("empty file")
        with np.load(filepath) as found:
            self.set_weights([found[f"arr_{k}"] for k in range(len(found))])


def model(rate: float = 0.1, **arguments: Any) -> Any:
    made = Stored([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate), "mse", **arguments)
    return made


def told(callback: Any, logs: list[dict[str, float]], target: Any = None) -> Any:
    """The callback after epochs with these logs; the logs may change."""
    callback.set_model(target or model())
    callback.on_train_begin()
    for epoch, entry in enumerate(logs):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, entry)
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return callback


# -- logs and lists


def test_logs_are_read_when_looked_at() -> None:
    logs = flat_logs(
        {"loss": tf.constant(0.5), "compile_metrics": {"mae": tf.constant(2.0)}, "image": np.ones(2), "who": "me"}
    )
    assert isinstance(dict.__getitem__(logs, "loss"), tf.Tensor)
    assert list(logs) == ["mae", "image", "loss", "who"]
    assert logs["loss"] == 0.5 and type(logs["loss"]) is float and logs["who"] == "me"
    assert "{loss:.2f}".format(**flat_logs({"loss": tf.constant(0.5)})) == "0.50"
    assert type(dict(flat_logs({"loss": tf.constant(0.5)}))["loss"]) is float
    assert flat_logs({"a": tf.constant(1.0)}) == {"a": 1.0} and repr(flat_logs({"a": np.float32(1)})) == "{'a': 1.0}"
    assert json.dumps(flat_logs({"a": tf.constant(1.0)})) == '{"a": 1.0}'
    assert flat_logs({"a": tf.constant(1.0)}).pop("a") == 1.0 and flat_logs(None) == {} and logs.get("no", 3) == 3
    assert logs["image"].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="Tensor"):
        flat_logs(tf.constant(1.0))


def test_list_calls_only_those_that_listen() -> None:
    class Old(keras.callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(("old", batch, logs))

    seen: list[Any] = []
    added = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(("new", batch, logs)))
    container = keras.callbacks.CallbackList([Old()], add_history=True, model=model(), verbose=0, epochs=2, steps=3)
    container.append(added)
    container.on_train_batch_begin(0)
    container.on_train_batch_end(4, {"loss": tf.constant(1.0)})
    assert seen == [("old", 4, {"loss": 1.0}), ("new", 4, {"loss": 1.0})]
    assert added.params == {} and container.callbacks[0].params == {"verbose": 0, "epochs": 2, "steps": 3}
    assert container.model.history is container.callbacks[1]
    for hook in HOOKS:
        getattr(container, hook)(*([0] if "batch" in hook or "epoch" in hook else []))


def test_history_sees_what_other_callbacks_add() -> None:
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
    history = model().fit(X, Y, epochs=2, callbacks=[note], verbose=0)
    assert history.history["extra"] == [0, 1] and history.epoch == [0, 1]


# -- monitors


def test_early_stopping_counts() -> None:
    stop = told(
        keras.callbacks.EarlyStopping("val_loss", patience=2), [{"val_loss": v} for v in (3.0, 2.0, 2.5, 2.0, 1.0)]
    )
    assert (stop.stopped_epoch, stop.best, stop.best_epoch) == (3, 2.0, 1)
    stop = told(
        keras.callbacks.EarlyStopping("up", mode="max", min_delta=0.5, patience=1), [{"up": v} for v in (1.0, 1.4, 9.0)]
    )
    assert (stop.stopped_epoch, stop.best) == (1, 1.0)


def test_early_stopping_restores(capsys: Any) -> None:
    target = model()

    class Spoil(keras.callbacks.EarlyStopping):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            target.set_weights([np.full((2, 1), epoch), np.zeros(1)])

    told(
        Spoil("loss", patience=1, restore_best_weights=True, verbose=1), [{"loss": v} for v in (3.0, 2.0, 4.0)], target
    )
    assert target.get_weights()[0].tolist() == [[1.0], [1.0]]
    assert "Epoch 3: early stopping" in capsys.readouterr().out


def test_direction_of_a_metric() -> None:
    target = model(metrics=["mae", keras.metrics.BinaryAccuracy(name="hits"), lambda a, b: a - b])
    target.fit(X, Y, verbose=0)
    for name, larger in (("val_loss", False), ("mae", False), ("val_hits", True)):
        stop = keras.callbacks.EarlyStopping(name)
        stop.set_model(target)
        stop._set_monitor_op()
        assert (stop.monitor_op is np.greater) is larger
    stop = keras.callbacks.EarlyStopping("unheard_of")
    stop.set_model(target)
    with pytest.raises(ValueError, match="maximized or minimized"):
        stop._set_monitor_op()
    with pytest.warns(UserWarning, match="not available"):
        told(keras.callbacks.EarlyStopping("val_loss"), [{"loss": 1.0}])
    with pytest.warns(UserWarning, match="unknown, fallback"):
        keras.callbacks.EarlyStopping(mode="best")


def test_terminate_on_nan(capsys: Any) -> None:
    bad = np.where(np.arange(8)[:, None] == 3, np.inf, Y)
    assert (
        len(model().fit(X, bad, batch_size=2, epochs=3, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0).epoch)
        == 1
    )
    assert "Invalid loss" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="batch 0"):
        model().fit(X, bad, callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True)], verbose=0)


# -- learning rates


def test_scheduler(capsys: Any) -> None:
    target = model(1.0)
    history = target.fit(
        X, Y, epochs=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda e: 0.5 / (e + 1), 1)], verbose=0
    )
    assert history.history["learning_rate"] == [0.5, 0.25]
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.25." in capsys.readouterr().out
    with pytest.raises(ValueError, match="should be a float"):
        target.fit(X, Y, callbacks=[keras.callbacks.LearningRateScheduler(lambda e, r: "fast")], verbose=0)


def test_the_recorded_step_uses_the_new_rate() -> None:
    target = model(1.0)
    target.fit(X, Y, verbose=0)
    before = target.get_weights()
    target.fit(X, Y, epochs=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda e, r: 0.0)], verbose=0)
    assert all((a == b).all() for a, b in zip(before, target.get_weights()))


def test_reduce_on_plateau() -> None:
    target = model(1.0)
    logs = [{"val_loss": v} for v in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)]
    told(keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=1, min_lr=0.3), logs, target)
    assert [entry["learning_rate"] for entry in logs] == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.5, 0.3])
    assert float(target.optimizer.learning_rate) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="factor >="):
        keras.callbacks.ReduceLROnPlateau(factor=1.0)


# -- files


def test_checkpoints_by_name(tmp_path: Path) -> None:
    path = tmp_path / "new" / "{epoch:02d}-{loss:.1f}.weights.h5"
    told(keras.callbacks.ModelCheckpoint(path, save_weights_only=True), [{"loss": 2.0}, {"loss": 1.0}])
    assert sorted(p.name for p in path.parent.iterdir()) == ["01-2.0.weights.h5", "02-1.0.weights.h5"]
    with pytest.raises(KeyError, match="Failed to format"):
        told(keras.callbacks.ModelCheckpoint(tmp_path / "{mae}.keras"), [{"loss": 2.0}])


def test_checkpoint_of_the_best(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "{epoch}.keras"
    logs = [{"val_loss": v} for v in (5.0, 3.0, 4.0, 2.0)]
    best = told(
        keras.callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1, initial_value_threshold=4.0), logs
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2.keras", "4.keras"] and best.best == 2.0
    out = capsys.readouterr().out
    assert "did not improve from 3.00000" in out and "improved from 3.00000 to 2.00000" in out
    with pytest.warns(UserWarning, match="only with val_loss available"):
        told(keras.callbacks.ModelCheckpoint(path, save_best_only=True), [{"loss": 1.0}])


def test_checkpoints_after_batches(tmp_path: Path) -> None:
    saver = keras.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.{batch}.weights.h5", save_weights_only=True, save_freq=3
    )
    model().fit(X, Y, batch_size=2, epochs=2, callbacks=[saver], verbose=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.3.weights.h5", "2.2.weights.h5"]


def test_checkpoint_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.weights\.h5"):
        keras.callbacks.ModelCheckpoint("a.keras", save_weights_only=True)
    with pytest.raises(ValueError, match=r"\.keras"):
        keras.callbacks.ModelCheckpoint("a")
    with pytest.raises(ValueError, match="save_freq"):
        keras.callbacks.ModelCheckpoint("a.keras", save_freq="batch")
    (tmp_path / "a.keras").mkdir()
    with pytest.raises(OSError, match="non-directory"):
        told(keras.callbacks.ModelCheckpoint(tmp_path / "a.keras"), [{"loss": 1.0}])


@pytest.mark.parametrize("damaged", [False, True])
def test_backup_and_restore(tmp_path: Path, damaged: bool) -> None:
    class Crash(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    def backup() -> Any:
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", double_checkpoint=True)

    target = model()
    with pytest.raises(KeyboardInterrupt):
        target.fit(X, Y, epochs=5, callbacks=[backup(), Crash()], verbose=0)
    kept = target.get_weights()
    if damaged:
        (tmp_path / "backup" / "latest.weights.h5").write_bytes(b"")
    again = model()
    starts: list[Any] = []
    first = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: starts.append(again.get_weights()))
    history = again.fit(X, Y, epochs=5, callbacks=[backup(), first], verbose=0)
    assert history.epoch == ([2, 3, 4] if damaged else [3, 4])
    assert damaged or all((a == b).all() for a, b in zip(starts[0], kept))
    assert not (tmp_path / "backup").exists()


def test_backup_arguments() -> None:
    with pytest.raises(ValueError, match="Empty"):
        keras.callbacks.BackupAndRestore("")
    with pytest.raises(ValueError, match="save_freq"):
        keras.callbacks.BackupAndRestore("a", save_freq="batch")
    unbuilt = Stored([keras.layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must be built"):
        unbuilt.fit(X, Y, callbacks=[keras.callbacks.BackupAndRestore("a")], verbose=0)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    told(keras.callbacks.CSVLogger(path), [{"loss": 0.5, "many": np.array([1, 2])}])
    assert path.read_text().splitlines() == ["epoch,loss,many,val_loss,val_many", '0,0.5,"""[1, 2]""",NA,NA']


def test_moving_averages_need_an_optimizer_that_has_them() -> None:
    with pytest.raises(ValueError, match="use_ema=True"):
        model().fit(X, Y, validation_data=(X, Y), callbacks=[keras.callbacks.SwapEMAWeights()], verbose=0)


# -- tensorboard


class Writer:
    """What tensorboardX's SummaryWriter does, kept in memory."""

    written: ClassVar[list[Any]] = []

    def __init__(self, folder: str) -> None:
        self.kind = Path(folder).name

    def __getattr__(self, name: str) -> Any:
        return lambda *args: Writer.written.append((self.kind, name, *args))


def test_tensorboard(monkeypatch: Any) -> None:
    fake = types.ModuleType("tensorboardX")
    fake.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorboardX", fake)
    monkeypatch.setattr(Writer, "written", [])
    board = keras.callbacks.TensorBoard(
        "logs", histogram_freq=1, write_images=True, update_freq=2, write_steps_per_second=True
    )
    model(0.5).fit(X, Y, batch_size=2, epochs=2, validation_data=(X, Y), callbacks=[board], verbose=0)
    tags = [(kind, what, args[0], args[-1]) for kind, what, *args in Writer.written if args]
    for tag in (
        ("train", "add_scalar", "epoch_loss", 1),
        ("train", "add_scalar", "epoch_learning_rate", 0),
        ("train", "add_scalar", "epoch_steps_per_second", 1),
        ("train", "add_scalar", "batch_loss", 8),
        ("validation", "add_scalar", "epoch_loss", 1),
        ("validation", "add_scalar", "evaluation_loss_vs_iterations", 4),
    ):
        assert tag in tags
    assert sum(what == "add_histogram" for _, what, *_ in tags) == 4
    assert sum(what == "add_image" for _, what, *_ in tags) == 2, "a bias of one number is no picture"
    assert ("train", "close") in Writer.written
    with pytest.raises(ValueError, match="profile_batch"):
        keras.callbacks.TensorBoard(profile_batch=2)


def test_tensorboard_says_what_is_missing(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"gputape\[tensorboard\]"):
        model().fit(X, Y, callbacks=[keras.callbacks.TensorBoard()], verbose=0)


def test_logs_copy_is_plain() -> None:
    assert type(Logs(a=tf.constant(1.0)).copy()) is dict
