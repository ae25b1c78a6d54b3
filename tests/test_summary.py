"""tf.summary over a stand-in for tensorboardX: what is written, when, and what is not."""

import sys
import types

import numpy as np
import pytest

import gputape as tf
from gputape import summary


@pytest.fixture
def writer(monkeypatch, tmp_path):
    """A writer whose `events.log` lists the calls that reached tensorboardX."""

    class Events:
        def __init__(self, logdir, **options):
            self.log, self.flushed, self.closed = [("made", logdir, options)], 0, 0

        def flush(self):
            self.flushed += 1

        def close(self):
            self.closed += 1

        def __getattr__(self, name):
            return lambda *args, **kwargs: self.log.append((name, *args, kwargs))

    fake = types.ModuleType("tensorboardX")
    fake.SummaryWriter = Events
    monkeypatch.setitem(sys.modules, "tensorboardX", fake)
    monkeypatch.setattr(summary, "_state", summary._State())
    return tf.summary.create_file_writer(tmp_path, flush_millis=5000)


def test_each_kind_is_written_with_its_step(writer):
    with writer.as_default():
        assert tf.summary.scalar("loss", tf.constant(0.5), step=3)
        tf.summary.histogram("weights", tf.ones([2, 3]), step=4, buckets=5)
        tf.summary.image("one", np.full((1, 2, 2, 3), 2.0, "float32"), step=5)
        tf.summary.image("many", np.zeros((5, 2, 2, 1), "uint8"), step=5, max_outputs=2)
        tf.summary.text("note", tf.constant(["a", "b"]), step=6)
        tf.summary.audio("sound", np.full((1, 4, 2), 3.0, "float32"), 8000, step=7)
    _, scalar, histogram, one, first, second, text, audio = writer.events.log
    assert scalar == ("add_scalar", "loss", 0.5, 3, {})
    assert histogram[0] == "add_histogram" and histogram[2].shape == (6,) and histogram[-1] == {"bins": 5}
    assert one[1] == "one" and one[2].dtype == np.uint8 and one[2].max() == 255
    assert (first[1], second[1]) == ("many/0", "many/1")
    assert text[:3] == ("add_text", "note", "a\n\nb")
    assert audio[2].shape == (4, 1) and audio[2].max() == 1.0 and audio[-1] == {"sample_rate": 8000}
    assert writer.events.flushed == 1


def test_without_a_writer_nothing_happens(writer):
    assert not tf.summary.scalar("loss", 0.5, step=1) and not tf.summary.should_record_summaries()
    assert len(writer.events.log) == 1


def test_the_default_step_may_be_a_variable(writer):
    step = tf.Variable(7)
    with writer.as_default(step=step):
        tf.summary.scalar("a", 1.0)
        step.assign_add(1)
        tf.summary.scalar("a", 2.0)
    assert [entry[3] for entry in writer.events.log[1:]] == [7, 8]
    assert tf.summary.experimental.get_step() is None
    with writer.as_default(), pytest.raises(ValueError, match="No step set"):
        tf.summary.scalar("a", 1.0)


def test_record_if(writer):
    writer.set_as_default(step=0)
    with tf.summary.record_if(lambda: tf.constant(False)):
        assert not tf.summary.scalar("a", 1.0)
    with tf.summary.record_if(True):
        assert tf.summary.scalar("a", 1.0)


def test_a_closed_writer(writer):
    writer.close()
    writer.close()
    assert writer.events.closed == 1
    with pytest.raises(RuntimeError, match="already closed"), writer.as_default():
        pass


def test_errors(writer, monkeypatch):
    with writer.as_default(step=0):
        with pytest.raises(ValueError, match="must be a scalar"):
            tf.summary.scalar("a", [1.0])
        with pytest.raises(ValueError, match="4 axes"):
            tf.summary.image("a", np.zeros((2, 2)))
    with pytest.raises(NotImplementedError, match="report"):
        tf.summary.trace_on()
    with pytest.raises(ValueError, match="logdir"):
        tf.summary.create_file_writer(None)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"gputape\[tensorboard\]"):
        tf.summary.create_file_writer("x")
