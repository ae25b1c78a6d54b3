"""Every differentiable op: gradients to second order in float64, with broadcasting; and that none is missing here."""

import numpy as np
import pytest

import gputape as tf
from gputape.op import Op
from gputape.record import recording
from gputape.registry import OPS
from gputape.testing import check_gradients

RNG = np.random.default_rng(1)


def u(*shape, low=0.2, high=0.8):
    return RNG.uniform(low, high, shape)


def spd(n=3):
    m = RNG.standard_normal((n, n))
    return m @ m.T + n * np.eye(n)


def apart(*shape):
    """Numbers that differ by enough to stay in order under the steps of the finite differences."""
    return RNG.permutation(np.linspace(0.1, 2.0, int(np.prod(shape)))).reshape(shape)


UNARY = (
    "negative square reciprocal sqrt rsqrt exp expm1 log log1p tanh sigmoid sin cos tan asin acos atan sinh cosh asinh "
    "atanh softplus sign abs bessel_i0 bessel_i0e bessel_i1 bessel_i1e erf erfc erfinv ndtri lgamma digamma angle conj "
    "real imag"
)
BINARY = (
    "add subtract multiply divide maximum minimum pow squared_difference atan2 floormod truncatemod divide_no_nan "
    "multiply_no_nan xdivy xlogy xlog1py"
)
ACTIVATIONS = "relu relu6 elu selu softsign"
LABELS = np.array([2, 0])
CASES = {
    **{name: (OPS[name], u(2, 3)) for name in UNARY.split()},
    **{name: (OPS[name], u(2, 1, 3), u(2, 1, low=1.1, high=1.9)) for name in BINARY.split()},
    **{name: (OPS[name], apart(2, 3) - 1.0) for name in ACTIVATIONS.split()},
    "silu": (tf.nn.silu, u(2, 3)),
    "leaky_relu": (tf.nn.leaky_relu, apart(2, 3) - 1.0),
    "gelu": (tf.nn.gelu, u(2, 3)),
    "gelu_tanh": (lambda x: tf.nn.gelu(x, True), u(2, 3)),
    "acosh": (tf.acosh, u(3, low=1.2, high=3)),
    "complex": (tf.complex, u(2), u(2)),
    "add_n": (lambda x, y: tf.add_n([x, y, x * y]), u(2), u(2)),
    "clip": (tf.clip_by_value, apart(2, 3), np.float64(0.63), np.float64(1.37)),
    "cast": (lambda x: tf.cast(tf.cast(x, tf.complex128) ** 2, tf.float64), u(2)),
    "identity": (tf.identity, u(2)),
    "chosen": (lambda x, y: tf.where([True, False, True], x, y) ** 2, u(2, 3), u(3)),
    "masked": (lambda x: tf.where([True, False, True], x, 0.0) ** 2, u(2, 3)),
    "unmasked": (lambda x: tf.where([True, False, True], 0.0, x) ** 2, u(2, 3)),
    # gamma
    "polygamma": (lambda x: tf.math.polygamma(2.0, x), u(2, low=1, high=2)),
    "zeta": (lambda x: tf.math.zeta(2.5, x), u(2, low=1, high=2)),
    "igamma": (lambda x: tf.math.igamma(2.0, x), u(2)),
    "igammac": (lambda x: tf.math.igammac(2.0, x), u(2)),
    "betainc": (lambda x: tf.math.betainc(2.0, 3.0, x), u(2)),
    # reductions
    **{
        f"reduce_{h}": (lambda x, f=OPS["reduce_" + h]: f(x, axis=1) ** 2, apart(2, 3, 2))
        for h in ["sum", "mean", "max", "min", "prod"]
    },
    "logsumexp": (lambda x: tf.reduce_logsumexp(x, axis=[0, 2]), u(2, 3, 2)),
    "euclidean_norm": (lambda x: tf.math.reduce_euclidean_norm(x, axis=0), u(2, 3)),
    "cumsum": (lambda x: tf.cumsum(x, 1, reverse=True) ** 2, u(2, 3)),
    "cumprod": (lambda x: tf.math.cumprod(x, 1, exclusive=True), u(2, 3)),
    "cumulative_logsumexp": (lambda x: tf.math.cumulative_logsumexp(x, 0), u(3)),
    # shapes
    "reshape": (lambda x: tf.reshape(x, [3, 2]) ** 2, u(2, 3)),
    "broadcast_to": (lambda x: tf.broadcast_to(x, [2, 2, 3]) ** 2, u(2, 1)),
    "transpose": (lambda x: tf.transpose(x, [2, 0, 1]) ** 2, u(2, 3, 2)),
    "concat": (lambda x, y: tf.concat([x, y], 1) ** 2, u(2, 3), u(2, 1)),
    "stack": (lambda x, y: tf.stack([x, y], 1) ** 2, u(2), u(2)),
    "split": (lambda x: [t**2 for t in tf.split(x, [1, 2], 1)], u(2, 3)),
    "unstack": (lambda x: [t**2 for t in tf.unstack(x, axis=1)], u(2, 3)),
    "tile": (lambda x: tf.tile(x, [2, 3]) ** 2, u(2, 1)),
    "pad": (lambda x: tf.pad(x, [[1, 0], [0, 2]]) ** 2, u(2, 3)),
    "mirror": (lambda x: tf.pad(x, [[1, 0], [0, 2]], "REFLECT") ** 2, u(2, 3)),
    "roll": (lambda x: tf.roll(x, 1, 0) ** 2, u(3)),
    "reverse": (lambda x: tf.reverse(x, [0]) ** 2, u(3)),
    "reverse_sequence": (lambda x: tf.reverse_sequence(x, [1, 3], seq_axis=1) ** 2, u(2, 3)),
    "slice": (lambda x: tf.slice(x, [0, 1], [2, 2]) ** 2, u(2, 3)),
    "getitem": (lambda x: x[:, ::-2] ** 2, u(2, 3)),
    # indices
    "gather": (lambda x: tf.gather(x, [2, 0, 2]) ** 2, u(3, 2)),
    "gather_axis": (lambda x: tf.gather(x, [2, 0, 2], axis=1) ** 2, u(2, 3)),
    "gather_nd": (lambda x: tf.gather_nd(x, [[0, 1], [1, 2]]) ** 2, u(2, 3)),
    "scatter_nd": (lambda x: tf.scatter_nd([[0], [2], [0]], x, [4]) ** 2, u(3)),
    "scatter_update": (lambda x, y: tf.tensor_scatter_nd_update(x, [[1]], y) ** 2, u(3), u(1)),
    "scatter_max": (lambda x, y: tf.tensor_scatter_nd_max(x, [[1], [0]], y) ** 2, u(3), u(2, low=1, high=2)),
    "top_k": (lambda x: tf.nn.top_k(x, 2)[0] ** 2, apart(2, 3)),
    "sort": (lambda x: tf.sort(x) ** 2, apart(2, 3)),
    "dynamic_partition": (lambda x: [t**2 for t in tf.dynamic_partition(x, [0, 1, 0], 2)], u(3)),
    "segment_sum": (lambda x: tf.math.segment_sum(x, [0, 0, 1]) ** 2, u(3, 2)),
    "segment_max": (lambda x: tf.math.unsorted_segment_max(x, [1, 0, 1], 2) ** 2, apart(3, 2)),
    "segment_prod": (lambda x: tf.math.unsorted_segment_prod(x, [1, 0, 1], 2), apart(3, 2)),
    # fused families
    "matmul": (lambda a, b: tf.matmul(a, b, transpose_b=True), u(2, 2, 3), u(4, 3)),
    "softmax": (tf.nn.softmax, u(2, 3)),
    "log_softmax": (tf.nn.log_softmax, u(2, 3)),
    "layer_norm": (lambda x, g, b: OPS["layer_norm_rows"](x, g, b, epsilon=1e-3)[0], u(3, 4), u(4), u(4)),
    "rms_norm": (lambda x, g: OPS["rms_norm_rows"](x, g, epsilon=1e-3)[0], u(3, 4), u(4)),
    "batch_norm": (lambda x, g, b: OPS["batch_norm_columns"](x, g, b, epsilon=1e-3)[0], u(5, 3), u(3), u(3)),
    "multiply_add": (lambda x, a, b: OPS["multiply_add"](x, a, b), u(2, 3), u(3), u(3)),
    "local_response": (lambda x: tf.nn.local_response_normalization(x, 1), u(1, 2, 1, 4)),
    "bias_activation": (lambda x, b: tf.nn.bias_activation(x, b, "tanh"), u(2, 3), u(3)),
    "dense": (lambda x, w, b: tf.nn.dense(x, w, b, "tanh"), u(2, 3), u(3, 2), u(2)),
    "lstm": (tf.nn.lstm, u(2, 2, 1), u(1, 4), u(1, 4), u(4), u(2, 1), u(2, 1)),
    "attention": (
        lambda q, k, v, b: tf.nn.dot_product_attention(q, k, v, None, b, causal=True),
        u(1, 2, 2, 1),
        u(1, 2, 1, 1),
        u(1, 2, 1, 2),
        u(1, 2, 1, 2),
    ),
    "gru": (tf.nn.gru, u(2, 2, 1), u(1, 3), u(1, 3), u(3), u(3), u(2, 1)),
    "cross_entropy": (tf.nn.softmax_cross_entropy_with_logits, np.array([[0.2, 0.5, 0.3]]), u(1, 3)),
    "sparse_cross_entropy": (
        lambda z: tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, z),
        u(2, 3),
    ),
    "sigmoid_cross_entropy": (tf.nn.sigmoid_cross_entropy_with_logits, u(2, 3), u(2, 3)),
    "conv": (lambda x, w: tf.nn.conv2d(x, w, [1, 2, 1, 1], "SAME"), u(1, 4, 3, 2), u(2, 2, 2, 2)),
    "depthwise_conv": (lambda x, w: tf.nn.depthwise_conv2d(x, w, [1] * 4, "SAME"), u(1, 3, 3, 2), u(2, 2, 2, 1)),
    "conv_transpose": (lambda x, w: tf.nn.conv2d_transpose(x, w, [1, 4, 4, 1], 2), u(1, 2, 2, 1), u(2, 2, 1, 1)),
    "max_pool": (lambda x: tf.nn.max_pool2d(x, 2, 1, "SAME") ** 2, apart(1, 3, 3, 1)),
    "avg_pool": (lambda x: tf.nn.avg_pool2d(x, 2, 1, "SAME") ** 2, u(1, 3, 3, 1)),
    "dropout": (lambda x: tf.nn.experimental.stateless_dropout(x, 0.4, seed=[1, 2]) ** 2, u(2, 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_to_second_order(name):
    f, *args = CASES[name]
    check_gradients(f, *args, rtol=1e-4, atol=1e-5)


# Checked in the files of their families: matrices need inputs of their own, and some have a first order only.
FAMILIES = {"decompositions", "linalg", "matrix_functions", "solve", "diagonal", "lu", "least_squares", "resize"}
FAMILIES |= {"bessel_jyk", "ctc", "fft", "frame", "integrals"}
NAMED = {"contrast_adjusted", "igamma_grad_a", "nextafter", "normal_weighted_grad", "picked", "pool_max_gather"}


class Seen:
    """A recorder that notes which ops ran."""

    is_tape = True

    def __init__(self):
        self.names = set()

    def record(self, op, inputs, outputs, attrs):
        self.names.add(op.name.rstrip("_"))

    def read(self, tensor, how):
        pass

    def created(self, variable, initial):
        pass


def test_no_op_is_missing():
    seen = Seen()
    with recording(seen):
        for f, *args in CASES.values():
            inputs = [tf.constant(a) for a in args]
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                y = f(*inputs)
            tape.gradient(y, inputs)
    wanted = {
        n
        for n, op in OPS.items()
        if isinstance(op, Op) and op.differentiable and op.__module__.split(".")[-1] not in FAMILIES
    }
    assert wanted - seen.names - NAMED == set()
