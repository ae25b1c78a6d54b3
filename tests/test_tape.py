"""GradientTape: what it records, what it returns, how it nests, what it says when something is wrong."""

import gc
import threading
import weakref

import numpy as np
import pytest

import gputape as tf


def test_the_square_of_a_watched_constant():
    x = tf.constant(3.0)
    with tf.GradientTape() as g:
        g.watch(x)
        y = x * x
    assert g.gradient(y, x).numpy() == 6.0


def test_variables_are_watched_when_read_and_only_if_trainable():
    v, w = tf.Variable(2.0), tf.Variable(5.0, trainable=False)
    with tf.GradientTape() as tape:
        y = v * w
    assert tape.watched_variables() == (v,) or tape.watched_variables()[0] is v
    gv, gw = tape.gradient(y, [v, w])
    assert gv.numpy() == 5.0 and gw is None


def test_watch_accessed_variables_false():
    v = tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    assert tape.gradient(y, v) is None


def test_a_tape_is_used_once_unless_persistent():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="non-persistent GradientTape can only be used to compute one set"):
        tape.gradient(y, x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert tape.gradient(z, x).numpy() == 108.0
    assert tape.gradient(y, x).numpy() == 6.0


def test_structures_of_sources_and_targets():
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        targets = {"sum": a + b, "product": [a * b]}
    grads = tape.gradient(targets, {"a": a, "rest": (b,)})
    assert grads["a"].numpy() == 4.0 and grads["rest"][0].numpy() == 3.0


def test_output_gradients_and_unconnected_gradients():
    x, other = tf.constant([1.0, 2.0]), tf.constant([[1.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
    got = tape.gradient(y, x, output_gradients=tf.constant([10.0, 100.0]))
    np.testing.assert_array_equal(got.numpy(), [20.0, 400.0])
    assert tape.gradient(y, other) is None
    np.testing.assert_array_equal(tape.gradient(y, other, unconnected_gradients="zero").numpy(), [[0.0]])
    with pytest.raises(ValueError, match="output_gradients has shape"):
        tape.gradient(y, x, output_gradients=tf.constant(1.0))


def test_orders_one_to_four_by_nesting():
    x = tf.constant(2.0)
    with tf.GradientTape() as t4:
        t4.watch(x)
        with tf.GradientTape() as t3:
            t3.watch(x)
            with tf.GradientTape() as t2:
                t2.watch(x)
                with tf.GradientTape() as t1:
                    t1.watch(x)
                    y = x * x * x * x
                d1 = t1.gradient(y, x)
            d2 = t2.gradient(d1, x)
        d3 = t3.gradient(d2, x)
    d4 = t4.gradient(d3, x)
    assert [d.numpy() for d in (d1, d2, d3, d4)] == [32.0, 48.0, 48.0, 24.0]


def test_gradient_inside_an_open_persistent_tape_can_be_differentiated():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        dy = tape.gradient(x * x * x, x)
    assert tape.gradient(dy, x).numpy() == 18.0


def test_stop_recording_and_reset():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            hidden = x * x
        seen = x * x
    assert tape.gradient(hidden, x) is None and tape.gradient(seen, x).numpy() == 6.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        before = x * x
        tape.reset()
        tape.watch(x)
        after = x * x * x
    assert tape.gradient([before, after], x).numpy() == 27.0


def test_the_gradient_of_the_target_itself_is_one():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
    np.testing.assert_array_equal(tape.gradient(x, x).numpy(), [1.0, 1.0])


def test_an_intermediate_result_is_a_source_too():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert [g.numpy() for g in tape.gradient(z, [x, y])] == [32.0, 8.0]


def test_broadcasting_is_undone():
    a, b = tf.Variable(np.ones((3, 1), "float32")), tf.Variable(np.ones((4,), "float32"))
    with tf.GradientTape() as tape:
        y = a * b + 2.0
    ga, gb = tape.gradient(y, [a, b])
    np.testing.assert_array_equal(ga.numpy(), np.full((3, 1), 4.0))
    np.testing.assert_array_equal(gb.numpy(), np.full((4,), 3.0))


def test_assignment_between_forward_and_backward_changes_no_gradient():
    v = tf.Variable([2.0, 3.0])
    with tf.GradientTape() as tape:
        y = v * v
    v.assign([100.0, 100.0])
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [4.0, 6.0])


def test_integers_have_no_gradient():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(tf.cast(x, tf.int32), tf.float32)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("bad", [None])
def test_target_none(bad):
    with tf.GradientTape() as tape:
        pass
    with pytest.raises(TypeError, match="Argument `target` should be"):
        tape.gradient(bad, tf.constant(1.0))


def test_entering_twice_and_watching_what_is_no_tensor():
    with tf.GradientTape() as tape:
        with pytest.raises(ValueError, match="still recording"):
            tape.__enter__()
        with pytest.raises(ValueError, match=r"not tf\.Tensor or tf\.Variable"):
            tape.watch(3.0)


def test_jacobian_and_batch_jacobian():
    a = np.arange(6.0, dtype="float32").reshape(2, 3)
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.linalg.matvec(a, x) * tf.constant([1.0, 2.0])
    np.testing.assert_allclose(tape.jacobian(y, x).numpy(), a * [[1.0], [2.0]])
    with pytest.raises(RuntimeError):
        tape.jacobian(y, x)
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        y = rows * rows
    expected = [np.diag(r) for r in 2 * rows.numpy()]
    np.testing.assert_allclose(tape.batch_jacobian(y, rows).numpy(), expected)
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="Need first dimension"):
        tape.batch_jacobian(tf.zeros([3, 1]), tf.zeros([2, 1]))


def test_functions_grad_hessian_hvp():
    def f(x):
        return tf.reduce_sum(x * x * x)

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(tf.grad(f)(x).numpy(), 3 * x**2)
    value, _ = tf.value_and_grad(f)(x)
    assert value.numpy() == 9.0
    np.testing.assert_allclose(tf.hessian(f)(x).numpy(), np.diag(6 * x))
    np.testing.assert_allclose(tf.hvp(f)(x, np.array([1.0, 10.0])).numpy(), 6 * x * [1.0, 10.0])
    np.testing.assert_allclose(tf.jacobian(lambda a: a * a)(x).numpy(), np.diag(2 * x))
    with pytest.raises(ValueError, match="must return a scalar"):
        tf.grad(lambda a: a * 1.0)(x)


def test_memory_is_released_as_the_backward_pass_goes():
    x = tf.Variable(np.ones(10, "float32"))
    with tf.GradientTape() as tape:
        y = tf.exp(x)
        kept = weakref.ref(y)
        z = tf.reduce_sum(y * y)
    del y
    assert kept() is not None
    tape.gradient(z, x)
    gc.collect()
    assert kept() is None


def test_a_rule_keeps_only_what_it_names():
    x = tf.Variable(np.ones(10, "float32"))
    with tf.GradientTape() as tape:
        y = x + 1.0
        kept = weakref.ref(y)
        z = y + 2.0
    del y
    assert kept() is None
    np.testing.assert_array_equal(tape.gradient(z, x).numpy(), np.ones(10))


def test_threads_do_not_share_tapes():
    x = tf.constant(2.0)
    results = []

    def work():
        results.append(x * x)

    with tf.GradientTape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert tape.gradient(results[0], x) is None


def test_long_chains_need_no_recursion():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(5000):
            y = y + x
    assert tape.gradient(y, x).numpy() == 5001.0


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (lambda v: tf.round(v) * 2.0, "round"),
        (lambda v: tf.constant(v.numpy()) * 2.0, "numpy()"),
        (lambda v: tf.cast(tf.cast(v, tf.int32), tf.float32), "int32"),
        (lambda v: tf.stop_gradient(v) * 2.0, "detach"),
    ],
)
def test_explain_names_the_cut_and_its_line(cut, expected):
    v = tf.Variable(1.5)
    with tf.GradientTape(persistent=True) as tape:
        y = cut(v * 1.0)
    assert tape.gradient(y, v) is None
    text = tape.explain(y, v)
    assert expected in text and "test_tape.py:" in text


