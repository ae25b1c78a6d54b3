"""grad and its relatives: nests, orders, complex numbers, and what is refused."""

import numpy as onp
import pytest

import gputape.numpy as np
from gputape.numpy import (
    checkpoint,
    elementwise_grad,
    grad,
    grad_and_aux,
    hessian,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_jvp,
    make_vjp,
    value_and_grad,
)

X = onp.array([0.3, -0.7, 1.2])
A = onp.arange(9.0).reshape(3, 3)


def f(x):
    return np.sum(np.sin(x) * x[::-1] ** 2)


def close(made, expected):
    onp.testing.assert_allclose(np.asnumpy(made), expected, rtol=1e-10, atol=1e-10)


def differences(g, x, eps=1e-6):
    rows = [(np.asnumpy(g(x + eps * e)) - np.asnumpy(g(x - eps * e))) / (2 * eps) for e in onp.eye(len(x))]
    return onp.stack(rows, -1)


def test_grad(device):
    onp.testing.assert_allclose(grad(f)(X).numpy(), differences(f, X), rtol=1e-6)
    value, slope = value_and_grad(f)(np.array(X))
    close(value, np.asnumpy(f(X)))
    close(slope, grad(f)(X).numpy())


def test_orders():
    d, expected = np.tanh, [onp.tanh(1.0)]
    t = onp.tanh(1.0)
    expected += [1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)]
    for value in expected:
        close(d(1.0), value)
        d = grad(d)


def test_arguments():
    def g(a, b, *, c=1.0):
        return a * a * b * c

    close(grad(g, 1)(3.0, 2.0), 9.0)
    da, db = grad(g, (0, 1))(3.0, 2.0, c=2.0)
    close(da, 24.0), close(db, 18.0)
    assert grad(g)(onp.float32(3.0), onp.float32(2.0)).dtype == onp.float32


def test_nests():
    params = [(onp.ones((2, 3)), onp.zeros(3)), {"w": X}]
    made = grad(lambda p: np.sum((p[0][0] + p[0][1]) ** 2) + f(p[1]["w"]))(params)
    close(made[0][0], 2 * onp.ones((2, 3)))
    close(made[0][1], 4 * onp.ones(3))
    close(made[1]["w"], grad(f)(X).numpy())


def test_aux():
    made, aux = grad_and_aux(lambda x: (np.sum(x**2), {"kept": x}))(X)
    close(made, 2 * X)
    close(aux["kept"], X)


def test_elementwise():
    x = onp.linspace(-2, 2, 5)
    close(elementwise_grad(np.tanh)(x), 1 - onp.tanh(x) ** 2)
    close(elementwise_grad(elementwise_grad(np.tanh))(x), -2 * onp.tanh(x) * (1 - onp.tanh(x) ** 2))


def test_jacobian_and_hessian():
    def g(x):
        return np.outer(x, x)[:2]

    close(jacobian(lambda x: np.dot(A, x))(X), A)
    assert jacobian(g)(X).shape == (2, 3, 3)
    h = hessian(f)(X)
    onp.testing.assert_allclose(h.numpy(), differences(grad(f), X), rtol=1e-5, atol=1e-8)
    close(hessian_vector_product(f)(X, onp.array([1.0, 2.0, 3.0])), h.numpy() @ [1.0, 2.0, 3.0])
    close(hessian(lambda x: -np.sum(np.log(x)))(onp.array([1.0, 2.0])), [[1.0, 0.0], [0.0, 0.25]])
    assert jacobian(lambda x: np.sum(x, keepdims=True))(X).shape == (1, 3)
    close(hessian(lambda x: x[[0, 0, 2]] @ x)(X), [[2, 1, 0], [1, 0, 0], [0, 0, 2]])


def test_products():
    def g(x):
        return np.tanh(np.dot(A, x))

    j = jacobian(g)(X).numpy()
    vjp, value = make_vjp(g)(X)
    close(value, onp.tanh(A @ X))
    for _ in range(2):
        close(vjp(onp.ones(3)), onp.ones(3) @ j)
    value, made = make_jvp(g)(X)(onp.array([1.0, 0.0, 2.0]))
    close(value, onp.tanh(A @ X))
    close(made, j @ [1.0, 0.0, 2.0])


def test_checkpoint():
    calls = []

    def g(x):
        calls.append(1)
        return np.sum(np.exp(x) * x)

    close(grad(checkpoint(g))(X), onp.exp(X) * (1 + X))
    assert len(calls) == 2
    close(grad(lambda x: np.sum(grad(checkpoint(g))(x)))(X), onp.exp(X) * (2 + X))


def test_complex():
    z = 1.5 - 0.5j
    close(grad(lambda x: np.real(x**2))(z), 2 * z)
    close(grad(lambda x: np.abs(x) ** 2)(z), 2 * onp.conj(z))
    close(holomorphic_grad(lambda x: x**3)(z), 3 * z**2)
    spectrum = grad(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2))
    close(spectrum(X), 2 * len(X) * X)


def test_a_constant_function_has_zeros():
    close(grad(lambda x: np.array(3.0))(X), onp.zeros(3))
    close(grad(lambda x: 1.0)(X), onp.zeros(3))


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"scalar-output functions.*shape \(3,\)"):
        grad(np.sin)(X)
    with pytest.raises(TypeError, match="complex values"):
        grad(lambda x: x * 1j)(1.0)
    with pytest.raises(TypeError, match="int64 has no gradient"):
        grad(np.sum)(onp.arange(3))
