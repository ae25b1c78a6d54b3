"""Functions with gradients of one's own, and the products that are built of gradients."""

import numpy as onp
import pytest

import gputape as tf
import gputape.numpy as np
from gputape.numpy.extend import defvjp, defvjp_argnum, notrace_primitive, primitive
from gputape.numpy.misc.fixed_points import fixed_point
from gputape.numpy.test_util import check_grads

X = onp.array([0.3, -0.7, 1.2])
A = onp.arange(9.0).reshape(3, 3)


@primitive
def scaled_exp(x, scale):
    return onp.exp(onp.asarray(x)) * onp.asarray(scale)


defvjp(scaled_exp, lambda ans, x, scale: lambda g: g * ans, lambda ans, x, scale: lambda g: np.sum(g * ans / scale))


def test_primitive():
    made = scaled_exp(X, 2.0)
    onp.testing.assert_allclose(made.numpy(), 2 * onp.exp(X))
    check_grads(lambda x, s: np.sum(scaled_exp(x, s) ** 2), order=2)(X, 2.0)
    onp.testing.assert_allclose(np.jacobian(scaled_exp)(X, 3.0).numpy(), onp.diag(3 * onp.exp(X)))
    third = np.elementwise_grad(np.elementwise_grad(np.elementwise_grad(scaled_exp)))(X, 3.0)
    onp.testing.assert_allclose(third.numpy(), 3 * onp.exp(X))


def test_rules_for_some_arguments():
    f = primitive(lambda x, y: x * y)
    with pytest.raises(NotImplementedError, match="defvjp"):
        np.grad(f)(1.0, 2.0)
    defvjp(f, lambda ans, x, y: lambda g: g * x, argnums=[1])
    assert float(np.grad(f, 1)(3.0, 2.0)) == 3.0
    with pytest.raises(NotImplementedError, match="argument 0"):
        np.grad(f)(3.0, 2.0)
    defvjp_argnum(f, lambda argnum, ans, args, kwargs: lambda g: g * args[1 - argnum])
    assert [float(g) for g in np.grad(f, (0, 1))(3.0, 2.0)] == [2.0, 3.0]
    defvjp(f, None, lambda ans, x, y: lambda g: g * x)
    assert float(np.grad(f)(3.0, 2.0)) == 0.0


def test_nested_arguments_and_complex_numbers():
    f = primitive(lambda pair: pair[0] * pair[1])
    defvjp(f, lambda ans, pair: lambda g: (g * pair[1], g * pair[0]))
    assert [float(g) for g in np.grad(f)((3.0, 2.0))] == [2.0, 3.0]
    square = primitive(lambda z: z * z)
    defvjp(square, lambda ans, z: lambda g: g * 2 * z)
    z = 1.5 - 0.5j
    onp.testing.assert_allclose(np.holomorphic_grad(square)(z).numpy(), 2 * z)


def test_values_only():
    f = notrace_primitive(np.square)
    assert float(np.grad(lambda x: f(x) * x)(3.0)) == 9.0


def test_products():
    def f(x):
        return np.sum(np.tanh(np.dot(A, x)) ** 2)

    def g(x):
        return np.tanh(np.dot(A, x))

    v, h, j = onp.array([1.0, -2.0, 0.5]), np.hessian(f)(X).numpy(), np.jacobian(g)(X).numpy()
    hvp, slope = np.make_hvp(f)(X)
    onp.testing.assert_allclose(hvp(v).numpy(), h @ v)
    onp.testing.assert_allclose(slope.numpy(), np.grad(f)(X).numpy())
    onp.testing.assert_allclose(np.hessian_tensor_product(f)(X, v).numpy(), h @ v)
    onp.testing.assert_allclose(np.vector_jacobian_product(g)(X, v).numpy(), v @ j)
    onp.testing.assert_allclose(np.make_ggnvp(g)(X)(v).numpy(), j.T @ j @ v, atol=1e-12)


def test_named_arguments():
    assert float(np.grad_named(lambda x, y: x * y, "y")(3.0, 2.0)) == 3.0
    with pytest.raises(ValueError, match="no argument 'z', it has x, y"):
        np.grad_named(lambda x, y: x * y, "z")
    made = np.multigrad_dict(lambda x, *rest, scale=2.0: x * rest[0] * scale)(3.0, 5.0)
    assert (float(made["x"]), float(made["rest"][0]), float(made["scale"])) == (10.0, 6.0, 15.0)


def test_full_has_a_gradient():
    assert float(np.grad(lambda x: np.sum(np.full((2, 3), x)))(1.0)) == 6.0
    assert np.full(2, 7).dtype == onp.int64


def test_jacobian_of_a_target_without_dimensions():
    x = np.array(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.jacobian(y, x)) == 4.0


def test_fixed_point():
    def root(a):
        return fixed_point(
            lambda a: lambda x: 0.5 * (x + a / x), a, onp.ones(2), lambda x, y: np.max(abs(x - y)), 1e-13
        )

    a = onp.array([2.0, 3.0])
    onp.testing.assert_allclose(root(a).numpy(), onp.sqrt(a))
    onp.testing.assert_allclose(np.elementwise_grad(root)(a).numpy(), 0.5 / onp.sqrt(a))
    second = np.elementwise_grad(np.elementwise_grad(root))(a)
    onp.testing.assert_allclose(second.numpy(), -0.25 * a**-1.5)
