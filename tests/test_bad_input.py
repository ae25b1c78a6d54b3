"""Bad input: each case raises TensorFlow's exception class and tells the op, its arguments and their shapes."""

import numpy as np
import pytest

import gputape as tf

INVALID = tf.errors.InvalidArgumentError


def a():
    return tf.ones([2, 3])


def b():
    return tf.ones([4, 5])


def labels(*values):
    return tf.constant(values)


# what is done, the exception, words of its message
SHAPES = {
    "add": (lambda: a() + b(), INVALID, "add x [2, 3] y [4, 5]"),
    "multiply": (lambda: tf.multiply(a(), b()), INVALID, "multiply x [2, 3] y [4, 5]"),
    "maximum": (lambda: tf.maximum(a(), b()), INVALID, "maximum [2, 3] [4, 5]"),
    "pow": (lambda: a() ** b(), INVALID, "pow [2, 3] [4, 5]"),
    "less": (lambda: a() < b(), INVALID, "less [2, 3] [4, 5]"),
    "add_array": (lambda: a() + np.ones((4, 5), "float32"), INVALID, "add [2, 3] [4, 5]"),
    "where": (lambda: tf.where(a() > 0, a(), b()), INVALID, "2, 3 4, 5"),
    "matmul": (lambda: a() @ b(), INVALID, "matmul 2, 3 4, 5"),
    "matmul_batch": (lambda: tf.ones([2, 2, 3]) @ tf.ones([3, 3, 2]), INVALID, "matmul 2, 2, 3 3, 3, 2"),
    "matmul_scalar": (lambda: tf.matmul(tf.constant(1.0), tf.constant(2.0)), INVALID, "matmul"),
    "reshape": (lambda: tf.reshape(a(), [4, 2]), INVALID, "reshape 6 8"),
    "broadcast_to": (lambda: tf.broadcast_to(a(), [2, 4]), INVALID, "2, 3 2, 4"),
    "concat": (lambda: tf.concat([a(), b()], 0), INVALID, "[2,3] [4,5] axis 0"),
    "stack": (lambda: tf.stack([a(), b()]), INVALID, "stack [2,3] [4,5]"),
    "einsum": (lambda: tf.einsum("ij,jk->ik", a(), b()), INVALID, "einsum"),
    "squeeze": (lambda: tf.squeeze(a(), 0), INVALID, "squeeze 0 2"),
    "softmax_ce": (lambda: tf.nn.softmax_cross_entropy_with_logits(a(), b()), INVALID, "logits (4, 5) labels (2, 3)"),
    "conv2d": (
        lambda: tf.nn.conv2d(tf.ones([1, 4, 4, 3]), tf.ones([2, 2, 4, 5]), 1, "SAME"),
        INVALID,
        "conv2d 3 4",
    ),
    "assign": (lambda: tf.Variable(a()).assign(b()), ValueError, "assign (2, 3) (4, 5)"),
    "assign_add": (lambda: tf.Variable(a()).assign_add(b()), INVALID, "assign_add [2, 3] [4, 5]"),
    "split": (lambda: tf.split(a(), 4), INVALID, "split 4 2"),
    "constant": (lambda: tf.constant([1, 2, 3], shape=(2, 2)), TypeError, "constant 3 (2, 2)"),
    "ensure_shape": (lambda: tf.ensure_shape(a(), [2, 4]), INVALID, "2, 3 2, 4"),
    "set_shape": (lambda: a().set_shape([4, 5]), ValueError, "(2, 3) (4, 5)"),
}
DTYPES = {
    "add": (lambda: a() + tf.constant(1), INVALID, "add float32 int32 cast"),
    "float64": (lambda: a() * tf.ones([3], tf.float64), INVALID, "multiply float32 float64 cast"),
    "matmul": (lambda: a() @ tf.ones([3, 2], tf.float64), INVALID, "matmul float32 float64 cast"),
    "integer_plus_float": (lambda: tf.constant(1) + 1.5, INVALID, "1.5 int32"),
    "float_plus_integer": (lambda: 1.5 + tf.constant(1), TypeError, "1.5 int32"),
    "text": (lambda: a() + "x", INVALID, "x float32"),
    "convert": (lambda: tf.convert_to_tensor(a(), tf.int32), ValueError, "float32 int32 cast"),
    "constant": (lambda: tf.constant(1.5, tf.int32), TypeError, "1.5 int32"),
    "variable": (lambda: tf.Variable(1.5, dtype=tf.int32), TypeError, "1.5 int32"),
    "assign": (lambda: tf.Variable(1).assign(1.5), TypeError, "1.5 int32"),
    "as_dtype": (lambda: tf.as_dtype("float33"), TypeError, "float33"),
    "logical_and": (lambda: tf.logical_and(a(), a()), INVALID, "logical_and bool"),
    "exp_of_int": (lambda: tf.exp(tf.constant(1)), INVALID, "exp int32"),
    "float_indices": (lambda: tf.gather(a(), [0.5]), INVALID, "indices float32"),
    "none": (lambda: a() + None, ValueError, "None"),
    "none_in_list": (lambda: tf.constant([1.0, None]), ValueError, "None"),
    "ragged": (lambda: tf.constant([[1, 2], [3]]), ValueError, "non-rectangular"),
    "mixed": (lambda: tf.constant([1, "x"]), ValueError, "mixed"),
    "object": (lambda: tf.constant(object()), ValueError, "unsupported type"),
}
AXES = {
    "reduce_sum": (lambda: tf.reduce_sum(a(), 2), INVALID, "2"),
    "reduce_max": (lambda: tf.reduce_max(a(), -3), INVALID, "-3"),
    "softmax": (lambda: tf.nn.softmax(a(), 2), INVALID, "2"),
    "argmax": (lambda: tf.argmax(a(), 2), INVALID, "2"),
    "concat": (lambda: tf.concat([a(), a()], 2), INVALID, "concat 2"),
    "stack": (lambda: tf.stack([a(), a()], 4), ValueError, "4"),
    "expand_dims": (lambda: tf.expand_dims(a(), 4), INVALID, "expand_dims 4"),
    "gather": (lambda: tf.gather(a(), [0], axis=3), INVALID, "gather 3"),
    "transpose": (lambda: tf.transpose(a(), [0, 2]), INVALID, "transpose 2"),
    "cumsum": (lambda: tf.cumsum(a(), 2), INVALID, "axis 2"),
    "unstack": (lambda: tf.unstack(a(), axis=2), ValueError, "2"),
    "reverse": (lambda: tf.reverse(a(), [2]), INVALID, "dimension 2"),
}
INDICES = {
    "gather": (lambda: tf.gather(a(), [2]), INVALID, "gather indices (2, 3) 2"),
    "gather_negative": (lambda: tf.gather(a(), [-1]), INVALID, "gather -1"),
    "gather_nd": (lambda: tf.gather_nd(a(), [[0, 3]]), INVALID, "3"),
    "embedding": (lambda: tf.nn.embedding_lookup(a(), [5]), INVALID, "5"),
    "getitem": (lambda: a()[2], INVALID, "2"),
    "getitem_rank": (lambda: a()[0, 0, 0], INVALID, "2"),
    "labels": (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels(0, 3), a()),
        INVALID,
        "3",
    ),
    "scatter_nd": (lambda: tf.scatter_nd([[5]], [1.0], [2]), INVALID, "5"),
    "tensor_scatter": (lambda: tf.tensor_scatter_nd_update([1.0, 2.0], [[5]], [1.0]), INVALID, "5"),
    "variable_scatter": (
        lambda: tf.Variable([1.0]).scatter_add(tf.IndexedSlices([1.0], [5])),
        INVALID,
        "5",
    ),
    "variable_scatter_of_a_tensor": (lambda: tf.Variable([1.0]).scatter_add(tf.ones([1])), TypeError, "IndexedSlices"),
    "slice": (lambda: tf.slice(a(), [0, 2], [1, 2]), INVALID, "slice"),
    "segment_sum": (lambda: tf.math.segment_sum(tf.ones([2]), [1, 0]), INVALID, "segment"),
}
EMPTY = {
    "concat": (lambda: tf.concat([], 0), ValueError, "concat"),
    "add_n": (lambda: tf.add_n([]), ValueError, ""),
    "argmax": (lambda: tf.argmax(tf.zeros([0])), INVALID, "empty axis 0"),
    "while": (lambda: tf.while_loop(lambda: True, lambda: None, []), ValueError, "loop_vars"),
    "fold": (lambda: tf.foldl(lambda s, x: s + x, tf.zeros([0])), tf.errors.OutOfRangeError, ""),
}
SCALARS = {
    "bool": (lambda: bool(a()), ValueError, "ambiguous"),
    "float": (lambda: float(a()), TypeError, "float (2, 3)"),
    "int": (lambda: int(a()), TypeError, "int (2, 3)"),
    "index": (lambda: [1, 2][tf.constant(0.5)], (TypeError, AttributeError), "integer"),
    "len": (lambda: len(tf.constant(1.0)), TypeError, "Scalar"),
    "iter": (lambda: iter(tf.constant(1.0)), TypeError, "scalar"),
    "hash": (lambda: hash(a()), TypeError, "unhashable ref()"),
    "item": (lambda: a().__setitem__(0, 1.0), (TypeError, AttributeError), "item assignment"),
}


