"""Tensor and Variable against TensorFlow: what it makes of several hundred small expressions, and what they share."""

import copy
import gc
import json
import pickle
import weakref
from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from tests.references.tensor_cases import EXPRESSIONS, outcome

EXPECTED = json.loads((Path(__file__).parent / "references" / "tensor.json").read_text())


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_in_tensorflow(expression, host):
    if expression.endswith(".gpu()") and cuda.available():
        pytest.skip("TensorFlow was asked on a machine without a GPU")
    made, expected = outcome(tf, expression), EXPECTED[expression]
    if isinstance(made, Exception):
        assert expected in {f"raises {kind.__name__}" for kind in type(made).__mro__}, repr(made)
    else:
        assert made == expected


def test_every_expression_is_recorded():
    assert list(EXPECTED) == list(dict.fromkeys(EXPRESSIONS))


def test_constant_copies_and_convert_shares():
    array = np.ones(3, "float32")
    with tf.device("/CPU:0"):
        copied, shared = tf.constant(array), tf.convert_to_tensor(array)
    array[0] = 7.0
    assert copied.numpy()[0] == 1.0 and shared.numpy()[0] == 7.0


def test_dlpack_both_ways():
    with tf.device("/CPU:0"):
        x = tf.constant([1.0, 2.0])
    np.testing.assert_array_equal(np.from_dlpack(x), [1.0, 2.0])

    class Foreign:
        def __dlpack__(self, **kwargs):
            return np.arange(3.0).__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return (1, 0)

    np.testing.assert_array_equal(tf.convert_to_tensor(Foreign()).numpy(), [0.0, 1.0, 2.0])


def test_copies_and_pickles():
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0], name="v", trainable=False)
    for made in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert repr(made) == repr(x)
    for made in (pickle.loads(pickle.dumps(v)), copy.deepcopy(v)):
        assert repr(made) == repr(v) and not made.trainable and made is not v


def test_references_are_keys():
    x, v = tf.constant(1.0), tf.Variable(1.0)
    table = {x.ref(): "x", v.ref(): "v"}
    assert table[x.ref()] == "x" and table[v.ref()] == "v" and v.ref().deref() is v
    assert repr(x.ref()) == f"<Reference wrapping {x!r}>"


def test_a_list_of_tensors_keeps_its_gradients():
    x, y = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        z = tf.reduce_sum(tf.convert_to_tensor([[x, 3], [y, y]]) * [[1.0, 2.0], [3.0, 4.0]])
    assert [g.numpy() for g in tape.gradient(z, [x, y])] == [1.0, 7.0]


def test_indexed_slices_become_dense_and_keep_their_gradients():
    values = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        slices = tf.IndexedSlices(values * 2.0, tf.constant([0, 0]), (3, 2))
        dense = tf.convert_to_tensor(slices)
    np.testing.assert_array_equal(dense.numpy(), [[8.0, 12.0], [0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(tape.gradient(dense, values).numpy(), np.full((2, 2), 2.0))
    assert tf.is_tensor(slices) and slices.shape == (3, 2) and tf.add(slices, 1.0).shape == (3, 2)
    with pytest.raises(ValueError, match="dense_shape"):
        tf.convert_to_tensor(tf.IndexedSlices(values, [0, 1]))


def test_symbolic_tensors_pass_through():
    x = tf.keras.Input((3,))
    assert tf.convert_to_tensor(x) is x and tf.is_tensor(x)


def test_a_tensor_outlives_what_a_variable_becomes():
    v = tf.Variable([1.0, 2.0])
    before = v.value()
    v.assign([3.0, 4.0])
    np.testing.assert_array_equal(before.numpy(), [1.0, 2.0])
    array = v._array
    del before, array
    address = v._array.ctypes.data if isinstance(v._array, np.ndarray) else v._array.data.ptr
    v.assign_add([1.0, 1.0])
    assert address == (v._array.ctypes.data if isinstance(v._array, np.ndarray) else v._array.data.ptr)


def test_tensors_die_with_their_last_reference():
    x = tf.constant([1.0])
    watch = weakref.ref(x)
    del x
    gc.collect()
    assert watch() is None


def test_bytes_keep_their_zeros_and_need_no_encoding():
    assert tf.constant(b"a\0").numpy() == b"a\0"
    assert tf.constant([b"\xff", "a\0"]).numpy().tolist() == [b"\xff", b"a\0"]
    assert [t.numpy() for t in tf.unstack(tf.constant(["a", "b"]))] == [b"a", b"b"]
    with pytest.raises(ValueError, match="non-rectangular"):
        tf.constant([["a"], ["b", "c"]])
