"""Timelines: events of eager ops, functions and their steps; the files; nothing is left behind."""

import json
import threading

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.op import Binary, Op
from tests.emulator import emulator

X = tf.constant([1.0, 2.0])


def names(timeline):
    return [event.name for event in timeline.events]


def test_closed_it_is_gone():
    before = Op.__call__, Binary.__call__
    with pytest.raises(ZeroDivisionError), tf.timeline():
        assert Op.__call__ is not before[0]
        1 / 0  # noqa: B018
    assert (Op.__call__, Binary.__call__) == before
    with tf.timeline(), pytest.raises(RuntimeError, match="open already"), tf.timeline():
        pass


def test_eager_ops_with_line_and_layer():
    dense = tf.keras.layers.Dense(2, name="first")
    dense(tf.ones((1, 2)))
    with tf.timeline() as timeline:
        dense(tf.ones((1, 2)))
        X + 1.0
    inside = [e for e in timeline.events if e.layer == "first"]
    assert inside and all(e.end >= e.begin >= 0 for e in timeline.events)
    last = timeline.events[-1]
    assert (last.name, last.kind, last.depth, last.layer) == ("add", "op", 0, "") and "test_timeline.py" in last.where
    assert "add" in timeline.summary()


def test_steps_of_a_replayed_function_lie_inside_it():
    @tf.function
    def f(x):
        return tf.exp(x) * 2.0

    f(X)
    with tf.timeline() as timeline:
        y = f(X)
    np.testing.assert_array_equal(y, f(X))
    assert names(timeline) == ["exp", "multiply", "f"]
    exp, multiply, whole = timeline.events
    assert whole.kind == "function" and whole.begin <= exp.begin <= exp.end <= multiply.begin <= whole.end
    assert (exp.depth, whole.depth) == (1, 0) and "test_timeline.py" in exp.where
    assert f.experimental_get_tracing_count() == 1


def test_on_a_device_steps_run_one_by_one(host):
    if reason := emulator.unavailable():
        pytest.skip(reason)
    f = tf.function(lambda x: tf.exp(x) * 2.0)
    with cuda.emulated(emulator.Emulator()):
        x = tf.constant([1.0, 2.0])
        f(x)
        with tf.timeline() as timeline:
            f(x)
    assert names(timeline)[:2] == ["exp", "multiply"]


def test_fit_gives_one_event_a_step():
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, name="first")])
    model.compile("sgd", "mse")
    with tf.timeline() as timeline:
        model.fit(np.ones((6, 2), "float32"), np.ones((6, 1), "float32"), batch_size=2, verbose=0)
    assert sum(e.kind == "function" for e in timeline.events) == 3
    assert any(e.layer.endswith("/first") and e.depth == 1 for e in timeline.events)


def test_other_threads_are_not_timed():
    with tf.timeline() as timeline:
        thread = threading.Thread(target=lambda: X + 1.0)
        thread.start()
        thread.join()
    assert timeline.events == []


def test_files(tmp_path):
    profiler = tf.profiler.experimental
    with pytest.raises(RuntimeError, match="No profiler is running"):
        profiler.stop()
    profiler.start(tmp_path / "a")
    with profiler.Trace("train", step_num=1):
        tf.exp(X)
    profiler.stop()
    events = json.loads((tmp_path / "a" / "timeline.json").read_text())["traceEvents"]
    assert [e["name"] for e in events] == ["exp", "train step_num=1"]
    assert all(e["ph"] == "X" and e["dur"] >= 0 for e in events)
    with profiler.Profile(tmp_path / "b"):
        pass
    assert json.loads((tmp_path / "b" / "timeline.json").read_text())["traceEvents"] == []
    with profiler.Trace("nothing"):
        tf.exp(X)


def test_picture(tmp_path):
    pytest.importorskip("matplotlib")
    with tf.timeline() as timeline:
        for _ in range(3):
            tf.nn.softmax(tf.exp(X))
    timeline.save(tmp_path / "t.png")
    assert (tmp_path / "t.png").read_bytes()[:4] == b"\x89PNG"