def used():
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    return tape, x, y


def opened():
    with tf.GradientTape() as tape:
        tape.__enter__()


TAPES = {
    "twice": (lambda: used()[0].gradient(used()[2], used()[1]), RuntimeError, "non-persistent GradientTape"),
    "jacobian_twice": (lambda: used()[0].jacobian(used()[2], used()[1]), RuntimeError, "non-persistent GradientTape"),
    "no_target": (lambda: tf.GradientTape().gradient(None, a()), TypeError, "target None"),
    "none_in_targets": (lambda: tf.GradientTape().gradient([None], a()), TypeError, "target None"),
    "none_as_source": (lambda: tf.GradientTape().gradient(a(), None), TypeError, "sources None"),
    "watch": (lambda: tf.GradientTape().watch(3.0), ValueError, "3.0 float"),
    "entered_twice": (opened, ValueError, "still recording"),
    "stopped": (lambda: tf.GradientTape().stop_recording().__enter__(), RuntimeError, "not recording"),
    "unconnected": (lambda: tf.GradientTape().gradient(a(), a(), unconnected_gradients="x"), ValueError, "x"),
    "batch_jacobian": (lambda: tf.GradientTape().batch_jacobian(a(), b()), ValueError, "(2, 3) (4, 5)"),
}
GROUPS = (SHAPES, DTYPES, AXES, INDICES, EMPTY, SCALARS, TAPES)
CASES = [
    pytest.param(*case, id=f"{name}-{group}")
    for group, table in zip(["shapes", "dtypes", "axes", "indices", "empty", "scalars", "tapes"], GROUPS, strict=True)
    for name, case in table.items()
]


@pytest.mark.parametrize(("do", "error", "words"), CASES)
def test_error(do, error, words, request):
    if (do, error, words) in INDICES.values():  # a GPU reads zeros where they lie outside, as TensorFlow's does
        request.getfixturevalue("host")
    with pytest.raises(error) as caught:
        do()
    text = str(caught.value).replace(", ", ",")
    assert [w for w in words.replace(", ", ",").split() if w not in text] == []


def test_an_operand_error_is_both_of_tensorflows_classes():
    with pytest.raises(INVALID) as caught:
        tf.constant(1) + 1.5
    assert isinstance(caught.value, TypeError)
