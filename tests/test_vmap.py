"""One call for many elements: every rule against a loop, jacobians against a pass per element, and what has no way."""

import itertools
import logging

import numpy as np
import pytest

import gputape as tf
from gputape.ops.window import Sliding
from gputape.record import recording
from gputape.registry import OPS
from gputape.vmap import RULES, Unvectorized, Vectorizer

COUNT = 3
SQUARE = (2, 2)
IMAGE = (2, 4, 4, 3)
POOL = {"how": Sliding(window=(2, 2), strides=(2, 2), padding=((0, 0), (0, 0)), dilations=(1, 1))}
CONV = {"how": Sliding((2, 2), (1, 1), ((0, 1), (1, 0)), (1, 1)), "groups": 1}
AXIS, AXES = {"axis": 1}, {"axes": (0, 2), "keepdims": False}
SCAN = {"axis": 1, "exclusive": False, "reverse": True}
INDEX = np.dtype("int32")

# Inputs of one element, as shapes (filled with numbers from 0.5 to 1.5), or as a list [highest integer, shape]; then
# attributes. Every rule has a case at least.
CASES = [
    ("chosen", [[1, (2, 3)], (3,), ()], {}),
    ("masked", [(2, 3), [1, (3,)]], {}),
    ("unmasked", [(3,), [1, (2, 3)]], {}),
    ("normal_weighted", [(2, 3)], {"approximate": False}),
    ("normal_weighted_grad", [(2, 3), (2, 3)], {"approximate": False}),
    ("add_all", [(2, 3), (2, 3)], {}),
    ("best", [(2, 4)], {"k": 2, "dtype": INDEX, "descending": True}),
    ("bits", [(2, 3)], {"dtype": INDEX}),
    ("cholesky", [SQUARE], {}),
    ("convert", [(2, 3)], {"dtype": np.dtype("float64"), "source": np.dtype("float32")}),
    ("cross", [(2, 3), (2, 3)], {}),
    *[(name, [SQUARE], {}) for name in ("det", "eigh", "eigvalsh", "inverse", "expm", "sqrtm")],
    *[(name, [SQUARE], {}) for name in ("sign_and_log_det", "eig", "eigvals", "singular_values")],
    ("detach", [(2, 3)], {}),
    ("filled_like", [(2, 3)], {"value": 2, "dtype": INDEX}),
    ("identity", [()], {}),
    ("keep_band", [(2, 3)], {"num_lower": 0, "num_upper": 1}),
    ("lu_factors", [SQUARE], {"index_type": INDEX}),
    ("picked", [(2, 3), [2, (2, 2)]], {}),
    ("put_back", [(2, 1), [2, (2, 1)]], {"size": 3}),
    ("pseudo_inverse", [(3, 2)], {"rcond": 1e-6}),
    ("put_diagonals", [(2, 3)], {"rows": 3, "columns": 3, "low": 0, "high": 0, "align": "LEFT_LEFT"}),
    ("qr_factors", [(3, 2)], {"full_matrices": False}),
    ("replace_diagonals", [(2, 3, 3), (2, 3)], {"low": 0, "high": 0, "align": "LEFT_LEFT"}),
    ("singular_vectors", [(3, 2)], {"full_matrices": False}),
    ("solve_general", [SQUARE, (2, 3)], {"adjoint": True}),
    ("solve_triangular", [SQUARE, (2, 3)], {"lower": True, "adjoint": False}),
    ("take_diagonals", [(3, 3)], {"low": -1, "high": 1, "align": "RIGHT_LEFT"}),
    ("unit_interval", [[9, (4,)]], {"dtype": np.dtype("float32")}),
    ("window_sum", [(2, 5)], {"radius": 1}),
    *[(name, [[1, (2, 3, 2)]], AXES) for name in ("all_over", "any_over")],
    *[(name, [(2, 3)], {**AXIS, "dtype": INDEX}) for name in ("argmax_along", "argmin_along")],
    *[(name, [(2, 3)], SCAN) for name in ("cumlogsumexp_along", "cumprod_along", "cumsum_along")],
    *[(f"{name}_over", [(2, 3, 2)], AXES) for name in ("sum", "mean", "prod", "max", "min", "logsumexp")],
    ("euclidean_norm_over", [(2, 3, 2)], AXES),
    ("flipped", [(2, 3)], {"axes": (1,)}),
    ("fourier_of_real", [(2, 4)], {"axes": (-1,), "norm": "backward"}),
    ("joined", [(2, 3), (2, 1)], AXIS),
    ("stacked", [(2, 3), (2, 3)], AXIS),
    ("unstacked", [(2, 3)], AXIS),
    ("pieces", [(2, 3)], {"sizes": (2, 1), "axis": 1}),
    ("resampled", [(1, 4, 1)], {"axis": 1, "size": 6, "method": "bilinear"}),
    ("rolled", [(2, 3)], {"shift": (1,), "axes": (1,)}),
    ("softmax_along", [(2, 3)], {"axis": 0}),
    ("log_softmax_along", [(2, 3)], AXIS),
    ("softmax_grad", [(2, 3), (2, 3)], AXIS),
    ("log_softmax_grad", [(2, 3), (2, 3)], AXIS),
    ("cross_entropy_rows", [(2, 3), (2, 3)], {}),
    ("cross_entropy_rows_grad", [(2, 3), (2, 3), (2,), (2,)], {}),
    ("sparse_cross_entropy_rows", [(2, 3), [2, (2,)]], {}),
    ("sparse_cross_entropy_rows_grad", [(2, 3), [2, (2,)], (2,), (2,)], {}),
    ("pool_max", [IMAGE], POOL),
    ("pool_sum", [IMAGE], POOL),
    ("pool_max_gather", [IMAGE, (2, 2, 2, 3), IMAGE], POOL),
    ("pool_max_scatter", [IMAGE, (2, 2, 2, 3), (2, 2, 2, 3)], POOL),
    ("pool_spread", [(2, 2, 2, 3)], {"spatial": (4, 4), **POOL}),
    ("convolve", [IMAGE, (2, 2, 3, 5)], CONV),
    ("convolve_input", [(2, 4, 4, 5), (2, 2, 3, 5)], {"spatial": (4, 4), **CONV}),
    ("convolve_filter", [IMAGE, (2, 4, 4, 5)], CONV),
    ("convolve_filter", [IMAGE, (2, 4, 4, 3)], {**CONV, "groups": 3}),
    ("depthwise", [IMAGE, (2, 2, 6)], {"how": CONV["how"]}),
    ("depthwise_input", [(2, 4, 4, 6), (2, 2, 6)], {"spatial": (4, 4), "channels": 3, "how": CONV["how"]}),
    ("layer_norm_rows", [(2, 3), (3,), (3,)], {"epsilon": 1e-3}),
    ("rms_norm_rows", [(2, 3), (3,)], {"epsilon": 1e-3}),
    ("padded", [(2, 3)], {"paddings": ((1, 0), (0, 2)), "value": 7}),
    ("mirrored", [(2, 3)], {"paddings": ((1, 0), (0, 2)), "edge": 1}),
    ("folded", [(3, 5)], {"paddings": ((1, 0), (0, 2)), "edge": 1}),
    ("segment_reduce", [(4, 2), [1, (4,)]], {"how": "sum", "segments": 2, "empty": 0}),
    ("rows_of", [(4, 2), [3, (5,)]], {}),
    ("expanded", [(3, 1)], {"shape": (2, 3, 4)}),
    ("gather_axis", [(2, 3, 2), [2, (4,)]], {"axis": 1}),
    ("gather_axis", [(2, 3, 2), [2, (2, 4)]], {"axis": 1, "batch_dims": 1}),
    ("scatter_axis", [(2, 4, 2), [2, (4,)]], {"axis": 1, "shape": (2, 3, 2)}),
    ("scatter_axis", [(2, 4, 2), [2, (2, 4)]], {"axis": 1, "batch_dims": 1, "shape": (2, 3, 2)}),
    ("gather_points", [(2, 3), [1, (4, 2)]], {}),
    ("scatter_points", [(4, 3), [1, (4, 1)]], {"shape": (2, 3)}),
    ("multiply_matrices", [(2, 3), (3, 4)], {}),
    ("multiply_matrices", [(3, 2), (3, 4)], {"transpose_a": True}),
    ("multiply_matrices", [(3, 2), (5, 4, 3)], {"transpose_a": True, "transpose_b": True}),
    ("multiply_matrices", [(5, 2, 3), (4, 3)], {"transpose_b": True}),
    ("one_hot_axis", [[2, (4,)], (), ()], {"depth": 3, "axis": 0}),
    ("part", [(3, 4)], {"begin": (1, 0), "size": (2, 3)}),
    ("permute", [(2, 3, 4)], {"perm": (2, 0, 1)}),
    ("subscript", [(3, 4)], {"key": (slice(None, None, 2), Ellipsis, 1)}),
    ("unsubscript", [(2,)], {"key": (slice(None, None, 2), Ellipsis, 1), "shape": (3, 4)}),
    ("sum_to", [(2, 3, 4)], {"shape": (3, 1)}),
    ("tiled", [(2, 3)], {"multiples": (2, 1)}),
    ("view", [(2, 3)], {"shape": (3, 2)}),
    ("multiply", [(2, 3), ()], {}),
    ("add", [(3,), (2, 1)], {}),
    ("batch_norm_columns", [(4, 3), (3,), (3,)], {"epsilon": 1e-3}),  # by its meaning
    ("turned", [(2, 3), [3, (2,)]], {"seq": 1, "batch": 0}),  # element by element
]
UNREAL = [  # those of complex numbers
    ("fourier", {"axes": (1,), "inverse": True, "norm": "ortho"}),
    ("fourier_to_real", {"axes": (1,), "norm": "ortho", "size": 2}),
    ("logm", {}),
]