def test_explain_other_reasons():
    v, w = tf.Variable(1.5), tf.Variable(2.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = v * w
    assert "not cut" in tape.explain(y, v)
    assert "not watched" in tape.explain(y, w) and "trainable=False" in tape.explain(y, w)
    assert "int32" in tape.explain(y, tf.constant(1))


# -- details of TensorFlow's contract


def test_a_tensor_by_itself_is_one_even_if_nobody_watches():
    x, v = tf.constant([1.0, 2.0]), tf.Variable(3.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = x * 2.0
    assert tape.gradient(x, x).numpy().tolist() == [1.0, 1.0] and tape.gradient(v, v).numpy() == 1.0
    assert tape.gradient(y, x) is None


def test_variables_are_watched_in_the_order_in_which_they_were_made():
    a, b, c = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = c * a
        b.assign(5.0)
    assert [v is w for v, w in zip(tape.watched_variables(), (a, b, c), strict=True)] == [True] * 3
    assert [g is None for g in tape.gradient(y, tape.watched_variables())] == [False, True, False]


def test_a_number_read_from_a_variable_watches_it():
    v, i = tf.Variable(1.0), tf.Variable(1)
    with tf.GradientTape() as tape:
        v.numpy()
        tf.cast(i, "float32")
    assert len(tape.watched_variables()) == 2


def test_a_gradient_inside_an_open_persistent_tape_is_warned_of_once(caplog):
    from gputape import tape as module

    module._tell_once.cache_clear()
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        for _ in range(2):
            assert tape.gradient(y, x).numpy() == 6.0
    assert caplog.text.count("inside its context is significantly less efficient") == 1


def test_reset_and_stop_recording_want_an_open_tape():
    tape = tf.GradientTape()
    with pytest.raises(ValueError, match="Tape is not recording"):
        tape.reset()
    with pytest.raises(RuntimeError, match="which is not recording"), tape.stop_recording():
        pass


def test_unknown_ways_to_be_unconnected():
    x = tf.constant(1.0)
    for name in ("gradient", "jacobian", "batch_jacobian"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'none at all'"):
            getattr(tape, name)(y, x, unconnected_gradients="none at all")


@pytest.mark.parametrize("method", ["jacobian", "batch_jacobian"])
def test_a_pass_per_row_needs_a_persistent_tape(method):
    x = tf.constant([[1.0, 2.0]])
    for persistent in (False, True):
        with tf.GradientTape(persistent=persistent) as tape:
            tape.watch(x)
            y = x * x
        if persistent:
            made = getattr(tape, method)(y, x, experimental_use_pfor=False)
            np.testing.assert_array_equal(tf.reshape(made, [2, 2]), [[2.0, 0.0], [0.0, 4.0]])
        else:
            with pytest.raises(RuntimeError, match="must be created with persistent=True"):
                getattr(tape, method)(y, x, experimental_use_pfor=False)


def test_indexed_slices_tell_the_dense_shape_as_a_tensor():
    v = tf.Variable(tf.ones((3, 2)))
    with tf.GradientTape() as tape:
        y = tf.gather(v, [0, 2])
    gradient = tape.gradient(y, v)
    assert gradient.dense_shape.dtype == tf.int32 and gradient.dense_shape.numpy().tolist() == [3, 2]
    assert gradient.shape == [3, 2]
