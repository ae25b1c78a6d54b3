"""Ops of one's own kernels: right ones work everywhere, wrong ones are refused with the numbers shown."""

from types import SimpleNamespace

import numpy as np
import pytest

import gputape as tf
from gputape import cuda, keras

FORWARD = """
template <typename T>
__global__ void bent(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y, double power, long long size) {
    long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
    if (i < size) y[i] = x[i] * x[i] * w[i] + T(power);
}
"""
BACKWARD = """
template <typename T>
__global__ void bent_grad(const T* x, const T* w, const T* dy, T* dx, T* dw, double power, long long size) {
    long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
    if (i < size) {
        dx[i] = T(2) * x[i] * w[i] * dy[i];
        dw[i] = x[i] * x[i] * dy[i];
    }
}
"""
FLOATS = 'extern "C" __global__ void twice(const float* x, float* y, long long size) {\n' + (
    "    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;\n    if (i < size) y[i] = 2 * x[i];\n}"
)


def meaning(x, w, *, power=1.0):
    return x * x * w + power


bent = tf.kernel(forward=FORWARD, backward=BACKWARD, meaning=meaning)
X, W = np.random.default_rng(0).standard_normal((2, 3, 7))


def made(forward=FORWARD, backward=BACKWARD, of=meaning):
    return tf.kernel(forward=forward, backward=backward, meaning=of)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_check_passes(device, dtype):
    dtype = tf.as_dtype(dtype).numpy
    bent.check(X.astype(dtype), W.astype(dtype), power=0.5)
    bent.check(np.zeros((0, 3), dtype), np.zeros((0, 3), dtype))
    bent.check(np.asarray(2.0, dtype), np.asarray(3.0, dtype))
    bent.check(X.astype(dtype).T, W.astype(dtype).T)


def test_gradients_of_any_order(device):
    tf.testing.check_gradients(lambda x, w: bent(x, w), X[0, :2], W[0, :2], order=3)
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = bent(x, x)
    assert float(tape.gradient(y, x)) == 27.0
    assert tf.jacobian(lambda x: bent(x, x))(tf.constant([1.0, 2.0])).numpy().tolist() == [[3.0, 0.0], [0.0, 12.0]]


def test_launches(device):
    if device == "cpu":
        return
    x, w = tf.constant(X, tf.float32), tf.constant(W, tf.float32)
    with cuda.count_launches() as counter, tf.GradientTape() as tape:
        tape.watch([x, w])
        loss = tf.reduce_sum(bent(x, w))
        tape.gradient(loss, [x, w])
    assert [k for k in counter.launches if "bent" in k] == ["bent<float>", "bent_grad<float>"]


