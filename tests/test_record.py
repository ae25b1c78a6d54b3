"""The stack of recorders, and what belongs to one thread."""

import threading
import warnings

import numpy as np
import pytest

import gputape as tf
from gputape.record import State, drop, pause, recording, state, variable_reader_scope


class Ear:
    is_tape = False

    def __init__(self):
        self.ops, self.reads, self.made = [], [], []

    def record(self, op, inputs, outputs, attrs):
        self.ops.append(op.name)

    def read(self, tensor, how):
        self.reads.append(how)

    def created(self, variable, initial):
        self.made.append((variable.name, initial is not None))


def test_all_recorders_hear_of_ops_reads_and_variables():
    x = tf.constant([1.0, 2.0])
    with recording(Ear()) as outer:
        with recording(Ear()) as inner:
            y = x + 1.0
            y.numpy()
            bool(y[0] > 0.0)
        tf.Variable(y, name="v")
    assert inner.ops[0] == "add" and inner.reads == ["numpy()", "bool()"]
    assert outer.ops[: len(inner.ops)] == inner.ops and outer.made == [("v:0", True)]
    assert state.stack == []


def test_a_recorder_leaves_wherever_it_stands():
    first, second = Ear(), Ear()
    with recording(first), recording(second):
        drop(first)
        tf.constant(1.0) + 1.0
    assert first.ops == [] and second.ops == ["add"]


def test_a_recorder_leaves_when_an_error_passes():
    with pytest.raises(KeyError), recording(Ear()):
        raise KeyError
    assert state.stack == []


def test_pause_hides_the_body():
    with recording(Ear()) as ear, pause():
        tf.constant(1.0) + 1.0
    assert ear.ops == []


def test_a_reader_sees_variables_and_its_own_ops_do_not():
    v = tf.Variable(3.0)
    with variable_reader_scope(lambda variable: variable * 2.0):
        assert (v + 1.0).numpy() == 7.0
        with variable_reader_scope(lambda variable: variable * 10.0):
            assert (v + 1.0).numpy() == 31.0
        assert (v + 1.0).numpy() == 7.0
    assert (v + 1.0).numpy() == 4.0


def test_each_thread_has_its_own_recorders():
    seen = []

    def work():
        seen.append(list(state.stack))
        seen.append((tf.constant(0.0) / 0.0).numpy())  # quiet here, too

    with recording(Ear()) as ear:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen[0] == [] and np.isnan(seen[1]) and ear.ops == []


def test_numpy_is_quiet_inside_and_as_it_was_outside():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(State().quiet(np.divide, np.float32(1), np.float32(0)))
        with pytest.raises(RuntimeWarning):
            np.divide(np.float32(1), np.float32(0))
