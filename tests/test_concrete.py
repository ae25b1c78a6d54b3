"""Recordings held against the function itself."""

import itertools

import numpy as np
import pytest

import gputape as tf


def test_a_true_recording_passes_and_counts_once():
    v = tf.Variable(0.0)

    @tf.function(verify=2)
    def f(x):
        v.assign_add(tf.reduce_sum(x) + tf.random.uniform(()))
        return v * 2.0

    tf.random.set_seed(0)
    recorded = [float(f(tf.constant([1.0]))) for _ in range(6)]
    v.assign(0.0)
    tf.random.set_seed(0)
    assert recorded == [float(f.python_function(tf.constant([1.0]))) for _ in range(6)]


def test_other_python_is_found_with_its_op_and_line():
    numbers = itertools.count()

    @tf.function(verify=1)
    def f(x):
        y = tf.exp(x)
        return y * float(next(numbers))

    f(tf.constant(1.0))
    with pytest.raises(
        tf.errors.InternalError, match=r"f: .*first differ in output 0 of multiply \(.*test_concrete.py"
    ):
        f(tf.constant(1.0))


def test_other_ops_are_found():
    numbers = itertools.count()

    @tf.function(verify=1)
    def f(x):
        return tf.exp(x) if next(numbers) % 2 else tf.sin(x)

    f(tf.constant(1.0))
    with pytest.raises(tf.errors.InternalError, match=r"replay ran sin .* eager run ran exp"):
        f(tf.constant(1.0))


def test_the_environment_turns_it_on(monkeypatch):
    monkeypatch.setenv("GPUTAPE_VERIFY", "3")
    assert tf.function(lambda x: x).verify == 3 and tf.function(lambda x: x, verify=0).verify == 0


def test_reports_tell_reasons_and_retraces():
    @tf.function
    def f(x, scale):
        return x * scale

    f(tf.constant([1.0]), 2.0)
    f(tf.constant([1.0, 2.0]), 2.0)
    report = f.report()
    assert "other arguments" in report and "float32[1]" in report and "float32[2]" in report

    @tf.function
    def g(x):
        return x if x > 0 else -x

    g(tf.constant(1.0))
    assert "runs eagerly: bool()" in g.report() and "test_concrete.py" in g.report()


def test_arguments_that_cannot_be_hashed_are_refused():
    class Odd:
        __hash__ = None

    with pytest.raises(TypeError, match="cannot be hashed"):
        tf.function(lambda x, o: x)(tf.constant(1.0), Odd())


def test_arguments_told_apart_by_identity_are_not_kept_alive():
    import gc
    import weakref

    class Model:
        pass

    f = tf.function(lambda model, x: x + 1.0)
    model = Model()
    f(model, tf.constant(1.0))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    f(Model(), tf.constant(1.0))
    assert len(f._concrete) == 1
    np.testing.assert_array_equal(f(Model(), tf.constant(2.0)), 3.0)
