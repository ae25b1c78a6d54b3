import operator

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.functions import function_at, function_path
from gputape.keras.inference import compute_output_spec, in_symbolic_scope
from gputape.keras.symbolic import KerasTensor, Node, Operation

X = np.arange(6, dtype="float32").reshape(2, 3) + 1

# Expressions of a symbolic x of shape (None, 3), with the shape that they have.
EXPRESSIONS = {
    "operators": (lambda x: -(((x + 1.0) * 2.0 - x / 4.0) ** 2.0) // 3.0 % 5.0, (None, 3)),
    "reflected": (lambda x: 1.0 - 2.0 / (3.0 + x), (None, 3)),
    "comparison": (lambda x: (x > 2.0) & ~(x >= 5.0), (None, 3)),
    "matmul": (lambda x: x @ tf.ones((3, 4)), (None, 4)),
    "slice": (lambda x: x[:, 1:], (None, 2)),
    "row": (lambda x: x[0], (3,)),
    "function": (lambda x: tf.nn.relu(x - 3.0), (None, 3)),
    "reduction": (lambda x: tf.reduce_sum(x, axis=1), (None,)),
    "list argument": (lambda x: tf.concat([x, x, tf.zeros_like(x)], axis=1), (None, 9)),
    "stacked": (lambda x: tf.stack([x, 2.0 * x], axis=0), (2, None, 3)),
    "shape values": (lambda x: tf.reshape(x, [tf.shape(x)[0], 3, 1]), (None, 3, 1)),
    "minus one": (lambda x: tf.reshape(x, (-1, 3, 1)), (None, 3, 1)),
    "cast": (lambda x: tf.cast(x, "int32") + 1, (None, 3)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_ops_on_symbolic_tensors_build_graphs(name):
    expression, shape = EXPRESSIONS[name]
    x = keras.Input((3,))
    y = expression(x)
    assert isinstance(y, KerasTensor) and y.shape == shape
    expected = expression(tf.constant(X))
    got = keras.Model(x, y)(X)
    assert y.dtype == expected.dtype.name
    np.testing.assert_allclose(np.array(got), np.array(expected), rtol=1e-6)


def test_symbolic_tensors_have_no_values():
    x = KerasTensor((2, None))
    for convert in (int, float, np.asarray, operator.index):
        with pytest.raises(ValueError, match="symbolic"):
            convert(x)
    with pytest.raises(TypeError, match="boolean"):
        bool(x)
    with pytest.raises(AttributeError, match="immutable"):
        x.shape = (1,)
    assert x == x and x in [x] and len({x}) == 1


def test_spec_inference_changes_nothing():
    v = keras.Variable(1.0)
    seen = []

    def f(x):
        seen.append((tuple(x.shape), in_symbolic_scope()))
        v.assign_add(1.0)
        return {"a": x + v, "b": [tf.reduce_mean(x)]}

    with tf.GradientTape(persistent=True) as tape:
        spec = compute_output_spec(f, KerasTensor((None, 4)))
    assert (spec["a"].shape, spec["b"][0].shape) == ((None, 4), ())
    assert float(v) == 1.0 and tape.watched_variables() == ()
    assert len({shape for shape, _ in seen}) == 2 and all(inside for _, inside in seen)


def test_spec_inference_tries_other_sizes():
    spec = compute_output_spec(lambda x: tf.reshape(x, (-1, 24)), KerasTensor((None, None)))
    assert spec.shape == (None, 24)
    assert compute_output_spec(lambda x: x[:, 50:60], KerasTensor((None, None))).shape == (None, 10)
    with pytest.raises(tf.errors.InvalidArgumentError):
        compute_output_spec(lambda x: tf.reshape(x, (7, 11, 13)), KerasTensor((2, 2)))


def test_an_unknown_size_is_the_one_it_is_broadcast_to():
    x, y = keras.Input((None,)), keras.Input((10,))
    assert (x * y).shape == (None, 10)
    assert (KerasTensor((None, 3)) + KerasTensor((2, None))).shape == (2, 3)
    with pytest.raises(ValueError, match="cannot broadcast"):
        KerasTensor((2, 3)) + KerasTensor((4, 3))


def test_specs_of_what_needs_invertible_matrices():
    a, b = KerasTensor((None, 5, 5)), KerasTensor((None, 5, 2))
    assert keras.ops.inv(a).shape == (None, 5, 5) and keras.ops.solve(a, b).shape == (None, 5, 2)
    assert keras.ops.cholesky(KerasTensor((3, 3))).shape == (3, 3)


def test_history_and_operation_attributes():
    class Twice(Operation):
        def call(self, x):
            return 2 * x

    x = keras.Input((3,))
    twice = Twice(name="twice")
    y = twice(x)
    assert y._keras_history.operation is twice and twice.input is x and twice.output is y
    assert twice._inbound_nodes[0].parent_nodes == x._keras_history.operation._inbound_nodes
    with pytest.raises(AttributeError, match="never been called"):
        _ = Twice().output
    with pytest.raises(ValueError, match="must be tensors"):
        Node(twice, (x,), {}, [3])
    assert Twice.from_config(twice.get_config()).name == "twice"
    with pytest.raises(ValueError, match="cannot contain"):
        Twice(name="a/b")


def test_errors_name_the_operation():
    class Wrong(keras.layers.Layer):
        def call(self, x):
            return tf.matmul(x, tf.ones((7, 7)))

    with pytest.raises(ValueError, match=r"Could not automatically infer[^.]*Wrong"):
        Wrong()(keras.Input((3,)))


@pytest.mark.parametrize("function, path", [(tf.nn.relu, "tf.nn.relu"), (tf.add, "tf.add")])
def test_functions_have_paths(function, path):
    assert function_path(function) == path and function_at(path) is function


def test_only_public_functions_have_paths():
    with pytest.raises(ValueError, match="no public function"):
        function_path(lambda x: x)
    for path in ("os.system", "operator.__add__", "tf.keras.saving.load_model.x", "builtins.eval"):
        with pytest.raises((ValueError, ModuleNotFoundError)):
            function_at(path)