def test_in_a_function(device):
    @tf.function
    def step(x, w):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = bent(x, w)
        return y, tape.gradient(y, x)

    for k in range(4):
        x = X.astype("f4") + np.float32(k)
        y, dx = step(tf.constant(x), tf.constant(W, tf.float32))
        np.testing.assert_allclose(y, x * x * W + 1, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(dx, 2 * x * W, rtol=1e-5, atol=1e-5)


class Bent(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape, "ones")

    def call(self, x):
        return bent(x, self.w, power=0.0)


def test_in_fit(device):
    model = keras.Sequential([keras.Input((3,), batch_size=8), Bent(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    x = np.random.default_rng(1).uniform(-1, 1, (8, 3)).astype("f4")
    losses = model.fit(x, (x**2).sum(1, keepdims=True), batch_size=8, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_a_source_without_a_template(device):
    raw = SimpleNamespace(code=FLOATS, name="twice", options=())  # what of a cupy.RawKernel is read
    for source in (FLOATS, raw):
        twice = tf.kernel(forward=source)(lambda x: 2 * x)
        twice.check(X.astype("f4"))
        if device != "cpu":
            with pytest.raises((TypeError, tf.errors.InvalidArgumentError), match=r"const float\* x.*float64"):
                twice(tf.constant(X))


def test_a_function_that_launches(device):
    file = cuda.Kernels(FLOATS)

    def forward(x):
        y = cuda.empty_like(x)
        file.twice(grid=-(-x.size // 256), args=(x, y, np.int64(x.size)))
        return y

    tf.kernel(forward=forward, meaning=lambda x: 2 * x).check(X.astype("f4"))


def test_integers_have_no_gradient(device):
    source = """
    template <typename T> __global__ void scaled(const T* x, const int* n, T* y, long long size) {
        long long i = blockIdx.x * (long long)BLOCK + threadIdx.x;
        if (i < size) y[i] = x[i] * T(n[i]);
    }"""
    slope = source.replace("scaled", "slope").replace("const int* n, T* y", "const int* n, const T* dy, T* dx")
    slope = slope.replace("y[i] = x[i] * T(n[i])", "dx[i] = dy[i] * T(n[i])")
    op = made(source, slope, lambda x, n: x * tf.cast(n, x.dtype))
    op.check(X[0], np.arange(7, dtype="i4"))
    x, n = tf.constant([1.0, 2.0]), tf.constant([3, 4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = op(x, n)
    dx, dn = tape.gradient(y, [x, n])
    assert dx.numpy().tolist() == [3.0, 4.0] and dn is None


# -- what is refused


@pytest.mark.parametrize(
    "op, shown",
    [
        (lambda: made(FORWARD.replace("* w[i]", "+ w[i]")), "bent|meaning"),
        (lambda: made(backward=BACKWARD.replace("T(2) *", "T(3) *")), "meaning_grad output 0"),
        (lambda: made(backward=BACKWARD.replace("dw[i] =", "dx[i] =")), "meaning_grad output"),
        (lambda: made(lambda x, w, *, power: x[:1], None), "shape|no kernel was launched"),
    ],
    ids=["forward", "factor", "unwritten", "no launch"],
)
def test_wrong_kernels_are_refused(op, shown):
    with pytest.raises(AssertionError, match=shown):
        op().check(X, W)


def wrong_output(change):
    file = cuda.Kernels(FORWARD)

    def forward(x, w, *, power):
        y = cuda.empty_like(x)
        file.bent[x.dtype](1, (x, w, y, np.float64(power), np.int64(x.size)))
        return change(y)

    return made(forward, None)


def test_wrong_shapes_and_dtypes_are_refused():
    with pytest.raises(AssertionError, match=r"float64\(2, 7\), not float64\(3, 7\)"):
        wrong_output(lambda y: y[:2]).check(X, W)
    with pytest.raises(AssertionError, match=r"float32\(3, 7\), not float64\(3, 7\)"):
        wrong_output(lambda y: y.astype("f4")).check(X, W)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"x float64, w float32"):
        bent(tf.constant(X), tf.constant(W, tf.float32))


def test_a_meaning_with_a_wrong_gradient_is_refused():
    @tf.custom_gradient
    def wrong(x):
        return x * x, lambda dy: 3.0 * dy * x

    source = FLOATS.replace("float*", "double*").replace("2 * x[i]", "x[i] * x[i]")
    with pytest.raises(AssertionError, match="order 1, argument 0"):
        made(source, None, lambda x: wrong(x)).check(X[0])


def test_wrong_declarations_are_refused():
    with pytest.raises(TypeError, match="the meaning must be a function, got ndarray"):
        tf.kernel(forward=FORWARD)(X)
    with pytest.raises(ValueError, match=r"holds \['bent', 'bent_grad'\]"):
        made(FORWARD + BACKWARD)
    with pytest.raises(ValueError, match=r"holds \[\]"):
        made("void f() {}")
    with pytest.raises(TypeError, match="meaning returned ndarray"):
        made(FLOATS, None, lambda x: np.exp(x)).check(X[0])
    with pytest.raises((TypeError, tf.errors.InvalidArgumentError), match="has 3 parameters"):
        made(FLOATS, None, lambda x, w: x + w).check(X, W)
    with pytest.raises((TypeError, tf.errors.InvalidArgumentError), match="power='big' is no number"):
        made(of=lambda x, w, *, power: x * x * w + 1.0).check(X, W, power="big")
    with pytest.raises((TypeError, tf.errors.InvalidArgumentError), match="long long"):
        bent.check(X, W, power=2)


def test_nvrtc_compiles_every_dtype():
    nvrtc = getattr(pytest.importorskip("cupy").cuda, "nvrtc", None)
    if nvrtc is None:
        pytest.skip("NVRTC is missing: pip install 'gputape[kernels]'")
    for op in (bent, bent.gradient_op):
        source = op.kernel_body
        expressions = [f"{source.name}<{c}>" for c in ("float", "double", "__half", "__nv_bfloat16")]
        _, names, _ = cuda.compile_cubin(source.file.source, "own", "sm_90", expressions, source.file.options)
        assert list(names) == expressions
