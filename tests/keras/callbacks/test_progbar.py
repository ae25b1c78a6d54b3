"""The progress bar on a terminal, elsewhere, and in `fit`."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest

import gputape as tf

keras = tf.keras


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_line_where_there_is_no_terminal(capsys: Any) -> None:
    bar = keras.utils.Progbar(3)
    for k in range(3):
        bar.update(k + 1, [("loss", float(k)), ("tiny", 1e-5)])
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"3/3 ━{20} 0s \d+[mu]s/step - loss: 2.0000 - tiny: 1.0000e-05", line)


def test_live_on_a_terminal(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdout", Terminal())
    bar = keras.utils.Progbar(4, interval=0.0, stateful_metrics=["last"], width=4)
    bar.update(1, [("mean", 1.0), ("last", 1.0)])
    bar.add(1, [("mean", 3.0), ("last", 3.0)])
    bar.update(4, [], finalize=True)
    import sys

    drawn = sys.stdout.getvalue().split("\r")  # type: ignore[attr-defined]
    assert drawn[0] == "" and drawn[-1].endswith("\n") and len(drawn) == 4
    assert "1/4 ━───" in drawn[1] and "2/4 ━━──" in drawn[2]
    assert "mean: 2.0000 - last: 3.0000" in drawn[2]


def test_unknown_length_and_silence(capsys: Any) -> None:
    keras.utils.Progbar(None, verbose=2).update(5, [("loss", np.ones(3))], finalize=True)
    assert capsys.readouterr().out.startswith("5/Unknown 0s")
    keras.utils.Progbar(2, verbose=0).update(2)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="Only one"):
        keras.utils.Progbar(2, stateful_metrics=[], stateless_metrics=[])


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_fit(capsys: Any, verbose: Any) -> None:
    keras.utils.set_random_seed(1)  # a loss below 0.001 would be printed another way
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 2), "float32")
    model.fit(x, x[:, :1], batch_size=2, epochs=2, validation_data=(x, x[:, :1]), verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    if verbose == 0:
        assert lines == []
        return
    assert lines[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(re.match(r"4/4 .*step - loss: \d\.\d{4}.* - val_loss: ", line) for line in lines[1::2])
    model.evaluate(x, x[:, :1], verbose=verbose)
    model.predict(x, verbose=verbose)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert "1/1" in evaluated and "loss" in evaluated and "1/1" in predicted and "loss" not in predicted


def test_one_line_without_a_bar(capsys: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 2), "float32")
    model.evaluate(x, x[:, :1], batch_size=2, verbose=2)
    (line,) = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"4/4 - \d+s - \d+[mu]?s/step - loss: \d.*", line)
