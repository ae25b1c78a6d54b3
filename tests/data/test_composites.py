"""Datasets of ragged and sparse tensors: slices, batches, specs, and what refuses them."""

from __future__ import annotations

import numpy as np
import pytest

import gputape as tf

Dataset = tf.data.Dataset


def ragged():
    return tf.ragged.constant([[1, 2], [3], [], [4, 5, 6]])


def sparse():
    return tf.SparseTensor([[1, 2], [0, 0]], [2, 1], [3, 4])  # not in order


def lists(dataset):
    return [x.to_list() if hasattr(x, "to_list") else x.numpy().tolist() for x in dataset]


def test_ragged_slices_are_dense_rows_and_batches_of_them_ragged():
    data = Dataset.from_tensor_slices(ragged())
    assert data.element_spec == tf.RaggedTensorSpec([None], tf.int32, 0)
    assert all(type(x) is tf.Tensor for x in data)
    assert lists(data) == [[1, 2], [3], [], [4, 5, 6]]
    assert lists(data.batch(3)) == [[[1, 2], [3], []], [[4, 5, 6]]]
    assert data.batch(3).element_spec == tf.RaggedTensorSpec([None, None], tf.int32, 1)


def test_rows_stay_ragged_through_transformations_that_keep_elements():
    data = Dataset.from_tensor_slices({"r": ragged(), "y": [0, 1, 2, 3]})
    data = data.filter(lambda e: tf.shape(e["r"])[0] > 0).cache().repeat(2).shuffle(1).batch(4).prefetch(1)
    first = next(iter(data))
    assert first["r"].to_list() == [[1, 2], [3], [4, 5, 6], [1, 2]]
    assert first["y"].numpy().tolist() == [0, 1, 3, 0]


def test_rows_of_equal_length_make_a_ragged_batch_too():
    batch = next(iter(Dataset.from_tensor_slices(tf.ragged.constant([[1], [2]])).repeat(1).batch(2)))
    assert isinstance(batch, tf.RaggedTensor) and batch.to_list() == [[1], [2]]


def test_deeper_ragged_tensors():
    deep = tf.ragged.constant([[[1, 2], [3]], [[4]], []])
    data = Dataset.from_tensor_slices(deep)
    assert data.element_spec == tf.RaggedTensorSpec([None, None], tf.int32, 1)
    assert lists(data) == [[[1, 2], [3]], [[4]], []]
    assert lists(data.map(lambda r: r * 2).batch(3)) == [[[[2, 4], [6]], [[8]], []]]
    assert lists(data.batch(2).unbatch()) == [[[1, 2], [3]], [[4]], []]


def test_functions_take_and_make_ragged_tensors():
    data = Dataset.from_tensor_slices(["a b", "c"]).batch(2).map(tf.strings.split)
    assert data.element_spec == tf.RaggedTensorSpec([None, None], tf.string, 1)
    assert lists(data) == [[[b"a", b"b"], [b"c"]]]
    assert lists(data.map(lambda r: r.to_tensor())) == [[[b"a", b"b"], [b"c", b""]]]


def test_ragged_batch():
    data = Dataset.range(4).map(lambda n: (tf.range(n), n))
    for batched in (data.ragged_batch(2), data.apply(tf.data.experimental.dense_to_ragged_batch(batch_size=2))):
        assert batched.element_spec == (tf.RaggedTensorSpec([None, None], tf.int64, 1), tf.TensorSpec([None], tf.int64))
        assert [x.to_list() for x, _ in batched] == [[[], [0]], [[0, 1], [0, 1, 2]]]


def test_sparse_slices_and_batches():
    data = Dataset.from_tensor_slices((sparse(), [7, 8, 9]))
    assert data.element_spec[0] == tf.SparseTensorSpec([4], tf.int32)
    assert data.element_spec[0].value_type is tf.SparseTensor
    assert tf.type_spec_from_value(sparse()) == tf.SparseTensorSpec([3, 4], tf.int32)
    assert tf.type_spec_from_value(ragged()) == tf.RaggedTensorSpec([4, None], tf.int32)
    assert [tf.sparse.to_dense(x).numpy().tolist() for x, _ in data] == [[1, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]
    batches = [tf.sparse.to_dense(x).numpy().tolist() for x, _ in data.batch(2)]
    assert batches == [[[1, 0, 0, 0], [0, 0, 2, 0]], [[0, 0, 0, 0]]]
    assert data.batch(2).element_spec[0] == tf.SparseTensorSpec([None, 4], tf.int32)


def test_functions_make_sparse_tensors():
    data = Dataset.range(3).map(lambda i: tf.sparse.from_dense(tf.one_hot(i, 4)))
    assert data.element_spec == tf.SparseTensorSpec([4], tf.float32)
    np.testing.assert_array_equal(next(data.batch(3).as_numpy_iterator()), np.eye(3, 4, dtype=np.float32))


def test_generators_yield_them():
    def both():
        yield ragged(), sparse()

    specs = (tf.RaggedTensorSpec([4, None], tf.int32), tf.SparseTensorSpec([3, 4], tf.int32))
    ((a, b),) = list(Dataset.from_generator(both, output_signature=specs))
    assert a.to_list() == ragged().to_list() and b.shape == [3, 4]
    with pytest.raises(tf.errors.InvalidArgumentError, match="was expected"):
        list(Dataset.from_generator(both, output_signature=specs[::-1]))


def test_what_is_not_supported_is_refused(tmp_path):
    data = Dataset.from_tensor_slices(ragged())
    with pytest.raises(TypeError, match="Padded batching"):
        list(data.padded_batch(2))
    with pytest.raises(tf.errors.UnimplementedError, match="to_tensor"):
        data.save(tmp_path)


def test_functions_with_a_ragged_signature():
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def twice(r):
        return tf.concat([r, r], axis=1)

    assert twice(ragged()).to_list()[:2] == [[1, 2, 1, 2], [3, 3]]
    with pytest.raises(TypeError, match="does not fit"):
        twice(tf.ragged.constant([[1.0]]))


def test_tile():
    deep = tf.ragged.constant([[[1, 2], [3]], [[4]], []])
    assert tf.tile(ragged(), [1, 2]).to_list() == [[1, 2, 1, 2], [3, 3], [], [4, 5, 6, 4, 5, 6]]
    assert tf.tile(ragged(), [2, 1]).to_list() == ragged().to_list() * 2
    inner = [[1, 2, 1, 2], [3, 3]]
    assert tf.tile(deep, [2, 2, 2]).to_list() == [inner * 2, [[4, 4]] * 2, []] * 2
    with pytest.raises(ValueError, match="one for each axis"):
        tf.tile(ragged(), [2])


def test_sizes_that_depend_on_texts_are_unknown_in_specs():
    data = Dataset.from_tensor_slices(["a b", "c"]).batch(2).map(lambda t: tf.strings.split(t).to_tensor())
    assert data.element_spec == tf.TensorSpec([None, None], tf.string)
