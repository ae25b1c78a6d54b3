"""custom_gradient, recompute_grad, grad_pass_through, stop_gradient."""

import numpy as np
import pytest

import gputape as tf


def test_the_gradient_is_the_one_given():
    @tf.custom_gradient
    def bar(x, y):
        def grad(upstream):
            return upstream * y, upstream * 100.0

        return x * y, grad

    x, y = tf.constant([2.0, 5.0]), tf.constant([3.0, 8.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = bar(x, y)
    gx, gy = tape.gradient(z, [x, y])
    np.testing.assert_array_equal(gx.numpy(), [3.0, 8.0])
    np.testing.assert_array_equal(gy.numpy(), [100.0, 100.0])


def test_nested_tapes_differentiate_the_gradient_function():
    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda dy: dy * 3.0 * x * x

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = cube(x)
        first = inner.gradient(y, x)
    assert first.numpy() == 12.0 and outer.gradient(first, x).numpy() == 12.0


def test_variables_go_to_the_keyword_argument():
    w = tf.Variable(3.0)

    @tf.custom_gradient
    def f(x):
        def grad(dy, variables=None):
            return dy * w, [dy * x * 10.0 for _ in variables]

        return x * w, grad

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    gx, gw = tape.gradient(y, [x, w])
    assert gx.numpy() == 3.0 and gw.numpy() == 20.0


def test_a_gradient_function_without_variables_is_refused():
    w = tf.Variable(3.0)

    @tf.custom_gradient
    def f(x):
        return x * w, lambda dy: dy

    with tf.GradientTape(), pytest.raises(TypeError, match="variables"):
        f(tf.constant(1.0))


def test_keyword_arguments_get_gradients():
    @tf.custom_gradient
    def f(a, b):
        return a * b, lambda dy: (dy * 1.0, dy * 2.0)

    a, b = tf.constant(3.0), tf.constant(4.0)
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        y = f(b=b, a=a)
    assert [g.numpy() for g in tape.gradient(y, [a, b])] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("grads", "message"),
    [(lambda dy: (dy, dy), "expected to return 1 gradients"), (lambda dy: dy[tf.newaxis], "has shape")],
)
def test_wrong_gradients_are_refused(grads, message):
    @tf.custom_gradient
    def f(x):
        return x * 1.0, grads

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(ValueError, match=message):
        tape.gradient(y, x)


def test_several_outputs():
    @tf.custom_gradient
    def f(x):
        return (x * 1.0, x * 2.0), lambda d1, d2: d1 * 10.0 + d2 * 100.0

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        _, b = f(x)
    assert tape.gradient(b, x).numpy() == 100.0


def test_recompute_grad_runs_the_function_again_and_equals_the_plain_gradient():
    calls = []
    w = tf.Variable(3.0)

    def f(x):
        calls.append(1)
        return tf.exp(x * w)

    x = tf.constant(0.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.recompute_grad(f)(x)
    gx, gw = tape.gradient(y, [x, w])
    np.testing.assert_allclose([gx.numpy(), gw.numpy()], [3 * np.exp(1.5), 0.5 * np.exp(1.5)], rtol=1e-6)
    assert len(calls) == 2


def test_grad_pass_through_and_stop_gradient():
    x = tf.constant([1.4, 2.6])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.grad_pass_through(tf.round)(x)
        z = tf.stop_gradient(x) * x
    np.testing.assert_array_equal(y.numpy(), [1.0, 3.0])
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1.0, 1.0])
    np.testing.assert_allclose(tape.gradient(z, x).numpy(), [1.4, 2.6])


def test_gradients_for_arguments_that_are_no_tensors_are_ignored():
    @tf.custom_gradient
    def scale(x, factor, y=None):
        return x * factor, lambda dy: (dy * 7.0, None)

    x, y = tf.constant(3.0), tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        made = scale(x, 2.0, y=y)
    dx, dy = tape.gradient(made, [x, y])
    assert dx.numpy() == 7.0 and dy is None


def test_tapes_that_follow_no_argument_see_what_is_closed_over():
    x = tf.constant(3.0)

    @tf.custom_gradient
    def cube(a):
        @tf.custom_gradient
        def slope(dy):
            return dy * 3.0 * x**2.0, lambda ddy: ddy * 1000.0

        return a**3.0, slope

    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        first = tape.gradient(y, x)
    assert first.numpy() == 27.0 and outer.gradient(first, x).numpy() == 18.0


def test_stop_gradient_of_a_list_is_a_tensor():
    assert tf.stop_gradient([tf.constant(1.0), tf.constant(2.0)]).numpy().tolist() == [1.0, 2.0]
