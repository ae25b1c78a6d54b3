"""timeseries_dataset_from_array and split_dataset."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

windows, split = keras.utils.timeseries_dataset_from_array, keras.utils.split_dataset


def rows(data):
    return [
        tuple(np.asarray(part).tolist() for part in e) if isinstance(e, tuple) else e.numpy().tolist() for e in data
    ]


def test_windows_and_their_targets():
    data = windows(np.arange(10), np.arange(10) * 10, 3, sequence_stride=2, sampling_rate=2, batch_size=None)
    assert rows(data) == [([0, 2, 4], 0), ([2, 4, 6], 20), ([4, 6, 8], 40)]
    batches = rows(windows(np.arange(6).reshape(6, 1), None, 2, batch_size=3, start_index=1, end_index=5))
    assert batches == [[[[1], [2]], [[2], [3]], [[3], [4]]]]
    targets = rows(windows(np.arange(6), np.arange(4), 2, batch_size=None))
    assert [y for _, y in targets] == [0, 1, 2, 3]  # as many as there are targets


def test_windows_in_random_order_are_the_same_windows():
    data = windows(np.arange(30), np.arange(30), 4, shuffle=True, seed=1, batch_size=10)
    seen = [(tuple(x), int(y)) for xs, ys in data for x, y in zip(np.asarray(xs), np.asarray(ys))]
    assert sorted(seen) == [((k, k + 1, k + 2, k + 3), k) for k in range(27)] and seen != sorted(seen)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"start_index": -1}, {"start_index": 5}, {"end_index": 5}, {"end_index": 0}, {"start_index": 3, "end_index": 2},
        {"sampling_rate": 0}, {"sampling_rate": 5}, {"sequence_stride": 0}, {"sequence_stride": 5}, {"format": "grain"},
    ],
)  # fmt: skip
def test_errors_of_windows(kwargs):
    with pytest.raises(ValueError, match=next(iter(reversed(kwargs)))):
        windows(np.arange(5), None, 2, **kwargs)


def test_datasets_are_split():
    left, right = split(np.arange(10), left_size=0.7)
    assert rows(left) == list(range(7)) and rows(right) == [7, 8, 9]
    left, right = split((np.arange(4), np.arange(4) * 2), right_size=1)
    assert rows(left) == [(0, 0), (1, 2), (2, 4)] and rows(right) == [(3, 6)]
    data = tf.data.Dataset.from_tensor_slices({"a": np.arange(6), "b": (np.ones((6, 2)), np.zeros(6))})
    left, right = split(data, left_size=2, right_size=3)
    assert left.cardinality() == 2 and right.cardinality() == 3
    assert [int(e["a"]) for e in right] == [3, 4, 5] and next(iter(left))["b"][0].shape == (2,)


def test_a_split_in_random_order_is_fixed_by_its_seed():
    made = [rows(part) for part in split(np.arange(20), left_size=0.5, shuffle=True, seed=3)]
    assert sorted(made[0] + made[1]) == list(range(20)) and made[0] != list(range(10))
    assert made == [rows(part) for part in split(np.arange(20), left_size=0.5, shuffle=True, seed=3)]


@pytest.mark.parametrize(
    "args, error, match",
    [
        ((np.arange(4),), ValueError, "At least one"),
        ((np.arange(4), 0, 0), ValueError, "Both"),
        ((np.arange(4), 4), ValueError, "left_size"),
        ((np.arange(4), 1.5), ValueError, "left_size"),
        ((np.arange(4), None, "a"), TypeError, "right_size"),
        ((np.arange(4), 0.7, 0.7), ValueError, "greater than 1"),
        ((np.arange(4), 3, 2), ValueError, "smaller than the 4"),
        ((np.arange(4), 0.05), ValueError, "empty"),
        (({"a": 1}, 1), TypeError, "tf.data.Dataset"),
        (([[1, 2]], 1), ValueError, "numpy.ndarray"),
        (((np.zeros(2), np.zeros(3)), 1), ValueError, "different lengths"),
        ((np.zeros(0), 1), ValueError, "empty dataset"),
    ],
)
def test_errors_of_splits(args, error, match):
    with pytest.raises(error, match=match):
        split(*args)