def filled(spec, seed):
    rng = np.random.default_rng(seed)
    if isinstance(spec, list):
        return rng.integers(0, spec[0] + 1, (COUNT, *spec[1])).astype("int32")
    made = rng.uniform(0.5, 1.5, (COUNT, *spec)).astype("float32")
    return made + 4 * np.eye(2, dtype="float32") if spec == SQUARE else made


def inputs_of(name, specs):
    made = [filled(spec, k) for k, spec in enumerate(specs)]
    if name in ("all_over", "any_over", "chosen"):
        made[0] = made[0].astype(bool)
    if name in ("masked", "unmasked"):
        made[1] = made[1].astype(bool)
    if name == "unit_interval":
        made[0] = made[0].astype("uint32")
    if name in ("cholesky", "eigh", "eigvalsh"):
        made[0] = made[0] + made[0].swapaxes(-1, -2)
    return made


def compare(op, arrays, attrs, which):
    """`op` with the inputs `which` different for each element, under a Vectorizer and in a loop."""
    given = [tf.constant(a) if k in which else tf.constant(a[0]) for k, a in enumerate(arrays)]
    with Vectorizer(COUNT) as v:
        made = op(*[v.example(x) if k in which else x for k, x in enumerate(given)], **attrs)
        made = made if isinstance(made, tuple) else (made,)
    loop = [op(*[x[i] if k in which else x for k, x in enumerate(given)], **attrs) for i in range(COUNT)]
    loop = [y if isinstance(y, tuple) else (y,) for y in loop]
    for k, y in enumerate(made):
        batch, expected = v.batch(y), np.stack([ys[k].numpy() for ys in loop])
        assert batch.dtype == loop[0][k].dtype
        sizes = np.abs if op.name == "singular_vectors" else np.asarray  # their signs are the library's choice
        np.testing.assert_allclose(sizes(batch.numpy()), sizes(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, specs, attrs", CASES, ids=[f"{c[0]}-{k}" for k, c in enumerate(CASES)])
def test_every_rule_against_a_loop(name, specs, attrs):
    op, arrays = OPS[name], inputs_of(name, specs)
    for size in range(1, len(arrays) + 1):
        for which in itertools.combinations(range(len(arrays)), size):
            compare(op, arrays, attrs, which)


@pytest.mark.parametrize("name, attrs", UNREAL)
def test_rules_of_complex_numbers(name, attrs):
    x = filled(SQUARE, 0) + 0.1j * filled(SQUARE, 1)
    compare(OPS[name], [x.astype("complex64")], attrs, (0,))


def test_every_rule_has_a_case():
    assert set(RULES) - {name for name, _, _ in CASES} == {name for name, _ in UNREAL}


# -- jacobians


def mlp(x, w):
    return tf.nn.log_softmax(tf.tanh(x @ w) * tf.reduce_max(x))


def images(x, w):
    return tf.reduce_mean(tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME")), 2, 2, "VALID"), [1, 2])


def rows(x, w):
    return tf.gather(x, [2, 0, 2]) * tf.gather(w, [1], axis=1) + tf.sort(x, axis=0)


FUNCTIONS = [(mlp, (2, 3), (3, 4)), (images, (1, 4, 4, 2), (2, 2, 2, 3)), (rows, (3, 4), (3, 4))]


@pytest.mark.parametrize("f, one, two", FUNCTIONS, ids=[f[0].__name__ for f in FUNCTIONS])
@pytest.mark.parametrize("step", [None, 2])
def test_a_jacobian_in_one_pass_is_that_of_a_pass_per_element(f, one, two, step):
    x, w = tf.constant(filled(one, 0)[0]), tf.constant(filled(two, 1)[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        y = f(x, w)
    together = tape.jacobian(y, [x, w], parallel_iterations=step)
    alone = tape.jacobian(y, [x, w], experimental_use_pfor=False)
    for a, b, source in zip(together, alone, (x, w), strict=True):
        assert a.shape == (*y.shape, *source.shape)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


def test_a_jacobian_runs_each_rule_once():
    x = tf.constant(np.ones((4, 8), "float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.tanh(x @ tf.ones((8, 16)))

    class Counter:
        is_tape, names = True, []

        def record(self, op, inputs, outputs, attrs):
            self.names.append(op.name)

    with recording(Counter()) as counter:
        tape.jacobian(y, x)
    assert counter.names.count("tanh_grad") == 1 and len(counter.names) < 12


def test_batch_jacobian_is_the_diagonal_of_the_jacobian():
    x, w = tf.constant(filled((2, 3), 0)[0]), tf.constant(filled((3, 4), 1)[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.tanh(x @ w)
    full = tape.jacobian(y, x).numpy()
    got = tape.batch_jacobian(y, x).numpy()
    np.testing.assert_allclose(got, np.stack([full[i, :, i] for i in range(2)]), rtol=1e-6)
    np.testing.assert_allclose(tape.batch_jacobian(y, x, parallel_iterations=3).numpy(), got, rtol=1e-6)


def test_jacobians_of_jacobians():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x[::-1]
        first = inner.jacobian(y, x)
    second = outer.jacobian(first, x).numpy()  # y0 = x0² x1, y1 = x1² x0
    np.testing.assert_allclose(first.numpy(), [[4, 1], [4, 4]])
    np.testing.assert_allclose(second, [[[4, 2], [2, 0]], [[0, 4], [4, 2]]])


def test_a_jacobian_through_a_custom_gradient():
    @tf.custom_gradient
    def cube(x):
        return x**3.0, lambda dy: dy * 100.0 * x

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        first = tape.jacobian(y, x)
        diagonal = tf.linalg.diag_part(first)
    np.testing.assert_allclose(first.numpy(), [[100, 0], [0, 200]])
    np.testing.assert_allclose(outer.gradient(diagonal, x).numpy(), [100, 100])


def test_a_rule_that_reads_values_takes_a_loop():
    @tf.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: dy * 2.0 if float(tf.reduce_sum(dy)) >= 0 else dy

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.jacobian(y, x).numpy(), [[2, 0], [0, 2]])


def test_empty_and_unconnected_jacobians():
    x, other = tf.constant([1.0, 2.0]), tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y, nothing = x * 2.0, tf.zeros([0]) * tf.reduce_sum(x)
    assert tape.jacobian(nothing, x).shape == (0, 2)
    assert tape.jacobian(y, other) is None
    assert tape.jacobian(y, other, unconnected_gradients="zero").shape == (2,)
    with pytest.raises(TypeError, match="target holds"):
        tape.jacobian([y], x)


# -- vectorized_map


def test_vectorized_map_runs_its_function_once():
    calls = []

    def f(pair):
        calls.append(pair[0].shape)
        return {"sum": tf.reduce_sum(pair[0]) + pair[1], "same": tf.constant(7)}

    made = tf.vectorized_map(f, (tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([10.0])))
    assert calls == [(2,)]
    assert made["sum"].numpy().tolist() == [13.0, 17.0] and made["same"].numpy().tolist() == [7, 7]


def test_vectorized_map_of_nothing():
    assert tf.vectorized_map(lambda x: tf.reduce_sum(x * 2.0), tf.zeros([0, 3])).shape == (0,)
    assert tf.vectorized_map(lambda x: x if x[0] > 0 else -x, tf.zeros([0, 3]), warn=False).shape == (0, 3)


def test_gradients_inside_and_outside_of_vectorized_map():
    v = tf.Variable([1.0, 2.0])
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def per_example(row):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(row * v) ** 2.0
        return tape.gradient(y, v)

    with tf.GradientTape() as tape:
        tape.watch(x)
        made = tf.vectorized_map(per_example, x)
        total = tf.reduce_sum(made)
    expected = 2 * (x.numpy() @ [1, 2])[:, None] * x.numpy()
    np.testing.assert_allclose(made.numpy(), expected)
    dx, dv = tape.gradient(total, [x, v])
    rows = x.numpy()
    np.testing.assert_allclose(dv.numpy(), 2 * (rows * rows.sum(1, keepdims=True)).sum(0))
    np.testing.assert_allclose(dx.numpy(), 2 * (rows @ [1, 2] + 0)[:, None] + 2 * rows.sum(1, keepdims=True) * [1, 2])


def test_a_custom_gradient_inside_vectorized_map_is_kept():
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(dy, variables=None):
            return dy * 10.0, [dy * 100.0 * x]

        return x * v, grad

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.vectorized_map(f, x)
    dx, dv = tape.gradient(y, [x, v])
    assert dx.numpy().tolist() == [10.0, 10.0] and dv.numpy() == 300.0


def test_vectorized_map_inside_itself_and_in_a_function():
    table = tf.reshape(tf.range(6.0), [2, 3])
    f = tf.function(lambda t: tf.vectorized_map(lambda r: tf.vectorized_map(lambda a: a * tf.reduce_sum(r), r), t))
    for _ in range(2):
        np.testing.assert_allclose(f(table).numpy(), table.numpy() * table.numpy().sum(1, keepdims=True))


def test_what_differs_between_slices_makes_a_loop(caplog):
    def branch(x):
        return x if x > 1.0 else -x

    x = tf.constant([1.0, 2.0])
    with caplog.at_level(logging.WARNING, "gputape"):
        assert tf.vectorized_map(branch, x).numpy().tolist() == [-1.0, 2.0]
        assert "bool()" in caplog.text
        caplog.clear()
        tf.vectorized_map(branch, x, warn=False)
        draws = tf.vectorized_map(lambda _: tf.random.uniform([]), x, warn=False)
        assert caplog.text == "" and draws[0] != draws[1]
    with pytest.raises(ValueError, match=r"cannot be vectorized: bool\(\)"):
        tf.vectorized_map(branch, x, fallback_to_while_loop=False)


def test_errors_of_vectorized_map():
    v = tf.Variable(0.0)
    with pytest.raises(ValueError, match=r"1\+ dimensional"):
        tf.vectorized_map(lambda x: x, tf.constant(1.0))
    with pytest.raises(ValueError, match="not compatible"):
        tf.vectorized_map(lambda p: p[0], (tf.zeros([2]), tf.zeros([3])))
    with pytest.raises(ValueError, match=r"tf\.map_fn"):
        tf.vectorized_map(v.assign_add, tf.ones([2]))
    with pytest.raises(Unvectorized, match="Variable"), Vectorizer(2) as v2:
        tf.Variable(v2.example(tf.ones([2])) * 1.0)


def test_batches_are_forgotten_with_their_examples():
    with Vectorizer(2) as v:
        x = v.example(tf.ones([2, 3]))
        for _ in range(5):
            x = x * 2.0
        assert len(v.batches) == 1
