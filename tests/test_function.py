"""tf.function: one recording a signature, replay with the eager result, effects at every call."""

import io
import sys

import numpy as np
import pytest

import gputape as tf


def test_the_body_runs_once_per_signature():
    runs = []

    @tf.function
    def f(x, scale=2.0):
        runs.append(1)
        return x * scale

    assert f(tf.constant(1.0)).numpy() == 2.0
    assert f(tf.constant(5.0)).numpy() == 10.0
    assert f(tf.constant(5.0), 2.0).numpy() == 10.0 and f(x=tf.constant(5.0)).numpy() == 10.0
    assert len(runs) == 1
    f(tf.constant([1.0, 2.0]))
    f(tf.constant(1.0), scale=3.0)
    assert len(runs) == 3 == f.experimental_get_tracing_count()


def test_replay_of_a_training_step_equals_eager_bit_by_bit():
    def make():
        rng = np.random.default_rng(0)
        return [tf.Variable(rng.standard_normal(s).astype("float32")) for s in [(4, 8), (8,), (8, 1)]]

    def step(variables, x, y):
        w1, b1, w2 = variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2) - y))
        for v, g in zip(variables, tape.gradient(loss, variables), strict=True):
            v.assign_sub(0.1 * g)
        return loss

    eager, replayed = make(), make()
    recorded = tf.function(lambda x, y: step(replayed, x, y))
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, y = (
            tf.constant(rng.standard_normal((5, 4)), tf.float32),
            tf.constant(rng.standard_normal((5, 1)), tf.float32),
        )
        assert step(eager, x, y).numpy() == recorded(x, y).numpy()
    for a, b in zip(eager, replayed, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert "ops replayed" in recorded.report()


def test_values_read_before_an_assignment_stay_in_replay():
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        before = v * 1.0
        with tf.GradientTape() as tape:
            y = v * v
        v.assign_add(x)
        return before, tape.gradient(y, v), v * 1.0

    for expected in ([1.0, 2.0, 2.0], [2.0, 4.0, 3.0], [3.0, 6.0, 4.0]):
        assert [t.numpy() for t in f(tf.constant(1.0))] == expected


def test_earlier_results_stay_valid():
    v = tf.Variable([1.0])

    @tf.function
    def f():
        v.assign_add([1.0])
        return v.value()

    results = [f() for _ in range(4)]
    assert [r.numpy()[0] for r in results] == [2.0, 3.0, 4.0, 5.0]


def test_data_dependent_python_gives_the_eager_result():
    @tf.function
    def f(x):
        return x * 2.0 if x > 0 else -x

    assert [f(tf.constant(v)).numpy() for v in (1.0, -3.0, 4.0)] == [2.0, 3.0, 8.0]
    assert "runs eagerly" in f.report() and "test_function.py:" in f.report()


def test_printing_happens_at_every_call(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)

    @tf.function
    def f(x):
        tf.print("x is", x)
        return x

    for v in (1.0, 2.0):
        f(tf.constant(v))
    assert out.getvalue() == "x is 1\nx is 2\n"


def test_gradients_through_a_replayed_function():
    w = tf.Variable(3.0)
    f = tf.function(lambda x: w * x * x)
    for value in (1.0, 2.0, 5.0):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        gx, gw = tape.gradient(y, [x, w])
        assert gx.numpy() == 6 * value and gw.numpy() == value**2


def test_custom_gradients_inside_and_tape_outside():
    @tf.custom_gradient
    def bar(x):
        return x * x, lambda dy: dy * x * 100.0

    f = tf.function(lambda x: bar(x))
    for value in (1.0, 2.0, 5.0):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert tape.gradient(y, x).numpy() == 100 * value


def test_functions_calling_functions():
    inner = tf.function(lambda x: x * x)
    outer = tf.function(lambda x: inner(x) + inner(x + 1.0))
    assert [outer(tf.constant(v)).numpy() for v in (1.0, 2.0, 3.0)] == [5.0, 13.0, 25.0]


def test_the_same_tensor_for_two_arguments_is_not_baked_in():
    f = tf.function(lambda a, b: a - b)
    x = tf.constant(1.0)
    assert f(x, x).numpy() == 0.0 and f(x, tf.constant(3.0)).numpy() == -2.0


def test_methods_are_recorded_per_instance():
    class Scale:
        def __init__(self, by):
            self.by = by

        @tf.function
        def __call__(self, x):
            return x * self.by

    a, b = Scale(2.0), Scale(3.0)
    for _ in range(2):
        assert a(tf.constant(1.0)).numpy() == 2.0 and b(tf.constant(1.0)).numpy() == 3.0


def test_variables_made_once_are_fine_and_made_at_every_call_are_not():
    made = []

    @tf.function
    def good(x):
        if not made:
            made.append(tf.Variable(2.0))
        return x * made[0]

    assert [good(tf.constant(v)).numpy() for v in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]

    @tf.function
    def bad(x):
        return x * tf.Variable(2.0)

    with pytest.raises(ValueError, match="singleton"):
        bad(tf.constant(1.0))


def test_structures_in_and_out():
    @tf.function
    def f(data, flag=None):
        return {"sum": data["a"] + data["b"][0], "none": None, "pair": (data["a"], 3)}

    out = f({"a": tf.constant(1.0), "b": [tf.constant(2.0)]})
    out = f({"a": tf.constant(1.0), "b": [tf.constant(2.0)]})
    assert out["sum"].numpy() == 3.0 and out["none"] is None and out["pair"][1].numpy() == 3


def test_numpy_arguments_are_tensors():
    runs = []

    @tf.function
    def f(x):
        runs.append(1)
        return x + 1.0

    for k in range(3):
        np.testing.assert_array_equal(f(np.full(2, k, "float32")).numpy(), [k + 1, k + 1])
    assert len(runs) == 1


def test_input_signature():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def f(x):
        return tf.reduce_sum(x)

    assert f([1.0, 2.0]).numpy() == 3.0 and f(tf.constant([1.0])).numpy() == 1.0
    with pytest.raises(TypeError, match="does not fit"):
        f(tf.constant([[1.0]]))


def test_run_functions_eagerly():
    runs = []
    f = tf.function(lambda x: runs.append(1) or x)
    tf.config.run_functions_eagerly(True)
    try:
        assert tf.config.functions_run_eagerly()
        f(tf.constant(1.0)), f(tf.constant(1.0))
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(runs) == 2


def test_an_error_while_recording_leaves_nothing_behind():
    @tf.function
    def f(x):
        raise KeyError("inside")

    for _ in range(2):
        with pytest.raises(KeyError):
            f(tf.constant(1.0))
    with tf.GradientTape() as tape:
        v = tf.Variable(1.0)
        y = v * 2.0
    assert tape.gradient(y, v).numpy() == 2.0


def test_concrete_functions():
    f = tf.function(lambda x: x * 2.0)
    concrete = f.get_concrete_function(tf.TensorSpec([None], tf.float32))
    np.testing.assert_array_equal(concrete(tf.constant([1.0, 2.0])).numpy(), [2.0, 4.0])
    with pytest.raises(TypeError):
        concrete(tf.constant(1.0))


def test_a_call_that_does_not_fit_says_what_was_given_and_what_is_taken():
    f = tf.function(lambda a, b: a)
    with pytest.raises(
        TypeError, match=r"Binding inputs to tf.function failed due to `missing.*'b'`.*signature.*\(a, b\)"
    ):
        f(tf.constant(1.0))
    with pytest.raises(TypeError, match="too many positional arguments"):
        f(1, 2, 3)


def test_strings_are_returned_as_tensors():
    assert tf.function(lambda: "a")().numpy() == b"a"
