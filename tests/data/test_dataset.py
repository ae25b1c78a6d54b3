"""Datasets: every method against what TensorFlow gives, element specs and cardinalities included."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import gputape as tf

D = tf.data.Dataset
SEVEN = D.range(7)


def listed(dataset: Any) -> Any:
    """The elements as plain Python."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(plain, value))
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if hasattr(value, "__next__"):
            return [plain(v) for v in value]
        return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value

    return [plain(e) for e in dataset.as_numpy_iterator()]


def count_up(n: Any) -> Any:
    return tf.range(n)


def spec(shape: Any, dtype: str = "int64") -> Any:
    return tf.TensorSpec(shape, dtype)


# name: (dataset, elements, cardinality, element spec or None)
TABLE: dict[str, tuple[Any, Any, int, Any]] = {
    "range": (D.range(2, 10, 3, output_type=tf.int32), [2, 5, 8], 3, spec([], "int32")),
    "counter": (D.counter(2, 3).take(2), [2, 5], 2, spec([])),
    "from_tensors": (D.from_tensors(([1, 2], "a")), [([1, 2], b"a")], 1, (spec([2], "int32"), spec([], "string"))),
    "from_tensor_slices": (
        D.from_tensor_slices({"a": np.ones((2, 3)), "b": ["x", "y"]}),
        [{"a": [1.0] * 3, "b": b"x"}, {"a": [1.0] * 3, "b": b"y"}],
        2,
        {"a": spec([3], "float64"), "b": spec([], "string")},
    ),
    "from_tensor_slices nested": (
        D.from_tensor_slices(([1, 2], {"q": [3, 4]})).batch(2),
        [([1, 2], {"q": [3, 4]})],
        1,
        (spec([None], "int32"), {"q": spec([None], "int32")}),
    ),
    "from_generator": (
        D.from_generator(
            lambda: iter([(1, [2.0]), (4, [5.0, 6.0])]), output_signature=(spec([], "int32"), spec([None], "float32"))
        ),
        [(1, [2.0]), (4, [5.0, 6.0])],
        -2,
        (spec([], "int32"), spec([None], "float32")),
    ),
    "from_generator types": (
        D.from_generator(lambda n: iter(range(n)), output_types=tf.float32, output_shapes=[], args=(2,)),
        [0.0, 1.0],
        -2,
        spec([], "float32"),
    ),
    "zip": (D.zip({"a": SEVEN, "b": (D.range(5, 7), SEVEN)}), [{"a": k, "b": (5 + k, k)} for k in range(2)], 2, None),
    "choose_from_datasets": (
        D.choose_from_datasets([D.range(2), D.range(10, 15)], D.range(2).repeat(5), stop_on_empty_dataset=False),
        [0, 10, 1, 11, 12, 13, 14],
        -2,
        spec([]),
    ),
    "sample_from_datasets": (D.sample_from_datasets([D.range(3), D.range(10, 12)], [0.0, 1.0]), [10, 11], 2, spec([])),
    "map": (
        SEVEN.take(2).map(lambda x: {"a": x, "b": [x, x]}),
        [{"a": k, "b": [k, k]} for k in range(2)],
        2,
        {"a": spec([]), "b": spec([2])},
    ),
    "map tuple in threads": (
        D.zip(SEVEN, SEVEN).map(lambda a, b: a + b, num_parallel_calls=2),
        [2 * k for k in range(7)],
        7,
        spec([]),
    ),
    "map of unknown sizes": (
        SEVEN.batch(4).map(lambda x: tf.reshape(x, [-1, 1])),
        [[[k] for k in range(4)], [[k] for k in range(4, 7)]],
        2,
        spec([None, 1]),
    ),
    "map to sizes that depend on values": (SEVEN.take(3).map(count_up), [[], [0], [0, 1]], 3, spec([None])),
    "map of strings": (
        D.from_tensor_slices(["a", "bc"]).map(lambda s: (s, s)).batch(2),
        [([b"a", b"bc"], [b"a", b"bc"])],
        1,
        None,
    ),
    "filter": (SEVEN.filter(lambda x: x % 3 == 0), [0, 3, 6], -2, spec([])),
    "take_while": (SEVEN.take_while(lambda x: x < 2), [0, 1], -2, spec([])),
    "scan": (
        SEVEN.take(3).scan(np.int64(1), lambda s, x: (s + x, (s, s * x))),
        [(1, 0), (1, 1), (2, 4)],
        3,
        (spec([]), spec([])),
    ),
    "enumerate": (D.range(3, 5).enumerate(2), [(2, 3), (3, 4)], 2, (spec([]), spec([]))),
    "unique": (D.from_tensor_slices(["a", "b", "a"]).unique(), [b"a", b"b"], -2, spec([], "string")),
    "flat_map": (SEVEN.take(4).flat_map(D.range), [0, 0, 1, 0, 1, 2], -2, spec([])),
    "interleave": (
        D.range(5).interleave(lambda x: D.from_tensors(x).repeat(3), cycle_length=2, block_length=2),
        [0, 0, 1, 1, 0, 1, 2, 2, 3, 3, 2, 3, 4, 4, 4],
        -2,
        spec([]),
    ),
    "repeat": (D.range(2).repeat(2), [0, 1, 0, 1], 4, spec([])),
    "repeat without end": (D.range(2).repeat().take(3), [0, 1, 0], 3, spec([])),
    "repeat nothing": (D.range(0).repeat(), [], 0, spec([])),
    "take and skip": (SEVEN.skip(2).take(3), [2, 3, 4], 3, spec([])),
    "take all, skip all": (SEVEN.take(-1).skip(-1), [], 0, spec([])),
    "take of a filter": (SEVEN.filter(lambda x: x > 1).skip(1).take(2), [3, 4], -2, spec([])),
    "shard": (SEVEN.shard(3, 1), [1, 4], 2, spec([])),
    "concatenate": (D.range(2).concatenate(D.range(5, 6)), [0, 1, 5], 3, spec([])),
    "cache": (D.range(2).cache().repeat(2), [0, 1, 0, 1], 4, spec([])),
    "prefetch": (SEVEN.prefetch(tf.data.AUTOTUNE).batch(4).prefetch(1), [[0, 1, 2, 3], [4, 5, 6]], 2, spec([None])),
    "batch": (SEVEN.batch(3), [[0, 1, 2], [3, 4, 5], [6]], 3, spec([None])),
    "batch of whole ones": (SEVEN.batch(3, drop_remainder=True), [[0, 1, 2], [3, 4, 5]], 2, spec([3])),
    "batch of rows": (
        D.from_tensor_slices(np.arange(6).reshape(3, 2)).batch(2, drop_remainder=True),
        [[[0, 1], [2, 3]]],
        1,
        spec([2, 2]),
    ),
    "unbatch": (SEVEN.batch(3).unbatch(), list(range(7)), -2, spec([])),
    "rebatch": (SEVEN.batch(2).rebatch([1, 3]), [[0], [1, 2, 3], [4], [5, 6]], -2, spec([None])),
    "padded_batch": (
        SEVEN.take(4).map(count_up).padded_batch(2),
        [[[0], [0]], [[0, 1, 0], [0, 1, 2]]],
        2,
        spec([None, None]),
    ),
    "padded_batch of a structure": (
        SEVEN.take(2).map(lambda n: (tf.range(n), n)).padded_batch(2, ([3], []), (np.int64(9), np.int64(0))),
        [([[9, 9, 9], [0, 9, 9]], [0, 1])],
        1,
        (spec([None, 3]), spec([None])),
    ),
    "window": (SEVEN.window(3, shift=2, stride=2), [[0, 2, 4], [2, 4, 6], [4, 6], [6]], 4, None),
    "window of whole ones": (
        SEVEN.window(3, shift=1, drop_remainder=True),
        [[k, k + 1, k + 2] for k in range(5)],
        5,
        None,
    ),
    "window with gaps": (SEVEN.window(2, shift=5), [[0, 1], [5, 6]], 2, None),
    "window flattened": (
        D.zip(SEVEN, SEVEN).window(4).flat_map(lambda a, b: D.zip(a.batch(4), b.batch(4))),
        [([0, 1, 2, 3], [0, 1, 2, 3]), ([4, 5, 6], [4, 5, 6])],
        -2,
        (spec([None]), spec([None])),
    ),
    "group_by_window": (
        SEVEN.group_by_window(lambda x: x % 2, lambda k, w: w.batch(2), 2),
        [[0, 2], [1, 3], [4, 6], [5]],
        -2,
        spec([None]),
    ),
    "bucket_by_sequence_length": (
        SEVEN.take(4).map(count_up).bucket_by_sequence_length(lambda x: tf.shape(x)[0], [2, 4], [2, 2, 2]),
        [[[0], [0]], [[0, 1, 0], [0, 1, 2]]],
        -2,
        spec([None, None]),
    ),
    "bucket_by_sequence_length to boundaries": (
        SEVEN.take(3)
        .map(count_up)
        .bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3], [3, 1], pad_to_bucket_boundary=True),
        [[[0, 0], [0, 0], [0, 1]]],
        -2,
        spec([None, None]),
    ),
    "ignore_errors": (D.from_tensor_slices([1, 0, 2]).map(lambda x: 4 // int(x)).ignore_errors(), [4, 2], -2, None),
    "with_options": (D.range(1).with_options(tf.data.Options()), [0], 1, spec([])),
    "apply": (SEVEN.apply(tf.data.experimental.take_while(lambda x: x < 1)), [0], -2, spec([])),
    "assert_cardinality": (
        SEVEN.filter(lambda x: x < 2).apply(tf.data.experimental.assert_cardinality(2)),
        [0, 1],
        2,
        spec([]),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_elements(name: str) -> None:
    dataset, elements, cardinality, element_spec = TABLE[name]
    assert listed(dataset) == elements
    assert listed(dataset) == elements, "a second iteration gives the same"
    assert int(dataset.cardinality()) == cardinality
    if element_spec is not None:
        assert dataset.element_spec == element_spec


def _end() -> None:
    iterator = iter(D.range(1))
    iterator.get_next()
    iterator.get_next()


ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "sizes": (lambda: D.from_tensor_slices(([1, 2], [1])), ValueError, "1 and 2 are not compatible"),
    "scalar": (lambda: D.from_tensor_slices(3), ValueError, "rank >= 1"),
    "zip of a list": (lambda: D.zip([SEVEN]), TypeError, "list"),
    "zip of nothing": (lambda: D.zip(), TypeError, "at least one"),
    "batch of 0": (lambda: SEVEN.batch(0), tf.errors.InvalidArgumentError, "greater than zero"),
    "shapes": (lambda: list(SEVEN.map(count_up).batch(2)), tf.errors.InvalidArgumentError, r"\[1\].*\[0\]"),
    "padding": (lambda: list(SEVEN.map(count_up).padded_batch(3, [1])), tf.errors.DataLossError, "smaller size"),
    "predicate": (lambda: list(SEVEN.filter(lambda x: x)), ValueError, "tf.bool"),
    "map": (lambda: SEVEN.map(3), ValueError, "callable"),
    "apply": (lambda: SEVEN.apply(lambda d: 3), TypeError, "must return"),
    "flat_map": (lambda: list(SEVEN.flat_map(lambda x: x)), TypeError, "Dataset"),
    "shard": (lambda: SEVEN.shard(3, 3), tf.errors.InvalidArgumentError, "between 0 and 2"),
    "concatenate": (lambda: SEVEN.concatenate(D.from_tensors(1.0)), TypeError, "Incompatible"),
    "shuffle": (lambda: SEVEN.shuffle(0), tf.errors.InvalidArgumentError, "buffer_size"),
    "single": (lambda: SEVEN.get_single_element(), tf.errors.InvalidArgumentError, "more than one"),
    "generator": (lambda: D.from_generator(lambda: iter([1])), TypeError, "output_signature"),
    "generated shape": (
        lambda: list(D.from_generator(lambda: iter([1]), output_signature=spec([2]))),
        tf.errors.InvalidArgumentError,
        "shape",
    ),
    "end": (_end, tf.errors.OutOfRangeError, "End of sequence"),
    "length without end": (lambda: len(SEVEN.repeat()), TypeError, "infinite"),
    "unknown length": (lambda: len(SEVEN.filter(lambda x: x > 1)), TypeError, "unknown"),
    "cardinality": (
        lambda: list(SEVEN.apply(tf.data.experimental.assert_cardinality(3))),
        tf.errors.FailedPreconditionError,
        "at least 4",
    ),
    "bucket sizes": (lambda: SEVEN.bucket_by_sequence_length(len, [1], [1]), ValueError, "bucket_batch_sizes"),
    "load": (lambda: D.load("no such folder"), tf.errors.NotFoundError, "no such folder"),
    "list_files": (lambda: D.list_files("no such folder/*"), tf.errors.NotFoundError, "No files"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    run, kind, text = ERRORS[name]
    with pytest.raises(kind, match=text):
        run()


def test_reduce_and_single_element() -> None:
    total, product = SEVEN.reduce((np.int64(0), 1.0), lambda s, x: (s[0] + x, s[1] * 2.0))
    assert (int(total), float(product)) == (21, 128.0)
    assert D.from_tensors(3).get_single_element().numpy() == 3


@pytest.mark.parametrize("source", [D.range(40), D.from_tensor_slices(np.arange(40))])
@pytest.mark.parametrize("buffer", [40, 5, 100, -2])
def test_shuffle(source: Any, buffer: int) -> None:
    tf.random.set_seed(4)
    shuffled = source.shuffle(buffer, seed=1)
    first, second = listed(shuffled), listed(shuffled)
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second and first != list(range(40))
    if buffer == 5:
        assert all(value < place + 5 for place, value in enumerate(first)), "nothing comes before it is in the buffer"
    fixed = source.shuffle(buffer, seed=1, reshuffle_each_iteration=False)
    assert listed(fixed) == listed(fixed)
    tf.random.set_seed(4)
    assert listed(source.shuffle(buffer, seed=1)) == first
    assert [x for b in listed(source.shuffle(buffer, seed=1).batch(7)) for x in b] == first


def test_batches_of_shuffled_rows_keep_pairs() -> None:
    pairs = D.from_tensor_slices((np.arange(20), {"square": np.arange(20) ** 2})).skip(2).shuffle(50).take(10).batch(4)
    batches = list(pairs.as_numpy_iterator())
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    for x, y in batches:
        assert (y["square"] == x**2).all() and (x >= 2).all()


def test_elements_are_tensors() -> None:
    for x, y in D.from_tensor_slices(([1.0], ["a"])):
        assert isinstance(x, tf.Tensor) and isinstance(y, tf.Tensor)
        assert x.shape == y.shape == () and x.dtype == tf.float32 and y.dtype == tf.string


def test_map_is_not_recorded() -> None:
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        (x,) = D.from_tensors(3.0).map(lambda x: x * v)
        y = x * v
    assert float(tape.gradient(y, v)) == 6.0


def test_a_function_does_not_replay_old_elements() -> None:
    data = D.range(3)

    @tf.function
    def total(iterator: Any) -> Any:
        return next(iterator) + next(iterator)

    iterator = iter(data.repeat())
    assert [int(total(iterator)) for _ in range(3)] == [1, 2, 3]


def test_cache_runs_the_source_once(tmp_path: Any) -> None:
    calls = []

    def note(x: Any) -> Any:
        calls.append(1)
        return x, "text"

    kept = SEVEN.map(note).cache()
    next(iter(kept))
    assert listed(kept) == listed(kept) == [(k, b"text") for k in range(7)]
    assert len(calls) == 1 + 7
    numbers = SEVEN.map(lambda x: (x, {"half": x / 2}))
    assert listed(numbers.cache(tmp_path / "file")) == listed(D.range(0).cache(tmp_path / "file")) == listed(numbers)


def test_save_and_load(tmp_path: Any) -> None:
    data = D.zip(SEVEN, {"a": SEVEN.map(count_up)})
    data.save(tmp_path / "saved")
    loaded = D.load(tmp_path / "saved")
    assert listed(loaded) == listed(data) and len(loaded) == 7


def test_prefetch_runs_ahead_and_ends() -> None:
    made: list[int] = []
    before = threading.active_count()
    iterator = iter(SEVEN.map(lambda x: (made.append(1), x)[1]).prefetch(3))
    next(iterator)
    for _ in range(100):
        if len(made) >= 4:
            break
        time.sleep(0.01)
    assert 4 <= len(made) <= 5
    iterator._elements.close()
    assert threading.active_count() == before


def test_errors_come_through_threads() -> None:
    def fail(x: Any) -> Any:
        raise tf.errors.DataLossError("bad")

    for data in (SEVEN.map(fail).prefetch(2), SEVEN.map(fail, num_parallel_calls=2)):
        with pytest.raises(tf.errors.DataLossError, match="bad"):
            list(data)


def test_random_and_sampling() -> None:
    tf.random.set_seed(1)
    assert listed(D.random(seed=3).take(4)) == listed(D.random(seed=3).take(4))
    mixed = listed(D.sample_from_datasets([D.range(100), D.range(1000, 1100)], [0.3, 0.7], seed=2))
    assert len(mixed) == 200 and sorted(mixed) == [*range(100), *range(1000, 1100)]
    assert 15 < sum(x < 1000 for x in mixed[:100]) < 45
    skewed = D.from_tensor_slices([0] * 90 + [1] * 10).shuffle(100, seed=1).repeat(20)
    even = [int(c) for c, _ in skewed.rejection_resample(lambda x: x, [0.5, 0.5], initial_dist=[0.9, 0.1], seed=5)]
    assert 0.4 < np.mean(even) < 0.6


def test_options() -> None:
    options = tf.data.Options()
    options.threading.private_threadpool_size = 4
    options.deterministic = False
    data = SEVEN.with_options(options)
    assert data.options().threading.private_threadpool_size == 4 and data.options().deterministic is False
    assert repr(D.range(2)) == "<Dataset element_spec=TensorSpec(shape=(), dtype=tf.int64, name=None)>"


def test_empty() -> None:
    empty = D.from_tensor_slices(np.zeros((0, 3), "float32"))
    assert listed(empty.shuffle(3).batch(2)) == [] and len(empty) == 0
    assert empty.batch(2).element_spec == spec([None, 3], "float32")
